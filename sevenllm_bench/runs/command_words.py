"""Words of a command line, from values that anybody may have written."""

from __future__ import annotations


def option(name: str, value: str) -> list[str]:
    """An option with its value; in one word where the value looks like an option itself."""
    return [f"{name}={value}"] if value.startswith("-") else [name, value]


def path_word(path: str) -> str:
    """A path as an argument, never taken for an option."""
    return f"./{path}" if path.startswith("-") else path
