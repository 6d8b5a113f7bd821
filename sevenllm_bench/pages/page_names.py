"""Names of runs and models on the page being written: short where the page says so, with the baseline marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from sevenllm_bench.text.short_names import short_names

_SHORT: ContextVar[Mapping[str, str]] = ContextVar("short")
_BASELINE: ContextVar[str | None] = ContextVar("baseline")


@contextmanager
def page_names(short: Mapping[str, str], baseline: str | None) -> Iterator[None]:
    """Names in force while a page is rendered.

    Args:
        short: Full name to the one shown, see `short_names`; a name that is not in it is shortened by itself.
        baseline: The name that is marked as the baseline; None for none.
    """
    kept = _SHORT.set(short), _BASELINE.set(baseline)
    try:
        yield
    finally:
        _SHORT.reset(kept[0])
        _BASELINE.reset(kept[1])


def brief(name: str) -> str:
    """The name as the page shows it."""
    found = _SHORT.get({}).get(name)
    return _alone(name) if found is None else found


@lru_cache(4_096)
def _alone(name: str) -> str:
    return short_names([name], 60)[name]


def is_baseline(name: str) -> bool:
    """Whether it is the run that the page compares others with."""
    return _BASELINE.get(None) == name
