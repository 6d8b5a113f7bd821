"""Sources by name: files of every kind, packed and broken ones, folders, globs, and data sets of a loopback Hub."""

import csv
import gzip
import json

import pyarrow
import pytest
from dataset_hub import ask, serve_dataset

from sevenllm_bench.corpus.conversation import Conversation, Turn
from sevenllm_bench.corpus.source.instruct import load_instruct
from sevenllm_bench.corpus.source.sources import SourceChoice, default_name, load_source, with_distinct_ids
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import DataError

RECORDS = [{"instruction": f"Say {n}.", "input": "", "output": f"It is {n}."} for n in range(5)]
TURNS = [(Turn("user", f"Say {n}."), Turn("assistant", f"It is {n}.")) for n in range(5)]
SEVENLLM = {"id": 1, "category": "Threat Analysis", "instruction": "Assess.", "input": "A worm.", "thought": "", "output": "Bad."}


def zstd(content: bytes) -> bytes:
    sink = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def lines(records=RECORDS) -> bytes:
    return b"\n".join(json.dumps(record).encode() for record in records)


def load(source, **choice):
    return load_source(SourceChoice(str(source), **choice))


def refused(source, **choice) -> str:
    with pytest.raises(DataError) as caught:
        load(source, **choice)
    assert "\n" not in str(caught.value).split("Ways to get it")[0].strip()
    return str(caught.value)


