"""`sevenllm-bench corpus`: a training corpus from raw threat reports, and a check of one against the benchmark."""

from __future__ import annotations

import argparse

from sevenllm_bench.cli.actions import add_actions, run_action

_ACTIONS = {
    "build": "build a corpus: collect, pick tasks, write rows, check them",
    "collect": "collect clean texts from files, URL lists, sitemaps and feeds",
    "check": "compare a training file with the benchmark, and write it without overlaps",
    "restore": "put the texts back into a corpus that was passed on without them",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = "Builds and checks training corpora."
    add_actions(parser, "corpus", _ACTIONS)


def run(arguments: argparse.Namespace) -> int:
    """Run one of the actions."""
    return run_action("corpus", arguments)
