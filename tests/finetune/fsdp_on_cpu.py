"""`sevenllm-bench` with FSDP on CPU processes: accelerate 1.15 knows it for accelerators only, torch runs it on both.

The one thing changed is that accelerate's state accepts the FSDP plugin where the processes are on CPUs. Each process prints
how much memory loading the model took.
"""

import os
import sys

import psutil
from accelerate import state
from accelerate.utils import DistributedType

_initialise = state.AcceleratorState.__init__


def _with_fsdp(self, *arguments, fsdp_plugin=None, **named):
    _initialise(self, *arguments, fsdp_plugin=fsdp_plugin, **named)
    if fsdp_plugin is not None and self.distributed_type == DistributedType.MULTI_CPU:
        self.fsdp_plugin = fsdp_plugin
        self.distributed_type = state.PartialState._shared_state["distributed_type"] = DistributedType.FSDP


def _counted(load):
    def counted(*arguments):
        process = psutil.Process()
        before = process.memory_info().rss
        model = load(*arguments)
        print(f"process {os.environ['RANK']} took {process.memory_info().rss - before} bytes to load", flush=True)
        return model

    return counted


if __name__ == "__main__":
    state.AcceleratorState.__init__ = _with_fsdp
    from sevenllm_bench.cli.main import main
    from sevenllm_bench.finetune import run

    run.load_share = _counted(run.load_share)

    sys.exit(main(["finetune", *sys.argv[1:]]))
