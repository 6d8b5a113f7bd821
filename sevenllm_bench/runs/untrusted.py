"""Values from untrusted files: of the type wanted, or counted as a problem."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ResultsError
from sevenllm_bench.io.file_kinds import what_else
from sevenllm_bench.io.files import read_bytes
from sevenllm_bench.runs.records import Problem, ProblemCode
from sevenllm_bench.runs.unknown import UNKNOWN, Unknown
from sevenllm_bench.text.display import printable


class Problems:
    """Collects problems, one record for all of the same kind at the same place; the first one's detail is kept."""

    def __init__(self) -> None:
        """Start with none."""
        self._details: dict[tuple[ProblemCode, str, str], str] = {}
        self._counts: Counter[tuple[ProblemCode, str, str]] = Counter()

    def add(self, code: ProblemCode, where: str, detail: str, group: str = "") -> None:
        """Count one.

        Args:
            code: Kind of problem.
            where: File or task.
            detail: What it is.
            group: Tells apart what is counted separately at the same place.
        """
        key = (code, where, group)
        self._details.setdefault(key, printable(detail, 400))
        self._counts[key] += 1

    def found(self) -> tuple[Problem, ...]:
        """All of them, in the order found."""
        return tuple(Problem(key[0], key[1], detail, self._counts[key]) for key, detail in self._details.items())


def read_json(path: Path, strict: bool = False, repeated: Callable[[str], object] | None = None) -> Any:
    """The JSON value that a file holds.

    Args:
        path: The file.
        strict: Whether NaN and infinity are errors.
        repeated: Called with each key that stands twice in an object, of which the last value counts then; without it, such a
            key is an error.

    Raises:
        ResultsError: It can't be read, is too large, or holds no JSON.
    """
    content = read_bytes(path, ResultsError)
    try:
        hook = unique_keys if repeated is None else partial(_last_counts, repeated)
        return json.loads(content, object_pairs_hook=hook, parse_constant=no_number if strict else None)
    except (ValueError, RecursionError) as error:
        is_cut = not strict and isinstance(error, json.JSONDecodeError)
        broken = f"broken JSON ({printable(error)}){'; it may be cut off, so run the evaluation again' if is_cut else ''}"
        raise ResultsError(f"{path}: {what_else(path) or broken}") from None


class Fields:
    """A JSON object read key by key; a value of the wrong type is a problem, and counts as not given."""

    def __init__(self, value: Any, where: str, problems: Problems) -> None:
        """Wrap an object; anything else is a problem and counts as empty.

        Args:
            value: The JSON value.
            where: File or task, for problems.
            problems: Where to report.
        """
        self.where, self.problems = where, problems
        if value is not None and not isinstance(value, dict):
            problems.add("bad-value", where, f"an object was expected, found {type(value).__name__}")
        self.values: dict[str, Any] = value if isinstance(value, dict) else {}

    def object(self, key: str) -> Fields:
        """The object under `key`, empty where there is none."""
        return Fields(self.values.get(key), f"{self.where}, {printable(key, 80)}", self.problems)

    def text(self, key: str) -> str | Unknown | None:
        """The string under `key`; None for null."""
        value = self.values.get(key, UNKNOWN)
        if value is None or isinstance(value, Unknown):
            return value
        return printable(value) if isinstance(value, str) else self._bad(key, value, "a string")

    def whole(self, key: str) -> int | Unknown:
        """The whole number under `key`, 0 or more."""
        value = self.values.get(key, UNKNOWN)
        if isinstance(value, Unknown) or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53):
            return value
        return self._bad(key, value, "a whole number")

    def number(self, key: str) -> float | Unknown | None:
        """The finite number under `key`; None for null."""
        value = self.values.get(key, UNKNOWN)
        if value is None or isinstance(value, Unknown):
            return value
        found = finite(value)
        return self._bad(key, value, "a finite number") if found is None else found

    def _bad(self, key: str, value: Any, wanted: str) -> Unknown:
        shown = type(value).__name__ if isinstance(value, (dict, list)) else printable(repr(value), 80)
        self.problems.add("bad-value", self.where, f"{printable(key, 80)}: {wanted} was expected, found {shown}", key)
        return UNKNOWN


def _last_counts(repeated: Callable[[str], object], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        for key, count in Counter(key for key, _ in pairs).items():
            if count > 1:
                repeated(key)
    return found


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a JSON text, for `object_pairs_hook`: programs disagree about which value of a repeated key counts.

    Raises:
        ValueError: A key comes twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


#: Made once: `json.loads` makes one for every text that it reads with a hook.
_DECODER = json.JSONDecoder(object_pairs_hook=unique_keys)


def unique_json(content: bytes) -> Any:
    """The JSON value in a file or a line, which may hold NaN and infinity, as what Python writes.

    Raises:
        ValueError: It holds none, or a key stands twice in an object.
        RecursionError: It is too deep.
    """
    return _DECODER.decode(content.decode(json.detect_encoding(content), "surrogatepass"))


def no_number(text: str) -> Any:
    """For `parse_constant`: NaN and infinity, which Python reads and JSON doesn't have.

    Raises:
        ValueError: Always.
    """
    raise ValueError(f"{text} is no JSON number")


def finite(value: Any) -> float | None:
    """A JSON number as a finite float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def dig(value: Any, *keys: str) -> Any:
    """The value under nested keys; None where a value on the way is no object or lacks the key."""
    for key in keys:
        if value is None:
            return None
        value = value.get(key) if type(value) is dict or isinstance(value, Mapping) else None  # most are
    return value
