import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.text.near_json import Unclosed, decode_near_json, load_near_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # Comments
        ('{"a": "x", // one\n "b": "y"}', {"a": "x", "b": "y"}),
        ('{"a": /* two */ "x"}', {"a": "x"}),
        ('# three\n{"a": "x"} // end', {"a": "x"}),
        ('{"u": "http://evil.example/a"}', {"u": "http://evil.example/a"}),
        # Commas
        ('{"a": ["x", "y",],}', {"a": ["x", "y"]}),
        ('{"a": "x",\n// the last one\n}', {"a": "x"}),
        ('{"a": "x"\n"b": ["y"]\n"c": {}\n}', {"a": "x", "b": ["y"], "c": {}}),
        ('["x"、"y"，"z"]', ["x", "y", "z"]),
        # Quotes
        ("{'a': 'x', 'b': true, 'c': null}", {"a": "x", "b": True, "c": None}),
        ('{“a”: “x”, ”b”: “the "y" file”}', {"a": "x", "b": 'the "y" file'}),
        ("{‘a’: ‘x’}", {"a": "x"}),
        ("{'a': 'it\\'s \"x\"'}", {"a": 'it\'s "x"'}),
        ('{"a": “x”， "b"：＂y＂｝', {"a": "x", "b": "y"}),
        ('｛"a"：［"x"，"y"］｝', {"a": ["x", "y"]}),
        # What stands inside strings stays as it is
        ('{"a": "x，y：“z” // no comment, ["}', {"a": "x，y：“z” // no comment, ["}),
        # Python's constants, and keys without quotes
        ('{"a": True, "b": None, "c": FALSE}', {"a": True, "b": None, "c": False}),
        ("{actor: 'x', 目标: 'y'}", {"actor": "x", "目标": "y"}),
        # Backslashes
        (r'{"p": "C:\Users\x", "q": "\u00e9\t"}', {"p": r"C:\Users\x", "q": "é\t"}),
        (r'{"p": "C:\\Users\\x"}', {"p": r"C:\Users\x"}),
        (r'"{\"a\": \"x\"}"', {"a": "x"}),
        (r"{\"a\": \"x\"}", {"a": "x"}),
        # JSON itself
        ('{"a": "line\nbreak", "n": [1, -2.5e3, 0]}', {"a": "line\nbreak", "n": [1, -2500.0, 0]}),
        ('\ufeff{"a": {}}', {"a": {}}),
        ("7", 7),
        ('"x"', "x"),
    ],
)
def test_nearly_right(text, value):
    assert load_near_json(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        '{"a": NaN}',
        '{"a": -Infinity}',
        "word",
        "{'a': 'it's'}",
        '{"a": 12:30}',
        '{"a": 2024-01-01}',
        '{"a": 1.2.3.4}',
        '{"a": 007}',
        '{"a": hello world}',
        '{"a": "he said "hi" there"}',
        '{"a" "b"}',
        '{"a": "x" "b": "y"}',
        '["a",,"b"]',
        '{"a": 1} and more',
        '{"a": 1}{"b": 2}',
        "{'a', 'b'}",
        '{"a": ...}',
        "{unknown}",
        "[see 1]",
        "",
        "{" * 101 + "}" * 101,
    ],
)
def test_what_would_have_to_be_guessed_is_an_error(text):
    with pytest.raises(ValueError):  # noqa: PT011  (of any kind: the parser's own words)
        load_near_json(text)


@pytest.mark.parametrize("text", ['{"a": "x', "{'a': ['x', 'y'", '{"a": tru', '{"a": 1, // rest', "{“a”：“x", '{"a": /* x'])
def test_a_value_that_never_ends(text):
    with pytest.raises(Unclosed):
        load_near_json(text)


def test_a_value_within_a_text():
    text = "Answer: {'a': 'x',} as asked."
    assert decode_near_json(text, 8) == ({"a": "x"}, text.index(" as"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.lists(json_values) | st.dictionaries(st.text(), json_values), st.sampled_from([None, 1]), st.booleans())
def test_json_is_read_as_it_is(value, indent, ascii_only):
    assert load_near_json(json.dumps(value, indent=indent, ensure_ascii=ascii_only)) == value


@given(st.text(alphabet="{}[]\"'“”,:，：\\/*#\n a1tn.", max_size=60))
def test_no_text_is_worse_than_a_value_error(text):
    with contextlib.suppress(ValueError):
        load_near_json(text)


def test_a_caller_can_refuse_keys_that_are_given_twice():
    def once(pairs):
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    assert load_near_json("{'a': {b: 1}}", once) == {"a": {"b": 1}}
    assert load_near_json('{"a": 1, "a": 2}') == {"a": 2}
    for text in ('{"a": 1, "a": 2}', "{'x': [{a: 1, 'a': 2,}]}", r'"{\"a\": 1, \"a\": 2}"'):
        with pytest.raises(ValueError, match="twice"):
            load_near_json(text, once)
    with pytest.raises(ValueError, match="twice"):
        decode_near_json('see {"a": 1, "a": 2} above', 4, once)
