"""The class behind the task on vulnerable code in the harness: which of two options a model finds the more likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lm_eval.api.instance import Instance

from sevenllm_bench.encoder_tasks.vulnerable_code import OPTIONS, answer_from_responses, figures, items, score, vulnerable_option
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.harness.item_task import ItemTask
from sevenllm_bench.metrics.signature import encoder_signature
from sevenllm_bench.prompts import render_code
from sevenllm_bench.runs.model_name import local_arguments
from sevenllm_bench.runs.run_block import RunBlock


class VulnerableCodeTask(ItemTask):
    """A question about a function with the options A and B; every second pair of functions has them the other way round."""

    kind = "vulnerable-code"

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Read the functions, which are the same for official and embedded rows."""
        benchmark = self._benchmark()
        self.config.dataset_path, self.config.dataset_kwargs = "sevenllm_bench/encoder_tasks/code", None
        self._set_items(items(self._task, benchmark))
        style = self._options.prompt
        record = encoder_signature(self._task.metrics, None, benchmark.description, method={})
        prompt = {"name": style.name, "version": style.version, "sha256": style.sha256}
        self._record(RunBlock(record, prompt, local=local_arguments(self.config.metadata)))

    def doc_to_text(self, doc: dict[str, Any], doc_to_text: Any = None) -> str:
        """The prompt for a function."""
        item = self._items[doc["id"]]
        return render_code(item.document["func"], self._options.prompt, vulnerable_first=vulnerable_option(item) == 0)

    def doc_to_target(self, doc: dict[str, Any], doc_to_target: Any = None) -> int:
        """The place of the right option."""
        item = self._items[doc["id"]]
        chosen = vulnerable_option(item)
        return chosen if item.document["target"] == 1 else 1 - chosen

    def apply_filters(self) -> list[Instance] | None:
        """Apply lm-eval's filters, then put the figures that are no mean over functions into the results."""
        filtered = super().apply_filters()
        values = self._values_by_item()
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
