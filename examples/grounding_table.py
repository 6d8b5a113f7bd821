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
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES, leaf_title
from sevenllm_bench.runs.predictions import read_predictions
from sevenllm_bench.scoring import RowScore, answers_for, score_rows

METRIC = {"understanding": "grounded", "generation": "invented_indicators"}


def interval(values: Sequence[float], draws: int = 2_000) -> tuple[float, float]:
    """The 95 % percentile interval of a mean."""
    means = np.random.default_rng(0).choice(np.array(values), (draws, len(values))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def columns_of(scores: Sequence[RowScore], by_task: bool) -> dict[str, dict[str, list[float]]]:
    """Table ("" or a section) to column (a section, or a task with its rows) to the values of its rows."""
    found: dict[str, dict[str, list[float]]] = {}
    for score in scores:
        metric = METRIC[score.kind]
        section = f"{score.row.section} {metric}"
        title = f"{LANGUAGE_NAMES[score.row.language]}: `{metric}`"
        table, column = (title, leaf_title(score.row.leaf)[0]) if by_task else ("", section)
        found.setdefault(table, {}).setdefault(column, []).append(score.metrics[metric])
    return {
        table: dict(sorted(columns.items(), key=lambda one: -len(one[1]))) if by_task else columns
        for table, columns in found.items()
    }


def main() -> None:
    """Print Markdown: a line per model and a column per section; with --tasks a table per section, with a column per task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("--tasks", action="store_true", help="by task, not by section")
    options = parser.parse_args()
    rows = [row for row in load_benchmark().rows if row.kind in METRIC]
    answers = {"references": [row.reference_text for row in rows]}
    for path in sorted(options.predictions.glob("*.jsonl")):
        if not path.stem.endswith("judged"):
            answers[path.stem] = answers_for(rows, read_predictions([path]).answers)
    found = {name: columns_of(score_rows(rows, own), options.tasks) for name, own in answers.items()}
    for table, columns in sorted(found["references"].items()):
        heads = [f"{column} ({len(values)})" if options.tasks else column for column, values in columns.items()]
        print(
            *([f"\n## {table}\n"] if table else []),
            f"| answers | {' | '.join(heads)} |",
            "|---" * (1 + len(heads)) + "|",
            sep="\n",
        )
        for name, own in found.items():
            print(f"| {name} | {' | '.join(map(shown, own[table].values()))} |")


def shown(values: Sequence[float]) -> str:
    """A mean with its interval; a mean of the same values has none."""
    low, high = interval(values)
    return f"{np.mean(values):.3f} ({low:.3f} to {high:.3f})" if low < high else f"{np.mean(values):.3f}"


if __name__ == "__main__":
    main()
