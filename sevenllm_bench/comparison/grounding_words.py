"""What to know of `grounded` beside its figures, in words: what the references themselves score."""

from __future__ import annotations

from collections.abc import Sequence

from sevenllm_bench.data.rows import Row
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES
from sevenllm_bench.runs.records import Run
from sevenllm_bench.scoring import reference_grounding


def grounding_lines(runs: Sequence[Run]) -> list[str]:
    """The references' own `grounded` by language, over the extraction rows that any run has the metric for.

    Args:
        runs: Runs of any kind. Rows without their text, as the published models' may be, are left out.

    Returns:
        One sentence; none where no run has the metric for a row with its text.
    """
    rows: dict[int, Row] = {}
    for run in runs:
        for sample in run.samples:
            if "grounded" in sample.metrics and sample.row.input:
                rows.setdefault(sample.id, sample.row)
    if not rows:
        return []
    found = reference_grounding(list(rows.values()))
    values = [
        f"{columns['grounded']:.3f} in {words}"
        for language, words in LANGUAGE_NAMES.items()
        if "grounded" in (columns := found.get(f"{language}_understanding", {}))
    ]
    return [f"Read grounded beside the references' own value, which is not 1: {', '.join(values)}."] if values else []
