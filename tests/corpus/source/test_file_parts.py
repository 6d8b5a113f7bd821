"""Parts of training files: read as fine-tuning reads them, and written again with the same bytes."""

import csv
import gzip
import hashlib
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sevenllm_bench.corpus.source import json_parts, record_parts, table_parts
from sevenllm_bench.corpus.source.file_parts import open_parts, writer_of
from sevenllm_bench.corpus.source.training_rows import LeftOut
from sevenllm_bench.errors import DataError

RECORDS = [{"instruction": f'Say {n}, "now"\nor 再见.', "input": "", "output": f"It is {n}."} for n in range(7)]


def lines(records=RECORDS):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def csv_text(records=RECORDS, **form):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(RECORDS[0]), **form)
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def written(tmp_path, path, keep, name=None):
    """The file without some records; `keep` says of each number whether it is kept."""
    source, output = open_parts(path), tmp_path / (name or f"out-{path.name}")
    with writer_of(source, output) as writer:
        for part in source.parts():
            writer.write(part, [keep(number) for number in part.numbers])
    return output


def contents(path):
    return [content for part in open_parts(path).parts() for content in part.contents]


def odd(number):
    return number % 2 == 1


@pytest.fixture(params=[1 << 18, 1], ids=["one part", "a part each"])
def sizes(request, monkeypatch):
    monkeypatch.setattr(record_parts, "_PART_BYTES", request.param)
    monkeypatch.setattr(table_parts, "_PART_ROWS", 100 if request.param > 1 else 1)
    monkeypatch.setattr(json_parts, "_READ", 1 << 20 if request.param > 1 else 3)


def test_lines_keep_their_bytes(sizes, tmp_path):
    """Blanks, keys in any order, \\r\\n, escapes, and a last line without an end."""
    content = b'{"b": 1,   "a": "\\u00e9"}\r\n\n{"x":2}\n \t\n[1]\n{broken\n{"last": 1}'
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    assert [number for part in open_parts(path).parts() for number in part.numbers] == [1, 3, 5, 6, 7]
    assert written(tmp_path, path, lambda number: True).read_bytes() == content.replace(b"\n\n", b"\n").replace(b" \t\n", b"")
    kept = written(tmp_path, path, lambda number: number in (1, 6, 7))
    assert kept.read_bytes() == b'{"b": 1,   "a": "\\u00e9"}\r\n{broken\n{"last": 1}'


def test_a_line_too_long_for_memory_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(json_parts, "LONGEST_LINE", 40)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b": "' + b"x" * 100 + b'"}\n{"c": 3}\n')
    assert isinstance(contents(path)[1], LeftOut)
    assert written(tmp_path, path, lambda number: True).read_bytes() == b'{"a": 1}\n{"c": 3}\n'


def test_an_array_keeps_the_bytes_of_its_elements(sizes, tmp_path):
    elements = [
        b'{"a" :  1, "b": "]},{\\""}',
        b'{ "c": ["\\ud83d\\ude00", {"d": null}] }',
        '{"e": "再见\u2028"}'.encode(),
        b"7",
        b"{}",
    ]
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf  [\n  " + b" ,\n\n".join(elements) + b"\n ]\n ")
    assert contents(path) == elements
    assert written(tmp_path, path, odd).read_bytes() == b"[\n" + b",\n".join(elements[::2]) + b"\n]\n"
    assert json.loads(written(tmp_path, path, lambda number: False).read_bytes()) == []


def test_the_digest_is_that_of_the_bytes(sizes, tmp_path):
    for name, content in {"a.jsonl": lines(), "a.json": json.dumps(RECORDS).encode(), "a.csv": csv_text()}.items():
        (tmp_path / name).write_bytes(content)
        source = open_parts(tmp_path / name)
        assert sum(len(part.contents) for part in source.parts()) == 7
        assert source.digest.hexdigest() == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'[{"a": 1} {"b": 2}]', "after element 1 there is no comma and no end"),
        (b'[{"a": 1}', "after element 1 there is no comma and no end"),
        (b'[{"a": 1},', "element 2: Expecting value"),
        (b'[{"a": 1}, ]', "element 2: Expecting value"),
        (b'[{"a": ', "element 1: Expecting value"),
        (b'[{"a": 1}] x', "text after the array"),
        (b'["\xff"]', "not UTF-8"),
        (b"[" * 200_000, "element 1 is nested too deeply"),
    ],
)
def test_broken_arrays_are_refused(sizes, tmp_path, content, why):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"a.json: broken JSON .{why}"):
        contents(path)


@pytest.mark.parametrize("form", [{}, {"lineterminator": "\n"}, {"quoting": csv.QUOTE_ALL}])
def test_csv_keeps_the_bytes_of_its_rows(sizes, tmp_path, form):
    """A quoted value spans two lines."""
    path = tmp_path / "a.csv"
    path.write_bytes(csv_text(**form))
    assert contents(path) == RECORDS
    assert written(tmp_path, path, lambda number: True).read_bytes() == csv_text(**form)
    assert written(tmp_path, path, odd).read_bytes() == csv_text(RECORDS[::2], **form)


def test_tsv_is_parted_by_tabs(tmp_path):
    (tmp_path / "a.tsv").write_bytes(csv_text(delimiter="\t"))
    assert contents(tmp_path / "a.tsv") == RECORDS


def test_a_row_with_too_many_values_is_broken(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n1,2,3\n")
    one, other = contents(tmp_path / "a.csv")
    assert one == {"a": "1", "b": "2"}
    assert isinstance(other, LeftOut)
    assert other.broken


def test_parquet_keeps_its_schema_and_values(sizes, tmp_path):
    path = tmp_path / "a.parquet"
    values = pa.table(
        {"id": pa.array(range(250), pa.int16()), "turns": [[{"role": "user", "content": str(n)}] for n in range(250)]}
    )
    pq.write_table(values, path)
    assert len(contents(path)) == 250
    read = pq.read_table(written(tmp_path, path, lambda number: number % 100 == 50))
    assert read.schema == values.schema
    assert read.to_pylist() == [values.to_pylist()[49], values.to_pylist()[149], values.to_pylist()[249]]


def test_packed_files_are_read_and_written(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(lines()))
    assert gzip.decompress(written(tmp_path, path, odd).read_bytes()) == lines(RECORDS[::2])
    assert written(tmp_path, path, odd, "b.jsonl").read_bytes() == lines(RECORDS[::2])


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.jsonl", b"PK\x03\x04 and so on", "a zip file"),
        ("a.parquet", b"PAR1 and so on", "not readable as Parquet"),
        ("a.csv", b'a,b\n"1,2\n', "can't be read as CSV: the row that ends in line 2"),
        ("a.csv", b"a,b\n1,\xff\n", "not UTF-8"),
        ("a.jsonl.gz", gzip.compress(lines() * 50)[:-30], "damaged or cut off"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, name, content, why):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=why):
        contents(tmp_path / name)
