"""The class behind the tasks of answer ranking in the harness: which of ten answers a model finds the most likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import datasets
from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

from sevenllm_bench.data.benchmark import load_benchmark
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
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item, encoder_task_by_name
from sevenllm_bench.encoder_tasks.item_document import to_item_document
from sevenllm_bench.encoder_tasks.negative_mining import is_rankable
from sevenllm_bench.errors import ConfigError, DataError, install_excepthook
from sevenllm_bench.harness.encoder_score import EncoderScore
from sevenllm_bench.harness.model_errors import explain
from sevenllm_bench.harness.options import TaskOptions, read_options
from sevenllm_bench.harness.question_prompt import QuestionPrompt
from sevenllm_bench.harness.requirements import require_data
from sevenllm_bench.metrics.signature import encoder_signature
from sevenllm_bench.prompts import TARGET_DELIMITER, render
from sevenllm_bench.runs.model_name import local_arguments
from sevenllm_bench.runs.run_block import KEY, RunBlock

install_excepthook(explain)


class AnswerRankingTask(ConfigurableTask):
    """A row's prompt, and as choices its reference and nine references of other incidents.

    Log-likelihoods are divided by the UTF-8 bytes of the choice, scores of bi-encoders and cross-encoders taken as they are.
    Encoders read the question and the incident text without the prompt's template and without few-shot examples.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        """Build the task.

        Args:
            config: The task's YAML as a mapping.

        Raises:
            DataError: The rows are not available.
            ConfigError: An option in `metadata` has an unknown value, or the prompt asks for a thought before the answer.
        """
        config = {key: value for key, value in config.items() if key != "class"}
        task = encoder_task_by_name(config["task"])
        if task is None or task.kind != "answer-ranking" or task.language is None:
            raise ConfigError(f"task {config['task']}: no task of answer ranking; see `sevenllm-bench tasks list`")
        self._task: EncoderTask = task
        self._options: TaskOptions = read_options(config.get("metadata") or {})
        if self._options.prompt.with_thought:
            raise ConfigError(
                f"{task.name}: the prompt {self._options.prompt.name!r} asks for a thought before the answer, and this task "
                "compares answers right after the prompt; choose another prompt"
            )
        super().__init__(config={**config, "target_delimiter": TARGET_DELIMITER})

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Read the rows, the official or the embedded ones, and make the items."""
        official = self._options.dataset == "official"
        require_data(self._options, official)
        benchmark = load_benchmark(self._options.dataset, self._options.data_dir, self._options.allow_modified)
        if not official:
            self.config.task_alias = f"{self.config.task} (embedded rows)"
            self.config.dataset_path, self.config.dataset_kwargs = "sevenllm_bench/data/embedded", None
        found = items(self._task, benchmark)
        if not found:
            raise DataError(f"the modified data file has no row for {self._task.name}; leave this task out of --tasks")
        pool = [row for row in load_embedded(self._language, "fewshot") if is_rankable(row)]
        self._rows = {row.id: row for row in (*benchmark.rows, *pool)}
        self._items = {item.id: item for item in (*found, *map(_example, pool))}
        self.dataset = datasets.DatasetDict(
            {
                "test": datasets.Dataset.from_list([to_item_document(item) for item in found]),
                "fewshot": datasets.Dataset.from_list([to_item_document(self._items[row.id]) for row in pool]),
            }
        )
        style = self._options.prompt
        record = encoder_signature(self._task.metrics, self._language, benchmark.description)
        prompt = {"name": style.name, "version": style.version, "sha256": style.sha256}
        self._record(RunBlock(record, prompt, local=local_arguments(self.config.metadata)))

    @property
    def _language(self) -> Any:
        return self._task.language

    def _record(self, block: RunBlock) -> None:
        """Put the block where lm-eval takes it into the results file."""
        self._block = block
        self.config.metadata = {**(self.config.metadata or {}), KEY: block.as_json()}

    def doc_to_text(self, doc: dict[str, Any], doc_to_text: Any = None) -> str:
        """The prompt for a row."""
        return render(self._rows[doc["id"]], self._options.prompt)

    def doc_to_choice(self, doc: dict[str, Any], doc_to_choice: Any = None) -> list[str]:
        """The ten candidates; of a few-shot example the reference alone."""
        return list(self._items[doc["id"]].document["candidates"])

    def doc_to_target(self, doc: dict[str, Any], doc_to_target: Any = None) -> int:
        """The place of the reference."""
        return int(self._items[doc["id"]].document["answer"])

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
        """The ten requests of a row."""
        question = query_of(self._items[doc["id"]].document)
        return super().construct_requests(doc, QuestionPrompt.of(str(ctx), question), **kwargs)

    def apply_filters(self) -> list[Instance] | None:
        """Apply lm-eval's filters, then put into the results how values became scores, and the figures that are no means."""
        filtered = super().apply_filters()
        values: dict[int, list[Any]] = {}
        for instance in sorted(self._instances, key=lambda instance: instance.idx):
            values.setdefault(instance.doc["id"], []).append(next(iter(instance.filtered_resps.values()), None))
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
