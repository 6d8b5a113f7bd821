"""What the incident text says of the values and indicators of answers, for the rows of a task's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sevenllm_bench.metrics.grounding import How, support_of
from sevenllm_bench.metrics.invented import indicators_with_support
from sevenllm_bench.runs.records import Sample

#: A letter for each way in which a text supports a value, or doesn't; `reader.js` has the words.
SUPPORT: Mapping[How, str] = {
    "exact": "e",
    "normalised": "n",
    "number": "u",
    "date": "d",
    "fuzzy": "f",
    "absent": "a",
    "long": "l",
    "no claim": "c",
}
#: Invented indicators of one answer that are shown.
_MOST_INDICATORS = 60


def support_letters(values: Sequence[str], text: str) -> str:
    """A letter of `SUPPORT` for each value, in their order; empty where there are none, or no text."""
    return "".join(map(SUPPORT.__getitem__, support_of(values, text))) if values and text else ""


def invented_in(sample: Sample) -> list[str]:
    """The indicators of an analysis that neither text nor question has, at most 60; none where its score says so."""
    if sample.kind != "generation" or not sample.row.input or sample.metrics.get("invented_indicators") == 0:
        return []
    found = indicators_with_support(sample.reading.text, sample.row.input, str(sample.row.instruction))
    return [indicator for indicator, given in found if not given][:_MOST_INDICATORS]