def write_as(path):
    """The records in the kind of file that a name asks for."""
    if path.suffix == ".parquet":
        from datasets import Dataset

        Dataset.from_list(RECORDS).to_parquet(path)
    elif path.suffix in (".csv", ".tsv"):
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(RECORDS[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(RECORDS)
    else:
        content = json.dumps(RECORDS, indent=1).encode() if ".json" in path.suffixes else lines()
        packed = {".gz": gzip.compress, ".zst": zstd}.get(path.suffix, bytes)
        path.write_bytes(packed(content))
    return path


KINDS = ("a.jsonl", "a.ndjson", "a.json", "a.jsonl.gz", "a.json.gz", "a.jsonl.zst", "a.parquet", "a.csv", "a.tsv", "a[1].parquet")


@pytest.mark.parametrize("name", KINDS)
def test_kinds_of_files(tmp_path, name):
    corpus = load(write_as(tmp_path / name))
    assert [row.turns for row in corpus.rows] == TURNS
    assert [(row.id, row.source) for row in corpus.rows] == [(number, name.split(".")[0]) for number in range(1, 6)]
    assert (corpus.lines, corpus.form, corpus.origin, corpus.dropped) == (5, "alpaca", "file", ())
    assert len(corpus.sha256) == 64
    assert len(load(tmp_path / name, most=2).rows) == 2


@pytest.mark.parametrize("packed", [gzip.compress, zstd])
def test_the_corpus_packed(tmp_path, packed):
    content = lines([SEVENLLM, {**SEVENLLM, "id": 2}])
    (tmp_path / "train.jsonl").write_bytes(content)
    path = tmp_path / "packed.jsonl.x"
    path.write_bytes(packed(content) + packed(b"\n" + lines([{**SEVENLLM, "id": 3}])))
    corpus, plain = load(path), load(tmp_path)
    assert corpus.rows[:2] == plain.rows == load_instruct(tmp_path).rows
    assert [row.id for row in corpus.rows] == [1, 2, 3], "a second frame, too"
    assert all(isinstance(row, Row) for row in corpus.rows)


def test_packed_files_that_are_damaged(tmp_path):
    for name, content in (("a.jsonl.gz", gzip.compress(lines() * 200)), ("a.jsonl.zst", zstd(lines() * 200))):
        (tmp_path / name).write_bytes(content[:-20])
        assert "damaged" in refused(tmp_path / name)
        (tmp_path / name).write_bytes(content[:30] + b"\0" * 30 + content[60:])
        assert "damaged" in refused(tmp_path / name)


def test_folders_and_globs(tmp_path, monkeypatch):
    for part, name in enumerate(("b.jsonl", "a.jsonl.gz")):
        (tmp_path / name).write_bytes(gzip.compress(lines(RECORDS[:2])) if part else lines(RECORDS[2:]))
    (tmp_path / "notes.txt").write_text("no data")
    for source in (tmp_path, f"{tmp_path}/*.jsonl*"):
        assert [row.turns for row in load(source).rows] == TURNS, "files by name, records in order"
    assert "no file matches" in refused(f"{tmp_path}/*.parquet")
    monkeypatch.chdir(tmp_path.parent)
    assert [row.turns for row in load(f"{tmp_path.name}/*.jsonl*").rows] == TURNS, "one slash, and no id of the Hub"
    assert "no file matches" in refused(f"{tmp_path.name}/*.parquet")
    missing = refused(f"{tmp_path.name}/missing.parquet")
    assert "doesn't exist" in missing
    assert "can't be reached" not in missing
    (tmp_path / "train.jsonl").write_bytes(lines([SEVENLLM]))
    assert [row.id for row in load(tmp_path).rows] == [1], "a folder with train.jsonl is the corpus, as before"


def test_broken_lines_are_counted_listed_and_bounded(tmp_path):
    path = tmp_path / "a.jsonl"
    bad = [b"{", b'{"text": "x"}', b"[1]", b"\xff"]
    path.write_bytes(lines() + b"\n" + b"\n".join(bad) + b"\n" + lines([{"instruction": "x", "output": ""}]))
    corpus = load(path)
    assert (len(corpus.rows), corpus.lines) == (5, 10)
    assert [number for number, _, _ in corpus.dropped] == [6, 7, 8, 9, 10]
    assert corpus.counts["left out: broken JSON"] == 1
    assert sum(corpus.counts.values()) == 5
    path.write_bytes(lines() + b"\n{" * 10)
    assert "10 of 15 lines are no examples in the format alpaca" in refused(path)
    path.write_bytes(lines() + b"\n{" * 100_000)
    assert "916 of" not in refused(path)
    assert "915 of 920 lines" in refused(path), "it isn't read to its end"


def test_what_fits_no_format(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines([{"text": "x", "label": 1}]))
    message = refused(path, form="alpaca")
    assert "format alpaca needs the columns instruction, output (or response); found: text, label" in message
    path.write_bytes(lines([{"messages": [{"role": "user", "content": "x"}]}]))
    assert "no usable example in 1 records. The first: line 1, no turn of the assistant" in refused(path)
    path.write_bytes(b"")
    assert "empty" in refused(path, form="alpaca")
    (tmp_path / "a.json").write_bytes(b'[{"instruction": 1')
    assert "broken JSON" in refused(tmp_path / "a.json")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no more")
    assert "not readable as Parquet" in refused(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    assert "a Git LFS pointer" in refused(tmp_path / "b.parquet")
    (tmp_path / "a.csv").write_text("prompt;completion\n1;2\n")
    assert "its columns (prompt;completion) fit no format" in refused(tmp_path / "a.csv")
    (tmp_path / "empty.csv").write_bytes(b"")
    assert "empty.csv: empty" in refused(tmp_path / "empty.csv")


ANSWERS = ["N/A", "None", "null", "10.10", "True", "007", "a, b", 'say "x"', "one\ntwo"]


def test_values_of_csv_are_texts(tmp_path):
    with (tmp_path / "a.csv").open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([("prompt", "completion"), *(("Which?", answer) for answer in ANSWERS)])
    assert [row.turns[1].text for row in load(tmp_path / "a.csv").rows] == ANSWERS


def test_broken_csv(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("prompt,completion\nq1,a,b\nq2,c\n")
    corpus = load(path)
    assert [turn.text for row in corpus.rows for turn in row.turns] == ["q2", "c"], "columns don't shift"
    assert [(line, reason[:22]) for line, _, reason in corpus.dropped] == [(1, "more values than colum")]
    path.write_text('prompt,completion\nq1,"a\nq2,b\n')
    assert "the row that ends in line 3" in refused(path)
    path.write_bytes("prompt,completion\nq1,café\n".encode("latin-1"))
    assert "not UTF-8" in refused(path)


def test_rows_in_several_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "parts").mkdir()
    for part in range(3):
        rows = [{**SEVENLLM, "id": row_id, "input": f"{part}, {row_id}"} for row_id in (2 * part, 2 * part + 1)]
        (tmp_path / f"parts/{part}.jsonl").write_bytes(lines(rows))
    for source, form in (("parts", "auto"), ("parts/*.jsonl", "auto"), ("parts/*.jsonl", "sevenllm"), ("./parts", "sevenllm")):
        corpus = load(source, form=form)
        assert [row.id for row in corpus.rows] == list(range(6))
        assert (corpus.form, corpus.lines, len(corpus.sha256)) == ("sevenllm", 6, 64)


def test_a_relative_path_is_no_dataset_of_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "parts/a.jsonl doesn't exist" in refused("parts/a.jsonl")
    assert "parts/*: no file matches" in refused("parts/*")


def test_a_folder_whose_train_file_is_of_another_format(tmp_path):
    (tmp_path / "train.jsonl").write_bytes(lines())
    for form in ("auto", "alpaca"):
        assert [row.turns for row in load(tmp_path, form=form).rows] == TURNS


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    (tmp_path / "a.jsonl").write_bytes(lines())

    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", forbidden)
    assert "a.jsonl: can't be read (Permission denied)" in refused(tmp_path / "a.jsonl")


def test_the_benchmark_as_a_general_source(tmp_path, data_dir):
    content = (data_dir / "test.jsonl").read_bytes()
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(content))
    for form in ("auto", "sevenllm", "alpaca"):
        assert "benchmark's own test file" in refused(tmp_path / "a.jsonl.gz", form=form)


def test_ids_over_several_sources(tmp_path):
    def corpus(*ids):
        path = tmp_path / "train.jsonl"
        path.write_bytes(lines([{**SEVENLLM, "id": row_id, "input": f"{row_id}"} for row_id in ids]))
        return load(path)

    moved = with_distinct_ids([corpus(5, -2), corpus(5, 9), corpus(-7)])
    assert [[row.id for row in each.rows] for each in moved] == [[5, -2], [6, 10], [11]]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("data/alpaca.json.gz", "alpaca"),
        ("tatsu-lab/alpaca", "alpaca"),
        ("/x/y/", "y"),
        ("a.parquet", "a"),
        ("instruct", "instruct"),
    ],
)
def test_names(source, name):
    assert default_name(source) == name


