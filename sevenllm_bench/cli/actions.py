"""Commands with actions, each a module `COMMAND_ACTION` of this package with `add_arguments` and `run`."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping
from typing import Any

from sevenllm_bench.cli.command_parser import CommandParser


class _ActionParser(CommandParser):
    """Takes options before, between and after the other words, which argparse does for no parser of an action."""

    _is_inside = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does it; words that are not known are an error of the action, with its usage."""
        if self._is_inside:
            return super().parse_known_args(args, namespace)
        self._is_inside = True
        try:
            found, unknown = self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_inside = False
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, []


def add_actions(parser: argparse.ArgumentParser, command: str, actions: Mapping[str, str]) -> None:
    """Declare the actions of a command.

    Args:
        parser: The command's parser.
        command: Its name.
        actions: Action to its line of help.
    """
    parsers = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_ActionParser)
    for name, line in actions.items():
        _module(command, name).add_arguments(parsers.add_parser(name, help=line, description=f"{line[0].upper()}{line[1:]}."))


def run_action(command: str, arguments: argparse.Namespace) -> int:
    """Run the action that was named; returns its exit code."""
    return int(_module(command, arguments.action).run(arguments))


def _module(command: str, action: str):  # type: ignore[no-untyped-def]
    return importlib.import_module(f"sevenllm_bench.cli.{command}_{action.replace('-', '_')}")
