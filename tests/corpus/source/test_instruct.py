"""Reading the training corpus: genuine rows, wrong files, broken lines, ids, and the download from a loopback Hub."""

import hashlib
import json
import os
from collections import Counter

import pytest

from sevenllm_bench.corpus.source import instruct, line_reader
from sevenllm_bench.corpus.source.instruct import FILENAME, WAYS_TO_GET_IT, load_embedded_corpus, load_instruct
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.data.hub import REPO_ID, REVISION
from sevenllm_bench.errors import DataError

RECORD = {
    "category": "Threat Analysis",
    "instruction": "Execute the following analysis generation task and return the result in text format: assess it.",
    "input": "A worm spread.",
    "thought": "It spread.",
    "output": "It is severe.",
}


def line(**changes) -> bytes:
    return json.dumps({**RECORD, **changes}).encode()


def write(folder, *lines: bytes, ends: bytes = b"\n"):
    path = folder / FILENAME
    path.write_bytes(ends.join(lines))
    return path


def refused(path) -> str:
    with pytest.raises(DataError) as caught:
        load_instruct(path)
    return str(caught.value)


# --- the genuine rows ------------------------------------------------------------------------------------------------


@pytest.mark.data
def test_the_genuine_rows(instruct_examples):
    """Counted by hand: 26 English rows (13 extraction, 13 generation), 21 Chinese (9, 8 and 4 MCQ)."""
    corpus = load_instruct(instruct_examples)
    assert (corpus.lines, len(corpus.rows), corpus.dropped, corpus.origin) == (47, 47, (), "file")
    assert corpus.sha256 == hashlib.sha256(instruct_examples.read_bytes()).hexdigest()
    assert Counter(row.section for row in corpus.rows) == {
        "en_understanding": 13,
        "en_generation": 13,
        "zh_understanding": 9,
        "zh_generation": 8,
        "zh_mcq": 4,
    }
    ids = [*range(1, 14), *range(25255, 25268), *range(44219, 44228), *range(64156, 64164), *range(91440, 91444)]
    assert [row.id for row in corpus.rows] == ids
    assert corpus.labels == {"Threat Intelligence": {"category": "Other", "rows": 1}}
    assert corpus.counts == {"category unknown: Other": 1}
    assert [row.id for row in corpus.rows if row.category == "Other"] == [44226]
    categories = Counter(row.category for row in corpus.rows)
    assert categories.most_common(2) == [("Summary Generation", 5), ("Cybersecurity Event Classification", 4)]
    assert (categories["Threat Analysis"], categories["Main Relation Extraction"]) == (3, 1)


@pytest.mark.data
def test_the_genuine_rows_hold_what_the_file_says(instruct_examples):
    records = [json.loads(text) for text in instruct_examples.read_text(encoding="utf-8").split("\n")]
    for row, record in zip(load_instruct(instruct_examples).rows, records, strict=True):
        assert (row.input, row.thought) == (record["input"], record["thought"])
        assert row.instruction == (json.loads(record["instruction"]) if row.kind == "mcq" else record["instruction"])
        assert row.output == (json.loads(record["output"]) if row.kind == "understanding" else record["output"])
    by_id = {row.id: row for row in load_instruct(instruct_examples).rows}
    assert isinstance(by_id[44223].output, list)
    assert "".join(by_id[number].output for number in range(91440, 91444)) == "BDBC"


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_in_any_form(tmp_path):
    lines = [line(id=1), line(id=2)]
    forms = [b"\n".join(lines), b"\r\n".join(lines) + b"\r\n", b"\xef\xbb\xbf" + b"\n\n \n".join(lines) + b"\n\n"]
    for content in forms:
        (tmp_path / FILENAME).write_bytes(content)
        for path in (tmp_path, tmp_path / FILENAME, str(tmp_path)):
            corpus = load_instruct(path)
            assert ([row.id for row in corpus.rows], corpus.lines, corpus.counts) == ([1, 2], 2, {})
            assert (corpus.sha256, corpus.name) == (hashlib.sha256(content).hexdigest(), FILENAME)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no usable row in 0 lines"),
        (b"\n\r\n \n", "no usable row in 0 lines"),
        (b"id,category,instruction\n1,Threat Analysis,x\n", "no usable row in 2 lines. The first: line 1, broken JSON"),
        (b"1,Threat Analysis,x\n" * 50, "50 of 50 lines are no rows of SEvenLLM-Instruct"),
        (bytes(range(256)) * 200, "lines are no rows"),
        (b"[" + line(id=1) + b"]", "no JSON object with instruction and output"),
        (json.dumps([RECORD] * 3, indent=1).encode(), "lines are no rows"),
        (line(id=1, output=""), "no usable row in 1 lines. The first: line 1, empty output"),
    ],
)
def test_a_wrong_file(tmp_path, content, words):
    (tmp_path / FILENAME).write_bytes(content)
    message = refused(tmp_path)
    assert words in message
    assert message.endswith(WAYS_TO_GET_IT)


