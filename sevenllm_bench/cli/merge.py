"""`sevenllm-bench merge`: LoRA adapters and their base into one checkpoint."""

from __future__ import annotations

import argparse

from sevenllm_bench.preflight import require_extra


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = "Merges LoRA adapters into their base model: the folder is a whole checkpoint, which lm_eval loads."
    parser.add_argument("adapter", metavar="ADAPTER", help="the folder that finetune wrote")
    parser.add_argument("-o", "--output", metavar="OUT", required=True, help="folder for the whole model")
    parser.add_argument("--base", metavar="MODEL", help="the base model, where it moved")


def run(arguments: argparse.Namespace) -> int:
    """Merge and say where it is."""
    require_extra("peft", "train")
    from sevenllm_bench.finetune.checkpoint import merge
    from sevenllm_bench.finetune.evaluation import read_evaluation
    from sevenllm_bench.finetune.libraries import quiet

    quiet()
    folder = merge(arguments.adapter, arguments.output, arguments.base)
    if arguments.base:
        print("note: it is not checked that --base has the weights that the adapters were trained on")
    print(f"written: {folder}")
    evaluation = read_evaluation(folder)
    unknown = "with the prompt and chat format that the adapters were trained on (no evaluation.json beside them)"
    print(f"evaluate: {evaluation.command(folder) if evaluation else unknown}")
    return 0
