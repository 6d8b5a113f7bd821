"""Saved answers as a run: scored here, with everything unknown that only a results file says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sevenllm_bench.answers.final_text import as_text
from sevenllm_bench.catalog import LEAVES, TASK_VERSION
from sevenllm_bench.data.benchmark import Benchmark, load_benchmark
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import PredictionsError
from sevenllm_bench.metrics.signature import signature
from sevenllm_bench.runs.predictions import Predictions, name_ids, read_predictions
from sevenllm_bench.runs.records import LeafRun, Model, Run, Sample, Settings
from sevenllm_bench.runs.untrusted import Problems
from sevenllm_bench.scoring import RowScore, answers_for, score_rows
from sevenllm_bench.text.unicode import encodable


def run_from_predictions(path: Path, load: Callable[[], Benchmark] = load_benchmark) -> Run:
    """Score a file of saved answers, or a folder of samples without a results file.

    Every row counts: one without an answer scores 0 and is counted as a problem, as in `score`.

    Args:
        path: See `read_predictions`.
        load: Gives the rows; default: the official ones.

    Raises:
        PredictionsError: The answers can't be read, or none is to one of the rows.
        DataError: The official rows are not available.
    """
    predictions = read_predictions([path])
    benchmark = load()
    wanted = benchmark.rows
    coverage = predictions.coverage(row.id for row in wanted)
    if coverage.share == 0:
        raise PredictionsError(f"{path}: no id in it is one of the {len(wanted):,} rows; is it about other data?")
    problems = Problems()
    problems.add("unknown-settings", str(path), "saved answers: prompt, few-shot, limit and model are not known")
    for code, ids, what in (
        ("missing-rows", coverage.missing, "without an answer, scored 0"),
        ("duplicate", coverage.duplicates, "answered more than once, the first answer counts"),
        ("foreign-row", coverage.unknown, "not among the rows, left out"),
    ):
        if ids:
            problems.add(code, str(path), f"{len(ids):,} rows {what}: {name_ids(ids)}")  # type: ignore[arg-type]
    scores = score_rows(wanted, answers_for(wanted, predictions.answers))
    name = path.stem if path.is_file() else path.name
    return Run(
        label=name,
        model=Model(name, "predictions"),
        settings=Settings(),
        leaves=_leaves(wanted, benchmark.description),
        samples=tuple(_sample(score, predictions) for score in _in_order(scores)),
        problems=problems.found(),
        origin="predictions",
        path=str(path),
        older=predictions.ignored,
    )


def _in_order(scores: Sequence[RowScore]) -> list[RowScore]:
    order = {leaf.name: place for place, leaf in enumerate(LEAVES)}
    return sorted(scores, key=lambda score: order[score.row.leaf.name])


def _sample(score: RowScore, predictions: Predictions) -> Sample:
    answer = predictions.answers.get(score.row.id)
    response = answer if answer is None or isinstance(answer, str) else as_text(answer)
    return Sample(
        task=score.row.leaf.name,
        row=score.row,
        prompt=None,
        response=response if response is None else encodable(response),
        metrics=score.metrics,
        reported=score.metrics,
        reading=score.reading,
    )


def _leaves(rows: Sequence[Row], data: dict[str, Any]) -> dict[str, LeafRun]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.leaf.name] = counts.get(row.leaf.name, 0) + 1
    return {
        leaf.name: LeafRun(
            leaf.name,
            leaf,
            version=TASK_VERSION,
            rows=counts[leaf.name],
            rows_in_all=counts[leaf.name],
            output_type="generate_until",
            signature=signature(leaf.kind, leaf.language, data),
        )
        for leaf in LEAVES
        if leaf.name in counts
    }
