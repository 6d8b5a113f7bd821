"""The class behind the stress tasks in the harness: the benchmark's rows with noise in their incident texts."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lm_eval.api.instance import Instance

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.data.rows import Row
from sevenllm_bench.encoder_tasks.encoder_task import Item
from sevenllm_bench.encoder_tasks.stress import figures, items, row_of, score
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.harness.generated_answers import answers_of, mark_openings, set_stop_strings, warn_of_readings
from sevenllm_bench.harness.item_task import ItemTask, counts_of_readings
from sevenllm_bench.metrics.registry import READING_VERSION
from sevenllm_bench.metrics.signature import encoder_signature, segmenter_of
from sevenllm_bench.noise.noisy_text import describe_noise
from sevenllm_bench.prompts import render, target
from sevenllm_bench.runs.model_name import local_arguments
from sevenllm_bench.runs.run_block import RunBlock


class _RowsOfTwoKinds(logging.Filter):
    """Drops lm-eval's warning that metrics of a stress task are not of all its rows: each row has those of its kind."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        return not ("-stress] Metrics were not scored on the same number" in message and message.startswith("[sevenllm-"))


logging.getLogger("lm_eval.evaluator_utils").addFilter(_RowsOfTwoKinds())


class StressTask(ItemTask):
    """The rows of a language that ask for extraction or analysis, each with one kind of noise in its incident text."""

    kind = "stress"
    reads_thoughts = True

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Read the rows, the official or the embedded ones, and put the noise of the seed into their texts."""
        benchmark = self._benchmark()
        if benchmark.source == "embedded":
            self._mark_embedded()
        seed = self._options.stress_seed
        self._set_items(items(self._task, benchmark, seed))
        record = encoder_signature(self._task.metrics, self._task.language, benchmark.description, stress=describe_noise(seed))
        record |= {"reading": READING_VERSION, **segmenter_of()}
        if self._options.reasoning_end:
            record["reasoning_end"] = self._options.reasoning_end
        style = self._options.prompt
        prompt = {"name": style.name, "version": style.version, "sha256": style.sha256}
        found = list(self._items.values())
        further = figures(found, [None] * len(found))
        self._record(RunBlock(record, prompt, local=local_arguments(self.config.metadata), further=further))
        self._scores: dict[tuple[int, str], dict[str, float]] = {}

    def _row(self, doc: dict[str, Any]) -> Row:
        row = row_of(self._items[doc["id"]])
        assert row is not None
        return row

    def doc_to_text(self, doc: dict[str, Any], doc_to_text: Any = None) -> str:
        """The prompt for a row."""
        return render(self._row(doc), self._options.prompt)

    def doc_to_target(self, doc: dict[str, Any], doc_to_target: Any = None) -> str:
        """What a model should write."""
        return target(self._row(doc), self._options.prompt)

    def fewshot_context(self, doc: dict[str, Any], num_fewshot: int, **kwargs: Any) -> Any:
        """The prompt.

        Raises:
            ConfigError: Few-shot examples are asked for.
        """
        if num_fewshot:
            raise ConfigError(
                f"{self.config.task}: --num_fewshot {num_fewshot}, but its rows are of many tasks without examples in common; "
                "use --num_fewshot 0, in the run without noise too"
            )
        return super().fewshot_context(doc, num_fewshot, **kwargs)

    def construct_requests(self, doc: dict[str, Any], ctx: str | list[str], **kwargs: Any) -> Any:
        """The request for a row; with a chat template, only the model's own end stops it, unless `--gen_kwargs` says more."""
        set_stop_strings(self.config.generation_kwargs, self._options, bool(kwargs.get("apply_chat_template")))
        return super().construct_requests(doc, ctx, **kwargs)

    def apply_filters(self) -> list[Instance] | None:
        """Mark what prompts opened, apply lm-eval's filters, then score all answers of this process in one batch."""
        mark_openings(self._instances, self._options)
        filtered = super().apply_filters()
        if "bypass" not in self._metric_fn_list:
            self._score(answers_of(self._instances))
        return filtered

    def _score(self, answers: Sequence[tuple[int, str]]) -> None:
        asked: list[Item] = [self._items[number] for number, _ in answers]
        self._scores.update(zip(answers, score(asked, [text for _, text in answers]), strict=True))
        kinds = [str(item.document["asks"]) for item in asked]
        readings = [read_answer(text, kind) for (_, text), kind in zip(answers, kinds, strict=True)]  # type: ignore[arg-type]
        counts = counts_of_readings(readings)
        self._record(replace(self._block, answers=counts))
        warn_of_readings(self.config.task, len(readings), counts["look_cut_off"], counts["look_like_reasoning"])

    def process_results(self, doc: dict[str, Any], results: list[Any]) -> dict[str, Any]:
        """The metrics of one row, for what it asks for."""
        if "bypass" in self._metric_fn_list:
            return {"bypass": None}
        key = (doc["id"], results[0])
        if key not in self._scores:
            self._score([key])
        return dict(self._scores[key])
