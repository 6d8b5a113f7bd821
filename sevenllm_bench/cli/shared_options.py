"""Options that several commands have."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from sevenllm_bench.data.benchmark import Benchmark, load_benchmark


def add_rows(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the rows: see `benchmark_of`."""
    parser.add_argument(
        "--data-dir", metavar="DIR", help="folder of the official test.jsonl (default: SEVENLLM_DATA_DIR, or the Hub)"
    )
    parser.add_argument("--allow-modified", action="store_true", help="accept a data file whose sha256 differs")
    parser.add_argument("--dataset", choices=("official", "embedded"), default="official", help="rows (default: official)")


def whole(least: int) -> Callable[[str], int]:
    """Reads a whole number of at least `least`."""

    def read(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"{number:,} is less than {least}")
        return number

    read.__name__ = "whole number"  # what argparse calls it where there is no number at all
    return read


def benchmark_of(arguments: argparse.Namespace) -> Benchmark:
    """The rows that the options name (`dataset`, `data_dir`, `allow_modified`)."""
    return load_benchmark(arguments.dataset, arguments.data_dir, arguments.allow_modified)
