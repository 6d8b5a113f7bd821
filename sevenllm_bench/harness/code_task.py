"""The class behind the task on vulnerable code in the harness: which of two options a model finds the more likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import datasets
from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, encoder_task_by_name
from sevenllm_bench.encoder_tasks.item_document import to_item_document
from sevenllm_bench.encoder_tasks.vulnerable_code import OPTIONS, answer_from_responses, figures, items, score, vulnerable_option
from sevenllm_bench.errors import ConfigError, install_excepthook
from sevenllm_bench.harness.model_errors import explain
from sevenllm_bench.harness.options import read_options
from sevenllm_bench.harness.requirements import require_data
from sevenllm_bench.metrics.signature import encoder_signature
from sevenllm_bench.prompts import TARGET_DELIMITER, render_code
from sevenllm_bench.runs.model_name import local_arguments
from sevenllm_bench.runs.run_block import KEY, RunBlock

install_excepthook(explain)


class VulnerableCodeTask(ConfigurableTask):
    """A question about a function with the options A and B; every second pair of functions has them the other way round."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Build the task.

        Args:
            config: The task's YAML as a mapping.

        Raises:
            DataError: The rows that the results name are not available.
            ConfigError: An option in `metadata` has an unknown value, or the prompt asks for a thought before the answer.
        """
        config = {key: value for key, value in config.items() if key != "class"}
        task = encoder_task_by_name(config["task"])
        if task is None or task.kind != "vulnerable-code":
            raise ConfigError(f"task {config['task']}: not the task on vulnerable code; see `sevenllm-bench tasks list`")
        self._task: EncoderTask = task
        self._options = read_options(config.get("metadata") or {})
        if self._options.prompt.with_thought:
            raise ConfigError(
                f"{task.name}: the prompt {self._options.prompt.name!r} asks for a thought before the answer, and this task "
                "compares answers right after the prompt; choose another prompt"
            )
        super().__init__(config={**config, "target_delimiter": TARGET_DELIMITER})

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Read the functions, which are the same for official and embedded rows."""
        require_data(self._options, self._options.dataset == "official")
        benchmark = load_benchmark(self._options.dataset, self._options.data_dir, self._options.allow_modified)
        self.config.dataset_path, self.config.dataset_kwargs = "sevenllm_bench/encoder_tasks/code", None
        self._items = {item.id: item for item in items(self._task, benchmark)}
        documents = [to_item_document(item) for item in self._items.values()]
        self.dataset = datasets.DatasetDict({"test": datasets.Dataset.from_list(documents)})
        style = self._options.prompt
        record = encoder_signature(self._task.metrics, None, benchmark.description, method={})
        prompt = {"name": style.name, "version": style.version, "sha256": style.sha256}
        self._record(RunBlock(record, prompt, local=local_arguments(self.config.metadata)))

    def _record(self, block: RunBlock) -> None:
        """Put the block where lm-eval takes it into the results file."""
        self._block = block
        self.config.metadata = {**(self.config.metadata or {}), KEY: block.as_json()}

    def doc_to_text(self, doc: dict[str, Any], doc_to_text: Any = None) -> str:
        """The prompt for a function."""
        item = self._items[doc["id"]]
        return render_code(item.document["func"], self._options.prompt, vulnerable_first=vulnerable_option(item) == 0)

    def doc_to_target(self, doc: dict[str, Any], doc_to_target: Any = None) -> int:
        """The place of the right option."""
        item = self._items[doc["id"]]
        chosen = vulnerable_option(item)
        return chosen if item.document["target"] == 1 else 1 - chosen

    def fewshot_context(self, doc: dict[str, Any], num_fewshot: int, **kwargs: Any) -> Any:
        """The prompt; there are no examples for it.

        Raises:
            ConfigError: Examples are asked for.
        """
        if num_fewshot:
            raise ConfigError(f"{self.config.task}: --num_fewshot {num_fewshot}, but this task has no examples; leave it at 0")
        return super().fewshot_context(doc, 0, **kwargs)

    def apply_filters(self) -> list[Instance] | None:
        """Apply lm-eval's filters, then put the figures that are no mean over functions into the results."""
        filtered = super().apply_filters()
        values: dict[int, list[Any]] = {}
        for instance in sorted(self._instances, key=lambda instance: instance.idx):
            values.setdefault(instance.doc["id"], []).append(next(iter(instance.filtered_resps.values()), None))
        asked = [self._items[number] for number in values]
        found = figures(asked, [answer_from_responses(item, values[item.id]) for item in asked])
        self._record(replace(self._block, further=found))
        return filtered

    def process_results(self, doc: dict[str, Any], results: Sequence[Any]) -> dict[str, Any]:
        """The metric of one function.

        Raises:
            ConfigError: Both log-likelihoods are 0, which they are with a server that ignores `echo`.
        """
        if "bypass" in self._metric_fn_list:
            return {"bypass": None}
        if [value[0] if isinstance(value, list | tuple) else value for value in results] == [0.0] * len(OPTIONS):
            raise ConfigError(
                f"{self.config.task}: the log-likelihood of both options is 0: the server returns none of the prompt's tokens "
                "(it ignores `echo`); ask another server, or leave this task out of --tasks"
            )
        item = self._items[doc["id"]]
        return dict(score([item], [answer_from_responses(item, list(results))])[0])
