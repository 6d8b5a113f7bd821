import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.io.secrets import scrub, short_message
from sevenllm_bench.llm.client import ConnectionSettings, Request
from sevenllm_bench.llm.connection import read_completion
from sevenllm_bench.llm.retry import CallError, Gate, ParameterFallback, backoff, retry_after
from sevenllm_bench.llm.types import count_tokens

NOON = 1_700_000_000  # 14 November 2023, 22:13:20


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:00 GMT"}, 0),
        ({"retry-after": "Tue, 14 Nov 2023 23:13:20 GMT"}, 120),
        ({"retry-after": "86400"}, 120),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "nan"}, 0),
        ({"retry-after": "tomorrow"}, 0),
    ],
)
def test_retry_after(headers, seconds):
    assert retry_after(headers, NOON) == seconds


@given(st.text(), st.text())
def test_no_header_breaks_it(first, second):
    assert 0 <= retry_after({"retry-after": first, "retry-after-ms": second}, NOON) <= 120


def test_backoff_doubles_up_to_its_limit():
    settings = ConnectionSettings("m", backoff_s=1, max_backoff_s=5)
    for failures, longest in ((1, 1), (2, 2), (3, 4), (4, 5), (5000, 5)):
        assert all(longest / 2 <= backoff(failures, settings) <= longest for _ in range(50))


def test_the_gate_opens_when_the_longest_wait_is_over():
    now = 100.0
    gate = Gate(lambda: now)
    assert gate.remaining == 0
    gate.close(10)
    gate.close(3)
    assert gate.remaining == 10
    now = 109.5
    assert gate.remaining == 0.5
    now = 111
    assert gate.remaining == 0


def refused(message, parameter="", status=400):
    return CallError(f"HTTP {status}", f"HTTP {status}: {message}", again=False, parameter=parameter, status=status)


_FORMAT = "response_format"
BODY = {"model": "m", "messages": [], "temperature": 0, "max_tokens": 9, "response_format": {}}


@pytest.mark.parametrize(
    ("failure", "left_out"),
    [
        # Words of OpenAI, DeepSeek, and servers that check bodies with pydantic.
        (refused("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."), _FORMAT),
        (refused("This response_format type is unavailable now"), _FORMAT),
        (refused("[{'loc': ['body', 'response_format'], 'msg': 'Extra inputs are not permitted'}]", status=422), _FORMAT),
        (refused("Unsupported value: 'temperature' does not support 0 with this model.", "temperature"), "temperature"),
    ],
)
def test_parameters_that_a_server_refuses_are_left_out(failure, left_out):
    fallback = ParameterFallback()
    assert fallback.disable_refused_parameter(BODY, failure)
    assert fallback.adapt(BODY).keys() == BODY.keys() - {left_out}
    assert fallback.disable_refused_parameter(BODY, failure), "another call that was in flight meanwhile"
    assert not fallback.disable_refused_parameter(fallback.adapt(BODY), failure), "nothing is learnt twice"


@pytest.mark.parametrize(
    "failure",
    [
        refused("Invalid schema for response_format 'verdict': 'minLength' is not permitted."),
        refused("This model's maximum context length is 8192 tokens; reduce the length of the messages or max_tokens."),
        refused("max_tokens is too large: 100000."),
        refused("response_format is not supported", status=500),
        refused("Unsupported parameter: 'logprobs'", "logprobs"),
    ],
)
def test_other_refusals_teach_nothing(failure):
    fallback = ParameterFallback()
    assert not fallback.disable_refused_parameter(BODY, failure)
    assert fallback.adapt(BODY) == BODY


def test_the_limit_is_renamed_once_in_either_direction():
    words = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    fallback = ParameterFallback()
    assert fallback.disable_refused_parameter(BODY, refused(words, "max_tokens"))
    adapted = fallback.adapt(BODY)
    assert adapted["max_completion_tokens"] == 9
    assert "max_tokens" not in adapted
    assert not fallback.disable_refused_parameter(adapted, refused("unknown field max_completion_tokens")), "no going to and fro"
    other = {"max_completion_tokens": 9}
    fallback = ParameterFallback()
    assert fallback.disable_refused_parameter(other, refused("unknown field max_completion_tokens"))
    assert fallback.adapt(other) == {"max_tokens": 9}


def reply(**change):
    choice = {"message": {"content": "yes"}, "finish_reason": "stop"}
    return json.dumps({"choices": [choice], "usage": {"prompt_tokens": 5, "completion_tokens": 2}, **change}).encode()


def test_texts_are_read_whole_or_in_parts():
    done = read_completion(reply(), "")
    assert (done.text, done.tokens_in, done.tokens_out) == ("yes", 5, 2)
    parts = [{"message": {"content": [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]}}]
    done = read_completion(reply(choices=parts, usage=None), "")
    assert (done.text, done.tokens_in, done.tokens_out) == ("ab", None, None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (reply()[:-9], "broken JSON"),
        (b"", "broken JSON"),
        (b"\xff\xfe\xfd", "broken JSON"),
        (b"[" * 100_000, "broken JSON"),
        (b"null", "no choices"),
        (reply(choices=[]), "no choices"),
        (reply(choices=[{"message": {"content": None}, "finish_reason": "content_filter"}]), "finish_reason content_filter"),
        (reply(choices=[{"message": {"content": " \n"}, "finish_reason": "length"}]), "raise max_tokens"),
        (reply(choices=[], error={"message": "overloaded"}), "overloaded"),
        (reply(choices=[], error="no key sk-0123456789"), "no key [key]"),
    ],
)
def test_replies_without_a_text_have_a_reason(content, reason):
    with pytest.raises(CallError) as caught:
        read_completion(content, "")
    assert reason in caught.value.reason
    assert caught.value.again


_JSON = st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(_JSON, _JSON, _JSON)
def test_no_reply_breaks_the_reading(content, choices, usage):
    for data in (choices, {"choices": choices, "usage": usage}, {"choices": [{"message": {"content": content}}], "usage": usage}):
        with suppress(CallError):
            done = read_completion(json.dumps(data).encode(), "s3cret")
            assert done.text.strip()
            done.text.encode("utf-8")


def test_tokens_are_estimated_by_script():
    assert [count_tokens(text) for text in ("", "abcd", "abcde", "网络", "网络abcd")] == [0, 1, 2, 2, 3]
    request = Request([{"role": "system", "content": "abcd"}, {"role": "user", "content": "网络"}])
    assert (request.tokens_in, request.most_tokens_out) == (3, 4096)
    assert Request([], {"max_completion_tokens": 7}).most_tokens_out == 7


def test_scrubbing():
    assert scrub("a s3cr/et b s3cr%2Fet", "s3cr/et") == "a [key] b [key]"
    assert scrub("none of it", "") == scrub("none of it", None) == "none of it"
    assert short_message("Incorrect API key provided:\n sk-ab***wxyz.", None).startswith("Incorrect API key provided: [key]")
    assert short_message("a risk-assessment", None) == "a risk-assessment"
    assert len(short_message("x" * 1000, None)) == 300