# --- the Hub ---------------------------------------------------------------------------------------------------------


def test_a_dataset_of_the_hub(tmp_path):
    name = "owner/general"
    wrong = {
        "owner/nowhere is not on the Hub": {"source": "owner/nowhere"},
        "at v9: no such revision": {"source": name, "revision": "v9"},
        "can't be loaded": {"source": name, "split": "test"},
        "needs the columns messages; found: instruction": {"source": name, "form": "messages"},
    }
    with serve_dataset(name, {"train.jsonl": lines(), "README.md": b"# A set\n"}) as hub:
        choices = [{"source": name, "most": 4}, {"source": name, "revision": hub.commit}, *wrong.values()]
        found, pinned, *errors = ask(hub, tmp_path / "home", *choices)
    assert (found["rows"], found["revision"], found["origin"]) == (4, hub.commit, "hub")
    assert (pinned["rows"], pinned["sha256"]) == (5, found["sha256"])
    for words, result in zip(wrong, errors, strict=True):
        assert words in result["error"]
    # The server is gone: a pinned one is read from the cache, another can't be resolved.
    pinned, unpinned = ask(hub, tmp_path / "home", {"source": name, "revision": hub.commit}, {"source": name})
    assert pinned["rows"] == 5
    assert "the Hub can't be reached" in unpinned["error"]


def test_a_path_is_no_dataset(tmp_path, monkeypatch):
    (tmp_path / "owner").mkdir()
    (tmp_path / "owner" / "general").write_bytes(lines())
    monkeypatch.chdir(tmp_path)
    assert all(isinstance(row, Conversation) for row in load("owner/general").rows)
    assert "doesn't exist" in refused("./owner/nothing")
