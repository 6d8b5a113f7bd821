"""What `sevenllm-bench finetune` does and prints where an encoder is trained."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sevenllm_bench.cli.table import print_table
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.terminal import say

if TYPE_CHECKING:
    from sevenllm_bench.finetune.encoder_training.encoder_run import FinishedEncoder
    from sevenllm_bench.finetune.encoder_training.encoder_sections import EncoderConfig


def train_encoder_run(config: EncoderConfig) -> int:
    """Train, and print the result."""
    from sevenllm_bench.finetune.encoder_training.encoder_run import train_encoder
    from sevenllm_bench.finetune.processes import is_main_process

    finished = train_encoder(config, say if is_main_process() else silent)
    if is_main_process():
        _print_finished(finished)
    return 0


def plan_encoder_run(config: EncoderConfig, arguments: argparse.Namespace) -> int:
    """Only say what would be trained on.

    Raises:
        ConfigError: --gpu or --processes is given, for which there is no estimate.
    """
    from sevenllm_bench.finetune.encoder_training.encoder_run import plan_encoder

    if arguments.gpu or arguments.processes:
        raise ConfigError("--gpu and --processes plan runs of causal models; for encoders there is no estimate")
    report = plan_encoder(config, _on_stderr if arguments.json else say)
    if arguments.json:
        print(json.dumps(report, ensure_ascii=False, indent=1))
        return 0
    _print_data(report)
    print("nothing was trained or written")
    return 0


def silent(line: str) -> None:
    """Discard output of the other ranks."""


def _on_stderr(line: str) -> None:
    print(line, file=sys.stderr)


def _print_data(report: Mapping[str, Any]) -> None:
    from sevenllm_bench.finetune.encoder_training.encoder_card import data_counts

    print_table("data", ["", ""], [[name, f"{count:,}"] for name, count in data_counts(report)])
    if report["leak guard"] == "off":
        print("the leak guard is off: rows of the benchmark may be among the training rows")


def _print_finished(finished: FinishedEncoder) -> None:
    ran = finished.report["run"]
    for warning in ran["warnings"]:
        print(f"WARNING: {warning}.")
    _print_data(finished.report["data"])
    before, after = ran["held-out before"], ran["held-out after"]
    if after:
        rows = [[name, f"{before[name]:.4f}" if name in before else "-", f"{value:.4f}"] for name, value in after.items()]
        print_table("held-out examples", ["", "before", "after"], rows)
    print(f"written: {finished.output} ({ran['steps']:,} steps; how it was made: README.md, training_data.json)")
