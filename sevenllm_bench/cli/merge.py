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
    parser.add_argument("--revision", metavar="REV", help="the base's revision on the Hub (default: the one trained on)")
    parser.add_argument("--trust-remote-code", action="store_true", help="run code in the base's repository")
    parser.add_argument(
        "--allow-other-weights", action="store_true", help="merge into a base that has other weights than the one trained on"
    )


def run(arguments: argparse.Namespace) -> int:
    """Merge and say where it is."""
    require_extra("peft", "train")
    from sevenllm_bench.finetune.libraries import quiet
    from sevenllm_bench.finetune.output.evaluation import read_evaluation
    from sevenllm_bench.finetune.output.merging import BaseChoice, merge

    quiet()
    choice = BaseChoice(arguments.base, arguments.revision, arguments.trust_remote_code, arguments.allow_other_weights)
    merged = merge(arguments.adapter, arguments.output, choice)
    folder = merged.folder
    if not merged.is_checked:
        print("note: nothing shows that the base has the weights that the adapters were trained on")
    print(f"written: {folder}")
    evaluation = read_evaluation(folder)
    unknown = "with the prompt and chat format that the adapters were trained on (no evaluation.json beside them)"
    print(f"evaluate: {evaluation.command(folder) if evaluation else unknown}")
    return 0
