"""The functions of the public API that are not elsewhere already; see `docs/api.md`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Number
from pathlib import Path
from typing import Any

from sevenllm_bench.data.benchmark import Benchmark, load_benchmark
from sevenllm_bench.errors import PredictionsError, ResultsError
from sevenllm_bench.figures.sections import Scores, score_predictions
from sevenllm_bench.runs.predictions import Predictions
from sevenllm_bench.runs.reader import read_runs
from sevenllm_bench.runs.records import Run


def score(answers: Mapping[int, Any], benchmark: Benchmark | None = None, partial: bool = False) -> Scores:
    """Score answers that are in memory.

    Args:
        answers: Row id to answer: the model's text, a JSON value parsed already, or None (NaN, pandas' NA) where there is none.
        benchmark: The rows; default: the official ones, see `load_benchmark`.
        partial: Average over the rows that have an answer only; else a row without one scores 0.

    Returns:
        Scores by row and by section, each value in [0, 1], and which rows have an answer. No answer raises.

    Raises:
        PredictionsError: An id is no whole number, an answer is no text or JSON value, or no id is one of the rows.
        DataError: The official rows are not available.
    """
    if not hasattr(answers, "items"):
        raise PredictionsError(f"answers are a mapping of row id to answer, found {type(answers).__name__}")
    present = {}
    for row_id, answer in answers.items():
        if isinstance(row_id, bool) or not hasattr(row_id, "__index__"):
            raise PredictionsError(f"ids of answers are whole numbers, found {row_id!r:.80}")
        if _is_missing(answer):
            continue
        if not isinstance(answer, (str, bool, Number, list, tuple, dict)):
            raise PredictionsError(f"answer to row {row_id}: a text, a JSON value or None, found {type(answer).__name__}")
        present[int(row_id)] = answer
    return score_predictions(benchmark or load_benchmark(), Predictions(present, names=("answers",)), partial)


def _is_missing(answer: Any) -> bool:
    # pandas' NA equals nothing, not even itself, and pandas need not be installed: its type is known by name.
    return answer is None or (isinstance(answer, float) and math.isnan(answer)) or type(answer).__name__ in ("NAType", "NaTType")


def read_run(path: str | Path) -> Run:
    """Read one run.

    Args:
        path: A folder that `lm_eval --output_path` wrote with `--log_samples`, a results_*.json in it, or saved answers.

    Raises:
        ResultsError: The path holds no run, or several.
        PredictionsError: Saved answers can't be read.
        DataError: The official rows are not available (for saved answers only).
    """
    runs = read_runs([path])
    if len(runs) > 1:
        raise ResultsError(f"{path}: {len(runs)} runs in it, name one: {', '.join(run.path for run in runs[:5])}")
    return runs[0]
