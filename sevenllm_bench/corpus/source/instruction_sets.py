"""General instruction sets: files of several kinds and data sets of the Hub, record by record, to conversations."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sevenllm_bench.corpus.conversation import Conversation
from sevenllm_bench.corpus.source.formats import COLUMNS, Format, columns_of, format_of, has_columns, turns_of
from sevenllm_bench.corpus.source.line_reader import LONGEST_LINE, is_packed, numbered_lines, unpacked
from sevenllm_bench.corpus.source.table_rows import csv_rows, parquet_rows
from sevenllm_bench.corpus.source.training_rows import LeftOut, decode
from sevenllm_bench.corpus.source.training_source import Corpus, Dropped, first_of, is_hopeless, too_many_broken
from sevenllm_bench.data.official import SHA256, SHA256_LF
from sevenllm_bench.errors import DataError
from sevenllm_bench.io.file_kinds import what_else
from sevenllm_bench.io.files import MOST_BYTES
from sevenllm_bench.io.hub_access import dataset_commit, reason_of

#: Records by which a format is recognised.
_LOOKED_AT = 100

#: A number from 1 and what stands there: a record, or why there is none.
Numbered = tuple[int, dict[str, Any] | LeftOut]

_LINES = (".jsonl", ".ndjson", ".json")
#: Ends of the names of tables, and what stands between values where they are text.
_TABLES = {".parquet": "", ".csv": ",", ".tsv": "\t"}
_PACKED = (".gz", ".zst", ".zstd")
#: Ends of the names of files that can be read.
ENDINGS = (*(ending + packed for ending in (*_LINES, ".csv", ".tsv") for packed in ("", *_PACKED)), ".parquet")


def format_of_file(path: Path) -> Format | None:
    """The format of a file, told by the columns of its first records; None where none fits or nothing can be read."""
    return format_of(_first_records(records_of(path, hashlib.sha256())))


def read_instruction_set(files: Sequence[Path], name: str, form: Format | None, most: int | None = None) -> Corpus:
    """Read a general instruction set from files.

    Args:
        files: JSON lines or a JSON array, CSV (these also packed with gzip or zstd), or Parquet.
        name: Name of the source.
        form: The format of the records; None to tell it from the columns.
        most: At most this many records.

    Returns:
        A corpus of `Conversation`s, whose ids are the numbers of their records and whose language is "und".

    Raises:
        DataError: A file can't be read or is the benchmark's, the columns fit no format, or not this one, no record gives a
            conversation, or more than 1 % are broken (at least 10).
    """
    digest = hashlib.sha256()
    numbered = ((number, record) for number, (_, record) in enumerate(_of_all(files, digest), 1))
    where = str(files[0]) if len(files) == 1 else f"{name} ({len(files):,} files)"
    corpus = conversations(islice(numbered, most), name, form, where)
    if digest.hexdigest() in (SHA256, SHA256_LF):
        raise DataError(f"{where} is the benchmark's own test file: nothing may be trained on it")
    return _identified(corpus, digest.hexdigest(), "file")


def _identified(corpus: Corpus, sha256: str, origin: str, revision: str = "") -> Corpus:
    return replace(corpus, sha256=sha256, origin=origin, revision=revision)


def _of_all(files: Sequence[Path], digest: hashlib._Hash) -> Iterator[Numbered]:
    return chain.from_iterable(records_of(path, digest) for path in files)


def conversations(numbered: Iterable[Numbered], name: str, form: Format | None, where: str) -> Corpus:
    """The conversations of numbered records.

    Args:
        numbered: The records.
        name: Name of the source.
        form: Their format; None to tell it from the columns.
        where: Where they come from, for errors.

    Raises:
        DataError: As `read_instruction_set`.
    """
    numbered = iter(numbered)
    begin = list(islice(numbered, _LOOKED_AT))
    form = _format(begin, form, where)
    found: list[Conversation] = []
    dropped: list[Dropped] = []
    lines = broken = 0
    for number, record in chain(begin, numbered):
        lines += 1
        try:
            found.append(Conversation(number, _turns(record, form), "und", name))
        except LeftOut as problem:
            broken += problem.broken
            dropped.append((number, None, problem.reason))
            if is_hopeless(broken, lines):
                break
    if refused := too_many_broken(broken, lines, f"examples in the format {form}", dropped):
        raise DataError(f"{where}: {refused}")
    if not found:
        raise DataError(f"{where}: no usable example in {lines:,} records.{first_of(dropped)}")
    counts = Counter(f"left out: {reason}" for _, _, reason in dropped)
    return Corpus(tuple(found), "", "", name, lines, dict(counts), {}, tuple(dropped), form)


def _turns(record: dict[str, Any] | LeftOut, form: Format) -> Any:
    if isinstance(record, LeftOut):
        raise record
    return turns_of(record, form)


def _format(begin: Sequence[Numbered], form: Format | None, where: str) -> Format:
    """The format asked for or recognised, whose columns the first records must have."""
    records = [record for _, record in begin if isinstance(record, dict)]
    if not records:
        why = "empty" if not begin else f"no record in its first {len(begin):,} lines.{first_of(_reasons(begin))}"
        raise DataError(f"{where}: {why}")
    columns = ", ".join(list(dict.fromkeys(key for record in records for key in record))[:20])
    if form is None:
        form = format_of(records)
        if form is None:
            raise DataError(f"{where}: {fits_no_format(records)}")
    elif not has_columns({key for record in records for key in record}, form):
        raise DataError(f"{where}: format {form} needs the columns {columns_of(form)}; found: {columns:.300}")
    if form == "sevenllm":
        raise DataError(
            f"{where}: rows of SEvenLLM are read from JSON lines (plain, .gz, .zst); as general examples with format: alpaca"
        )
    return form


def fits_no_format(records: Sequence[dict[str, Any]]) -> str:
    """In words, that the columns of some records are of no format, and which formats there are."""
    columns = ", ".join(list(dict.fromkeys(key for record in records for key in record))[:20])
    known = "; ".join(f"{name}: {columns_of(name)}" for name in COLUMNS)
    return f"its columns ({columns:.300}) fit no format. Formats and their columns: {known}"


def _reasons(numbered: Sequence[Numbered]) -> list[Dropped]:
    return [(number, None, record.reason) for number, record in numbered if isinstance(record, LeftOut)]


# --- files -----------------------------------------------------------------------------------------------------------


def records_of(path: Path, digest: hashlib._Hash) -> Iterator[Numbered]:
    """The records of a file, whose (unpacked) bytes go into `digest`.

    Raises:
        DataError: It can't be read, or isn't of a kind that can.
    """
    if ending := table_ending(path):
        yield from _table(path, ending, digest)
        return
    if not is_packed(path) and (other := what_else(path)):
        raise DataError(f"{path}: {other}")
    if _begins_an_array(path):
        yield from _array(path, digest)
    else:
        yield from ((number, _decoded(line)) for number, line in numbered_lines(path, digest))


def is_table(path: Path) -> bool:
    """Whether a file is a table by its name: CSV, TSV or Parquet, packed or not."""
    return table_ending(path) is not None


def table_ending(path: Path) -> str | None:
    """The ending of a table's name without that of its packing: ".parquet", ".csv" or ".tsv"; None for no table."""
    name = path.name.lower()
    bare = next((name.removesuffix(packed) for packed in _PACKED if name.endswith(packed)), name)
    return next((ending for ending in _TABLES if bare.endswith(ending)), None)


