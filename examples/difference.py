"""Prints what changed between two `sevenllm-bench score --json` files, by section and metric.

python examples/difference.py BEFORE.json AFTER.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table


def metrics(path: Path) -> dict[str, dict[str, float]]:
    """Section to metric to mean, each in [0, 1]."""
    return json.loads(path.read_text(encoding="utf-8"))["metrics"]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Difference of two runs of `sevenllm-bench score --json`.")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    arguments = parser.parse_args()
    before, after = metrics(arguments.before), metrics(arguments.after)
    table = Table()
    for column in ("section", "metric", "before", "after", "difference"):
        table.add_column(column, justify="left" if column in ("section", "metric") else "right")
    for section, figures in after.items():
        for name, value in figures.items():
            earlier = before[section][name]
            table.add_row(section, name, f"{earlier:.4f}", f"{value:.4f}", f"{value - earlier:+.4f}")
    Console(width=80).print(table)


if __name__ == "__main__":
    main()
