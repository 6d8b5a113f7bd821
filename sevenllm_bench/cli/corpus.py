"""`sevenllm-bench corpus`: a training corpus from raw reports, and a check of one against the benchmark."""

from __future__ import annotations

import argparse
import importlib
from typing import Any

#: Each is a module `corpus_NAME` of this package with `add_arguments` and `run`.
_ACTIONS = {
    "build": "build a corpus: collect, pick tasks, write rows, check them",
    "collect": "collect clean texts from files, URL lists, sitemaps and feeds",
    "check": "compare a training file with the benchmark, and write it without overlaps",
    "restore": "put the texts back into a corpus that was passed on without them",
}


class _ActionParser(argparse.ArgumentParser):
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = "Builds and checks training corpora."
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_ActionParser)
    for name, line in _ACTIONS.items():
        _module(name).add_arguments(actions.add_parser(name, help=line, description=f"{line[0].upper()}{line[1:]}."))


def run(arguments: argparse.Namespace) -> int:
    """Run one of the actions."""
    return int(_module(arguments.action).run(arguments))


def _module(action: str):  # type: ignore[no-untyped-def]
    return importlib.import_module(f"sevenllm_bench.cli.corpus_{action}")
