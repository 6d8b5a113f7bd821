"""`sevenllm-bench stress`: what a model loses where its incident texts have the noise of real reports."""

from __future__ import annotations

import argparse

from sevenllm_bench.cli.output import check_outputs, json_text, print_json, write_text
from sevenllm_bench.cli.screen import print_lines
from sevenllm_bench.cli.shared_options import add_labels, add_rows, runs_of, whole
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.comparison.stress_drop import RESAMPLES, Drop, StressDrop, stress_drop
from sevenllm_bench.comparison.table_cells import figure, interval, signed
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.figures.rounding import p_value
from sevenllm_bench.io.progress import step
from sevenllm_bench.runs.predictions import name_ids

_COLUMNS = ("rows of", "rows", "clean", "with noise", "drop", "95 % interval", "p (Holm)")
_TITLES = {"total": "total", "kind": "by what rows ask for", "noise": "by kind of noise"}
_LEAST = ("rows", "clean")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Compares a run of sevenllm-en-stress or sevenllm-zh-stress with a run of the same model on the same rows without noise."
    )
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="the run without noise, then the one with it; one run that has both may be named alone",
    )
    add_labels(parser)
    parser.add_argument("--force", action="store_true", help="compare runs that differ in more than the noise; it says in what")
    parser.add_argument("--seed", type=whole(0), metavar="N", default=0, help="seed of resampling, not of the noise (default: 0)")
    parser.add_argument(
        "--resamples", type=whole(100), metavar="N", default=RESAMPLES, help="random draws (default: 10000, at least 100)"
    )
    add_rows(parser)
    parser.add_argument("--json", metavar="FILE", help='write everything as JSON ("-": to standard output instead of the tables)')


def run(arguments: argparse.Namespace) -> int:
    """Pair the rows, print the drops and write the JSON."""
    check_outputs({"--json": arguments.json}, [*arguments.runs, arguments.data_dir])
    runs = runs_of(arguments)
    if len(runs) > 2:
        raise ConfigError(f"stress compares two runs, the clean one first; found {len(runs)}: {', '.join(r.label for r in runs)}")
    with step("pairing the rows"):
        found = stress_drop(runs[0], runs[-1], arguments.seed, arguments.resamples, arguments.force)
    if arguments.json == "-":
        print_json(found.as_json())
        return 0
    if arguments.json:
        write_text("--json", arguments.json, json_text(found.as_json()))
    _print(found)
    return 0


def _print(found: StressDrop) -> None:
    noise = ", ".join(f"{name} {value}" for name, value in found.noise.items()) or "unknown"
    print_lines([f"The same rows with noise: {found.stressed} against {found.clean} without (noise: {noise}).", ""])
    for level, title in _TITLES.items():
        rows = [_row(drop) for drop in found.drops if drop.level == level]
        if rows:
            print_table(title, _COLUMNS, rows, _LEAST)
    print_lines(
        [
            "Drop: clean less noisy, by row; above 0 the noise costs. A row's score is its metric of the headline: value_f1 of "
            "extraction, rouge_l of analysis. Totals are unweighted means of both.",
            *(
                [f"rows with noise that the clean run lacks: {len(found.unpaired)} ({name_ids(found.unpaired)})"]
                * bool(found.unpaired)
            ),
            *(f"FORCED in spite of: {reason}" for reason in found.forced),
        ]
    )


def _row(drop: Drop) -> list[str]:
    return [
        drop.name,
        f"{drop.rows:,}",
        figure(drop.clean),
        figure(drop.noisy),
        signed(drop.paired.difference),
        interval(drop.paired.interval, signed),
        p_value(drop.p) if drop.p is not None else "-",
    ]
