"""`sevenllm-bench finetune` under torchrun, with a fault or a held-out loss that is given.

    scripted_run.py SCRIPT WORDS…

SCRIPT is JSON: "nan": [rank, step] makes the loss of one process NaN in one step; "held_out" gives the held-out losses in the
order of the evaluations; "fsdp" lets accelerate shard over CPUs.
"""

import json
import sys

import fsdp_on_cpu
from accelerate import state

from sevenllm_bench.finetune.loop import trainer as trainer_module
from sevenllm_bench.finetune.loop.trainer import HeldOutTrainer

_compute_loss, _by_cell = HeldOutTrainer.compute_loss, HeldOutTrainer._by_cell


def with_nan(rank, step):
    def compute_loss(self, *arguments, **named):
        loss = _compute_loss(self, *arguments, **named)
        return loss * float("nan") if (self.args.process_index, self.state.global_step) == (rank, step - 1) else loss

    return compute_loss


def with_losses(values):
    """`_by_cell` with these overall losses, or losses by name; in each process its own copy, since each computes all."""
    left = [value if isinstance(value, dict) else {"loss": value} for value in values]
    return lambda self, prediction: {**_by_cell(self, prediction), **left.pop(0)}


if __name__ == "__main__":
    script = json.loads(sys.argv[1])
    if "nan" in script:
        trainer_module.HeldOutTrainer.compute_loss = with_nan(*script["nan"])
    if "held_out" in script:
        trainer_module.HeldOutTrainer._by_cell = with_losses(script["held_out"])
    if "fsdp" in script:
        state.AcceleratorState.__init__ = fsdp_on_cpu._with_fsdp
    from sevenllm_bench.cli.main import main

    sys.exit(main(["finetune", *sys.argv[2:]]))
