"""The class behind every SEvenLLM leaf of the harness."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from typing import Any

import datasets
from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

from sevenllm_bench.catalog import Leaf, leaf_by_name
from sevenllm_bench.data.benchmark import Benchmark, load_benchmark
from sevenllm_bench.data.document import to_document
from sevenllm_bench.data.embedded import fewshot_pool
from sevenllm_bench.data.rows import LETTERS, Row
from sevenllm_bench.encoders.sentence_embedder import SentenceEmbedder, embedder_for
from sevenllm_bench.errors import ConfigError, DataError, install_excepthook
from sevenllm_bench.harness.generated_answers import answers_of, mark_openings, set_stop_strings, warn_of_readings
from sevenllm_bench.harness.judging import judge_rows
from sevenllm_bench.harness.model_errors import explain
from sevenllm_bench.harness.options import TaskOptions, read_options
from sevenllm_bench.harness.requirements import require
from sevenllm_bench.judge.llm_judge import Judge, judge_for
from sevenllm_bench.judge.scores import JudgedRow
from sevenllm_bench.metrics.registry import JUDGE_METRICS, OPTIONAL_FOR, SEMANTIC_METRICS
from sevenllm_bench.metrics.signature import signature
from sevenllm_bench.prompts import TARGET_DELIMITER, render, target
from sevenllm_bench.runs.model_name import local_arguments
from sevenllm_bench.runs.run_block import KEY, RunBlock
from sevenllm_bench.scoring import RowScore, score_rows

install_excepthook(explain)


class _MixedGroups(logging.Filter):
    """Drops lm-eval's warnings that a metric is missing in leaves of our groups.

    Extraction has no ROUGE-L, and without an embedding model nothing has semantic similarity, by design.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        return not (message.startswith("Group 'sevenllm") and (" is missing in " in message or ": no values found" in message))


logging.getLogger("lm_eval.api.group").addFilter(_MixedGroups())


