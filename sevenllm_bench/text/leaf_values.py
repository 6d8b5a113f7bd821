"""The leaf values of a JSON value as texts: what extraction is scored on."""

from __future__ import annotations

from typing import Any

#: Nodes of a JSON value that are walked; only a circular one (from Python, never from text) has more.
_MAX_NODES = 2_000_000


def leaf_values(value: Any) -> list[str]:
    """Leaf values of a JSON value as strings, objects and lists walked in order, keys ignored.

    Numbers, booleans and null become what Python prints for them ("6", "True", "None"), as in the authors' scoring. A
    scalar is its own single leaf; empty containers have none. Iterative, so that depth doesn't matter.
    """
    leaves, stack = [], [value]
    for _ in range(_MAX_NODES):
        if not stack:
            break
        item = stack.pop()
        if isinstance(item, dict):
            stack.extend(reversed(item.values()))
        elif isinstance(item, list):
            stack.extend(reversed(item))
        else:
            leaves.append(_text(item))
    return leaves


def keys_of(value: Any) -> list[str]:
    """Keys of the objects in a JSON value, at every depth, as texts; those of an object before those of its values."""
    keys: list[str] = []
    stack = [value]
    for _ in range(_MAX_NODES):
        if not stack:
            break
        item = stack.pop()
        if isinstance(item, dict):
            keys += map(str, item)
            stack.extend(reversed(item.values()))
        elif isinstance(item, list):
            stack.extend(reversed(item))
    return keys


def _text(scalar: Any) -> str:
    try:
        return str(scalar)
    except Exception:  # a whole number of more than 4,300 digits, or an object whose own method fails
        return hex(scalar) if isinstance(scalar, int) else ""
