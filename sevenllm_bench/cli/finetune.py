"""`sevenllm-bench finetune`: from a base model to a checkpoint that the harness loads."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from math import ceil
from typing import TYPE_CHECKING, Any

from sevenllm_bench.cli.encoder_training import plan_encoder_run, silent, train_encoder_run
from sevenllm_bench.cli.shared_options import whole
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.libraries import require_libraries
from sevenllm_bench.finetune.settings.recipe_files import recipe_names
from sevenllm_bench.io.terminal import say

if TYPE_CHECKING:
    from sevenllm_bench.finetune.estimates.dry_run import Plan
    from sevenllm_bench.finetune.estimates.duration import Duration
    from sevenllm_bench.finetune.run import Finished
    from sevenllm_bench.finetune.settings.config import FinetuneConfig

_GIB = 2**30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = f"Runs under torchrun or accelerate launch as it does alone. Recipes: {', '.join(recipe_names())}."
    parser.add_argument("config", metavar="CONFIG", help="a YAML file, or the name of a recipe; all keys: docs/finetuning.md")
    parser.add_argument(
        "changes",
        nargs="*",
        default=[],
        metavar="key=value",
        help="changes to it, e.g. model.base=Qwen/Qwen3-8B training.epochs=1 resume=auto",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what it takes: rows, tokens, steps, time, memory, disk")
    parser.add_argument("--gpu", metavar="NAME", help="with --dry-run: the GPU to plan for, e.g. h100, a100, rtx4090")
    parser.add_argument("--json", action="store_true", help="with --dry-run: print it as JSON")
    parser.add_argument("--processes", type=whole(1), metavar="N", help="with --dry-run: GPUs to plan for (default: 1)")


def run(arguments: argparse.Namespace) -> int:
    """Fine-tune, or with --dry-run only say what it would take."""
    from sevenllm_bench.finetune.processes import one_voice

    with one_voice():
        return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    require_libraries()
    from sevenllm_bench.finetune.encoder_training.run_config_file import read_run_config
    from sevenllm_bench.finetune.processes import check_launcher, is_main_process
    from sevenllm_bench.finetune.settings.config import FinetuneConfig

    check_launcher()
    config = read_run_config(arguments.config, arguments.changes)
    if arguments.dry_run:
        return _dry_run(config, arguments) if isinstance(config, FinetuneConfig) else plan_encoder_run(config, arguments)
    if arguments.processes:
        raise ConfigError("--processes is for --dry-run; to train on several, start with torchrun or accelerate launch")
    if arguments.gpu or arguments.json:
        raise ConfigError("--gpu and --json are for --dry-run")
    if not isinstance(config, FinetuneConfig):
        return train_encoder_run(config)
    from sevenllm_bench.finetune.run import finetune

    finished = finetune(config, say if is_main_process() else silent)
    if is_main_process():
        _print_finished(finished)
    return 0


def _dry_run(config: FinetuneConfig, arguments: argparse.Namespace) -> int:
    from sevenllm_bench.finetune.estimates.dry_run import plan
    from sevenllm_bench.finetune.estimates.duration import GPUS
    from sevenllm_bench.finetune.libraries import quiet
    from sevenllm_bench.finetune.processes import process_count

    if arguments.gpu and arguments.gpu not in GPUS:
        raise ConfigError(f"--gpu {arguments.gpu}: not known; there is {', '.join(GPUS)}")
    quiet()
    processes = arguments.processes or process_count()
    planned = plan(config, processes, _on_stderr if arguments.json else say, arguments.gpu)
    if arguments.json:
        print(json.dumps(_content(planned), ensure_ascii=False, indent=1))
        return 0
    print_data(planned.report)
    several = "1 process" if processes == 1 else f"{processes:,} processes"
    print_table(f"a run of {several}", ["", ""], [list(row) for row in _plan_rows(config, planned)])
    if planned.memory:
        per = "process" if config.training.device == "cpu" else "GPU"
        print_table(f"memory per {per}, estimated", ["", ""], planned.memory.table())
    else:
        print(f"memory and time: no estimate ({planned.no_memory})")
    if planned.host:
        print_table("memory of the machine beside it, estimated", ["", ""], planned.host.table())
    print("nothing was trained or written")
    return 0


def _content(planned: Plan) -> dict[str, Any]:
    """A plan as JSON values, with the figures that follow from its parts."""
    content = asdict(planned)
    if planned.memory and planned.duration:
        content["memory"]["total"] = planned.memory.total
        content["duration"] |= {"seconds": planned.duration.seconds, "tokens_per_second": planned.duration.tokens_per_second}
    if planned.host:
        content["host"]["total"] = planned.host.total
    return content


def _on_stderr(line: str) -> None:
    """Progress, where standard output is for a program."""
    print(line, file=sys.stderr)


def _plan_rows(config: FinetuneConfig, planned: Plan) -> list[tuple[str, str]]:
    sequences = f"packed sequences of {config.data.max_length:,} tokens" if config.data.packing else "sequences"
    return [
        (sequences, f"{planned.sequences:,}"),
        *([("filled with tokens, not padding", f"{planned.fill:.1%}")] if config.data.packing else []),
        ("tokens per step", f"{planned.tokens_per_step:,.0f}"),
        ("steps", f"{planned.steps:,}"),
        *_answers(config, planned.steps),
        *(_time_rows(planned.duration) if planned.duration else []),
        ("disk", f"{planned.disk / _GIB:,.2f} GiB at most"),
    ]


def _time_rows(duration: Duration) -> list[tuple[str, str]]:
    return [
        ("tokens per second, estimated", f"{duration.tokens_per_second:,.0f}"),
        ("time of the steps, estimated", _time(duration.seconds)),
        ("assumed", duration.assumed),
        ("not in this time", "evaluations, checkpoints"),
    ]


def _time(seconds: float) -> str:
    if seconds >= 7200:
        return f"{seconds / 3600:,.1f} hours"
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"


def _answers(config: FinetuneConfig, steps: int) -> list[tuple[str, str]]:
    """How many answers are generated on the way: before the first step, as often as asked for, and after the last."""
    evaluation = config.evaluation
    if not evaluation.metrics_rows:
        return []
    interval = evaluation.every if evaluation.every >= 1 else ceil(steps * evaluation.every)
    times = 2 + (max(0, steps - 1) // int(interval) if interval else 0)
    return [
        ("held-out rows to answer (0: none)", f"{evaluation.metrics_rows:,} at most (evaluation.metrics_rows)"),
        ("how often, how long", f"{times:,} times, {evaluation.max_new_tokens:,} tokens each at most"),
    ]


def print_data(report: Mapping[str, Any]) -> None:
    """Print what happened to the corpus's rows."""
    from sevenllm_bench.finetune.encoding.source_account import SOURCE_COLUMNS, source_table

    rows = [[name, f"{count:,}"] for name, count in report.items() if isinstance(count, int)]
    rows += [[f"left out: {name}", f"{count:,}"] for name, count in _left_out(report).items()]
    rows += [[name, f"{entry['rows']:,}"] for name, entry in report["fitting"].items()]
    rows += [[f"{part}: {name}", f"{count:,}"] for part in ("training", "held-out") for name, count in report[part].items()]
    print_table(f"{report['corpus']} ({report['origin']}), sha256 {report['sha256'][:16]}", ["", "rows"], rows)
    if len(report["sources"]) > 1:
        names, *counts = zip(SOURCE_COLUMNS, *source_table(report["sources"]), strict=True)
        print_table("sources", ["", *names[1:]], counts)
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
    if finished.evaluation.base is not None and not finished.evaluation.merge_first:
        print(f"merge:    {finished.evaluation.merge_command(finished.output, 'MERGED')}")
    print(f"evaluate: {finished.evaluation.command(finished.output)}")
