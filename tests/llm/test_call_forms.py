import pytest

from sevenllm_bench.llm.call_error import CallError
from sevenllm_bench.llm.call_forms import PLAIN, CallForms, in_form
from sevenllm_bench.llm.types import Request

SCHEMA = {"type": "json_schema"}
MESSAGES = [{"role": "system", "content": "Rubric."}, {"role": "user", "content": "Answer."}]
REQUEST = Request(MESSAGES, {"temperature": 0, "max_tokens": 600, "response_format": SCHEMA})


def refused(message, parameter="", status=400):
    return CallError(f"HTTP {status}", f"HTTP {status}: {message}", again=False, parameter=parameter, status=status)


@pytest.mark.parametrize(
    ("change", "parameters"),
    [
        ("no format", {"temperature": 0, "max_tokens": 600}),
        ("json_object", {**REQUEST.parameters, "response_format": {"type": "json_object"}}),
        ("no temperature", {"max_tokens": 600, "response_format": SCHEMA}),
        ("stream", {**REQUEST.parameters, "stream": True}),
        ("room", {**REQUEST.parameters, "max_tokens": 4096}),
        ("other limit", {"temperature": 0, "max_completion_tokens": 600, "response_format": SCHEMA}),
        ("no limit", {"temperature": 0, "response_format": SCHEMA}),
        ("one turn", dict(REQUEST.parameters)),
    ],
)
def test_each_change(change, parameters):
    changed = in_form(REQUEST, frozenset({change}))
    assert changed.parameters == parameters
    one_turn = [{"role": "user", "content": "Rubric.\n\nAnswer."}]
    assert changed.messages == (one_turn if change == "one turn" else MESSAGES)


def test_what_a_request_does_not_have_is_not_changed():
    bare = Request([{"role": "user", "content": "x"}], {})
    others = CallForms().others(PLAIN, refused("no"), named_only=False, probing=True)
    assert {frozenset(form) for form in others if in_form(bare, form) != bare and len(form) == 1} == {frozenset({"stream"})}


def test_more_room_is_four_times_as_much_or_enough_to_reason():
    assert in_form(Request([], {"max_completion_tokens": 3000}), frozenset({"room"})).parameters == {
        "max_completion_tokens": 12000
    }


def first(failure, **circumstances):
    forms = CallForms().others(PLAIN, failure, **{"named_only": False, "probing": False, **circumstances})
    return [form for form in forms if form]


@pytest.mark.parametrize(
    ("failure", "change"),
    [
        # Words of OpenAI, DeepSeek, servers that check bodies with pydantic, llama.cpp, vLLM, DashScope.
        (refused("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."), "no format"),
        (refused("This response_format type is unavailable now"), "no format"),
        (refused("[{'loc': ['body', 'response_format'], 'msg': 'Extra inputs are not permitted'}]", status=422), "no format"),
        (refused("Failed to initialize samplers: failed to parse grammar"), "no format"),
        (refused("Unsupported value: 'temperature' does not support 0 with this model.", "temperature"), "no temperature"),
        (refused("System role not supported"), "one turn"),
        (refused("This model only support stream mode, please enable the stream parameter"), "stream"),
        (refused("该模型仅支持流式输出"), "stream"),
        (refused("Use 'max_completion_tokens' instead.", "max_tokens"), "other limit"),
    ],
)
def test_what_a_refusal_names_is_tried_first(failure, change):
    assert first(failure)[0] == {change}


def test_without_a_name_all_are_tried_one_by_one_and_then_together():
    tried = first(refused("请求错误"))
    assert [sorted(form) for form in tried[:6]] == [
        ["no format"], ["json_object"], ["no temperature"], ["one turn"], ["stream"], ["other limit"],
    ]  # fmt: skip
    assert {"no format", "no temperature", "one turn", "stream"} in tried
    assert not any("no limit" in form for form in tried)
    assert {"no limit"} in first(refused("请求错误"), probing=True)


def test_where_calls_were_answered_before_only_what_is_named_is_tried():
    assert first(refused("请求错误"), named_only=True) == []
    assert set(first(refused("temperature?"), named_only=True)) == {frozenset({"no temperature"})}


def test_what_is_learnt_is_said_once(caplog):
    forms = CallForms()
    forms.learn(frozenset({"no format", "no temperature"}), "m", refused("no"))
    assert forms.notes == ("without structured output", "without temperature")
    assert [record.getMessage() for record in caplog.records] == [
        "m is asked without structured output, without temperature from now on (HTTP 400)"
    ]


def test_room_is_made_once(caplog):
    forms = CallForms()
    assert forms.make_room(REQUEST, PLAIN, "m")
    assert forms.form == {"room"}
    assert forms.make_room(REQUEST, PLAIN, "m"), "a call that was in flight meanwhile"
    assert not forms.make_room(REQUEST, frozenset({"room"}), "m")
    assert len(caplog.records) == 1
    forms.refuse_room()
    assert (forms.form, forms.make_room(REQUEST, PLAIN, "m")) == (PLAIN, False)
    assert not CallForms().make_room(Request([], {}), PLAIN, "m"), "no limit that could be raised"
