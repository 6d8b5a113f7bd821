import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.io.secrets import is_secret, scrub, short_message
from sevenllm_bench.llm.call_error import CallError, words_of
from sevenllm_bench.llm.client import ConnectionSettings, Request
from sevenllm_bench.llm.completion import read_completion
from sevenllm_bench.llm.retry import Gate, backoff, retry_after
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
        (reply(choices=[{"message": {"reasoning_content": "x"}, "finish_reason": "stop"}]), "reasoning and no answer"),
        (b'data: {"choices": [{"delta": {"content": "y"}}]}\n', "broken JSON"),
        (b'data: {"choices": [\n\ndata: [DONE]', "broken JSON"),
        (reply(choices=[], error={"code": "503", "message": "busy"}), "HTTP 503: busy"),
        (reply(choices=[], error={"message": "overloaded"}), "overloaded"),
        (reply(choices=[], error="no key sk-0123456789"), "no key [key]"),
    ],
)
def test_replies_without_a_text_have_a_reason(content, reason):
    with pytest.raises(CallError) as caught:
        read_completion(content, "")
    assert reason in caught.value.reason
    assert caught.value.again


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (reply(choices=[{"message": {"content": None}, "finish_reason": "content_filter"}]), "finish_reason content_filter"),
        (reply(choices=[{"message": {"content": " \n"}, "finish_reason": "length"}]), "raise max_tokens"),
        (reply(choices=[{"message": {"content": None, "refusal": "no"}, "finish_reason": "stop"}]), "the model refuses: no"),
        (reply(choices=[{"message": {"content": ""}, "error": {"code": 403, "message": "flagged"}}]), "HTTP 403: flagged"),
        (b"\n<html><head><title>Log\n in</title>", "a web page titled 'Log in'"),
    ],
)
def test_what_asking_again_would_not_change(content, reason):
    with pytest.raises(CallError) as caught:
        read_completion(content, "")
    assert reason in caught.value.reason
    assert not caught.value.again


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (None, ""),
        ("Bad Request", "Bad Request"),
        ({"message": "a", "code": 1}, "a"),
        ({"error": {"message": "a"}}, "a"),
        ({"error": "a"}, "a"),
        ({"code": 1113, "msg": "欠费"}, "欠费"),
        ({"error_code": 17, "error_msg": "忙"}, "忙"),
        ({"detail": [{"loc": ["body"], "msg": "a"}, {"msg": "b"}]}, "a; b"),
        ({"errors": [{"message": "a"}]}, "a"),
        ({"message": "Provider returned error", "metadata": {"raw": '{"x": "a"}'}}, 'Provider returned error ({"x": "a"})'),
        ({"unheard of": 1}, '{"unheard of": 1}'),
        ("<html><title> 502 Bad Gateway </title>", "a web page titled '502 Bad Gateway'"),
    ],
)
def test_a_servers_own_words_are_found_in_any_shape(body, words):
    assert words_of(body) == words


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
    secret = "s3cr/etOfManyCharacters+x"
    assert scrub(f"a {secret} b s3cr%2FetOfManyCharacters%2Bx", secret) == "a [key] b [key]"
    assert scrub("key-0123456789abcdef of key", "key-0123456789abcdef") == "[key] of key", "once: the mark holds the word"
    assert scrub("none of it", "") == scrub("none of it", None) == "none of it"
    assert short_message("Incorrect API key provided:\n sk-ab***wxyz.", None).startswith("Incorrect API key provided: [key]")
    assert short_message("a risk-assessment", None) == "a risk-assessment"
    assert len(short_message("x" * 1000, None)) == 300


@pytest.mark.parametrize(
    "key", ["EMPTY", "1", "s", "k", "none", "sk-no-key-required", "your-api-key-here", "1111111111111111111"]
)
def test_a_stand_in_for_a_key_alters_no_text(key):
    text = f'{{"reason": "The key {key} is EMPTY; skipping sources 1 to 5.", "score": 1}}'
    assert scrub(text, key) == text
    assert read_completion(reply(choices=[{"message": {"content": text}}]), key).text == text


@pytest.mark.parametrize(
    "key",
    [
        "sk-proj-Ab3dEf6hIj9lMn2pQr5tUv8x",
        "0123456789abcdef0123456789abcdef",
        "AIzaSyA-1bcdefghijklmnopqrstuvwxyz01",
        "gsk_Ab12Cd34Ef56Gh78",
    ],
)
def test_keys_that_servers_give_out_are_secrets(key):
    assert is_secret(key)
    assert scrub(f"you sent {key}.", key) == "you sent [key]."


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Incorrect API key provided: s3cret. Check it.", "Incorrect API key provided: [key] Check it."),
        ('{"api_key": "s3cret"}', '{"api_key": "[key]"}'),
        ("GET https://x.example/v1?key=s3cret&y=1 failed", "GET https://x.example/v1?key=[key]&y=1 failed"),
        ("GET https://me:s3cret@x.example/ failed", "GET https://[key]@x.example/ failed"),
        ("header Authorization: Bearer s3cret", "header Authorization: Bearer [key]"),
        ("keys of the object: score", "keys of the object: score"),
        ("token hf_Ab3dEf6hIj9lMn2pQr5 of another account", "token [key] of another account"),
    ],
)
def test_what_stands_where_keys_are_is_not_shown_whatever_it_looks_like(message, shown):
    assert short_message(message, "s3cret") == shown
