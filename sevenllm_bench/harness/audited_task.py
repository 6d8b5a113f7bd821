"""The class behind the tasks over audited rows: all sound rows of a section, whatever their task."""

from __future__ import annotations

from typing import Any

from sevenllm_bench.catalog import LEAVES, SECTIONS
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError, unknown_name
from sevenllm_bench.harness.task import SEvenLLMTask


class AuditedTask(SEvenLLMTask):
    """The rows of a section that the audit found sound; a row belongs to the section of what it asks for."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Build the task.

        Args:
            config: The task's YAML as a mapping. `section` names a section of the paper, such as "en_understanding".

        Raises:
            ConfigError: There is no such section, or rows other than the audited ones are asked for.
        """
        config = dict(config)
        section = str(config.pop("section", ""))
        leaf = next((leaf for leaf in LEAVES if f"{leaf.language}_{leaf.kind}" == section and leaf.is_official), None)
        if leaf is None:
            raise ConfigError(f"task {config.get('task')}: {unknown_name('section', section, SECTIONS)}")
        metadata = {**(config.get("metadata") or {}), "rows": "audited"}
        # Few-shot examples and the kind of answer are those of a leaf of the section.
        super().__init__({**config, "leaf": leaf.name, "metadata": metadata})

    def _rows_of(self, benchmark: Benchmark) -> list[Row]:
        return benchmark.of_section(self._leaf.language, self._leaf.kind)
