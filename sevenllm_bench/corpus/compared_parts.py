"""Parts of a training file compared with the benchmark, in this process or in several."""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from typing import Any

from sevenllm_bench.corpus.conversation import Conversation, Turn
from sevenllm_bench.corpus.leaks import Leak, LeakGuard
from sevenllm_bench.corpus.selection import asked_digest
from sevenllm_bench.corpus.source.formats import Format, turns_of
from sevenllm_bench.corpus.source.record_parts import Content, FilePart
from sevenllm_bench.corpus.source.training_rows import LeftOut, Notes, decode, read_record
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError

#: The field of a leak that a line shows which gives no example.
WHOLE_LINE = "whole line"


@dataclass(frozen=True, slots=True)
class ComparedRecord:
    """What is found in one record.

    Attributes:
        number: Of the record in the file.
        row_id: The row's own id, of a row of SEvenLLM.
        leak: What it shows of the benchmark.
        asked: Hash of what it asks; None for a record that gives no example.
        left_out: Why it gives no example; "" for one that does.
        is_broken: Whether it is no record of the format at all.
        texts: Its texts by field, where they were asked for and it shows nothing of the benchmark.
    """

    number: int
    row_id: int | None = None
    leak: Leak | None = None
    asked: bytes | None = None
    left_out: str = ""
    is_broken: bool = False
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RecordForm:
    """How records are read: their format, and whether their texts are wanted back."""

    form: Format
    with_texts: bool = False


def compare_parts(
    parts: Iterable[FilePart], benchmark: Sequence[Row], reading: RecordForm, processes: int
) -> Iterator[tuple[FilePart, list[ComparedRecord]]]:
    """Compare parts with the benchmark; they come back in their order.

    Args:
        parts: The file.
        benchmark: The rows that may not be shown.
        reading: How records are read.
        processes: How many work at it; 1 for this one.

    Raises:
        ConfigError: A process was ended from outside.
    """
    if processes == 1:
        guard = LeakGuard(benchmark)
        yield from ((part, compared(part.numbers, part.contents, reading, guard)) for part in parts)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, _prepare, (list(benchmark), reading)) as pool:
        waiting: deque[tuple[FilePart, Future[list[ComparedRecord]]]] = deque()
        try:
            for part in parts:
                waiting.append((part, pool.submit(_compared, list(part.numbers), part.contents)))
                if len(waiting) > 3 * processes:
                    yield _first(waiting)
            while waiting:
                yield _first(waiting)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _first(waiting: deque[tuple[FilePart, Future[list[ComparedRecord]]]]) -> tuple[FilePart, list[ComparedRecord]]:
    part, future = waiting.popleft()
    try:
        return part, future.result()
    except BrokenProcessPool:
        raise ConfigError(
            "one of the processes was ended from outside, perhaps for its memory; run again with --processes 1"
        ) from None


_compare: Callable[[Sequence[int], Sequence[Content]], list[ComparedRecord]]


def _prepare(benchmark: list[Row], reading: RecordForm) -> None:
    """Index the benchmark, once per process; Ctrl-C is for the process that leads."""
    global _compare
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    guard = LeakGuard(benchmark)

    def compare(numbers: Sequence[int], contents: Sequence[Content]) -> list[ComparedRecord]:
        return compared(numbers, contents, reading, guard)

    _compare = compare


def _compared(numbers: Sequence[int], contents: Sequence[Content]) -> list[ComparedRecord]:
    return _compare(numbers, contents)


def compared(numbers: Sequence[int], contents: Sequence[Content], reading: RecordForm, guard: LeakGuard) -> list[ComparedRecord]:
    """What is found in some records."""
    read = [_read(number, content, reading.form) for number, content in zip(numbers, contents, strict=True)]
    leaks = {leak.row_id: leak for leak in guard.separate(example for example, _ in read)[1]}
    return [_with_findings(example, record, leaks.get(example.id), reading) for example, record in read]


def _with_findings(example: Row | Conversation, record: ComparedRecord, leak: Leak | None, reading: RecordForm) -> ComparedRecord:
    if leak and record.left_out:
        leak = replace(leak, fields=(WHOLE_LINE,))
    texts = () if leak or record.left_out or not reading.with_texts else tuple(_texts(example))
    return replace(record, leak=leak, texts=texts)


def _texts(example: Row | Conversation) -> Iterator[tuple[str, str]]:
    """Texts that may retell an incident or an answer."""
    if isinstance(example, Row):
        yield "input", example.input
        yield "output", example.output if isinstance(example.output, str) else ""
    else:
        yield from ((f"turn {number}", turn.text) for number, turn in enumerate(example.turns, 1))


def _read(number: int, content: Content, form: Format) -> tuple[Row | Conversation, ComparedRecord]:
    """The example of a record, under its number; of a record that gives none, its whole text as one."""
    try:
        if form == "sevenllm":
            row, row_id = read_record(_line(content), Notes())
            return replace(row, id=number), ComparedRecord(number, row_id, asked=asked_digest(row))
        made = Conversation(number, turns_of(_record(content), form), "und", form)
        return made, ComparedRecord(number, asked=asked_digest(made))
    except LeftOut as problem:
        whole = Conversation(number, (Turn("user", _whole_text(content)),), "und", form)
        return whole, ComparedRecord(number, left_out=problem.reason, is_broken=problem.broken)


def _line(content: Content) -> bytes:
    if isinstance(content, LeftOut):
        raise content
    return content if isinstance(content, bytes) else json.dumps(content, default=str).encode()


def _record(content: Content) -> dict[str, Any]:
    if isinstance(content, LeftOut):
        raise content
    return decode(content) if isinstance(content, bytes) else content


def _whole_text(content: Content) -> str:
    if isinstance(content, bytes):
        return content.decode("utf-8", "replace")
    return "" if isinstance(content, LeftOut) else "\n".join(map(str, content.values()))
