"""The section "Can it be trusted?" of a report: its parts, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from sevenllm_bench.comparison.compare_runs import Comparison
from sevenllm_bench.pages.report.audited_part import audited_parts
from sevenllm_bench.pages.report.knowledge_part import knowledge_parts
from sevenllm_bench.pages.trust.trust_part import TrustPart
from sevenllm_bench.runs.records import Run


def trust_parts(runs: Sequence[Run], comparison: Comparison | None, task: str = "") -> list[TrustPart]:
    """The parts for a page; the section is left out where there are none.

    Args:
        runs: The runs of the report, in the order in which they are shown.
        comparison: What their comparison found; None for one run, or where they can't be compared.
        task: The harness's name of the task whose page it is; empty for the report's first page.
    """
    return [] if task else [*knowledge_parts(runs), *audited_parts(runs)]
