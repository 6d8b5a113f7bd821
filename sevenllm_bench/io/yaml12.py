"""YAML from people we don't know: plain values of bounded size, whatever the text claims or does."""

from __future__ import annotations

import re
from typing import Any

import yaml

#: Values in a document, counted with what aliases stand for: a few lines of those can mean billions of values.
MOST_VALUES = 100_000
DEEPEST = 50

#: What PyYAML raises on a malformed document; beside its own errors, some scalars with an explicit tag end in others.
_ERRORS = (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


class _Loader(yaml.SafeLoader):
    """YAML with the plain scalars of version 1.2, no key twice, and no merging ("<<"), which aliases make explode.

    PyYAML's own scalars are those of 1.1, where `off` is false, 1e-5 a text, 12:30 a number and 2024-05-01 a date.
    """

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  (PyYAML's way)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping; a key that comes twice is an error."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} comes twice", problem_mark=key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return super().construct_mapping(node, deep)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge nothing."""


for _kind, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.inf)|\.nan", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"(?:{_pattern})\Z"), list(_first))


def load_yaml(text: str) -> Any:
    """The value that a YAML document is: None, bool, int, float, str, list, or dict with text keys, no part shared.

    Args:
        text: One document; reading takes time in proportion to its length.

    Raises:
        ValueError: It is no YAML, holds another kind of value or a key twice, has more than `MOST_VALUES` values, or is
            deeper than `DEEPEST` levels. The message is one line.
    """
    try:
        _check_depth(text)
        loader = _Loader(text)
        try:
            return _plain(loader.get_single_data(), [MOST_VALUES])
        finally:
            loader.dispose()
    except _ERRORS as error:
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from None


def _check_depth(text: str) -> None:
    """Refuse what nests too deep before it is built: PyYAML's time grows with the square of the depth."""
    depth = 0
    opening = (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken, yaml.BlockSequenceStartToken, yaml.BlockMappingStartToken)
    closing = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        depth += isinstance(token, opening) - isinstance(token, closing)
        if depth > DEEPEST:
            raise ValueError(f"deeper than {DEEPEST} levels")


def _plain(value: Any, left: list[int]) -> Any:
    """A copy of a value; ValueError where it is too large, or holds what JSON has no form for."""
    left[0] -= 1
    if left[0] < 0:
        raise ValueError(f"more than {MOST_VALUES:,} values")
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a key is no text")
        return {_plain(key, left): _plain(inner, left) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, left) for inner in value]
    if isinstance(value, str):
        value.encode()  # a lone surrogate is a UnicodeEncodeError, which is a ValueError
    elif value is not None and not isinstance(value, (bool, int, float)):
        raise ValueError(f"a value is a {type(value).__name__}; known are texts, numbers, true, false, null, lists and mappings")
    return value
