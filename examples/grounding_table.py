"""Grounding of the published models and of the references, by section and task, with 95 % intervals.

    python examples/grounding_table.py PREDICTIONS_FOLDER [--tasks]

PREDICTIONS_FOLDER holds one file of saved answers per model; SEVENLLM_DATA_DIR names the folder of the official file.
Intervals are bootstrap intervals over rows (2,000 draws, seed 0).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.runs.predictions import read_predictions
from sevenllm_bench.scoring import RowScore, answers_for, score_rows

METRIC = {"understanding": "grounded", "generation": "invented_indicators"}


def interval(values: Sequence[float], draws: int = 2_000) -> tuple[float, float]:
    """The 95 % percentile interval of a mean."""
    means = np.random.default_rng(0).choice(np.array(values), (draws, len(values))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def cells(scores: Sequence[RowScore], by_task: bool) -> dict[str, list[float]]:
    """Name of a section or task to the values of its rows."""
    found: dict[str, list[float]] = {}
    for score in scores:
        name = score.row.leaf.name if by_task else f"{score.row.section} {METRIC[score.kind]}"
        found.setdefault(name, []).append(score.metrics[METRIC[score.kind]])
    return found


def main() -> None:
    """Print a Markdown table: a line per model, a column per section; with --tasks a line per model and task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("--tasks", action="store_true", help="by task, not by section")
    options = parser.parse_args()
    rows = [row for row in load_benchmark().rows if row.kind in METRIC]
    answers = {"references": [row.reference_text for row in rows]}
    for path in sorted(options.predictions.glob("*.jsonl")):
        if not path.stem.endswith("judged"):
            answers[path.stem] = answers_for(rows, read_predictions([path]).answers)
    first = True
    for name, own in answers.items():
        found = cells(score_rows(rows, own), options.tasks)
        if first and not options.tasks:
            print("| answers | " + " | ".join(found) + " |\n|---|" + "---|" * len(found))
        elif first:
            print("| answers | task | rows | mean |\n|---|---|---|---|")
        first = False
        words = {
            key: f"{np.mean(values):.3f} ({interval(values)[0]:.3f} to {interval(values)[1]:.3f})"
            for key, values in found.items()
        }
        if options.tasks:
            for key, text in words.items():
                print(f"| {name} | {key} | {len(found[key])} | {text} |")
        else:
            print(f"| {name} | " + " | ".join(words.values()) + " |")


if __name__ == "__main__":
    main()
