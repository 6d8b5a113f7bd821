"""The class behind the tasks of entities in the harness: spans of five types, from the JSON that a model writes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lm_eval.api.instance import Instance

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.catalog import Language
from sevenllm_bench.encoder_tasks.embedded_entities import labelled_texts
from sevenllm_bench.encoder_tasks.encoder_task import Item
from sevenllm_bench.encoder_tasks.entities import (
    EMBEDDED_GROUP,
    answer_from_text,
    describe_spans,
    figures,
    item_of,
    items,
    right_names,
    score,
)
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.harness.generated_answers import answers_of, mark_openings, set_stop_strings, warn_of_readings
from sevenllm_bench.harness.item_task import ItemTask, counts_of_readings
from sevenllm_bench.metrics.signature import encoder_signature
from sevenllm_bench.prompts import entity_prompt, entity_target, render_entities
from sevenllm_bench.runs.model_name import local_arguments
from sevenllm_bench.runs.run_block import RunBlock


class EntitiesTask(ItemTask):
    """The incident texts of a language; a model answers with lists of names by type, which are looked up in the text."""

    kind = "entities"
    reads_thoughts = True

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Read the rows, the official or the embedded ones, and make the items; few-shot examples are always embedded."""
        benchmark = self._benchmark()
        if benchmark.source == "embedded":
            self._mark_embedded()
        pool = [item_of(text, EMBEDDED_GROUP, "embedded") for text in labelled_texts(self._language, "fewshot")]
        self._set_items(items(self._task, benchmark), pool)
        record = encoder_signature(
            self._task.metrics, self._language, benchmark.description, spans=describe_spans(benchmark.source)
        )
        if self._options.reasoning_end:
            record["reasoning_end"] = self._options.reasoning_end
        prompt = entity_prompt(self._language, self._options.prompt)
        self._record(RunBlock(record, prompt, local=local_arguments(self.config.metadata)))

    @property
    def _language(self) -> Language:
        assert self._task.language is not None
        return self._task.language

    def doc_to_text(self, doc: dict[str, Any], doc_to_text: Any = None) -> str:
        """The prompt for a text."""
        return render_entities(self._items[doc["id"]].document["text"], self._language, self._options.prompt)

    def doc_to_target(self, doc: dict[str, Any], doc_to_target: Any = None) -> str:
        """What a model should write."""
        return entity_target(right_names(self._items[doc["id"]]), self._options.prompt)

    def fewshot_context(self, doc: dict[str, Any], num_fewshot: int, **kwargs: Any) -> Any:
        """The prompt with `num_fewshot` embedded examples before it.

        Raises:
            ConfigError: More examples are asked for than there are, or the prompt asks for a thought, which they lack.
        """
        if num_fewshot and self._options.prompt.with_thought:
            raise ConfigError(
                f"{self.config.task}: the few-shot texts have no thoughts, which the prompt {self._options.prompt.name!r} asks "
                "for; use --num_fewshot 0 or another prompt"
            )
        return super().fewshot_context(doc, num_fewshot, **kwargs)

    def construct_requests(self, doc: dict[str, Any], ctx: str | list[str], **kwargs: Any) -> Any:
        """The request for a text; with a chat template, only the model's own end stops it, unless `--gen_kwargs` says more."""
        set_stop_strings(self.config.generation_kwargs, self._options, bool(kwargs.get("apply_chat_template")))
        return super().construct_requests(doc, ctx, **kwargs)

    def apply_filters(self) -> list[Instance] | None:
        """Mark what prompts opened, apply lm-eval's filters, then put into the results how answers were read."""
        mark_openings(self._instances, self._options)
        filtered = super().apply_filters()
        if "bypass" not in self._metric_fn_list:
            self._count_readings(answers_of(self._instances))
        return filtered

    def _count_readings(self, answers: list[tuple[int, str]]) -> None:
        asked = [self._items[item] for item, _ in answers]
        readings = [read_answer(text, "understanding") for _, text in answers]
        further = figures(asked, [answer_from_text(item, text) for item, (_, text) in zip(asked, answers, strict=True)])
        counts = counts_of_readings(readings)
        self._record(replace(self._block, answers=counts, further=further))
        warn_of_readings(self.config.task, len(readings), counts["look_cut_off"], counts["look_like_reasoning"])

    def process_results(self, doc: dict[str, Any], results: list[Any]) -> dict[str, Any]:
        """The metrics of one text."""
        if "bypass" in self._metric_fn_list:
            return {"bypass": None}
        item: Item = self._items[doc["id"]]
        return dict(score([item], [answer_from_text(item, results[0])])[0])
