"""MTEB's result files of our retrieval tasks: read into our figures, and written so that they can be submitted to MTEB."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.catalog import KINDS
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.data.hub import REVISION
from sevenllm_bench.encoder_runs.mteb_tasks import SPLIT, SUBSET
from sevenllm_bench.encoder_runs.task_outcome import TaskOutcome
from sevenllm_bench.encoder_tasks.encoder_task import ENCODER_TASKS, EncoderTask, encoder_task_by_name
from sevenllm_bench.encoder_tasks.retrieval import scored_documents
from sevenllm_bench.errors import ConfigError, ResultsError, unknown_name
from sevenllm_bench.io.files import is_file
from sevenllm_bench.metrics.ranking import ranking
from sevenllm_bench.runs.untrusted import read_json
from sevenllm_bench.text.display import printable

if TYPE_CHECKING:
    from mteb.results import TaskResult

_NAMES = tuple(task.name for task in ENCODER_TASKS if task.kind == "retrieval")
_LEAST_VERSION = 2
#: MTEB writes this file beside the results of a model.
_META = "model_meta.json"


@dataclass(frozen=True, slots=True)
class MtebFigures:
    """What MTEB's result file of one of our tasks says.

    Attributes:
        task: The task.
        values: Our metric's name to its mean over all queries; MTEB rounds nDCG and recall to five decimal places.
        by_group: Kind of query to the means over its queries and their number, "queries".
        queries: How many queries there were; None where the file doesn't say.
        dataset_revision: Which rows they were, as MTEB has it.
        source: "official", "modified" or "embedded" by that; None for what we don't write.
        mteb_version: MTEB's version.
        model: Name of the model by the file beside it; None where there is none.
        model_revision: The model's revision, likewise.
        seconds: Time that MTEB took; None where the file doesn't say.
    """

    task: EncoderTask
    values: Mapping[str, float]
    by_group: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    queries: int | None = None
    dataset_revision: str = ""
    source: str | None = None
    mteb_version: str = ""
    model: str | None = None
    model_revision: str | None = None
    seconds: float | None = None


def is_mteb_result(value: Any) -> bool:
    """Whether a JSON value looks like MTEB's result of a task, of whatever task and version."""
    return isinstance(value, dict) and all(key in value for key in ("task_name", "scores", "mteb_version", "dataset_revision"))


def read_mteb_result(path: Path) -> MtebFigures:
    """Read a result file of MTEB 2 or later of one of our retrieval tasks.

    Args:
        path: The JSON file of the task, as MTEB keeps it in `results/MODEL/REVISION/TASK.json`.

    Raises:
        ResultsError: It can't be read, is no such file, is of an older MTEB or of another task, or a figure is missing or
            out of range.
    """
    found = figures_of(read_json(path), str(path))
    model, revision = _model_beside(path)
    return found if model is None else _with_model(found, model, revision)


def figures_of(value: Any, where: str) -> MtebFigures:
    """The figures of MTEB's result as a JSON value.

    Args:
        value: The JSON value.
        where: Its file, for errors.

    Raises:
        ResultsError: As for `read_mteb_result`.
    """
    if not is_mteb_result(value):
        raise ResultsError(f"{where}: no result file of MTEB (an object with task_name, scores, mteb_version, dataset_revision)")
    version = _checked_version(value["mteb_version"], where)
    task = _task(value["task_name"], where)
    scores = _scores(value["scores"], where)
    values = {metric: _share(scores, metric, where) for metric in task.metrics}
    revision = value["dataset_revision"] if isinstance(value["dataset_revision"], str) else ""
    return MtebFigures(
        task=task,
        values=values,
        by_group={kind: group for kind in KINDS if (group := _group(scores, kind, task, where))},
        queries=_count(scores, "queries", where),
        dataset_revision=printable(revision, 100),
        source=_source(revision),
        mteb_version=version,
        seconds=_seconds(value.get("evaluation_time")),
    )


def _checked_version(value: Any, where: str) -> str:
    match = re.match(r"\d{1,6}", value) if isinstance(value, str) else None
    if match is None:
        raise ResultsError(f"{where}: mteb_version is no version; run the task again with MTEB {_LEAST_VERSION} or later")
    if int(match[0]) < _LEAST_VERSION:
        raise ResultsError(
            f"{where}: made by MTEB {printable(value, 40)}, whose ties were broken otherwise; run the task again with MTEB "
            f"{_LEAST_VERSION} or later"
        )
    return printable(value, 100)


def _task(name: Any, where: str) -> EncoderTask:
    task = encoder_task_by_name(name) if isinstance(name, str) else None
    if task is None or task.kind != "retrieval":
        raise ResultsError(f"{where}: {unknown_name('MTEB task', printable(str(name)[:200], 80), _NAMES)}")
    return task


