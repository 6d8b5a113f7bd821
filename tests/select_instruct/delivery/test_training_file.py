import json

import pytest
from corpus_samples import CHINESE, TEXTS, corpus, draft

from sevenllm_bench.corpus.source.sources import SourceChoice, load_source
from sevenllm_bench.data.embedded import FIRST_ID
from sevenllm_bench.data.rows import FIELDS
from sevenllm_bench.data.validate import row_problems
from sevenllm_bench.select_instruct.delivery.training_file import write_training_file
from sevenllm_bench.select_instruct.delivery.training_record import as_delivered, delivered_row, format_problems


@pytest.fixture
def lines(tmp_path):
    write_training_file(tmp_path / "train.jsonl", corpus())
    return [json.loads(line) for line in (tmp_path / "train.jsonl").read_bytes().split(b"\n") if line]


def test_the_format_is_that_of_sevenllm_instruct(lines):
    assert [tuple(line) for line in lines] == [FIELDS] * 6
    assert [line["id"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert all(isinstance(line[name], str) for line in lines for name in FIELDS[1:])
    assert lines[0]["instruction"] == (
        "Execute the following information extraction task and return the results in json format: "
        "Find all dates and times and say what each belongs to."
    )
    assert lines[1]["instruction"] == (
        "Execute the following analysis generation task and return the result in text format: Write an alert for other operators."
    )
    assert lines[3]["instruction"] == "执行如下信息抽取任务，返回json格式结果：抽取文中的漏洞编号及其用途。"
    assert lines[4]["instruction"] == "执行如下分析生成任务，返回文本格式结果：为其他水务单位撰写一则安全预警。"
    assert json.loads(lines[2]["instruction"])["choice"]["B"] == "203.0.113.7"
    assert lines[2]["output"] == "B"
    assert lines[3]["output"] == '{"编号": "CVE-2031-10021", "用途": "提升权限"}'


def test_fine_tuning_reads_every_row_as_it_is(tmp_path):
    write_training_file(tmp_path / "train.jsonl", corpus())
    read = load_source(SourceChoice(str(tmp_path / "train.jsonl")))
    assert (read.form, read.lines, len(read.rows), read.counts, read.dropped) == ("sevenllm", 6, 6, {}, ())
    assert [(row.language, row.kind) for row in read.rows] == [
        (language, kind) for language in ("en", "zh") for kind in ("understanding", "generation", "mcq")
    ]
    assert read.rows[0].output == {"found": "3 March 2031", "servers off the network": ["14:20 UTC"]}
    assert read.rows[3].input == CHINESE
    assert list(read.rows) == [delivered_row(row, number) for number, row in enumerate(corpus(), 1)]


def test_rows_pass_the_rules_of_embedded_rows():
    for row in corpus():
        assert list(row_problems(delivered_row(row, FIRST_ID))) == []
        assert format_problems(row) == ()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (draft(output={"found": "4 March 2031"}), "'4 March 2031' is not in the incident text"),
        (draft(output={}), "the reference is not an object with values"),
        (draft(output=["3 March 2031"]), "the reference is not an object with values"),
        (draft(output={"found": True}), "'True' is not in the incident text"),
        (draft(output=7), "the output of an extraction row must be an object, found int"),
        (draft(thought=" "), "empty input or thought"),
        (draft(category="Time Element"), "unknown category 'Time Element'; did you mean 'Time Element Acquisition'?"),
        (draft(kind="generation", output="They left!"), "the reference is not prose that ends in a full stop"),
        (draft(kind="mcq", choices=dict.fromkeys("ABCD", "x"), output="A"), "two options are the same"),
        (draft(kind="mcq", choices={"A": "x"}, output="A"), "an MCQ needs the options A, B, C, D, each a string; found A"),
        (
            draft(TEXTS[1], "mcq", choices={"A": "1", "B": "2", "C": "3", "D": "4"}, output="A"),
            "reads as en mcq, not zh mcq: ask in the language of the text",
        ),
    ],
)
def test_what_keeps_a_row_out(row, reason):
    assert [(finding.check, finding.reason) for finding in format_problems(row)] == [("format", reason)]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("3 march 2031", "3 March 2031"),
        ("grey\u00a0kettle", "Grey Kettle"),
        ("14:20  utc", "14:20 UTC"),
        ("servers. it called", "servers.\n\nIt called"),
        ("\uff12\uff10\uff13.0.113.7", "203.0.113.7"),
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.8", "203.0.113.8"),
        ("", ""),
    ],
)
def test_values_are_written_as_the_input_writes_them(value, written):
    assert as_delivered(draft(output={"a": [{"b": value}], "c": 3})).output == {"a": [{"b": written}], "c": 3}


def test_values_are_found_where_a_character_has_another_length():
    """The ligature ﬁ is two letters in the compared form, ß two when its case is folded."""
    row = draft(input="Der ﬁfth Fall: GroßBank AG meldet.", output={"name": "GROSSBANK ag", "which": "Fifth fall"})
    assert as_delivered(row).output == {"name": "GroßBank AG", "which": "ﬁfth Fall"}


@pytest.mark.parametrize(
    ("text", "output", "delivered"),
    [
        (TEXTS[0], "Cut them off", "Cut them off."),
        (TEXTS[0], "Cut them off (both)\n", "Cut them off (both)."),
        (TEXTS[0], "Cut them off.", "Cut them off."),
        (TEXTS[0], "Cut them off!", "Cut them off!"),
        (TEXTS[1], "请断开网络", "请断开网络。"),
        (TEXTS[1], "请断开网络（两台）", "请断开网络（两台）。"),
    ],
)
def test_prose_without_an_end_gets_a_full_stop(text, output, delivered):
    assert as_delivered(draft(text, "generation", output=output)).output == delivered


def test_a_stopped_write_leaves_no_file(tmp_path):
    def rows():
        yield draft()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_training_file(tmp_path / "train.jsonl", rows())
    assert list(tmp_path.iterdir()) == []


def test_a_line_holds_whatever_a_model_wrote(tmp_path):
    hostile = "a\u2028b\u0085c\x00d\ud800e </script> \r\n f"
    write_training_file(tmp_path / "train.jsonl", [draft(thought=hostile), draft(id="x")])
    read = load_source(SourceChoice(str(tmp_path / "train.jsonl")))
    assert [row.thought for row in read.rows] == [hostile.replace("\ud800", "?"), draft().thought]
