"""Options that several commands have."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from sevenllm_bench.data.benchmark import ROW_CHOICES, Benchmark, load_benchmark
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.judge.judge_choice import MAX_TOKENS, JudgeChoice, extra_body_text
from sevenllm_bench.published.published_runs import published_names, published_runs
from sevenllm_bench.runs.reader import read_runs
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.run_labels import relabelled


def add_rows(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the rows: see `benchmark_of`."""
    add_data_dir(parser)
    parser.add_argument("--allow-modified", action="store_true", help="accept a data file whose sha256 differs")
    parser.add_argument("--dataset", choices=("official", "embedded"), default="official", help="rows (default: official)")


def add_audited(parser: argparse.ArgumentParser) -> None:
    """Add the option that shows figures on the audited rows beside those on all rows."""
    parser.add_argument(
        "--rows",
        choices=ROW_CHOICES,
        default="all",
        help="audited: show figures on the rows that the audit found sound too, beside those on all rows (default: all)",
    )


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where the official rows are."""
    parser.add_argument(
        "--data-dir", metavar="DIR", help="folder of the official test.jsonl (default: SEVENLLM_DATA_DIR, or the Hub)"
    )


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Add the option that names runs: see `runs_of`."""
    parser.add_argument(
        "--label",
        action="append",
        metavar="RUN=NAME",
        default=[],
        help="what to call a run, given as on the command line or by its present name; again for more",
    )


def runs_of(arguments: argparse.Namespace) -> list[Run]:
    """The runs that the arguments name, called as `--label` says.

    Raises:
        SEvenLLMError: A run can't be read, or a label names none.
    """
    runs = read_runs(arguments.runs, lambda: benchmark_of(arguments))
    return relabelled(runs, arguments.runs, arguments.label)


def add_published(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the option that takes published models: see `published_of`.

    Args:
        parser: Where to add it.
        what: What is done with them, the beginning of the option's help.
    """
    parser.add_argument(
        "--published",
        nargs="*",
        metavar="NAME",
        help=f"{what} the models whose answers the benchmark's authors published (no NAME: all twelve); comes after the runs",
    )


def published_of(arguments: argparse.Namespace, runs: Sequence[Run]) -> list[Run]:
    """The published models that the option `--published` asks for.

    Args:
        arguments: What was given.
        runs: The runs that they are held against.

    Raises:
        SEvenLLMError: A name is unknown, or the scores are out of date.
    """
    names = arguments.published
    if names is None:
        return []
    run = next((name for name in names if name not in published_names() and Path(name).exists()), None)
    if run is not None:
        raise ConfigError(f"--published {run}: a file or folder, no published model; name the runs before --published")
    return published_runs(names, (sample.row for run in runs for sample in run.samples))


def add_site_url(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where pages will be published."""
    words = "address at which DIR will be published, so that previews of links to it have their picture"
    parser.add_argument("--site-url", default="", metavar="URL", help=words)


def add_judge_calls(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a judge is called: see `judge_choice_of`."""
    parser.add_argument(
        "--extra-body", metavar="JSON", help="what else goes into each call to the judge, a JSON object; null leaves a field out"
    )
    parser.add_argument(
        "--max-tokens",
        type=whole(1),
        metavar="N",
        default=MAX_TOKENS,
        help=f"most tokens of a reply of the judge (default: {MAX_TOKENS}; raised once where replies end there)",
    )
    parser.add_argument("--timeout", type=float, metavar="SECONDS", default=60, help="for one call to the judge (default: 60)")
    parser.add_argument(
        "--attempts", type=whole(1), metavar="N", default=6, help="most calls for one verdict when calls fail (default: 6)"
    )


def judge_choice_of(arguments: argparse.Namespace, model: str) -> JudgeChoice:
    """The judge that the options describe.

    Raises:
        ConfigError: One of them has a value that doesn't fit.
    """
    return JudgeChoice(
        model,
        getattr(arguments, "budget_usd", None),
        getattr(arguments, "concurrency", 16),
        arguments.timeout,
        arguments.attempts,
        arguments.max_tokens,
        extra_body_text(arguments.extra_body),
    )


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
