"""Memory of the machine itself, beside its GPUs': weights as they are loaded and saved, and the encoded rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenllm_bench.finetune.base.sharded_loading import is_loaded_once
from sevenllm_bench.finetune.estimates.memory import GIB, Memory
from sevenllm_bench.finetune.runtime import planned
from sevenllm_bench.finetune.settings.config import FinetuneConfig

if TYPE_CHECKING:
    from transformers import PretrainedConfig

#: GPUs of one machine, where more processes are planned.
PER_MACHINE = 8
#: Python, PyTorch, CUDA's side of the host: a round figure per process.
_LIBRARIES = 2 * GIB
#: Token ids and labels, four bytes each.
_PER_TOKEN = 8
#: A base in 4 bits goes to the GPU tensor by tensor.
_LOADED = {"fp32": 4, "bf16": 2, "nf4": 0}
#: In the main process, of a trained parameter: AdamW's two moments in fp32, gathered to be written; and at the end the weights
#: in fp32 with their copy in 16 bits.
_SAVED = 8


@dataclass(frozen=True, slots=True)
class HostMemory:
    """Bytes of the machine that the main process is on, at their peak.

    Attributes:
        main: The main process: the weights as loaded, or what it gathers to save, whichever is more; and the encoded rows.
        other: Each other process.
        processes: Processes on this machine.
    """

    main: int
    other: int
    processes: int

    @property
    def total(self) -> int:
        """Of all processes on the machine."""
        return self.main + (self.processes - 1) * self.other

    def table(self) -> list[list[str]]:
        """Rows of a table: label and figure in GiB."""
        rows = [["the main process", f"{self.main / GIB:.1f} GiB"]]
        if self.processes > 1:
            rows.append(["every other process", f"{self.other / GIB:.1f} GiB"])
            rows.append([f"a machine with {self.processes} of them", f"{self.total / GIB:.1f} GiB"])
        return rows


def host_memory(base: PretrainedConfig, config: FinetuneConfig, memory: Memory, tokens: int, processes: int) -> HostMemory:
    """Host memory of a run on GPUs.

    Args:
        base: Configuration of the base model.
        config: The run.
        memory: Its memory per GPU.
        tokens: Tokens of all encoded rows.
        processes: GPUs in all.
    """
    loaded = memory.parameters * _LOADED[planned(config).weights]
    saved = memory.trainable * _SAVED if config.training.sharding == "full" else 0
    main = _LIBRARIES + max(loaded, saved) + tokens * _PER_TOKEN
    other = _LIBRARIES + (0 if is_loaded_once(config, base) else loaded)
    return HostMemory(main, other, min(processes, PER_MACHINE))
