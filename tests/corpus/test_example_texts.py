import json
from dataclasses import replace

import pytest

from sevenllm_bench.corpus.conversation import Conversation, Turn
from sevenllm_bench.corpus.example_texts import plain_text, questions_with_answers, texts_of
from sevenllm_bench.data.rows import Row

MCQ = {"question": "Which?", "choice": {"A": "a", "B": "b", "C": "c", "D": "d"}}
ROW = Row(1, "Other", MCQ, "text", "so", {"x": ["y", 2], "z": {}}, "en", "understanding", "instruct")
TURNS = (Turn("system", "Be brief."), Turn("user", "Who?"), Turn("assistant", '{"name": "X"}'), Turn("user", "Ok."))
CONVERSATION = Conversation(2, TURNS, "en", "chats")


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("a text", "a text"),
        ({"a": ["b", {"c": "d"}], "e": 1}, "b\nd\n1"),
        ('{"a": ["b", "c"]}', "b\nc"),
        (json.dumps(MCQ), "Which?\na\nb\nc\nd"),
        (" [1, 2]", "1\n2"),
        ("{no JSON}", "{no JSON}"),
        ("[" * 100_000, "[" * 100_000),
        (None, "None"),
        ("", ""),
    ],
)
def test_plain_text(value, wanted):
    assert plain_text(value) == wanted


def test_every_field_and_every_turn_is_read():
    assert dict(texts_of(ROW)) == {"instruction": "Which?\na\nb\nc\nd", "input": "text", "thought": "so", "output": "y\n2"}
    assert dict(texts_of(CONVERSATION)) == {"turn 1": "Be brief.", "turn 2": "Who?", "turn 3": "X", "turn 4": "Ok."}


def test_keys_that_say_something_are_read():
    said = "The loader reads its configuration from an image."
    talk = Conversation(1, (Turn("user", json.dumps([{said: {"again": 1}}])), Turn("assistant", "x")), "en", "chats")
    assert dict(texts_of(talk)) == {"turn 1": "1", "keys of turn 1": f"{said}\nagain", "turn 2": "x"}
    assert dict(texts_of(replace(ROW, output={said: []})))["keys of output"] == said


def test_many_short_turns_are_read_in_one():
    turns = tuple(Turn(("user", "assistant")[place % 2], text) for place, text in enumerate(["a", "b", "x" * 400, "c", "d", "e"]))
    texts = dict(texts_of(Conversation(1, turns, "en", "chats")))
    assert texts["short turns"] == "a\nb\nc\nd\ne"
    assert len(texts) == 7


def test_questions_go_with_their_answers():
    assert list(questions_with_answers(ROW)) == [("Which?\na\nb\nc\nd", "y\n2")]
    assert list(questions_with_answers(CONVERSATION)) == [("Who?", "X")]
    turns = (Turn("user", "List them."), Turn("user", "A text."), Turn("assistant", "X"), Turn("assistant", "Y"))
    asked = [("List them.", "X"), ("A text.", "X")]
    assert list(questions_with_answers(Conversation(1, turns, "en", "chats"))) == asked
    assert list(questions_with_answers(Conversation(1, TURNS[:1], "en", "chats"))) == []
