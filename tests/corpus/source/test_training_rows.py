"""One line of the training corpus: what comes out, what is counted, what is left out. All rows are our own writing."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenllm_bench.corpus.source.training_rows import LeftOut, Notes, read_record
from sevenllm_bench.data.rows import language_of

EXTRACT = "Execute the following information extraction task and return the results in json format: name the day."
WRITE = "Execute the following analysis generation task and return the result in text format: assess the threat."
CHOICE = {"A": "A worm", "B": "A phishing mail", "C": "A lost disk", "D": "A flood"}
MCQ = {"question": "How did it begin?", "choice": CHOICE}
RECORD = {
    "id": 7,
    "category": "Time Element Acquisition",
    "instruction": EXTRACT,
    "input": "It happened on 3 May 2024.",
    "thought": "One date.",
    "output": '{"day": "3 May 2024"}',
}


def read(**changes):
    """Row and counts of `RECORD` with `changes`; a value of None takes the field away."""
    record = {key: value for key, value in {**RECORD, **changes}.items() if value is not None}
    return read_line(json.dumps(record).encode())


def read_line(line):
    notes = Notes()
    row, _ = read_record(line, notes)
    return row, dict(notes.counts)


def left_out(**changes) -> str:
    with pytest.raises(LeftOut) as caught:
        read(**changes)
    assert caught.value.row_id == (changes.get("id", 7))
    assert not caught.value.broken
    return caught.value.reason


def mcq(output="B", **changes):
    return read(instruction=json.dumps(MCQ), output=output, category="Threat Analysis", **changes)


# --- as it should be -------------------------------------------------------------------------------------------------


def test_a_clean_row():
    row, counts = read()
    assert (row.id, row.category, row.language, row.kind, row.source) == (
        7,
        "Time Element Acquisition",
        "en",
        "understanding",
        "instruct",
    )
    assert (row.instruction, row.input, row.thought) == (EXTRACT, "It happened on 3 May 2024.", "One date.")
    assert row.output == {"day": "3 May 2024"}
    assert counts == {}


@pytest.mark.parametrize(
    ("instruction", "language", "kind"),
    [
        (EXTRACT, "en", "understanding"),
        (WRITE, "en", "generation"),
        ("\n " + WRITE, "en", "generation"),
        ("执行如下信息抽取任务，返回json格式结果：提取时间。", "zh", "understanding"),
        ("执行如下分析生成任务，返回文本格式结果：分析威胁。", "zh", "generation"),
        ("Name the day.", "en", "understanding"),
        ("提取时间。", "zh", "understanding"),
    ],
)
def test_language_and_kind_by_the_opening_then_the_category(instruction, language, kind):
    row, _ = read(instruction=instruction)
    assert (row.language, row.kind) == (language, kind)
    assert isinstance(row.output, dict if kind == "understanding" else str)


def test_under_other_the_output_tells_the_kind():
    assert read(category="Threat Intelligence", instruction="Name it.")[0].kind == "understanding"
    row, counts = read(category="Threat Intelligence", instruction="Name it.", output="It is a worm.")
    assert (row.kind, row.category, row.output) == ("generation", "Other", "It is a worm.")
    assert counts == {"category unknown: Other": 1}
    assert read(category="Threat Intelligence", instruction="Name it.", output="```json\n[1]\n```")[0].output == [1]


# --- outputs of extraction -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "output",
    [
        '{"day": "3 May", "n": [1, true, null]}',
        '\n {"day": "3 May", "n": [1, true, null]} ',
        {"day": "3 May", "n": [1, True, None]},
    ],
)
def test_json_as_a_string_and_as_itself(output):
    row, counts = read(output=output)
    assert row.output == {"day": "3 May", "n": [1, True, None]}
    assert counts == {}


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ("{'day': '3 May', 'n': None, 'b': True}", {"day": "3 May", "n": None, "b": True}),
        ("{'day': ('3', 'May')}", {"day": ["3", "May"]}),
        ('{"a": "line\nbreak"}', {"a": "line\nbreak"}),
        ('{"path": "C:\\Windows\\System32"}', {"path": "C:\\Windows\\System32"}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('```\n{"a": 1}', {"a": 1}),
        (json.dumps('{"a": 1}'), {"a": 1}),
        (json.dumps(json.dumps("{'a': 1}")), {"a": 1}),
    ],
)
def test_what_can_be_corrected_is_corrected_and_counted(output, value):
    row, counts = read(output=output)
    assert row.output == value
    assert counts == {"extraction output repaired to JSON": 1}


@pytest.mark.parametrize(
    "output",
    [
        "3 May 2024",
        "10.10",
        "7",
        "true",
        '{"a": 1',
        '{"a": NaN}',
        '{"a": 1e999}',
        "{'a': {1, 2}}",
        '```json\n{"a": 1}\n```\n```json\n{"a": 2}\n```',
        "[" * 200 + "]" * 200,
        "[" * 100_000,
        "(" * 100_000,
        "{'a': 0x" + "f" * 20_000 + "}",
        '{"a": ' + "9" * 5_000 + "}",
    ],
)
def test_what_is_no_json_stays_text(output):
    row, counts = read(output=output)
    assert row.output == output
    assert counts == {"extraction output is no JSON": 1}


def test_an_object_that_holds_no_number_is_text():
    line = json.dumps(RECORD).encode().replace(b'"{\\"day\\": \\"3 May 2024\\"}"', b'{"a": NaN}')
    row, counts = read_line(line)
    assert (row.output, counts) == ('{"a": NaN}', {"extraction output is no JSON": 1})


@pytest.mark.parametrize("output", ["", " \n", "{}", "[]", "null", '""', {}, []])
def test_an_empty_output(output):
    assert left_out(output=output) == "empty output"


def test_an_output_of_null():
    with pytest.raises(LeftOut, match="empty output"):
        read_line(json.dumps({**RECORD, "output": None}).encode())


def test_false_and_zero_are_answers():
    assert read(output=False)[0].output is False
    assert read(output=0)[0].output == 0


# --- outputs of generation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("output", "text"), [({"a": "é"}, '{"a": "é"}'), (["x", 1], '["x", 1]'), (5, "5"), (True, "true")])
def test_a_generation_output_that_is_no_text(output, text):
    row, counts = read(instruction=WRITE, output=output)
    assert (row.output, counts) == (text, {"generation output is no text: its JSON": 1})


def test_prose_stays_as_it_is():
    assert read(instruction=WRITE, output=' {"a": 1} ')[0].output == ' {"a": 1} '


# --- MCQ -------------------------------------------------------------------------------------------------------------


def test_an_mcq_as_a_json_string_and_as_an_object():
    for instruction in (json.dumps(MCQ), MCQ, f" {MCQ!r}"):
        row, counts = read(instruction=instruction, output="B")
        assert (row.instruction, row.output, row.kind, row.language) == (MCQ, "B", "mcq", "en")
        assert counts == {}


def test_a_chinese_mcq():
    row, _ = read(instruction={"question": "事件如何开始？请从A、B、C、D中选出一个正确答案。", "choice": CHOICE}, output="C")
    assert (row.language, row.kind) == ("zh", "mcq")


@pytest.mark.parametrize(
    ("choice", "options"),
    [
        ({"a": "w", "b": "x", "c": "y", "d": "z"}, ["w", "x", "y", "z"]),
        ({"D": "z", "C": "y", "B": "x", "A": "w"}, ["w", "x", "y", "z"]),
        ({"A.": "w", "B)": "x", "C、": "y", " D:": "z"}, ["w", "x", "y", "z"]),
        (["w", "x", "y", "z"], ["w", "x", "y", "z"]),
        ({"A": 22, "B": 80.5, "C": True, "D": "443"}, ["22", "80.5", "true", "443"]),
    ],
)
def test_options_that_can_be_read(choice, options):
    row, counts = read(instruction={"question": "Which?", "choice": choice}, output="D")
    assert list(row.choices.items()) == list(zip("ABCD", options, strict=True))
    assert counts == {"MCQ options coerced to the texts A to D": 1}


@pytest.mark.parametrize(
    ("instruction", "reason"),
    [
        ({"question": "Which?"}, "MCQ without options"),
        ({"question": "Which?", "choice": "A. w B. x"}, "MCQ without options"),
        ({"question": "Which?", "choice": ["w", "x", "y"]}, "MCQ without options"),
        ({"question": "Which?", "choice": {"A": "w", "B": "x", "C": "y"}}, "MCQ options are not A to D"),
        ({"question": "Which?", "choice": {**CHOICE, "E": "v"}}, "MCQ options are not A to D"),
        ({"question": "Which?", "choice": {"A": "w", "a": "w", "B": "x", "C": "y"}}, "MCQ options are not A to D"),
        ({"question": "Which?", "choice": {**CHOICE, "D": " "}}, "MCQ options are not A to D"),
        ({"question": "Which?", "choice": {**CHOICE, "D": ["z"]}}, "MCQ options are not A to D"),
        ({"choice": CHOICE}, "MCQ without a question"),
        ({"question": " ", "choice": CHOICE}, "MCQ without a question"),
        ({"question": 5, "choice": CHOICE}, "MCQ without a question"),
        ('{"question": "Which?", "choice": ', "MCQ instruction is no JSON"),
        ("{not at all}", "MCQ instruction is no JSON"),
        (" ", "empty instruction"),
        (5, "empty instruction"),
        ([MCQ], "empty instruction"),
    ],
)
def test_an_instruction_that_asks_nothing(instruction, reason):
    assert left_out(instruction=instruction, output="B") == reason


@pytest.mark.parametrize("output", ["B. A phishing mail", "b", "（B）", "The answer is B.", {"answer": "B"}, "A phishing mail"])
def test_a_letter_with_more_around_it(output):
    row, counts = mcq(output)
    assert (row.output, counts) == ("B", {"MCQ output is more than its letter": 1})


@pytest.mark.parametrize("output", ["A, B", "E", "none of them", "APT29", 5, True])
def test_no_single_letter(output):
    with pytest.raises(LeftOut, match="MCQ output names no single option"):
        mcq(output)


# --- other fields ----------------------------------------------------------------------------------------------------


def test_texts_that_are_missing_or_of_another_type():
    row, counts = read(input=None, thought=["a", {"b": 1}], more=1, extra=2)
    assert (row.input, row.thought) == ("", '["a", {"b": 1}]')
    assert counts == {"input missing": 1, "thought is no text: its JSON": 1, "unknown fields ignored": 1}
    assert read(input=12)[0].input == "12"


@pytest.mark.parametrize("category", [None, 5, ["Threat Analysis"], {"a": 1}, "Threat Intelligence"])
def test_categories_that_are_none(category):
    row, counts = read(category=category)
    assert (row.category, counts) == ("Other", {"category unknown: Other": 1})


def test_labels_are_kept_with_what_they_were_mapped_to():
    notes = Notes()
    for label in ("threat analyss", "threat analyss", "Threat Intelligence", "x" * 500):
        read_record(json.dumps({**RECORD, "category": label}).encode(), notes)
    assert notes.labels == {
        "threat analyss": {"category": "Threat Analysis", "rows": 2},
        "Threat Intelligence": {"category": "Other", "rows": 1},
        "x" * 100: {"category": "Other", "rows": 1},
    }


@pytest.mark.parametrize(
    ("value", "row_id"), [(7, 7), (-1, -1), (2**80, 2**80), ("7", None), (7.0, None), (True, None), ([], None)]
)
def test_ids(value, row_id):
    row, found = read_record(json.dumps({**RECORD, "id": value}).encode(), Notes())
    assert (row.id, found) == (row_id or 0, row_id)


# --- bytes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "broken JSON"),
        (b"not json", "broken JSON"),
        (b"\x00", "broken JSON"),
        (b'{"id": 1, "instruction": "raw \x00", "output": "x"}', "broken JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"instruction": "\xed\xa0\x80", "output": "x"}', "not UTF-8"),
        (b"[1]", "no JSON object with instruction and output"),
        (b"null", "no JSON object with instruction and output"),
        (b'{"instruction": "x"}', "no JSON object with instruction and output"),
        (b'{"id": ' + b"9" * 5_000 + b', "instruction": "x", "output": "y"}', "broken JSON"),
        (b"[" * 200_000, "broken JSON"),
        (b'{"instruction": "x", "output": ' + b"[" * 500 + b"]" * 500 + b"}", "nested too deeply"),
        (b'{"instruction": "x", "output": "y", "more": ' + b'{"a":' * 200 + b"1" + b"}" * 201, "nested too deeply"),
    ],
)
def test_a_broken_line(line, reason):
    with pytest.raises(LeftOut) as caught:
        read_record(line, Notes())
    assert (caught.value.reason, caught.value.broken, caught.value.row_id) == (reason, True, None)


def test_line_ends_and_control_characters():
    line = json.dumps(RECORD).encode()
    assert read_line(line + b"\r\n") == read_line(line + b"\n") == read_line(line)
    assert read(input="a\0b")[0].input == "a\0b"


def test_lone_surrogates_become_replacement_characters():
    row, _ = read(input="x\ud800y\ud83d\ude00", output='{"\\ud800": "\\udfff!"}', thought=["\ud800"])
    assert row.input == "x\ufffdy😀"
    assert row.output == {"\ufffd": "\ufffd!"}
    for text in (row.input, row.thought, json.dumps(row.output, ensure_ascii=False)):
        text.encode()
    assert mcq("B", input="\ud800")[0].input == "\ufffd"


PIECES = st.sampled_from(
    [
        "\ud800",
        "\\ud800",
        "\\\\ud800",
        "{",
        "}",
        "[",
        "]",
        '"',
        "'",
        "\\",
        "NaN",
        "1e999",
        "```",
        "null",
        "B",
        "\0",
        "é",
        ":",
        ",",
        " ",
    ]
)
TEXT = st.lists(PIECES, max_size=12).map("".join) | st.text(st.characters(), max_size=10)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | TEXT.map(repr) | TEXT.map(json.dumps),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
OPTIONS = (
    st.dictionaries(st.sampled_from("ABCDabcd"), VALUE, max_size=4) | st.lists(VALUE, min_size=4, max_size=4) | st.just(CHOICE)
)
QUESTION = st.fixed_dictionaries({"question": TEXT, "choice": OPTIONS})
INSTRUCTION = st.sampled_from([EXTRACT, WRITE]) | QUESTION | QUESTION.map(json.dumps) | QUESTION.map(repr) | VALUE
ROW = st.fixed_dictionaries(
    {"instruction": INSTRUCTION, "output": VALUE | VALUE.map(json.dumps) | VALUE.map(repr) | st.sampled_from("ABCD")},
    optional={"id": VALUE, "category": VALUE, "input": VALUE, "thought": VALUE, "more": VALUE},
)


def check(line: bytes) -> None:
    try:
        row, _ = read_record(line, Notes())
    except LeftOut:
        return
    whole = [
        row.id,
        row.category,
        row.instruction,
        row.input,
        row.thought,
        row.output,
        row.language,
        row.kind,
        row.reference_text,
    ]
    json.dumps(whole, ensure_ascii=False, allow_nan=False).encode()
    asked = row.choices and row.instruction["question"]
    assert row.kind != "mcq" or (list(row.choices) == list("ABCD") and row.output in row.choices)
    assert not asked or row.language == language_of(asked)
    assert row.kind == "understanding" or isinstance(row.output, str)
    assert row.output not in ("", None, {}, [])


@settings(max_examples=250, deadline=None)
@given(ROW)
def test_any_record_gives_a_row_that_can_be_written_or_is_left_out(record):
    check(json.dumps(record).encode())


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 250), st.integers(0, 30))
def test_any_bytes_give_a_row_that_can_be_written_or_are_left_out(noise, start, length):
    check(noise)
    line = json.dumps(RECORD).encode()
    check(line[:start] + noise + line[start + length :])
