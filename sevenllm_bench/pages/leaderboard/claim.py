"""What a submission says, before anybody believes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sevenllm_bench.catalog import LEAVES, Kind, Leaf
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.pages.leaderboard.bundle_rows import BundleRows
from sevenllm_bench.pages.leaderboard.entry import Value
from sevenllm_bench.pages.leaderboard.manifest_figures import derived_figures
from sevenllm_bench.pages.leaderboard.recorded_beside import RecordedBeside


@dataclass(frozen=True, slots=True)
class OfficialTask:
    """A task that has official rows, as claims name it.

    Attributes:
        name: Its name.
        leaf: Its leaf.
        section: Its section.
        kind: Its kind.
        rows: Official rows that it runs.
        scored: Those that its figures are over.
        figure: The name of its figure by the headline's metric.
    """

    name: str
    leaf: Leaf
    section: str
    kind: Kind
    rows: int
    scored: int
    figure: str


OFFICIAL = tuple(
    OfficialTask(
        leaf.name,
        leaf,
        f"{leaf.language}_{leaf.kind}",
        leaf.kind,
        leaf.official_count,
        leaf.official_rows_scored,
        f"{leaf.name}.{HEADLINE[leaf.kind]}",
    )
    for leaf in LEAVES
    if leaf.is_official
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a submission says.

    Attributes:
        manifest: Its manifest, or the same of a run.
        figures: Name to figure claimed, see `claimed_figures`.
        rows: What its samples say; None where it has none.
        members: The files in the bundle with their sizes; None for a run, which has no list of files.
        beside: What its files record beside the figures.
    """

    manifest: Mapping[str, Any]
    figures: Mapping[str, Value]
    rows: BundleRows | None = None
    members: Mapping[str, int] | None = None
    beside: RecordedBeside = field(default_factory=RecordedBeside)

    @property
    def wants_a_rank(self) -> bool:
        """Whether it claims a headline over every official row, or gives one by the six parts that it claims or has rows of."""
        derived = derived_figures(self.figures, self.rows.figures if self.rows else {})
        headlines = (self.figures.get(HEADLINE_NAME), derived.get(HEADLINE_NAME))
        return any(headline is not None and not headline.partial for headline in headlines)


def time_of(value: Any) -> datetime | None:
    """An ISO time; one without a zone is in UTC. None for anything else."""
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None
