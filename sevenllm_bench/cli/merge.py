"""`sevenllm-bench merge`: LoRA adapters and their base into one checkpoint."""

from __future__ import annotations

import argparse

from sevenllm_bench.preflight import require_extra


def run(arguments: argparse.Namespace) -> int:
    """Merge and say where it is."""
    require_extra("peft", "train")
    from sevenllm_bench.finetune.checkpoint import merge

    folder = merge(arguments.adapter, arguments.output, arguments.base)
    print(f"written: {folder}")
    print(f"evaluate: lm_eval --model hf --model_args pretrained={folder} --tasks sevenllm --output_path results --log_samples")
    return 0
