"""Our retrieval tasks as tasks of MTEB, for its own API: `mteb.evaluate(model, tasks=[retrieval_task("en")])`.

The rows come from `load_benchmark`, never from MTEB's loader. Queries of the three kinds share one corpus, so they are one
subset, whose main score is the mean over all queries; the figures of each kind are further scores: "mcq_ndcg_at_10".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.catalog import KINDS, LANGUAGES, Language
from sevenllm_bench.data.benchmark import Benchmark, Source, load_benchmark
from sevenllm_bench.data.hub import REPO_ID, REVISION
from sevenllm_bench.encoder_runs.mteb_library import require_mteb
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoder_tasks.retrieval import DEPTH, corpus, items, values_of
from sevenllm_bench.errors import ConfigError, DataError, unknown_name
from sevenllm_bench.metrics.ranking import ranking
from sevenllm_bench.text.unicode import encodable

if TYPE_CHECKING:
    from mteb.abstasks.retrieval import AbsTaskRetrieval
    from mteb.abstasks.task_metadata import TaskMetadata

MAIN_SCORE = "ndcg_at_10"
SPLIT, SUBSET = "test", "default"
_LANGUAGE_CODES: dict[Language, str] = {"en": "eng-Latn", "zh": "cmn-Hans"}
_LANGUAGE_NAMES: dict[Language, str] = {"en": "English", "zh": "Chinese"}
_CITATION = """@misc{sevenllm2024,
  author = {Ji, Hangyuan and others},
  title = {SEvenLLM: Benchmarking, Eliciting, and Enhancing Abilities of Large Language Models in Cyber Threat Intelligence},
  year = {2024},
  eprint = {2405.03446},
  archiveprefix = {arXiv},
}"""


def retrieval_task(
    language: Language | str,
    source: Source | str = "official",
    data_dir: str | Path | None = None,
    allow_modified: bool = False,
) -> AbsTaskRetrieval:
    """The retrieval task of a language for MTEB.

    Args:
        language: "en" or "zh".
        source: As in `load_benchmark`.
        data_dir: As in `load_benchmark`.
        allow_modified: As in `load_benchmark`.

    Raises:
        ConfigError: MTEB is not installed, or there is no such language or source.
        DataError: The rows are not available.
    """
    require_mteb()
    if language not in LANGUAGES:
        raise ConfigError(unknown_name("language", str(language), LANGUAGES))
    return mteb_task(EncoderTask("retrieval", language), load_benchmark(source, data_dir, allow_modified))


def mteb_task(task: EncoderTask, benchmark: Benchmark, some: Sequence[Item] | None = None) -> AbsTaskRetrieval:
    """The retrieval task over a benchmark's rows for MTEB.

    Args:
        task: A retrieval task.
        benchmark: The rows.
        some: The items to ask; None for all.

    Raises:
        ConfigError: MTEB is not installed.
        DataError: No row of the language has a query.
    """
    require_mteb()
    asked = items(task, benchmark) if some is None else some
    if not asked:
        raise DataError(f"{task.name}: no row of this language has a query; use the official or the embedded rows")
    return _task_of(_metadata(task, benchmark), asked, corpus(task, benchmark))


def query_id(item_id: int) -> str:
    """Id of an item's query in MTEB; never that of a document, since MTEB can be set to leave out equal ids."""
    return f"q{item_id}"


def dataset_revision(benchmark: Benchmark) -> str:
    """What tells in MTEB's results which rows they are about."""
    if benchmark.source == "embedded":
        return f"embedded-{benchmark.sha256[:16]}"
    return f"modified-{benchmark.sha256[:16]}" if benchmark.modified else REVISION


def _metadata(task: EncoderTask, benchmark: Benchmark) -> TaskMetadata:
    from mteb.abstasks.task_metadata import TaskMetadata

    language = task.language
    assert language is not None
    official = benchmark.source == "official"
    return TaskMetadata(
        name=task.name,
        description=(
            f"Questions, analyses and extracted values from cyber threat intelligence find the {_LANGUAGE_NAMES[language]} "
            f"incident text that they are about, among all texts of {'SEvenLLM-Bench' if official else 'our embedded rows'}."
        ),
        dataset={"path": REPO_ID if official else "sevenllm-bench/embedded", "revision": dataset_revision(benchmark)},
        reference="https://arxiv.org/abs/2405.03446",
        type="Retrieval",
        category="t2t",
        modalities=["text"],
        eval_splits=[SPLIT],
        eval_langs=[_LANGUAGE_CODES[language]],
        main_score=MAIN_SCORE,
        date=None,
        domains=["Non-fiction", "Web", "Written"] if official else ["Fiction", "Written"],
        task_subtypes=["Article retrieval", "Question answering"],
        license="not specified" if official else "apache-2.0",
        annotations_creators="LM-generated and reviewed" if official else "human-annotated",
        dialect=[],
        sample_creation="found" if official else "created",
        prompt={"query": "Given a question, an analysis or facts about a cyber security incident, retrieve its report"},
        bibtex_citation=_CITATION if official else "",
    )


def _task_of(metadata: Any, asked: Sequence[Item], documents: Sequence[tuple[int, str]]) -> AbsTaskRetrieval:
    """An instance of a class of its own: MTEB looks up a task's prompt by the classes' metadata."""
    from datasets import Dataset
    from mteb.abstasks.retrieval import AbsTaskRetrieval

    class SEvenLLMRetrieval(AbsTaskRetrieval):
        """Retrieval of incident texts of SEvenLLM."""

        k_values = (1, 3, 5, 10, 20, DEPTH)
        data_loaded = False

        def load_data(self, num_proc: int | None = None, **kwargs: Any) -> None:
            if not self.data_loaded:
                self.dataset = {
                    SUBSET: {
                        SPLIT: {
                            "corpus": Dataset.from_list([{"id": str(d), "text": encodable(text)} for d, text in documents]),
                            "queries": Dataset.from_list(
                                [{"id": query_id(item.id), "text": encodable(item.document["query"])} for item in asked]
                            ),
                            "relevant_docs": {
                                query_id(item.id): {str(d): 1 for d in item.document["relevant"]} for item in asked
                            },
                            "top_ranked": None,
                        }
                    }
                }
                self.data_loaded = True

        def task_specific_scores(
            self, scores: Any, qrels: Any, results: Mapping[str, Mapping[str, float]], hf_split: str, hf_subset: str
        ) -> dict[str, float]:
            return scores_by_kind(asked, results)

    SEvenLLMRetrieval.metadata = metadata
    return SEvenLLMRetrieval()


def scores_by_kind(asked: Sequence[Item], results: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Means of our metrics over the queries of each kind, and how many there are.

    Args:
        asked: The items.
        results: MTEB's ranked lists: query id to document id to score; a query without one scores 0.

    Returns:
        "queries", "mcq_queries", "mcq_ndcg_at_10" and so on, not rounded.
    """
    found: dict[str, float] = {"queries": len(asked)}
    for kind in KINDS:
        values = [
            values_of(ranking({int(d): s for d, s in results.get(query_id(item.id), {}).items()}), item.document["relevant"])
            for item in asked
            if item.group == kind
        ]
        if values:
            found[f"{kind}_queries"] = len(values)
            found |= {f"{kind}_{name}": math.fsum(v[name] for v in values) / len(values) for name in values[0]}
    return found
