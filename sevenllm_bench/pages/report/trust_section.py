"""The section "Can it be trusted?" of a report: its parts, in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sevenllm_bench.comparison.compare_runs import Comparison
from sevenllm_bench.memorisation.probe_result import ProbeResult
from sevenllm_bench.pages.report.audited_part import audited_parts
from sevenllm_bench.pages.report.grounding_part import grounding_parts
from sevenllm_bench.pages.report.knowledge_part import knowledge_parts
from sevenllm_bench.pages.report.letters_part import letters_parts
from sevenllm_bench.pages.report.memorisation_part import memorisation_parts
from sevenllm_bench.pages.report.noise_part import noise_parts
from sevenllm_bench.pages.trust.trust_part import TrustPart
from sevenllm_bench.runs.records import Run
from sevenllm_bench.stats.resampling import Draws


def trust_parts(
    runs: Sequence[Run],
    comparison: Comparison | None,
    task: str = "",
    seed: int = 0,
    resamples: int = 2_000,
    probes: Mapping[str, ProbeResult] | None = None,
) -> list[TrustPart]:
    """The parts for a page; the section is left out where there are none.

    Args:
        runs: The runs of the report, in the order in which they are shown.
        comparison: What their comparison found; None for one run, or where they can't be compared.
        task: The harness's name of the task whose page it is; empty for the report's first page.
        seed: Seed of resampling.
        resamples: Number of random draws per interval and test.
        probes: A run's label to the probe of its model.
    """
    if task:
        return []
    draws = Draws(seed, resamples)
    return [
        *knowledge_parts(runs, draws),
        *letters_parts(runs, draws),
        *noise_parts(runs, seed, resamples),
        *grounding_parts(runs, draws),
        *memorisation_parts(runs, probes or {}),
        *audited_parts(runs, draws, comparison),
    ]
