"""`sevenllm-bench` with FSDP on CPU processes: accelerate 1.15 knows it for accelerators only, torch runs it on both.

The one thing changed is that accelerate's state accepts the FSDP plugin where the processes are on CPUs.
"""

import sys

from accelerate import state
from accelerate.utils import DistributedType

_initialise = state.AcceleratorState.__init__


def _with_fsdp(self, *arguments, fsdp_plugin=None, **named):
    _initialise(self, *arguments, fsdp_plugin=fsdp_plugin, **named)
    if fsdp_plugin is not None and self.distributed_type == DistributedType.MULTI_CPU:
        self.fsdp_plugin = fsdp_plugin
        self.distributed_type = state.PartialState._shared_state["distributed_type"] = DistributedType.FSDP


if __name__ == "__main__":
    state.AcceleratorState.__init__ = _with_fsdp
    from sevenllm_bench.cli.main import main

    sys.exit(main(["finetune", *sys.argv[1:]]))
