"""What `sevenllm-bench probe` found of a run's model, for the section "Can it be trusted?"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sevenllm_bench.figures.rounding import NO_FIGURE, p_value, shown_difference, shown_range
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES, PROBE_NAMES
from sevenllm_bench.memorisation.probe_result import PROBES, ProbeResult, ProbeTest
from sevenllm_bench.pages.trust.trust_part import TrustPart
from sevenllm_bench.runs.records import Run
from sevenllm_bench.text.display import plain

_COLUMNS = ("Run", "Test", "What it found", "Effect", "Holm's p", "Unit of the effect")
_SENTENCES = (
    "sevenllm-bench probe tests whether a model has read the rows before. No test shows that it hasn't: where nothing is found, "
    "a smaller effect than the one named may be there.",
    "A finding in an order or in completed options is about the rows themselves. The other tests compare with rows of another "
    "style, so they are evidence only where a test of orders gives evidence in the same language too. docs/memorisation.md "
    "describes them.",
)
#: Characters of a finding, which may hold a reason from a file.
_MOST = 240


def memorisation_parts(runs: Sequence[Run], probes: Mapping[str, ProbeResult]) -> list[TrustPart]:
    """What the probes found, test by test; no part without a probe.

    Args:
        runs: The runs of the report, in the order in which they are shown.
        probes: A run's label to the probe of its model.
    """
    shown = {run.label: probes[run.label] for run in runs if run.label in probes}
    rows = [row for label, probe in shown.items() for row in _lines(label, probe)]
    sentences = (*_SENTENCES, *dict.fromkeys(probe.caution for probe in shown.values() if probe.caution))
    return [TrustPart("Has the model seen the rows?", sentences, _COLUMNS, tuple(rows))] if rows else []


def _lines(label: str, probe: ProbeResult) -> list[tuple[str, ...]]:
    if not probe.tests:
        return [(label, NO_FIGURE, probe.summary, NO_FIGURE, NO_FIGURE, NO_FIGURE)]
    return [_line(label, probe, place) for place in range(len(probe.tests))]


def _line(label: str, probe: ProbeResult, place: int) -> tuple[str, ...]:
    test, p = probe.tests[place], probe.corrected[place]
    return (
        label,
        f"{PROBE_NAMES[test.name]}, {LANGUAGE_NAMES[test.language]}",
        plain(probe.finding(place), _MOST),
        _effect(test),
        NO_FIGURE if p is None else p_value(p),
        PROBES[test.name].unit,
    )


def _effect(test: ProbeTest) -> str:
    interval = f" ({shown_range(test.low, test.high)})" if test.low is not None and test.high is not None else ""
    return shown_difference(test.effect) + interval