def test_paths_that_hold_no_corpus(tmp_path):
    assert f"no {FILENAME} in the folder" in refused(tmp_path)
    assert "doesn't exist" in refused(tmp_path / "nowhere")
    (tmp_path / FILENAME).mkdir()
    assert f"no {FILENAME} in the folder" in refused(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "is no file" in refused(tmp_path / "pipe")
    for path in ("", " ", "a\0b", "x" * 5000):
        assert refused(path)


def test_a_file_that_can_not_be_read(tmp_path, monkeypatch):
    from pathlib import Path

    path = write(tmp_path, line(id=1))
    monkeypatch.setattr(Path, "open", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    assert f"{path}: can't be read (Permission denied)" in refused(path)


@pytest.mark.data
def test_the_benchmark_in_place_of_the_corpus(tmp_path, data_dir):
    content = (data_dir / "test.jsonl").read_bytes()
    for changed in (content, content.replace(b"\r\n", b"\n")):
        (tmp_path / FILENAME).write_bytes(changed)
        assert "is the benchmark's own test file" in refused(tmp_path)


# --- broken lines ----------------------------------------------------------------------------------------------------


def test_few_broken_lines_are_left_out_and_listed(tmp_path):
    lines = [line(id=number) for number in range(991)] + [b"{broken"] * 9
    corpus = load_instruct(write(tmp_path, *lines))
    assert (len(corpus.rows), corpus.lines, corpus.counts) == (991, 1000, {"left out: broken JSON": 9})
    assert corpus.dropped == tuple((number, None, "broken JSON") for number in range(992, 1001))


def test_one_in_a_hundred_broken_lines_is_borne_and_one_more_is_not(tmp_path):
    good = [line(id=number) for number in range(1980)]
    assert len(load_instruct(write(tmp_path, *good, *[b"\xff"] * 20)).dropped) == 20
    assert "21 of 2,000 lines are no rows" in refused(write(tmp_path, *good[1:], *[b"\xff"] * 21))


def test_less_than_ten_broken_lines_are_borne_in_a_small_file(tmp_path):
    assert len(load_instruct(write(tmp_path, line(), *[b"x"] * 9)).rows) == 1
    assert "10 of 11 lines" in refused(write(tmp_path, line(), *[b"x"] * 10))


def test_empty_outputs_are_not_broken_lines(tmp_path):
    corpus = load_instruct(write(tmp_path, *[line(id=number, output="") for number in range(50)], line(id=50)))
    assert (len(corpus.rows), corpus.counts) == (1, {"left out: empty output": 50})
    assert corpus.dropped[3] == (4, 3, "empty output")


def test_another_file_is_not_read_to_its_end(tmp_path):
    message = refused(write(tmp_path, *[b"x"] * 5000))
    assert "915 of 915 lines" in message, "914 are 1 % of the genuine file's 91,401"


def test_a_line_that_is_too_long_is_left_out_and_not_held(tmp_path, monkeypatch):
    for module in (instruct, line_reader):
        monkeypatch.setattr(module, "LONGEST_LINE", 1000)
    content = b"\n".join([line(id=1), b"x" * 5000, line(id=2, input="y" * 900), b"z" * 1001, line(id=3)])
    (tmp_path / FILENAME).write_bytes(content)
    corpus = load_instruct(tmp_path)
    assert [row.id for row in corpus.rows] == [1, 3]
    assert [number for number, _, _ in corpus.dropped] == [2, 3, 4]
    assert corpus.sha256 == hashlib.sha256(content).hexdigest()


def test_line_numbers_count_blank_lines(tmp_path):
    assert load_instruct(write(tmp_path, b"", line(id=1), b"", b"{")).dropped == ((4, None, "broken JSON"),)


# --- ids -------------------------------------------------------------------------------------------------------------


def test_ids_that_are_missing_come_twice_or_are_no_numbers(tmp_path):
    ids = [5, 5, "7", None, True, 1.5, 9, -3, 5]
    corpus = load_instruct(write(tmp_path, *[line(id=value) for value in ids], line()))
    assert [row.id for row in corpus.rows] == [5, 10, 11, 12, 13, 14, 9, -3, 15, 16]
    assert corpus.counts == {"id missing or used before: fresh id": 7}


def test_huge_ids_get_fresh_ones(tmp_path):
    corpus = load_instruct(write(tmp_path, *[line(id=value) for value in (2**53, 2**53 + 1, 10**30, 3)]))
    assert [row.id for row in corpus.rows] == [2**53, 2**53 + 1, 2**53 + 2, 3]
    assert corpus.counts == {"id missing or used before: fresh id": 2}
    assert [row.id for row in load_instruct(write(tmp_path, line(id=10**30), line(id=-5))).rows] == [-4, -5]


def test_no_ids_at_all(tmp_path):
    assert [row.id for row in load_instruct(write(tmp_path, line(), line(), line())).rows] == [1, 2, 3]


# --- the Hub ---------------------------------------------------------------------------------------------------------


def test_the_download_at_the_pinned_revision_once(hub):
    hub.files[FILENAME] = line(id=1) + b"\r\n" + line(id=2)
    corpus = load_instruct()
    assert ([row.id for row in corpus.rows], corpus.origin, corpus.name) == ([1, 2], "hub", "SEvenLLM-Instruct")
    assert f"GET /datasets/{REPO_ID}/resolve/{REVISION}/{FILENAME}" in hub.requests
    asked = len(hub.requests)
    assert load_instruct() == corpus
    assert len(hub.requests) == asked, "the second time it comes from the cache"


def test_a_download_that_is_cut_leaves_nothing_to_be_taken_for_the_file(hub, monkeypatch):
    import huggingface_hub.file_download

    monkeypatch.setattr(huggingface_hub.file_download.time, "sleep", lambda seconds: None)
    hub.files[FILENAME], hub.cut = b"\n".join([line(id=1), line(id=2)]), 300
    with pytest.raises(DataError, match="downloading the training corpus") as caught:
        load_instruct()
    assert str(caught.value).endswith(WAYS_TO_GET_IT)
    hub.cut = None
    assert len(load_instruct().rows) == 2


def test_a_hub_without_the_file_and_one_that_forbids_it(hub):
    assert "failed" in refused(None)
    hub.status = 401
    assert "401" in refused(None)


def test_no_network_and_no_cache(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "not in the local cache and the Hub can't be reached" in refused(None)


def test_the_embedded_rows_as_a_corpus():
    corpus = load_embedded_corpus()
    assert corpus.rows == embedded_split("train")
    assert (corpus.origin, corpus.lines, corpus.dropped) == ("embedded", len(corpus.rows), ())
    assert len({row.id for row in corpus.rows}) == len(corpus.rows)
