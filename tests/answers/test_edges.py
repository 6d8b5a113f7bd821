"""Edges of reading answers: the letter of several, options of one character, how deep and how often is looked."""

import pytest

from sevenllm_bench.answers.extraction import Extraction, read_extraction
from sevenllm_bench.answers.json_in_text import values_in_fences, values_in_prose
from sevenllm_bench.answers.json_values import nesting, python_literal
from sevenllm_bench.answers.letter import read_letter
from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.text.near_json import Unclosed

CHOICES = {"A": "alpha beta", "B": "gamma delta", "C": "x", "D": "y"}


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("I would select B or C.", None),
        ("One might pick B. On balance I would pick B or D", None),
        ("I pick B or C; in the end B fits", None),
        ("In my view B fits", "B"),
        ("A) the first, more than gamma delta", "A"),
        ("B: unlike alpha beta", "B"),
        ("A: gamma delta", "B"),
        ("x", "C"),
        ("it must be x here", None),
        ("it must be gamma delta here", "B"),
        ("gamma delta, never alpha beta", None),
        ("", None),
        ("   ", None),
    ],
)
def test_letters(answer, letter):
    assert read_letter(answer, CHOICES) == letter


@pytest.mark.parametrize(
    ("text", "deepest"), [("", 0), ("a", 0), ("[", 1), ("]]][", 1), ("[][][]", 1), ("[[][[]]]", 3), ("({[", 3), (")(", 1)]
)
def test_nesting(text, deepest):
    assert nesting(text) == deepest


@pytest.mark.parametrize("text", ['{"a": -', '{"a": "x', 'see {"a": 1', '{"a": 1,', '{"a": [1', '{"a": 1, "b": "long text, cut'])
def test_a_value_that_never_ends(text):
    with pytest.raises(Unclosed):
        values_in_prose(text)


def test_a_value_that_never_ends_after_one_that_does():
    assert values_in_prose('{"a": 1} and {"b": {"c": "x') == [({"a": 1}, "json")]


def test_fifty_places_are_tried():
    broken = "".join(f'{{"k" {number}}} ' for number in range(50))
    assert values_in_prose(broken[: -len('{"k" 49} ')] + '{"z": 1}') == [({"z": 1}, "json")]
    assert values_in_prose(broken + '{"z": 1}') == []
    assert len(values_in_prose("".join(f'{{"k": {number}}} ' for number in range(60)))) == 50


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ('{"answer": "B", "not": "A"}', "B"),
        ('["C"]', "C"),
        ('"D"', "D"),
        ('```json\n{"choice": "C", "why": "not A"}\n```', "C"),
        ('{"answer": {"B": "A or so"}}', "B"),
        ('{"A": "wrong", "B": "right"}', None),
        ('{"answer": {"B": "one", "C": "two"}}', None),
    ],
)
def test_letters_in_json(answer, letter):
    assert read_letter(answer, CHOICES) == letter


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('```json\n{"a": 1}\n```', [{"a": 1}]),
        ('```\n{"a": 1}\n```\n```\n{"a": 1}\n```\n```\n{"b": 2}\n```', [{"a": 1}, {"b": 2}]),
        ("```\n\n```\n```\nnull\n```", []),
        ("```\nno value\n```", []),
        ("```python\n{'a': None}\n```", [{"a": None}]),
    ],
)
def test_values_in_fences(text, values):
    assert [found.value for found in values_in_fences(text)] == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('first {"a": 1}, then ["x", "y"]', [{"a": 1}]),
        ('first ["x"], then ["y", "z"]', [["x"], ["y", "z"]]),
        ('the list [{"a": 1}, 2] and ["x"]', [[{"a": 1}, 2]]),
        ("as in [1] and [2, 3]", []),
        ('broken {"a" 1} and {"b": 2}', [{"b": 2}]),
        ('{"a": 1} and again {"a": 1}', [{"a": 1}]),
    ],
)
def test_values_in_prose(text, values):
    assert [found.value for found in values_in_prose(text)] == values


@pytest.mark.parametrize(
    ("answer", "kind", "how"),
    [
        (None, "understanding", "empty"),
        (None, "mcq", "empty"),
        (None, "generation", "empty"),
        (" ", "mcq", "empty"),
        ("no idea", "mcq", "unparsed"),
        ("no idea", "understanding", "text"),
        ("no idea", "generation", "prose"),
        ({"a": 1}, "understanding", "json"),
        ("B", "mcq", "B"),
    ],
)
def test_how_an_answer_was_read(answer, kind, how):
    assert read_answer(answer, kind, CHOICES).how == how


def test_a_text_known_already_takes_the_place_of_the_answers_own():
    assert read_extraction('thinking… {"a": 1}', '{"b": "2"}').values == ["2"]
    assert read_extraction('{"a": "1"}').values == ["1"]
    assert read_extraction(None) == Extraction([], "empty", "", reason="empty answer")
    assert read_letter("A", CHOICES, "B") == "B"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': (1, None)}", {"a": [1, None]}),
        ("{1: 'x'}", {"1": "x"}),
        ("{'a': {1}}", None),
        ("{'a': b'x'}", None),
        ("{'a': 1j}", None),
        ("{1, 2}", None),
        ("'text'", None),
        ("{'a': 1", None),
    ],
)
def test_python_literals(text, value):
    assert python_literal(text) == value