class SEvenLLMTask(ConfigurableTask):
    """One leaf: rows of a cell of task and language, or the MCQ of a language.

    The YAML gives name, output type and metrics; rows, prompts and scores come from this package. Answers of a leaf are
    scored in one batch when lm-eval applies its filters, and handed out row by row afterwards.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        """Build the leaf.

        Args:
            config: The leaf's YAML as a mapping. `leaf` names the catalogue's leaf where the task's own name is not one.

        Raises:
            DataError: The rows are not available, see `load_official`.
            ConfigError: An option in `metadata` has an unknown value.
        """
        config = {key: value for key, value in config.items() if key != "class"}
        name = config.pop("leaf", None) or config["task"]
        leaf = leaf_by_name(name)
        if leaf is None:
            raise ConfigError(f"task {config['task']}: no leaf {name!r} in the catalogue; see `sevenllm-bench tasks list`")
        self._leaf: Leaf = leaf
        self._options: TaskOptions = read_options(config.get("metadata") or {})
        self._scores: dict[tuple[int, str], RowScore] = {}
        self._judged: dict[tuple[int, str], JudgedRow] = {}
        optional = [{"metric": name, "aggregation": "mean", "higher_is_better": True} for name in self._optional_metrics()]
        metric_list = [*(config.get("metric_list") or []), *optional]
        super().__init__(config={**config, "target_delimiter": TARGET_DELIMITER, "metric_list": metric_list})

    def _optional_metrics(self) -> tuple[str, ...]:
        if self._leaf.kind not in OPTIONAL_FOR:
            return ()
        return (SEMANTIC_METRICS if self._options.embedding else ()) + (JUDGE_METRICS if self._options.judge else ())

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Read the leaf's rows: official ones, or embedded ones where it has no official rows or they are asked for."""
        official = self._leaf.is_official and self._options.dataset == "official"
        if not official and self._options.rows == "audited":
            raise DataError(f"{self._leaf.name} has no official rows, so none is audited; leave this task out of --tasks")
        require(self._options, official, self._leaf.language, self._leaf.kind)
        benchmark = self._official() if official else self._embedded()
        rows = self._rows_of(benchmark)
        if not rows:
            raise DataError(self._no_row(benchmark))
        pool = fewshot_pool(self._leaf)
        self._rows = {row.id: row for row in (*rows, *pool)}
        self.dataset = datasets.DatasetDict(
            {
                "test": datasets.Dataset.from_list([to_document(row) for row in rows]),
                "fewshot": datasets.Dataset.from_list([to_document(row) for row in pool]),
            }
        )
        style = self._options.prompt
        embedder, judge = self._embedder, self._judge
        record = signature(
            self._leaf.kind,
            self._leaf.language,
            benchmark.description,
            self._options.reasoning_end,
            embedding=embedder.describe() if embedder else None,
            judge=judge.describe() if judge else None,
        )
        prompt = {"name": style.name, "version": style.version, "sha256": style.sha256}
        self._record(RunBlock(record, prompt, local=local_arguments(self.config.metadata)))

    def _rows_of(self, benchmark: Benchmark) -> list[Row]:
        return benchmark.of_leaf(self._leaf)

    def _no_row(self, benchmark: Benchmark) -> str:
        if not benchmark.audit:
            return f"the modified data file has no row for {self._leaf.name}; leave this task out of --tasks"
        return (
            f"no row of {self._leaf.name} is among the audited ones; leave this task out of --tasks, or run the group "
            f"sevenllm-audited-{self._leaf.language}"
        )

    def _record(self, block: RunBlock) -> None:
        """Put the block where lm-eval takes it into the results file."""
        self._block = block
        self.config.metadata = {**(self.config.metadata or {}), KEY: block.as_json()}

    @property
    def _embedder(self) -> SentenceEmbedder | None:
        wanted = self._options.embedding and self._leaf.kind in OPTIONAL_FOR
        return embedder_for(self._options.embedding) if wanted and self._options.embedding else None

    @property
    def _judge(self) -> Judge | None:
        wanted = self._options.judge and self._leaf.kind in OPTIONAL_FOR
        return judge_for(self._options.judge) if wanted and self._options.judge else None

    def _official(self) -> Benchmark:
        benchmark = load_benchmark("official", self._options.data_dir, self._options.allow_modified)
        if self._options.rows != "audited":
            return benchmark
        self.config.task_alias = f"{self.config.task} (audited rows)"
        return benchmark.audited()

    def _embedded(self) -> Benchmark:
        self.config.task_alias = f"{self.config.task} (embedded rows)"
        self.config.dataset_path, self.config.dataset_kwargs = "sevenllm_bench/data/embedded", None
        return load_benchmark("embedded")

    def doc_to_text(self, doc: dict[str, Any], doc_to_text: Any = None) -> str:
        """The prompt for a row."""
        return render(self._rows[doc["id"]], self._options.prompt)

    def doc_to_target(self, doc: dict[str, Any], doc_to_target: Any = None) -> Any:
        """What a model should write, or for log-likelihood the index of the right letter."""
        row = self._rows[doc["id"]]
        if self.OUTPUT_TYPE == "multiple_choice":
            return LETTERS.index(row.output)
        return target(row, self._options.prompt)

    def fewshot_context(self, doc: dict[str, Any], num_fewshot: int, **kwargs: Any) -> Any:
        """The prompt with `num_fewshot` embedded examples before it.

        Raises:
            ConfigError: More examples are asked for than there are.
        """
        available = len(self.dataset["fewshot"])
        if num_fewshot > available:
            raise ConfigError(f"{self.config.task}: --num_fewshot {num_fewshot}, but there are {available} few-shot rows")
        return super().fewshot_context(doc, num_fewshot, **kwargs)

    def construct_requests(self, doc: dict[str, Any], ctx: str | list[str], **kwargs: Any) -> Any:
        """The request for a row; with a chat template, only the model's own end stops it, unless `--gen_kwargs` says more."""
        set_stop_strings(self.config.generation_kwargs, self._options, bool(kwargs.get("apply_chat_template")))
        return super().construct_requests(doc, ctx, **kwargs)

    def build_all_requests(self, **kwargs: Any) -> None:
        """Build the requests, and note which rows the judge is going to see: `--limit` leaves some out."""
        super().build_all_requests(**kwargs)
        if self._judge:
            self._judge.planned.extend(self._rows[row_id] for row_id in {instance.doc["id"] for instance in self._instances})

    def apply_filters(self) -> list[Instance] | None:
        """Apply lm-eval's filters, then score all answers of this process in one batch."""
        if self.OUTPUT_TYPE != "generate_until":
            return super().apply_filters()
        mark_openings(self._instances, self._options)
        filtered = super().apply_filters()
        if "bypass" not in self._metric_fn_list:
            self._score(answers_of(self._instances))
        return filtered

    def process_results(self, doc: dict[str, Any], results: list[Any]) -> dict[str, Any]:
        """The metrics of one row."""
        if self.OUTPUT_TYPE != "generate_until":
            self._check_log_likelihoods(results)
            return super().process_results(doc, results)
        if "bypass" in self._metric_fn_list:
            return {"bypass": None}
        key = (doc["id"], results[0])
        if key not in self._scores:
            self._score([key])
        judged = self._judged.get(key)
        if judged is None:
            return self._scores[key].metrics
        # An unscored row has no value: it leaves the mean of `judge`, and lowers `judge_scored`.
        value = {} if judged.value is None else {"judge": float(judged.value)}
        return {**self._scores[key].metrics, **value, "judge_scored": float(judged.value is not None)}

    def _check_log_likelihoods(self, results: list[Any]) -> None:
        """Refuse those of a server that ignores `echo`: lm-eval adds up none, and every answer would be A."""
        if len(results) == len(LETTERS) and all(float(value[0]) == 0.0 for value in results):
            raise ConfigError(
                f"{self.config.task}: the log-likelihood of all {len(results)} letters is 0: the server returns none of the "
                "prompt's tokens (it ignores `echo`); ask another server, or run sevenllm_en_mcq and sevenllm_zh_mcq"
            )

    def _score(self, answers: list[tuple[int, str]]) -> None:
        rows, texts = [self._rows[row_id] for row_id, _ in answers], [answer for _, answer in answers]
        embedder = self._embedder
        before = (embedder.texts, embedder.texts_cut) if embedder else (0, 0)
        scores = score_rows(rows, texts, self._leaf.kind, embedder)
        self._scores.update(zip(answers, scores, strict=True))
        if embedder:
            texts_seen, texts_cut = embedder.texts - before[0], embedder.texts_cut - before[1]
            counts = {"texts": texts_seen, "cut_at_the_models_limit": texts_cut}
            self._record(replace(self._block, embedded_texts=counts))
        if self._judge:
            judged = judge_rows(self._judge, rows, [score.reading.text for score in scores])
            self._judged.update(zip(answers, judged.rows, strict=True))
            outcome = {"settled_by": judged.settled, "unscored": judged.unscored, "usage_so_far": self._judge.usage}
            self._record(replace(self._block, judge=outcome))
        self._count_readings()

    def _count_readings(self) -> None:
        readings = [score.reading for score in self._scores.values()]
        cut, suspect = sum(reading.cut for reading in readings), sum(reading.is_suspect for reading in readings)
        read_as = dict(Counter(reading.how for reading in readings).most_common())
        answers = {"read_as": read_as, "look_cut_off": cut, "look_like_reasoning": suspect}
        self._record(replace(self._block, answers=answers))
        warn_of_readings(self.config.task, len(readings), cut, suspect)
