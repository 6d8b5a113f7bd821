"""A training file compared with the benchmark: which records show it, how, and in which field; the file without them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal

from sevenllm_bench.corpus.compared_parts import ComparedRecord, RecordForm, compare_parts
from sevenllm_bench.corpus.leaks import Leak
from sevenllm_bench.corpus.source.file_parts import open_parts, writer_of
from sevenllm_bench.corpus.source.formats import Format, format_of
from sevenllm_bench.corpus.source.instruction_sets import fits_no_format
from sevenllm_bench.corpus.source.record_parts import Content, FilePart
from sevenllm_bench.corpus.source.training_rows import LeftOut, decode
from sevenllm_bench.corpus.source.training_source import Dropped, first_of, is_hopeless, too_many_broken
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError, DataError

#: Records by which the format is recognised.
_LOOKED_AT = 100
#: Files smaller than this are compared by one process: indexing the benchmark takes some seconds in each.
_SMALL = 8_000_000
_MOST_PROCESSES = 8
#: Duplicates that are listed; all are counted.
_LISTED_DUPLICATES = 1_000

#: Takes what is known of each record, with what it shows of the benchmark; for what is done beside the check.
Watch = Callable[[Sequence[ComparedRecord]], None]


@dataclass(frozen=True, slots=True)
class Overlap:
    """A record that shows the benchmark.

    Attributes:
        number: Of its line, or of the record in an array or a table, from 1.
        row_id: The row's own id, of a row of SEvenLLM that has one.
        leak: What it shows.
        language: Of the benchmark row.
    """

    number: int
    row_id: int | None
    leak: Leak
    language: str


@dataclass(slots=True)
class BenchmarkCheck:
    """What comparing a training file with the benchmark gives.

    Attributes:
        form: Format of its records.
        sha256: Of its bytes, unpacked.
        records: Records in it, blank lines not counted.
        examples: Records that give an example to train on.
        left_out: Why others don't, counted.
        overlaps: Records that show the benchmark.
        duplicates: Examples that ask what an earlier one asks about the same text.
        duplicates_of: (number of the record, number of the first such one), the first of them.
        kept: Records of the file without overlaps.
    """

    form: Format
    sha256: str = ""
    records: int = 0
    examples: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    overlaps: list[Overlap] = field(default_factory=list)
    duplicates: int = 0
    duplicates_of: list[tuple[int, int]] = field(default_factory=list)
    kept: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether no record shows the benchmark."""
        return not self.overlaps


def check_file(
    path: Path,
    benchmark: Sequence[Row],
    output: Path | None = None,
    form: Format | Literal["auto"] = "auto",
    processes: int | None = None,
    watch: Watch | None = None,
    progress: Callable[[int], None] | None = None,
) -> BenchmarkCheck:
    """Compare a training file with the benchmark.

    Args:
        path: The file, of any kind and format that fine-tuning reads.
        benchmark: The rows that may not be shown.
        output: Where the file without overlaps is written; it is there only when the whole file was read.
        form: Format of the records; "auto" tells it from their columns.
        processes: How many work at it; default: one for a small file, else one per core, at most 8.
        watch: Takes each part's records, with their texts.
        progress: Takes the number of records compared so far.

    Raises:
        DataError: It can't be read, is of no known format, holds no example, or more than 1 % broken records (at least 10).
    """
    source = open_parts(path)
    parts = source.parts()
    begin = list(islice(parts, 1))
    found = BenchmarkCheck(_format(begin, path) if form == "auto" else form)
    reading = RecordForm(found.form, with_texts=watch is not None)
    compared = compare_parts(chain(begin, parts), benchmark, reading, processes or _processes(path))
    tally = _Tally(found, benchmark, path)
    with _appearing(output) as partial, writer_of(source, partial) as writer:
        for part, records in compared:
            keep = tally.keep(records)
            writer.write(part, keep)
            if watch:
                watch(records)
            if progress:
                progress(found.records)
        tally.refuse_other_files()
    found.sha256 = source.digest.hexdigest()
    return found


@contextmanager
def _appearing(output: Path | None) -> Iterator[Path | None]:
    """The name to write under; the file gets its own name when all went well, else it is removed.

    Raises:
        ConfigError: It can't be written.
    """
    if output is None:
        yield None
        return
    partial = output.with_name(f".partial-{output.name}")  # its ending, which says how it is packed, stays
    try:
        yield partial
        partial.replace(output)
    except OSError as problem:
        raise ConfigError(f"-o {output}: can't be written ({problem.strerror or problem})") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _processes(path: Path) -> int:
    """One process for a small file, else one per core."""
    if path.stat().st_size < _SMALL:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST_PROCESSES)


def _format(begin: Sequence[FilePart], path: Path) -> Format:
    """The format by the columns of the first records.

    Raises:
        DataError: None fits, or there is no record.
    """
    contents = [content for part in begin for content in part.contents][:_LOOKED_AT]
    records = [record for content in contents if (record := _decoded(content)) is not None]
    if not records:
        raise DataError(f"{path}: {f'no record in its first {len(contents):,} lines' if contents else 'empty'}")
    form = format_of(records)
    if form is None:
        raise DataError(f"{path}: {fits_no_format(records)}")
    return form


def _decoded(content: Content) -> dict[str, Any] | None:
    if not isinstance(content, bytes):
        return content if isinstance(content, dict) else None
    try:
        return decode(content)
    except LeftOut:
        return None


class _Tally:
    """Counts what is found, and says which records are kept."""

    def __init__(self, found: BenchmarkCheck, benchmark: Sequence[Row], path: Path) -> None:
        self._found, self._path = found, path
        self._languages = {(row.source, row.id): row.language for row in benchmark}
        self._first: dict[bytes, int] = {}
        self._broken = 0
        self._dropped: list[Dropped] = []

    def keep(self, records: Sequence[ComparedRecord]) -> list[bool]:
        """Count some records; True for those that are kept.

        Raises:
            DataError: So many are broken that it is another file.
        """
        for record in records:
            self._count(record)
        if is_hopeless(self._broken, self._found.records):
            self.refuse_other_files()
        return [record.leak is None for record in records]

    def _count(self, record: ComparedRecord) -> None:
        found, leak = self._found, record.leak
        found.records += 1
        found.kept += leak is None
        if leak:
            language = self._languages[leak.benchmark_source, leak.benchmark_id]
            found.overlaps.append(Overlap(record.number, record.row_id, leak, language))
        if record.asked is None:
            found.left_out[record.left_out] += 1
            self._broken += record.is_broken
            self._dropped = self._dropped or [(record.number, record.row_id, record.left_out)]
            return
        found.examples += 1
        first = self._first.setdefault(record.asked, record.number)
        if first != record.number:
            found.duplicates += 1
            if len(found.duplicates_of) < _LISTED_DUPLICATES:
                found.duplicates_of.append((record.number, first))

    def refuse_other_files(self) -> None:
        """Refuse a file without examples, or with too many broken records.

        Raises:
            DataError: It is one.
        """
        found = self._found
        if problem := too_many_broken(self._broken, found.records, f"examples in the format {found.form}", self._dropped):
            raise DataError(f"{self._path}: {problem}")
        if not found.examples:
            raise DataError(f"{self._path}: no usable example in {found.records:,} records.{first_of(self._dropped)}")
