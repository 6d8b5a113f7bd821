"""`sevenllm-bench merge`: LoRA adapters and their base into one checkpoint."""

from __future__ import annotations

import argparse

from sevenllm_bench.preflight import require_extra


def run(arguments: argparse.Namespace) -> int:
    """Merge and say where it is."""
    require_extra("peft", "train")
    from sevenllm_bench.finetune.card import merged_command
    from sevenllm_bench.finetune.checkpoint import merge
    from sevenllm_bench.finetune.run import quiet
    from sevenllm_bench.finetune.run_folder import CARD

    quiet()
    folder = merge(arguments.adapter, arguments.output, arguments.base)
    if arguments.base:
        print("note: nothing tells whether --base has the very weights that the adapters were trained on")
    print(f"written: {folder}")
    card = folder / CARD
    command = merged_command(card.read_text(encoding="utf-8"), folder) if card.is_file() else ""
    print(f"evaluate: {command or 'with the prompt and chat format that the adapters were trained on (they have no model card)'}")
    return 0
