"""`sevenllm-bench finetune`: from a base model to a checkpoint that the harness loads."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from math import ceil
from typing import TYPE_CHECKING, Any

from sevenllm_bench.cli.shared_options import whole
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.terminal import say
from sevenllm_bench.preflight import require_extra

if TYPE_CHECKING:
    from sevenllm_bench.finetune.config import FinetuneConfig
    from sevenllm_bench.finetune.dry_run import Plan
    from sevenllm_bench.finetune.run import Finished

_GIB = 2**30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = "Runs under torchrun or accelerate launch as it does alone. Recipes: paper, lora-8b, demo."
    parser.add_argument("config", metavar="CONFIG", help="a YAML file, or the name of a recipe")
    parser.add_argument(
        "changes",
        nargs="*",
        metavar="key=value",
        help="changes to it, e.g. model.base=Qwen/Qwen3-8B training.epochs=1 resume=auto",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what it takes: rows, tokens, steps, memory, disk")
    parser.add_argument("--processes", type=whole(1), metavar="N", help="with --dry-run: GPUs to plan for (default: 1)")


def run(arguments: argparse.Namespace) -> int:
    """Fine-tune, or with --dry-run only say what it would take."""
    from sevenllm_bench.finetune.processes import one_voice

    with one_voice():
        return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    for module in ("trl", "peft", "pydantic"):
        require_extra(module, "train")
    from sevenllm_bench.finetune.config_file import read_config
    from sevenllm_bench.finetune.processes import check_launcher, is_main_process, process_count

    check_launcher()
    config = read_config(arguments.config, arguments.changes)
    if arguments.dry_run:
        return _dry_run(config, arguments.processes or process_count())
    if arguments.processes:
        raise ConfigError("--processes is for --dry-run; to train on several, start with torchrun or accelerate launch")
    from sevenllm_bench.finetune.run import finetune

    finished = finetune(config, say if is_main_process() else _silent)
    if is_main_process():
        _print_finished(finished)
    return 0


def _silent(line: str) -> None:
    """Discard output of the other ranks."""


def _dry_run(config: FinetuneConfig, processes: int) -> int:
    from sevenllm_bench.finetune.dry_run import plan
    from sevenllm_bench.finetune.libraries import quiet

    quiet()
    planned = plan(config, processes, say)
    print_data(planned.report)
    several = "1 process" if processes == 1 else f"{processes:,} processes"
    print_table(f"a run of {several}", ["", ""], [list(row) for row in _plan_rows(config, planned)])
    if planned.memory:
        per = "process" if config.training.device == "cpu" else "GPU"
        print_table(f"memory per {per}, estimated", ["", ""], planned.memory.table())
    else:
        print(f"memory: no estimate ({planned.no_memory})")
    print("nothing was trained or written")
    return 0


def _plan_rows(config: FinetuneConfig, planned: Plan) -> list[tuple[str, str]]:
    sequences = f"packed sequences of {config.data.max_length:,} tokens" if config.data.packing else "sequences"
    return [
        (sequences, f"{planned.sequences:,}"),
        *([("of their tokens no padding", f"{planned.fill:.1%}")] if config.data.packing else []),
        ("tokens per step", f"{planned.tokens_per_step:,.0f}"),
        ("steps", f"{planned.steps:,}"),
        *([("answered while training", _answers(config, planned.steps))] if config.evaluation.metrics_rows else []),
        ("disk", f"{planned.disk / _GIB:,.2f} GiB at most"),
    ]


def _answers(config: FinetuneConfig, steps: int) -> str:
    """How many answers are generated on the way: before the first step, as often as asked for, and after the last."""
    evaluation = config.evaluation
    interval = evaluation.every if evaluation.every >= 1 else ceil(steps * evaluation.every)
    times = 2 + (max(0, steps - 1) // int(interval) if interval else 0)
    return (
        f"{times:,} times up to {evaluation.metrics_rows:,} held-out rows, {evaluation.max_new_tokens:,} tokens each at most "
        "(evaluation.metrics_rows=0 for none)"
    )


def print_data(report: Mapping[str, Any]) -> None:
    """Print what happened to the corpus's rows."""
    from sevenllm_bench.finetune.source_account import SOURCE_COLUMNS, source_table

    rows = [[name, f"{count:,}"] for name, count in report.items() if isinstance(count, int)]
    rows += [[f"left out: {name}", f"{count:,}"] for name, count in _left_out(report).items()]
    rows += [[name, f"{entry['rows']:,}"] for name, entry in report["fitting"].items()]
    rows += [[f"{part}: {name}", f"{count:,}"] for part in ("training", "held-out") for name, count in report[part].items()]
    print_table(f"{report['corpus']} ({report['origin']}), sha256 {report['sha256'][:16]}", ["rows", ""], rows)
    if len(report["sources"]) > 1:
        print_table("sources", SOURCE_COLUMNS, source_table(report["sources"]))
    if others := report.get("other languages"):
        print(f"other languages: {', '.join(f'{language} {count:,}' for language, count in others.items())}")
    if report["leak guard"] == "off":
        print("the leak guard is off: rows of the benchmark may be among the training rows")


def _left_out(report: Mapping[str, Any]) -> dict[str, int]:
    prefix = "left out: "
    return {name.removeprefix(prefix): count for name, count in report["changes"].items() if name.startswith(prefix)}


def _print_finished(finished: Finished) -> None:
    ran = finished.report["run"]
    for warning in ran["warnings"]:
        print(f"WARNING: {warning}.")
    print_data(finished.report["data"])
    before, after = ran["held-out before"], ran["held-out after"]
    shown = [name for name in after if name.count("_") <= 1 or name.startswith(("metrics_", "loss_general_"))]
    if shown:
        rows = [[name, f"{before[name]:.4f}" if name in before else "-", f"{after[name]:.4f}"] for name in shown]
        print_table("held-out rows", ["", "before", "after"], rows)
    print(f"published: step {ran['published']['step']:,}, {ran['published']['why']}")
    print(f"written: {finished.output} ({ran['steps']:,} steps; how it was made: README.md, training_data.json)")
    if finished.evaluation.base is not None:
        print(f"merge:    {finished.evaluation.merge_command(finished.output, 'MERGED')}")
    print(f"evaluate: {finished.evaluation.command(finished.output)}")