def _scores(value: Any, where: str) -> Mapping[str, Any]:
    """The scores of the one subset of the one split."""
    of_split = value.get(SPLIT) if isinstance(value, dict) else None
    entries = [e for e in of_split if isinstance(e, dict) and e.get("hf_subset") == SUBSET] if isinstance(of_split, list) else []
    if len(entries) != 1:
        raise ResultsError(f"{where}: scores has not exactly one subset {SUBSET!r} of the split {SPLIT!r}; run the task again")
    return entries[0]


def _share(scores: Mapping[str, Any], name: str, where: str) -> float:
    value = scores.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        what = "is missing" if value is None else f"is no number from 0 to 1 ({printable(repr(value)[:200], 40)})"
        raise ResultsError(f"{where}: the score {name} {what}; run the task again")
    return float(value)


def _count(scores: Mapping[str, Any], name: str, where: str) -> int | None:
    value = scores.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**9 or value != int(value):
        raise ResultsError(f"{where}: the score {name} is no number of queries; run the task again")
    return int(value)


def _group(scores: Mapping[str, Any], kind: str, task: EncoderTask, where: str) -> dict[str, float]:
    """The figures of a kind of query; empty where the file has none."""
    count = _count(scores, f"{kind}_queries", where)
    if not count:
        return {}
    return {"queries": count, **{metric: _share(scores, f"{kind}_{metric}", where) for metric in task.metrics}}


def _source(revision: str) -> str | None:
    if revision == REVISION:
        return "official"
    return next((name for name in ("modified", "embedded") if revision.startswith(f"{name}-")), None)


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 10**12 and math.isfinite(value) else None


def _model_beside(path: Path) -> tuple[str | None, str | None]:
    """Name and revision of the model in the file beside the results."""
    if not is_file(path.parent / _META):
        return None, None
    try:
        meta = read_json(path.parent / _META)
    except ResultsError:
        return None, None
    name, revision = (meta.get(key) if isinstance(meta, dict) else None for key in ("name", "revision"))
    if not isinstance(name, str):
        return None, None
    return printable(name, 200), printable(revision, 100) if isinstance(revision, str) else None


def _with_model(found: MtebFigures, model: str, revision: str | None) -> MtebFigures:
    return replace(found, model=model, model_revision=revision)


def mteb_result(outcome: TaskOutcome, benchmark: Benchmark) -> TaskResult:
    """MTEB's result of answers to a retrieval task: its own code scores the ranked lists again.

    Args:
        outcome: Answers of an encoder, of BM25 or of a pipeline.
        benchmark: The rows that its items are of.

    Raises:
        ConfigError: MTEB is not installed.
        DataError: There are no items.
    """
    from sevenllm_bench.encoder_runs.mteb_search import SavedRanking, evaluate, model_meta

    lists = [scored_documents(answer) for answer in outcome.answers]
    ordered = [[(document, scores[document]) for document in ranking(scores)] for scores in lists]
    result, _ = evaluate(outcome.task, outcome.items, benchmark, SavedRanking(ordered), model_meta("saved/ranking", None))
    scores = {split: [_finite(of_subset) for of_subset in subsets] for split, subsets in result.scores.items()}
    return result.model_copy(update={"scores": scores, "evaluation_time": outcome.cost.get("seconds"), "evaluation_phases": None})


def _finite(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Scores without those that are not numbers, as some areas under curves are where all queries score alike: JSON has none."""
    return {name: value for name, value in scores.items() if not isinstance(value, float) or math.isfinite(value)}


def write_mteb_result(
    outcome: TaskOutcome, benchmark: Benchmark, folder: Path, model: str, revision: str | None = None
) -> tuple[Path, TaskResult]:
    """Write MTEB's result file, `results/MODEL/REVISION/TASK.json` with the model's facts beside it, as MTEB keeps them.

    Args:
        outcome: Answers of an encoder, of BM25 or of a pipeline.
        benchmark: The rows that its items are of.
        folder: Where; made if it isn't there.
        model: Name of the model.
        revision: Its commit or digest.

    Returns:
        The file, and MTEB's result.

    Raises:
        ConfigError: MTEB is not installed, or the folder can't be written to.
        DataError: There are no items.
    """
    from sevenllm_bench.encoder_runs.mteb_search import model_meta

    result = mteb_result(outcome, benchmark)
    facts = {"n_parameters": outcome.cost.get("parameters"), "max_tokens": outcome.method.get("max_tokens")}
    meta = model_meta(model, revision, {key: value for key, value in facts.items() if value})
    from mteb.cache import ResultCache

    try:
        cache = ResultCache(cache_path=folder)
        cache.save_to_cache(result, meta)
        return cache.get_task_result_path(result.task_name, meta), result
    except OSError as error:
        raise ConfigError(f"{folder}: MTEB's results can't be written ({error.strerror or error})") from None
