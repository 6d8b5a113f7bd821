"""`sevenllm-bench completion`: a script with which a shell completes our commands, actions and options."""

from __future__ import annotations

import argparse

from sevenllm_bench.preflight import require_extra

SHELLS = ("bash", "zsh", "fish", "tcsh", "powershell")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = "Prints a script that a shell reads once; completing then starts no Python."
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))


def run(arguments: argparse.Namespace) -> int:
    """Print the script."""
    require_extra("shtab", "completion")
    import shtab

    from sevenllm_bench.cli.commands import whole_parser

    parser = whole_parser()
    _complete_files(parser, shtab.FILE)
    print(shtab.complete(parser, arguments.shell))
    return 0


def _complete_files(parser: argparse.ArgumentParser, files: object) -> None:
    """Let every value that is no choice be completed as a file's name, as shells do of themselves."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                _complete_files(inner, files)
        elif action.choices is None and action.nargs != 0:
            action.complete = files  # type: ignore[attr-defined]