def _first_records(numbered: Iterable[Numbered]) -> list[dict[str, Any]]:
    return [record for _, record in islice(numbered, _LOOKED_AT) if isinstance(record, dict)]


def _decoded(line: bytes) -> dict[str, Any] | LeftOut:
    if len(line) > LONGEST_LINE:
        return LeftOut(f"longer than {LONGEST_LINE // 2**20} MiB", broken=True)
    try:
        return decode(line)
    except LeftOut as problem:
        return problem


def _begins_an_array(path: Path) -> bool:
    with unpacked(path) as file:
        return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


def _array(path: Path, digest: hashlib._Hash) -> Iterator[Numbered]:
    """The objects of a JSON array, which is held in memory as a whole."""
    with unpacked(path) as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise DataError(f"{path}: a JSON array of more than {MOST_BYTES:,} bytes; write it as JSON lines")
    digest.update(content)
    try:
        values = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as problem:
        raise DataError(f"{path}: broken JSON ({problem})") from None
    del content
    yield from ((number, _decoded(json.dumps(value).encode())) for number, value in enumerate(values, 1))


def _table(path: Path, ending: str, digest: hashlib._Hash) -> Iterator[Numbered]:
    """The rows of a CSV or Parquet file."""
    with unpacked(path) as file:
        while content := file.read(2**20):
            digest.update(content)
    yield from enumerate(parquet_rows(path) if ending == ".parquet" else csv_rows(path, _TABLES[ending]), 1)


# --- the Hub ---------------------------------------------------------------------------------------------------------


def read_hub_dataset(
    repository: str, revision: str | None, subset: str | None, split: str, name: str, form: Format | None, most: int | None
) -> Corpus:
    """Read a data set of the Hub, or of its local cache.

    Args:
        repository: Its id, "owner/name".
        revision: Branch, tag or commit; what is no commit is resolved to one. Default: main.
        subset: Its configuration, where it has several.
        split: Its split.
        name: Name of the source.
        form: The format of the records; None to tell it from the columns.
        most: At most this many records.

    Raises:
        DataError: There is no such data set, revision, subset or split, or the Hub can't be reached; and as
            `read_instruction_set`.
    """
    from datasets import load_dataset

    what = f"the data set {repository}" + (f" at {revision}" if revision else "")
    commit = dataset_commit(repository, revision, what)
    try:
        rows = load_dataset(repository, subset, split=split, revision=commit)
    except Exception as problem:  # the Hub's client, its HTTP library, and readers of many kinds
        raise DataError(f"{what} can't be loaded ({reason_of(problem)})") from None
    taken = enumerate(islice(_rows_of(rows, what), most), 1)
    corpus = conversations(taken, name, form, f"{repository}, split {split}")
    identity = hashlib.sha256("\0".join((repository, commit, subset or "", split)).encode()).hexdigest()
    return _identified(corpus, identity, "hub", commit)


def _rows_of(rows: Iterable[Any], what: str) -> Iterator[dict[str, Any]]:
    try:
        yield from map(dict, rows)
    except Exception as problem:  # what decodes images and sound: many kinds
        raise DataError(f"{what}: its rows can't be read ({reason_of(problem)})") from None
