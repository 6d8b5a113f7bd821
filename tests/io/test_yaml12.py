"""YAML as values: scalars of YAML 1.2, and bounds on what a document may hold."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.io.yaml12 import load_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("off", "off"),
        ("1e-5", 1e-5),
        ("12:30", "12:30"),
        ("2024-05-01", "2024-05-01"),
        ("[true, ~, .5, -3]", [True, None, 0.5, -3]),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
    ],
)
def test_by_hand(text, value):
    assert load_yaml(text) == value


def test_aliases_give_values_of_their_own():
    value = load_yaml("a: &x [1]\nb: *x")
    value["a"].append(2)
    assert value["b"] == [1]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_fifty_levels_and_no_more(opening):
    closing = {"[": "]", "{a: ": "}", "- ": ""}[opening]
    load_yaml(opening * 50 + closing * 50)
    with pytest.raises(ValueError, match="deeper than 50 levels"):
        load_yaml(opening * 51 + closing * 51)
    with pytest.raises(ValueError, match="deeper than 50 levels"):
        load_yaml(opening * 100_000)


def is_plain(value):
    """Nothing but JSON's types, with text as keys, at every depth."""
    if isinstance(value, dict):
        return all(type(key) is str and is_plain(item) for key, item in value.items())
    return all(map(is_plain, value)) if isinstance(value, list) else type(value) in (bool, int, float, str, type(None))


@given(st.text() | st.text("[]{}&*!|>-:?, \n\t'\"#%@`x"))
def test_any_text_is_plain_values_or_a_value_error_of_one_line(text):
    try:
        value = load_yaml(text)
    except ValueError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017
    else:
        assert is_plain(value)


TEXT = st.text("aZ09 :-?#'\"\\\n\t[]{},&*!|>%@`é一.")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


@given(JSON)
def test_json_values_come_back(value):
    """JSON is YAML 1.2."""
    assert load_yaml(json.dumps(value)) == value


def test_a_message_is_one_line():
    with pytest.raises(ValueError, match=r"^mapping values are not allowed here .* line 2, column 5: .*$"):
        load_yaml("a: b\nc: d: e\n")
