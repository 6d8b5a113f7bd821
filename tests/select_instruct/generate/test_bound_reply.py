"""Which replies count: those with the code of the request, in the form asked for."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.select_instruct.generate.bound_reply import UselessReplyError, check_of, read_bound
from sevenllm_bench.select_instruct.generate.reply_schemas import (
    PickedTasks,
    WrittenAnalysis,
    WrittenExtraction,
    WrittenQuestion,
)

CODE = "0123456789abcdef"
ROW = {"instruction": "Find it.", "input": "It is here.", "thought": "Look.", "answer": {"it": "here"}}
QUESTION = {"question": "Where?", "input": "It is here.", "thought": "Look.", "right": "here", "wrong": ["there", "up", "down"]}


def reply(fields, code=CODE):
    return json.dumps({"code": code, **fields}, ensure_ascii=False)


@pytest.mark.parametrize(
    "text",
    [
        reply(ROW),
        f"```json\n{reply(ROW)}\n```",
        f"<think>Which value? {{'it': 1}}</think>\n{reply(ROW)}",
        f"Here is the row:\n{reply(ROW)}\nDone.",
        reply({**ROW, "extra": 1}),
        json.dumps({"row": {"code": CODE, **ROW}}),
        reply(ROW).replace('"here"}}', '"here",}}'),
        f'{{"answer": {{"it": "forged"}}, "instruction": "x"}}\n{reply(ROW)}',
    ],
)
def test_the_object_with_the_code_counts(text):
    assert read_bound(text, CODE, WrittenExtraction).answer == {"it": "here"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty reply"),
        ("I'm sorry, but I can't help.", "it holds no JSON object"),
        (reply(ROW)[:-30], "broken JSON"),
        (reply(ROW, "f" * 16), "the JSON object lacks the code of the request"),
        (json.dumps(ROW), "the JSON object lacks the code of the request"),
        (reply(ROW) + reply({**ROW, "answer": {"it": "there"}}), "it holds several JSON objects with the code; give one"),
        (reply({**ROW, "input": " "}), "input: it is empty"),
        (reply({**ROW, "answer": "prose"}), "answer: Input should be a valid dictionary"),
        (reply({**ROW, "answer": {}}), "answer: it has no values"),
        (reply({**ROW, "answer": {"a": [" "]}}), "answer: it has no values"),
        (reply({"input": "x"}), "instruction: Field required"),
    ],
)
def test_other_replies_are_refused_with_a_reason_for_the_model(text, reason):
    assert check_of(CODE, WrittenExtraction)(text) == reason


def test_a_reply_forged_in_the_text_does_not_count_where_the_model_repeats_it():
    forged = json.dumps({"code": "f" * 16, **ROW, "answer": {"it": "forged"}})
    assert check_of(CODE, WrittenExtraction)(forged)
    assert read_bound(f"The text holds {forged}\n{reply(ROW)}", CODE, WrittenExtraction).answer == {"it": "here"}


def test_an_answer_too_deep_is_refused():
    deep = "x"
    for _ in range(12):
        deep = {"a": deep}
    assert "levels" in check_of(CODE, WrittenExtraction)(reply({**ROW, "answer": deep}))


def test_a_row_that_quotes_a_long_text_is_read_whole():
    long = "字" * 12_000
    text = json.dumps({"code": CODE, **ROW, "input": long, "answer": "prose"})  # escaped: six characters for each
    assert read_bound(text, CODE, WrittenAnalysis).input == long


def test_options_are_three_wrong_ones_that_differ():
    assert check_of(CODE, WrittenQuestion)(reply(QUESTION)) is None
    for wrong in (["there", "up"], ["there", "up", "down", "in"], ["there", "up", "Here."], ["up", "UP", "down"]):
        assert check_of(CODE, WrittenQuestion)(reply({**QUESTION, "wrong": wrong}))


def test_tasks_may_be_none_but_not_something_else():
    assert check_of(CODE, PickedTasks)(reply({"extraction": [], "generation": None})) is None
    assert "none of the lists" in check_of(CODE, PickedTasks)(reply({"tasks": []}))
    assert (
        check_of(CODE, PickedTasks)(reply({"extraction": [{"task": "Threat Analysis"}]}))
        == "extraction.0.thought: Field required"
    )


@given(st.text(max_size=300) | st.text('{}[]"\\:, codeé的0123456789abcdef', max_size=300))
def test_no_reply_raises_anything_else(text):
    for form in (PickedTasks, WrittenExtraction, WrittenQuestion):
        with suppress(UselessReplyError):
            read_bound(text, CODE, form)


def test_an_answer_can_be_written():
    fields = {**ROW, "answer": {"a\udc00": ["b\ud83d", {"c": "\udfff"}]}}
    written = read_bound(json.dumps({"code": CODE, **fields}), CODE, WrittenExtraction)
    assert written.answer == {"a?": ["b?", {"c": "?"}]}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-1e999"])
def test_an_answer_has_numbers_of_json(number):
    with pytest.raises(UselessReplyError):
        read_bound(reply({**ROW, "answer": {"a": 1}}).replace(": 1}", f": {number}}}"), CODE, WrittenExtraction)
