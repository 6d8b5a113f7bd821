"""The parser of every command and action: examples below its help, and the nearest name where a word is not known."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, NoReturn

from sevenllm_bench.cli.examples import examples_of
from sevenllm_bench.errors import bounded, unknown_name, unknown_options


class _Formatter(argparse.HelpFormatter):
    """Fills texts as argparse does, except those that have lines of their own: the examples."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


class CommandParser(argparse.ArgumentParser):
    """An `ArgumentParser` whose mistakes name the nearest option, action or choice."""

    def __init__(self, *args: Any, **named: Any) -> None:
        """As argparse; the examples are found by the program's name."""
        super().__init__(*args, **{"formatter_class": _Formatter, **named})
        examples = examples_of(self.prog)
        if examples and self.epilog is None:
            self.epilog = "\n".join(["examples:", *(f"  {line}" for line in examples)])
        self._words: tuple[str, ...] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse; the words are kept for the message of a mistake."""
        self._words = self._words or tuple(args or ())  # argparse calls itself again with what remains
        return super().parse_known_args(args, namespace)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            what = str(action.metavar or "value").lower()
            raise argparse.ArgumentError(action, unknown_name(what, str(value)[:100], map(str, action.choices)))

    def error(self, message: str) -> NoReturn:
        """End with 2, the usage and the message; an option that doesn't exist comes first, with the nearest that does."""
        unknown = list(unknown_options(self._words, self._options()))
        if unknown and message.startswith("unrecognized arguments"):
            message = "; ".join(unknown)
        elif unknown:  # what is missing may be missing because of a typo
            message = f"{'; '.join(unknown)}; {message}"
        missing = next((action for action in self._subparsers_actions() if message.endswith(f"required: {action.metavar}")), None)
        if missing:
            message = f"{message} (one of {', '.join(missing.choices)})"
        super().error(bounded(message))

    def _options(self) -> Iterator[str]:
        """The options of this parser and of its actions."""
        yield from self._option_string_actions
        for action in self._subparsers_actions():
            for inner in action.choices.values():
                yield from inner._option_string_actions

    def _subparsers_actions(self) -> Iterator[Any]:
        return (action for action in self._actions if isinstance(action, argparse._SubParsersAction))
