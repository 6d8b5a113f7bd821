"""Prints what changed between two `sevenllm-bench score --json` files, by section and metric.

python examples/difference.py BEFORE.json AFTER.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sevenllm_bench.cli.table import print_table


def metrics(path: Path) -> dict[str, dict[str, float]]:
    """Section to metric to mean, each in [0, 1], and under "rows" the number of rows."""
    return json.loads(path.read_text(encoding="utf-8"))["metrics"]


def difference(before: dict[str, dict[str, float]], after: dict[str, dict[str, float]]) -> list[list[str]]:
    """The table's rows: section, rows, metric, before, after, difference."""
    table = []
    for section, figures in after.items():
        heads = [section, f"{figures['rows']:,}"]
        for name, value in figures.items():
            if name == "rows":
                continue
            earlier = before[section][name]
            table.append([*heads, name, f"{earlier:.4f}", f"{value:.4f}", f"{value - earlier:+.4f}"])
            heads = ["", ""]
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Difference of two runs of `sevenllm-bench score --json`.")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--title", default="before and after", help="what stands above the table")
    arguments = parser.parse_args()
    before, after = metrics(arguments.before), metrics(arguments.after)
    if {name: figures["rows"] for name, figures in before.items()} != {name: figures["rows"] for name, figures in after.items()}:
        parser.error("the two files are not about the same rows")
    columns = ["section", "rows", "metric", "before", "after", "difference"]
    print_table(arguments.title, columns, difference(before, after))


if __name__ == "__main__":
    main()
