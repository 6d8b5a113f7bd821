"""Are the samples of a bundle about the rows that they should be about, and all of them?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from sevenllm_bench.data.benchmark import OFFICIAL_NAME, Benchmark, Source
from sevenllm_bench.data.rows import FIELDS, Row
from sevenllm_bench.runs.encoder_records import EncoderTaskRun
from sevenllm_bench.runs.records import LeafRun, Run, Sample
from sevenllm_bench.runs.unknown import Unknown
from sevenllm_bench.runs.untrusted import dig
from sevenllm_bench.submission.verify.findings import Finding, some, unconfirmed
from sevenllm_bench.submission.verify.json_differences import differences

#: The benchmark's rows by source.
Benchmarks = Mapping[Source, Benchmark]


def samples_by_task(run: Run) -> dict[str, list[Sample]]:
    """The samples of each task, empty where a task has none."""
    by_task: dict[str, list[Sample]] = {task: [] for task in run.leaves}
    for sample in run.samples:
        by_task[sample.task].append(sample)
    return by_task


def source_of(leaf: LeafRun | EncoderTaskRun) -> Source:
    """Whose rows a task says it was run on: "official" or "embedded"."""
    return "official" if dig(leaf.signature, "data", "name") == OFFICIAL_NAME else "embedded"


def check_rows(run: Run, benchmarks: Benchmarks) -> Iterator[Finding]:
    """Data hash, rows and coverage of every task."""
    for task, samples in samples_by_task(run).items():
        leaf = run.leaves[task]
        source = source_of(leaf)
        benchmark = benchmarks[source]
        yield data_finding(task, leaf, benchmark.description, leaf.leaf.language)
        yield from _rows(task, samples, benchmark.by_id, source)
        yield from _coverage(task, leaf, samples, benchmark.of_leaf(leaf.leaf), run.settings.limit)


def data_finding(task: str, leaf: LeafRun | EncoderTaskRun, wanted: Mapping[str, object], spoken: str | None) -> Finding:
    """Whether a task ran on the benchmark's own file.

    Args:
        task: Its name.
        leaf: What the results say of it.
        wanted: What identifies the rows, see `Benchmark.description`.
        spoken: The task's language.
    """
    from sevenllm_bench.data.official import SHA256, SHA256_LF

    claimed, modified = dig(leaf.signature, "data", "sha256"), dig(leaf.signature, "data", "modified")
    right = (wanted["sha256"],) if source_of(leaf) == "embedded" else (SHA256, SHA256_LF)  # a list may be claimed
    if not leaf.signature:
        return unconfirmed("data", task, "settings", "the results have no signature; run with sevenllm-bench's own tasks")
    if claimed not in right or modified not in (None, False):
        return Finding("data", task, "differs", f"run on a file with sha256 {claimed}, expected {wanted['sha256']}")
    said = dig(leaf.signature, "data")
    other = list(differences({**wanted, "modified": False, "sha256": claimed}, {"modified": False, **said}, "data"))
    language = dig(leaf.signature, "language")
    other += [] if language == spoken else [f"language: {language}"]
    if other:
        return Finding("data", task, "differs", f"the signature is of other data: {some(other, 3)}")
    return Finding("data", task, "confirmed")


def _rows(task: str, samples: Sequence[Sample], known: Mapping[int, Row], source: str) -> Iterator[Finding]:
    altered = {sample.id: _fields_that_differ(sample.row, known[sample.id]) for sample in samples if sample.id in known}
    altered = {row_id: names for row_id, names in altered.items() if names}
    if altered:
        shown = some(f"{row_id} ({', '.join(names)})" for row_id, names in altered.items())
        yield Finding("rows", task, "differs", f"{len(altered)} rows are not the {source} ones: {shown}")
    elif samples:
        yield Finding("rows", task, "confirmed", f"{len(samples)} rows")


def _fields_that_differ(found: Row, wanted: Row) -> list[str]:
    return [name for name in (*FIELDS, "source") if getattr(found, name) != getattr(wanted, name)]


def _coverage(
    task: str, leaf: LeafRun, samples: Sequence[Sample], wanted: Sequence[Row], limit: float | Unknown | None
) -> Iterator[Finding]:
    """Which rows are there, and whether the counts and the limit say so too."""
    there, due = {sample.id for sample in samples}, [row.id for row in wanted]
    foreign = sorted(there - set(due))
    if foreign:
        yield Finding("coverage", task, "differs", f"rows that are not the task's: {some(foreign)}")
    if leaf.rows_in_all != len(due):
        yield Finding("coverage", task, "differs", f"the results say the task has {leaf.rows_in_all} rows, it has {len(due)}")
    if leaf.rows != len(there):
        yield Finding("coverage", task, "differs", f"the results count {leaf.rows} rows, the samples have {len(there)}")
    allowed = rows_within(limit, len(due))
    missing = [row_id for row_id in due[:allowed] if row_id not in there]
    beyond = [row_id for row_id in due[allowed:] if row_id in there]
    if missing:
        yield Finding("coverage", task, "differs", f"{len(missing)} of {len(due)} rows missing: {some(missing)}")
    if beyond:
        yield Finding("limit", task, "differs", f"the run's limit is {limit:g}, but rows beyond it are there: {some(beyond)}")
    if isinstance(limit, Unknown):
        yield unconfirmed("limit", task, "settings", "the results don't say whether the run was limited")
    elif allowed < len(due):
        yield Finding("limit", task, "note", f"limit {limit:g}: {allowed} of {len(due)} rows, so no figure of the benchmark")
    if not missing and not foreign and there:
        yield Finding("coverage", task, "confirmed", f"{len(there)} of {len(due)} rows")


def rows_within(limit: float | Unknown | None, rows: int) -> int:
    """Number of rows or items that lm-eval runs (`evaluator_utils.get_sample_size`, 0.4.13)."""
    if limit is None or isinstance(limit, Unknown) or limit < 0:
        return rows
    return min(rows, math.ceil(rows * limit) if limit < 1 else int(min(limit, rows)))
