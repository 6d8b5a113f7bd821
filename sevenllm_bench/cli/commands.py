"""The commands and their parsers, each of a module that is imported only where its command runs."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.cli.command_parser import CommandParser
from sevenllm_bench.cli.examples import PROGRAM

#: Every command, in the order of the help. Each but `eval` is a module of this package with `add_arguments` and `run`.
COMMANDS = {
    "tasks": "list, show, check and generate the tasks",
    "score": "score saved answers, or lm-eval's samples again, without a model",
    "compare": "compare runs: intervals, paired tests, and what the rows can tell",
    "stress": "what a model loses where incident texts have the noise of real reports",
    "report": "a static page of runs: figures, charts, every task with examples",
    "leaderboard": "a static page of many models, from submissions",
    "judge": "let an LLM judge saved answers, 1 to 5",
    "corpus": "build a training corpus from raw threat reports; check one against the benchmark",
    "probe": "test whether a model has seen the benchmark's rows: evidence with p-values, and power",
    "encoders": "run encoders (SecureBERT 2.0, any Hugging Face encoder) on the same rows; retrieval as deployed",
    "finetune": "fine-tune a causal model on SEvenLLM-Instruct into a checkpoint that lm_eval loads",
    "merge": "merge LoRA adapters into their base model",
    "publish": "send a tuned checkpoint to the Hub: a pull request, or a new private repository",
    "doctor": "check what a run needs: data, embedding model, judge, disk; with the fix for each",
    "submit": "bundle a run for a leaderboard, in the Hub's and every_eval_ever's formats",
    "verify": "recompute every score of a bundle from its samples",
    "eval": "lm-eval's command line with our tasks and models registered: every flag is lm-eval's",
    "completion": "print a script with which a shell completes all this",
}
#: Commands with actions of their own, which argparse parses in order only.
_WITH_ACTIONS = {"tasks", "leaderboard", "corpus", "encoders"}
#: Commands whose module has another name, since no two modules of the package are called the same.
_MODULES = {"completion": "shell_completion", "probe": "memorisation_probe", "stress": "noise_drop"}


def command_named(word: str) -> str:
    """The command that a command line's first word names; help, version and mistakes end the program, as in argparse."""
    parser = _main_parser()
    commands = _commands_of(parser)
    for name, line in COMMANDS.items():
        commands.add_parser(name, help=line, add_help=False)
    return str(parser.parse_args([word]).command)


def parsed(name: str, words: Sequence[str]) -> tuple[Any, argparse.Namespace]:
    """The module of a command, and what its parser makes of the words after the command's name."""
    module = _module_of(name)
    own = CommandParser(prog=f"{PROGRAM} {name}")
    module.add_arguments(own)
    parse = own.parse_args if name in _WITH_ACTIONS else own.parse_intermixed_args
    return module, parse(list(words))


def whole_parser() -> argparse.ArgumentParser:
    """One parser of all commands, for shells: every module is imported. What follows `eval` is lm-eval's, and not in it."""
    parser = _main_parser()
    commands = _commands_of(parser)
    for name, line in COMMANDS.items():
        own = commands.add_parser(name, help=line)
        if name != "eval":
            _module_of(name).add_arguments(own)
    return parser


def _module_of(name: str) -> Any:
    return importlib.import_module(f"sevenllm_bench.cli.{_MODULES.get(name, name)}")


def _main_parser() -> CommandParser:
    parser = CommandParser(
        prog=PROGRAM,
        description="SEvenLLM for lm-evaluation-harness: 28 cyber threat intelligence tasks in English and Chinese.",
        epilog=f"Of one command, with examples: {PROGRAM} COMMAND --help",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    return parser


def _commands_of(parser: argparse.ArgumentParser) -> Any:
    return parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
