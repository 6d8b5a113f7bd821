"""The authors' answer files to the file of scores: what `examples/published_scores.py` does."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.errors import DataError, PredictionsError
from sevenllm_bench.metrics.registry import METRIC_VERSIONS, METRICS, READING_VERSION
from sevenllm_bench.metrics.signature import signature
from sevenllm_bench.published.score_file import ModelScores, PublishedScores, ScoredRow, row_digest
from sevenllm_bench.runs.from_answers import run_from_predictions
from sevenllm_bench.runs.records import Run

#: The models whose answers the authors published, in the order in which they are shown: by family, size and training.
NAMES = (
    "llama2-7b",
    "llama2-7b-cot",
    "llama2-13b",
    "llama2-13b-cot",
    "qwen1_5-7b-1000",
    "qwen1_5-7b-2000",
    "qwen1_5-7b-5000",
    "qwen1_5-7b-10000",
    "qwen1_5-7b-50000",
    "qwen1_5-7b-70000",
    "qwen1_5-7b",
    "qwen1_5-14b",
)
_NAMES_OF_METRICS = tuple(dict.fromkeys(name for metrics in METRICS.values() for name in metrics))


def score_folder(folder: Path, benchmark: Benchmark) -> PublishedScores:
    """Score the answers of the published models.

    Args:
        folder: Holds NAME.jsonl for each of `NAMES`.
        benchmark: The official rows.

    Raises:
        DataError: The rows are not the genuine official ones.
        PredictionsError: A model's file is missing, can't be read, or lacks a row.
    """
    if benchmark.source != "official" or benchmark.modified:
        raise DataError("the published models are scored on the genuine official rows only")
    return scores_of({name: run_of(folder / f"{name}.jsonl", benchmark) for name in NAMES}, benchmark)


def run_of(path: Path, benchmark: Benchmark) -> Run:
    """A published model's answers, scored.

    Raises:
        PredictionsError: The file is missing, can't be read, or lacks a row.
    """
    if not path.is_file():
        raise PredictionsError(f"{path}: no such file; the folder holds the answers of each published model, NAME.jsonl")
    run = run_from_predictions(path, lambda: benchmark)
    missing = next((problem for problem in run.problems if problem.code == "missing-rows"), None)
    if missing:
        raise PredictionsError(f"{path}: {missing.detail}; the published files answer every row")
    return run


def scores_of(runs: Mapping[str, Run], benchmark: Benchmark) -> PublishedScores:
    """The scores to keep of runs over all rows.

    Args:
        runs: Name to run, see `run_of`.
        benchmark: The rows.
    """
    rows = sorted(benchmark.rows, key=lambda row: row.id)
    of_generation = signature("generation", "en", benchmark.description)
    return PublishedScores(
        data=benchmark.description,
        reading=READING_VERSION,
        versions={name: METRIC_VERSIONS[name] for name in _NAMES_OF_METRICS},
        libraries={name: of_generation[name] for name in ("segmenter", "lcs")},
        rows=tuple(ScoredRow(row.id, row.category, row.language, row.kind, row_digest(row)) for row in rows),
        models={name: _model(run) for name, run in runs.items()},
    )


def _model(run: Run) -> ModelScores:
    samples = sorted(run.samples, key=lambda sample: sample.id)
    return ModelScores(
        hashlib.sha256(Path(run.path).read_bytes()).hexdigest(),
        {name: tuple(sample.metrics.get(name) for sample in samples) for name in _NAMES_OF_METRICS},
        tuple(sample.reading.how for sample in samples),
    )
