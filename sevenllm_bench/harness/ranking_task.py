"""The class behind the tasks of answer ranking in the harness: which of ten answers a model finds the most likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lm_eval.api.instance import Instance

from sevenllm_bench.data.embedded import load_embedded
from sevenllm_bench.data.rows import Row
from sevenllm_bench.encoder_tasks.answer_ranking import (
    AS_GIVEN,
    PER_BYTE,
    answer_from_responses,
    figures,
    items,
    query_of,
    score,
)
from sevenllm_bench.encoder_tasks.encoder_task import Item
from sevenllm_bench.encoder_tasks.negative_mining import is_rankable
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.harness.encoder_score import EncoderScore
from sevenllm_bench.harness.item_task import ItemTask
from sevenllm_bench.harness.question_prompt import QuestionPrompt
from sevenllm_bench.metrics.signature import encoder_signature
from sevenllm_bench.prompts import render
from sevenllm_bench.runs.model_name import local_arguments
from sevenllm_bench.runs.run_block import RunBlock


class AnswerRankingTask(ItemTask):
    """A row's prompt, and as choices its reference and nine references of other incidents.

    Log-likelihoods are divided by the UTF-8 bytes of the choice, scores of bi-encoders and cross-encoders taken as they are.
    Encoders read the question and the incident text without the prompt's template and without few-shot examples.
    """

    kind = "answer-ranking"

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Read the rows, the official or the embedded ones, and make the items."""
        benchmark = self._benchmark()
        if benchmark.source == "embedded":
            self._mark_embedded()
        pool = [row for row in load_embedded(self._language, "fewshot") if is_rankable(row)]
        self._rows = {row.id: row for row in (*benchmark.rows, *pool)}
        self._set_items(items(self._task, benchmark), [_example(row) for row in pool])
        style = self._options.prompt
        record = encoder_signature(self._task.metrics, self._language, benchmark.description)
        prompt = {"name": style.name, "version": style.version, "sha256": style.sha256}
        self._record(RunBlock(record, prompt, local=local_arguments(self.config.metadata)))

    @property
    def _language(self) -> Any:
        return self._task.language

    def doc_to_text(self, doc: dict[str, Any], doc_to_text: Any = None) -> str:
        """The prompt for a row."""
        return render(self._rows[doc["id"]], self._options.prompt)

    def doc_to_choice(self, doc: dict[str, Any], doc_to_choice: Any = None) -> list[str]:
        """The ten candidates; of a few-shot example the reference alone."""
        return list(self._items[doc["id"]].document["candidates"])

    def doc_to_target(self, doc: dict[str, Any], doc_to_target: Any = None) -> int:
        """The place of the reference."""
        return int(self._items[doc["id"]].document["answer"])

    def construct_requests(self, doc: dict[str, Any], ctx: str | list[str], **kwargs: Any) -> Any:
        """The ten requests of a row."""
        question = query_of(self._items[doc["id"]].document)
        return super().construct_requests(doc, QuestionPrompt.of(str(ctx), question), **kwargs)

    def apply_filters(self) -> list[Instance] | None:
        """Apply lm-eval's filters, then put into the results how values became scores, and the figures that are no means."""
        filtered = super().apply_filters()
        values = self._values_by_item()
        asked = [self._items[row] for row in values]
        answers = [self._answer(item, values[item.id]) for item in asked]
        method = PER_BYTE if all(_is_per_byte(found) for found in values.values()) else AS_GIVEN
        signature = {**self._block.signature, "method": {"scores": method}}
        self._record(replace(self._block, signature=signature, answers={"scores": method}, further=figures(asked, answers)))
        return filtered

    def process_results(self, doc: dict[str, Any], results: Sequence[Any]) -> dict[str, Any]:
        """The metrics of one row."""
        if "bypass" in self._metric_fn_list:
            return {"bypass": None}
        item = self._items[doc["id"]]
        return dict(score([item], [self._answer(item, results)])[0])

    def _answer(self, item: Item, values: Sequence[Any]) -> list[float]:
        """The scores of the candidates. Log-likelihoods that are all 0 are those of a server that ignores `echo`.

        Raises:
            ConfigError: They are.
        """
        per_byte = _is_per_byte(values)
        found = answer_from_responses(item, list(values), per_byte)
        if per_byte and not any(found):
            raise ConfigError(
                f"{self.config.task}: the log-likelihood of all {len(found)} candidates is 0: the server returns none of the "
                "prompt's tokens (it ignores `echo`); ask another server, or leave this task out of --tasks"
            )
        return found


def _example(row: Row) -> Item:
    """A few-shot row, of which only the reference is seen."""
    return Item(row.id, row.kind, row.source, {"candidates": [row.reference_text], "answer": 0})


def _is_per_byte(values: Sequence[Any]) -> bool:
    """Whether values are sums over tokens, which are lower the longer a text is."""
    firsts = [value[0] if isinstance(value, (list, tuple)) and value else value for value in values]
    return not any(isinstance(value, EncoderScore) for value in firsts)
