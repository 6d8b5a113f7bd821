"""Searchers of ours under `mteb.evaluate`: MTEB asks and scores, nothing of it reads or writes a cache or the network."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.encoder_runs.exact_search import Ranked, Searcher
from sevenllm_bench.encoder_runs.mteb_library import require_mteb
from sevenllm_bench.encoder_runs.mteb_tasks import SPLIT, SUBSET, mteb_task, query_id
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoder_tasks.retrieval import DEPTH

if TYPE_CHECKING:
    from mteb.models.model_meta import ModelMeta
    from mteb.results import TaskResult


_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)
_PLAIN = re.compile(r"[^\w.-]+", re.ASCII)
#: Between the names of a pipeline's models.
_JOINT = re.compile(r" [>+] ")


class MtebSearch:
    """A searcher by MTEB's `SearchProtocol`.

    Attributes:
        mteb_model_meta: What MTEB writes of the model.
    """

    def __init__(self, searcher: Searcher, meta: ModelMeta) -> None:
        """Wrap a searcher."""
        self._searcher = searcher
        self._documents: list[tuple[int, str]] = []
        self.mteb_model_meta = meta

    def index(self, corpus: Any, **kwargs: Any) -> None:
        """Take the documents; they are read with the queries."""
        self._documents = [(int(number), text) for number, text in zip(corpus["id"], corpus["text"], strict=True)]

    def search(self, queries: Any, *, top_k: int, **kwargs: Any) -> dict[str, dict[str, float]]:
        """Query id to document id to score."""
        found = self._searcher.search(list(queries["text"]), self._documents, min(top_k, DEPTH))
        return {
            name: {str(document): score for document, score in ranked} for name, ranked in zip(queries["id"], found, strict=True)
        }


class SavedRanking:
    """Gives the lists that are known already, for MTEB to score.

    Attributes:
        ranked: The list of each query, in order.
    """

    def __init__(self, ranked: Sequence[Ranked]) -> None:
        """Keep the lists."""
        self.ranked = ranked

    def search(self, queries: Sequence[str], documents: Sequence[tuple[int, str]], depth: int) -> list[Ranked]:
        """The lists, whatever is asked; their number must be that of the queries."""
        return [list(ranked[:depth]) for ranked in self.ranked]


def model_meta(name: str, revision: str | None, facts: Mapping[str, Any] | None = None) -> ModelMeta:
    """What MTEB writes of a model.

    Args:
        name: Hub id, folder, or the names of a pipeline's models joined by " > " or " + "; MTEB wants "organisation/name".
        revision: Commit or digest.
        facts: Further fields of `ModelMeta`: "n_parameters", "max_tokens".
    """
    require_mteb()
    from mteb.models.model_meta import ModelMeta

    fields = {"name": _meta_name(name), "revision": revision or "no_revision_available", **(facts or {})}
    return ModelMeta.create_empty(overwrites=fields)


def _meta_name(name: str) -> str:
    """A name as MTEB and file systems take it: a Hub id as it is, "local/FOLDER", "pipeline/bm25-FOLDER"."""
    parts = [_PLAIN.sub("-", Path(part).name).strip("-.") or "model" for part in _JOINT.split(name)]
    if len(parts) > 1:
        return f"pipeline/{'-'.join(parts)}"
    return name if _HUB_ID.fullmatch(name) else f"local/{parts[0]}"


def evaluate(
    task: EncoderTask, asked: Sequence[Item], benchmark: Benchmark, searcher: Searcher, meta: ModelMeta
) -> tuple[TaskResult, list[Ranked]]:
    """Run a searcher through `mteb.evaluate`.

    Args:
        task: A retrieval task.
        asked: n items.
        benchmark: The rows that they are of.
        searcher: What finds documents.
        meta: What MTEB writes of the model.

    Returns:
        MTEB's result, and the ranked list of each item, taken from MTEB's predictions.

    Raises:
        ConfigError: MTEB is not installed.
    """
    mteb = require_mteb()

    with tempfile.TemporaryDirectory() as folder, _quiet():
        of_model = mteb.evaluate(
            MtebSearch(searcher, meta),
            tasks=[mteb_task(task, benchmark, asked)],
            cache=None,
            prediction_folder=folder,
            show_progress_bar=False,
            co2_tracker=False,
        )
        predictions = json.loads(next(Path(folder).glob("*_predictions.json")).read_bytes())[SUBSET][SPLIT]
    lists = [[(int(d), float(s)) for d, s in predictions[query_id(item.id)].items()] for item in asked]
    return of_model.task_results[0], lists


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the progress bars that datasets shows while MTEB prepares texts."""
    from datasets.utils import logging as bars

    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()
