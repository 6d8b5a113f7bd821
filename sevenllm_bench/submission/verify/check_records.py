"""The samples files line by line: what each says beside answer and scores, against the row, the settings and itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sevenllm_bench.data.document import to_document
from sevenllm_bench.data.rows import LETTERS, Row
from sevenllm_bench.prompts import STYLES, target
from sevenllm_bench.runs.locate import task_of
from sevenllm_bench.runs.records import LeafRun, Run
from sevenllm_bench.runs.untrusted import dig
from sevenllm_bench.submission.verify.check_rows import Benchmarks, source_of
from sevenllm_bench.submission.verify.findings import Finding
from sevenllm_bench.submission.verify.record_lines import RecordLines, wrong_in_any, wrong_options, wrong_request


def check_records(run: Run, files: Iterable[Path], benchmarks: Benchmarks) -> Iterator[Finding]:
    """Every line of the samples files of the benchmark's own tasks.

    Args:
        run: The run.
        files: Its samples files.
        benchmarks: The rows by source.
    """
    for file in files:
        leaf = run.leaves.get(task_of(file))
        if leaf:
            benchmark = benchmarks[source_of(leaf)]
            ids = [row.id for row in benchmark.of_leaf(leaf.leaf)]
            lines = RecordLines(leaf, partial(_wrong, leaf=leaf, rows=benchmark.by_id, ids=ids))
            lines.read(file)
            yield from lines.findings()


def _wrong(record: Mapping[str, Any], leaf: LeafRun, rows: Mapping[int, Row], ids: list[int]) -> Iterator[str]:
    """The fields of a sample that are not what they must be; rows that are not the benchmark's are named elsewhere."""
    row_id = dig(record, "doc", "id")
    row = rows.get(row_id) if isinstance(row_id, int) else None
    if row is None:
        return
    style = STYLES.get(str(leaf.prompt.get("name")))
    place = record.get("doc_id")
    if isinstance(place, bool) or place != (ids.index(row.id) if row.id in ids else None):
        yield "doc_id"
    if record.get("doc") != to_document(row):
        yield "doc"
    wanted = LETTERS.index(row.output) if not leaf.is_default else target(row, style) if style else None
    if wanted is not None and record.get("target") != str(wanted):
        yield "target"
    if leaf.is_default:
        yield from wrong_request(record.get("arguments"), leaf.generation)
    else:
        yield from wrong_options(record.get("arguments"), LETTERS)
    yield from wrong_in_any(record)
