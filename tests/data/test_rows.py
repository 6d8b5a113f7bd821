import json

import pytest

from sevenllm_bench.data.rows import parse_row, read_rows
from sevenllm_bench.errors import DataError

MCQ = {"question": "Which? Choose the correct answer from A, B, C, D.", "choice": {"A": "a", "B": "b", "C": "c", "D": "d"}}


def test_a_row_knows_its_section_and_leaf(embedded_record):
    row = parse_row(embedded_record, "here")
    assert (row.section, row.leaf.name) == ("en_understanding", "sevenllm_en_time_element_acquisition")
    assert row.reference_text == '{"day": "3 May 2024"}'


def test_what_is_asked_beats_the_category(embedded_record):
    """Official rows 791 and 823: extraction asked for under a generation category."""
    row = parse_row({**embedded_record, "category": "Attack Strategy Analysis"}, "here")
    assert row.kind == "understanding"
    assert row.leaf.name == "sevenllm_en_attack_strategy_analysis"


@pytest.mark.parametrize(
    ("instruction", "output", "section"),
    [
        ("执行如下信息抽取任务，返回json格式结果：提取时间。", {}, "zh_understanding"),
        ("执行如下分析生成任务，返回文本格式结果：分析。", "好。", "zh_generation"),
        ("Execute the following analysis generation task and return the result in text format: x", "y", "en_generation"),
        ("When was it?", {"a": "b"}, "en_understanding"),
        ("FIN7 组织用了什么工具？", {"a": "b"}, "zh_understanding"),
        (MCQ, "B", "en_mcq"),
        ({**MCQ, "question": "哪一项正确？"}, "B", "zh_mcq"),
    ],
)
def test_section_is_told_from_the_row_alone(embedded_record, instruction, output, section):
    assert parse_row({**embedded_record, "instruction": instruction, "output": output}, "here").section == section


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "1"}, "id must be a whole number"),
        ({"id": True}, "id must be a whole number"),
        ({"category": "Threat Analysys"}, "did you mean 'Threat Analysis'"),
        ({"category": "Nothing like it"}, "unknown category 'Nothing like it'"),
        ({"category": 5}, "category must be a string"),
        ({"input": None}, "input must be a string"),
        ({"instruction": ""}, "non-empty string"),
        ({"instruction": ["x"]}, "non-empty string"),
        ({"instruction": {"question": "x"}}, 'needs "question"'),
        ({"instruction": {"question": "x", "choice": {"A": "a"}}}, "needs the options A, B, C, D"),
        ({"instruction": MCQ, "output": "E"}, "must be one of A, B, C, D"),
        ({"output": 5}, "must be an object"),
        ({"instruction": "Execute the following analysis generation task: x", "output": {}}, "must be a string"),
        ({"extra": 1}, "unknown extra"),
    ],
)
def test_a_malformed_row_is_named_with_its_place(embedded_record, change, message):
    with pytest.raises(DataError, match="file, line 3") as caught:
        parse_row({**embedded_record, **change}, "file, line 3")
    assert message in str(caught.value)


def test_a_missing_field_is_named(embedded_record):
    del embedded_record["thought"]
    with pytest.raises(DataError, match="missing thought"):
        parse_row(embedded_record, "file, line 3")


def test_lines_of_any_end_and_blank_lines_are_read(embedded_record):
    lines = [json.dumps({**embedded_record, "id": number}).encode() for number in (1, 2, 3)]
    assert [row.id for row in read_rows(b"\xef\xbb\xbf" + lines[0] + b"\r\n\r\n" + lines[1] + b"\n" + lines[2], "x")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no rows"),
        (b'{"id": 1', "line 1: broken JSON"),
        (b"\n[1]", "line 2: expected a JSON object, found list"),
        (b"\n\n\xff\xfe", "line 3: not UTF-8 at byte 0"),
        (b"[" * 100_000, "line 1: broken JSON"),
    ],
)
def test_broken_lines_are_named(content, message):
    with pytest.raises(DataError, match=message):
        read_rows(content, "x.jsonl")


def test_an_id_used_twice_is_named_with_both_lines(embedded_record):
    line = json.dumps(embedded_record).encode()
    with pytest.raises(DataError, match="line 3: id 1 was used on line 1 already"):
        read_rows(line + b"\n\n" + line, "x.jsonl")
