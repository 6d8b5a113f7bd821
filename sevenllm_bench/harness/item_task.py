"""What the tasks of items have in common that causal models run in the harness: options, rows, documents, results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import datasets
from lm_eval.api.task import ConfigurableTask

from sevenllm_bench.answers.reading import Reading
from sevenllm_bench.data.benchmark import Benchmark, load_benchmark
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, EncoderTaskKind, Item, encoder_task_by_name
from sevenllm_bench.encoder_tasks.item_document import to_item_document
from sevenllm_bench.errors import ConfigError, DataError, install_excepthook
from sevenllm_bench.harness.model_errors import explain
from sevenllm_bench.harness.options import TaskOptions, read_options
from sevenllm_bench.harness.requirements import require_data
from sevenllm_bench.prompts import TARGET_DELIMITER
from sevenllm_bench.runs.run_block import KEY, RunBlock

install_excepthook(explain)


def counts_of_readings(readings: Sequence[Reading]) -> dict[str, Any]:
    """How answers were read: by form, how many look cut off, how many look like reasoning of a form that isn't known."""
    return {
        "read_as": dict(Counter(reading.how for reading in readings).most_common()),
        "look_cut_off": sum(reading.cut for reading in readings),
        "look_like_reasoning": sum(reading.is_suspect for reading in readings),
    }


class ItemTask(ConfigurableTask):
    """A task whose documents are items.

    Attributes:
        kind: The kind of encoder task.
        reads_thoughts: Whether the prompt may ask for a thought before the answer.
    """

    kind: ClassVar[EncoderTaskKind]
    reads_thoughts: ClassVar[bool] = False

    def __init__(self, config: dict[str, Any]) -> None:
        """Build the task.

        Args:
            config: The task's YAML as a mapping.

        Raises:
            DataError: The rows are not available.
            ConfigError: It is a task of another kind, an option in `metadata` has an unknown value, or the prompt asks for a
                thought where there is no room for one.
        """
        config = {key: value for key, value in config.items() if key != "class"}
        task = encoder_task_by_name(config["task"])
        if task is None or task.kind != self.kind:
            raise ConfigError(f"task {config['task']}: no task of {self.kind}; see `sevenllm-bench tasks list`")
        self._task: EncoderTask = task
        self._options: TaskOptions = read_options(config.get("metadata") or {})
        if self._options.prompt.with_thought and not self.reads_thoughts:
            raise ConfigError(
                f"{task.name}: the prompt {self._options.prompt.name!r} asks for a thought before the answer, and this task "
                "compares answers right after the prompt; choose another prompt"
            )
        super().__init__(config={**config, "target_delimiter": TARGET_DELIMITER})

    def _benchmark(self) -> Benchmark:
        """The rows, official or embedded ones."""
        require_data(self._options, self._options.dataset == "official")
        return load_benchmark(self._options.dataset, self._options.data_dir, self._options.allow_modified)

    def _mark_embedded(self) -> None:
        """Say in lm-eval's table that the rows are embedded ones."""
        self.config.task_alias = f"{self.config.task} (embedded rows)"
        self.config.dataset_path, self.config.dataset_kwargs = "sevenllm_bench/data/embedded", None

    def _set_items(self, found: Sequence[Item], examples: Sequence[Item] = ()) -> None:
        """Make the documents of the items, and of the few-shot examples.

        Raises:
            DataError: There is no item.
        """
        if not found:
            raise DataError(f"the modified data file has no item for {self._task.name}; leave this task out of --tasks")
        self._items = {item.id: item for item in (*found, *examples)}
        parts = {"test": found, **({"fewshot": examples} if examples else {})}
        self.dataset = datasets.DatasetDict(
            {name: datasets.Dataset.from_list([to_item_document(item) for item in own]) for name, own in parts.items()}
        )

    def _record(self, block: RunBlock) -> None:
        """Put the block where lm-eval takes it into the results file."""
        self._block = block
        self.config.metadata = {**(self.config.metadata or {}), KEY: block.as_json()}

    def fewshot_context(self, doc: dict[str, Any], num_fewshot: int, **kwargs: Any) -> Any:
        """The prompt with `num_fewshot` embedded examples before it.

        Raises:
            ConfigError: More examples are asked for than there are.
        """
        available = len(self.dataset.get("fewshot", ()))
        if num_fewshot > available:
            raise ConfigError(f"{self.config.task}: --num_fewshot {num_fewshot}, but there are {available} few-shot examples")
        return super().fewshot_context(doc, num_fewshot, **kwargs)

    def _values_by_item(self) -> dict[int, list[Any]]:
        """What a model gave for the options of each item, in the order of the options."""
        values: dict[int, list[Any]] = {}
        for instance in sorted(self._instances, key=lambda instance: instance.idx):
            values.setdefault(instance.doc["id"], []).append(next(iter(instance.filtered_resps.values()), None))
        return values
