"""`sevenllm-bench encoders`: encoders on the benchmark's rows, beside LLMs."""

from __future__ import annotations

import argparse

from sevenllm_bench.cli.actions import add_actions, run_action

_ACTIONS = {
    "run": "run an encoder on the tasks of its kind: retrieval, answer ranking, entities, masked terms, vulnerable code",
    "pipeline": "retrieve as deployed: BM25, then a bi-encoder, then a cross-encoder",
    "probe": "what scores don't show: indicators, acronyms, Chinese, texts that are cut, ties",
    "transfer": "token classifiers on data sets of named entities, with a map of labels",
    "agree": "two embedding models on the same answers: for choosing the model behind semantic",
    "import-mteb": "a run from a result file and the ranked lists that MTEB wrote of our tasks",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = "Runs encoders (SecureBERT 2.0, any Hugging Face encoder) on the benchmark's rows."
    add_actions(parser, "encoders", _ACTIONS)


def run(arguments: argparse.Namespace) -> int:
    """Run one of the actions."""
    return run_action("encoders", arguments)
