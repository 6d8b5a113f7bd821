"""The cells of the leaderboard's table "Can it be trusted?"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sevenllm_bench.catalog import Language
from sevenllm_bench.figures.rounding import shown, shown_difference, shown_interval, shown_range
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES, PROBE_NAMES
from sevenllm_bench.pages.leaderboard.entry import Entry, Value
from sevenllm_bench.pages.leaderboard.model_figures import interval_of
from sevenllm_bench.pages.leaderboard.trust_figures import CIRCULAR_TASKS, LetterFigures, NoiseDrop

#: What a small line says of what the submitter recorded, of rows that the submission doesn't have.
RECORDED = "as recorded"


@dataclass(frozen=True, slots=True)
class TrustCell:
    """A cell.

    Attributes:
        text: What it shows.
        key: What it is sorted by; empty where there is nothing.
        small: The line below.
    """

    text: str
    key: str
    small: str = ""


#: A submission's cell; None where it has none.
CellOf = Callable[[Entry], TrustCell | None]


def _figure(value: float, *small: str) -> TrustCell:
    return TrustCell(shown(value), str(value), ", ".join(filter(None, small)))


def beside_cell(name: str, other: float) -> CellOf:
    """A whole figure, and how much above another one it is."""

    def cell(entry: Entry) -> TrustCell | None:
        value = entry.figures.get(name)
        return None if value is None or value.partial else _figure(value.mean, shown_difference(value.mean - other))

    return cell


def circular_cell(language: Language) -> CellOf:
    """The accuracy in every order of the task that writes a letter, or else of the one by log-likelihood."""

    def cell(entry: Entry) -> TrustCell | None:
        for task in CIRCULAR_TASKS:
            value = entry.figures.get(f"{task.name}.{task.metrics[0]}") if task.language == language else None
            if value is None or value.partial:
                continue
            own = entry.trust.letters.get(task.name, LetterFigures())
            by = "log-likelihood" if task.kind == "mcq-circular-logprob" else ""
            return _figure(value.mean, preference_words(own), by, RECORDED if own.recorded else "")
        return None

    return cell


def preference_words(own: LetterFigures) -> str:
    """Which letters a model prefers, in words; empty where that isn't known.

    Args:
        own: What is known of its letters.
    """
    if not own.preferences:
        return ""
    return f"prefers {' and '.join(one.letter for one in own.preferred)}" if own.preferred else "prefers no letter"


def drop_cell(entry: Entry) -> TrustCell | None:
    """The drop under noise over both languages, or over the one that there is."""
    drop, words = entry.trust.drop, ""
    if drop is None:
        languages, drops = list(entry.trust.drops), list(entry.trust.drops.values())
        if not drops:
            return None
        drop, words = drops[0], f"{LANGUAGE_NAMES[languages[0]]} only"
    return TrustCell(shown_difference(drop.mean), str(drop.mean), ", ".join(filter(None, (drop_interval(drop), words))))


def drop_interval(drop: NoiseDrop) -> str:
    """The 95 % interval of a drop in words, or that it is as recorded; empty where there is neither.

    Args:
        drop: The drop.
    """
    low, high = interval_of(Value(drop.mean, drop.error, drop.rows), (-1.0, 1.0))
    return RECORDED if drop.recorded else "" if low is None else shown_range(low, high)


def probe_cell(entry: Entry) -> TrustCell | None:
    """What a probe found, and in which tests."""
    probe = entry.trust.probe
    if probe is None:
        return None
    found = dict.fromkeys(PROBE_NAMES[test.name] for place, test in enumerate(probe.tests) if probe.found(place))
    if found:
        return TrustCell("evidence", "2", "; ".join(found))
    apart = sum(probe.verdict(place) == "difference" for place in range(len(probe.tests)))
    note = f"{probe.family} tests" + (f", {apart} not as the controls" if apart else "")
    return TrustCell("none found", "1", note) if probe.family else TrustCell("no test", "0")


def audited_cell(entry: Entry) -> TrustCell | None:
    """The score on audited rows."""
    own = entry.trust.audited
    if own is None:
        return None
    low, high = interval_of(Value(own.mean, own.error, own.rows))
    return _figure(own.mean, "" if low is None else shown_interval(low, high))
