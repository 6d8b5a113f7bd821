"""What MTEB's own API wrote of our tasks as a run: its result file, and the ranked lists that it saved (`prediction_folder`)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.encoder_runs.mteb_results import contradictions, read_mteb_result, write_mteb_result
from sevenllm_bench.encoder_runs.mteb_tasks import SPLIT, SUBSET, dataset_revision, query_id
from sevenllm_bench.encoder_runs.results_writer import EncoderRun
from sevenllm_bench.encoder_runs.task_outcome import TaskOutcome
from sevenllm_bench.encoder_tasks.encoder_task import Item
from sevenllm_bench.encoder_tasks.retrieval import DEPTH
from sevenllm_bench.encoder_tasks.task_scoring import items_of, score_items
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.metrics.ranking import ranking
from sevenllm_bench.runs.untrusted import finite, read_json


def import_mteb(result: Path, predictions: Path, benchmark: Benchmark, name: str | None = None) -> EncoderRun:
    """A run from the files that MTEB wrote of one of our retrieval tasks.

    Args:
        result: Its result file, `results/MODEL/REVISION/TASK.json`.
        predictions: The ranked lists, `TASK_predictions.json` in the `prediction_folder` that `mteb.evaluate` was given.
        benchmark: The rows that the task was run over.
        name: The model's name; None for MTEB's, which is a made-up one for a local folder.

    Raises:
        ResultsError: A file can't be read or is none of MTEB's; the lists are not of this benchmark's queries; or the figures
            and rows are not those of the lists.
    """
    said = read_mteb_result(result)
    items = items_of(said.task, benchmark)
    answers = _answers(predictions, items)
    found = [item for item, answer in zip(items, answers, strict=True) if answer is not None]
    if not found:
        raise ResultsError(f"{predictions}: no ranked list in it is of a query of the {benchmark.source} rows")
    wrong = contradictions(
        said, [item.group for item in items], score_items(said.task, items, answers), dataset_revision(benchmark)
    )
    if wrong:
        raise ResultsError(f"{result}: {wrong[0]}; were both files written by one call of mteb.evaluate, over these rows?")
    model, revision = name or said.model or result.parent.parent.name, said.model_revision
    arguments = {"pretrained": model, "revision": revision, "kind": "mteb"}
    method = {"kind": "mteb", "mteb": said.mteb_version, "depth": DEPTH, "revision": revision}
    cost = {} if said.seconds is None else {"seconds": said.seconds}
    outcome = TaskOutcome(said.task, items, answers, method, cost, ("MTEB ran it; how it read the texts isn't known here.",))
    return EncoderRun(model, arguments, None, None, [outcome], {said.task.name: len(items)}, time.time())


def _answers(path: Path, items: Sequence[Item]) -> list[Any]:
    content = read_json(path)
    of_subset = content.get(SUBSET) if isinstance(content, dict) else None
    lists = of_subset.get(SPLIT) if isinstance(of_subset, dict) else None
    if not isinstance(lists, dict):
        raise ResultsError(f"{path}: no ranked lists of MTEB (an object under {SUBSET!r}, {SPLIT!r})")
    return [_ranked(lists.get(query_id(item.id))) for item in items]


def _ranked(scores: Any) -> dict[str, Any] | None:
    """An answer from document id to score; None where there is no list, and what is no document or score is left out."""
    if not isinstance(scores, Mapping):
        return None
    sound = {int(name): value for name, score in scores.items() if (value := finite(score)) is not None and _is_id(name)}
    return {"ranked": [[document, sound[document]] for document in ranking(sound)[:DEPTH]]}


def _is_id(name: Any) -> bool:
    return isinstance(name, str) and name.isascii() and name.isdigit() and len(name) < 12


def with_mteb_results(run: EncoderRun, benchmark: Benchmark, folder: Path) -> EncoderRun:
    """Write MTEB's own result file of each retrieval task into a folder, and put its content into the run.

    Args:
        run: The run.
        benchmark: The rows that its items are of.
        folder: Where; made if it isn't there.

    Raises:
        ConfigError: MTEB is not installed, or the folder can't be written to.
    """
    results = {}
    for outcome in run.outcomes:
        if outcome.task.kind == "retrieval":
            path, _ = write_mteb_result(outcome, benchmark, folder, run.model, run.arguments.get("revision"))
            results[outcome.task.name] = json.loads(path.read_bytes())
    return replace(run, further={**run.further, "mteb": results}) if results else run
