"""`sevenllm-bench report`: runs to a static page that opens from disk."""

from __future__ import annotations

import argparse

from sevenllm_bench.cli.score import benchmark_of
from sevenllm_bench.pages.report.report_pages import build_report
from sevenllm_bench.runs.reader import read_runs


def run(arguments: argparse.Namespace) -> int:
    """Read the runs and write the pages."""
    runs = read_runs(arguments.runs, lambda: benchmark_of(arguments))
    built = build_report(runs, arguments.output, arguments.examples, arguments.seed, arguments.resamples)
    left_out = f"; {built.left_out:,} rows have no place in the tasks' pages (--examples)" if built.left_out else ""
    print(f"written: {built.index} ({built.pages} pages, {built.size / 1e6:.1f} MB{left_out})")
    return 0
