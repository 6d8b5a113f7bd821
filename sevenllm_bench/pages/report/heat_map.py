"""Heat maps: tasks × runs, each cell with its score, its difference from the baseline and its rank, and their colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sevenllm_bench.catalog import KINDS, LANGUAGES, TASKS, Kind, Language, Leaf
from sevenllm_bench.figures.rounding import shown, shown_difference
from sevenllm_bench.figures.vocabulary import leaf_title
from sevenllm_bench.metrics.registry import HEADLINE, METRICS
from sevenllm_bench.pages.report.score_views import Figures
from sevenllm_bench.runs.records import Run

#: Name of a heat map, what it shows, and the metric of each kind.
MAPS: tuple[tuple[str, str, Mapping[Kind, str]], ...] = (
    ("headline", "Main metric", HEADLINE),
    ("paper", "As in the paper", {kind: METRICS[kind][0] for kind in KINDS}),
    ("lenient", "Lenient", {"understanding": "value_f1_norm", "generation": "rouge_l", "mcq": "acc"}),
    ("read", "Share of answers read", {"understanding": "json_valid", "mcq": "answered"}),
    ("semantic", "Semantic", {"understanding": "semantic", "generation": "semantic"}),
    ("judge", "Judge, 1 to 5", {"understanding": "judge", "generation": "judge"}),
)
#: Cells of fewer rows are faded.
FEW_ROWS = 10
#: Up to so many runs, both languages stand in one table.
_SIDE_BY_SIDE = 4
#: Steps of a palette.
_STEPS = 20


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A run's figure in a task.

    Attributes:
        score: The score, as it is written.
        step: Step of the palette, from the lowest of its kind and language to the highest.
        difference: The difference from the baseline, as it is written; empty where there is none.
        difference_step: Step of the diverging palette; the middle one is no difference.
        rank: Rank among the runs, 1 for the highest; runs with equal scores share the better one.
        rank_step: Step of the palette.
        rows: Rows behind it.
    """

    score: str
    step: int
    difference: str
    difference_step: int
    rank: int
    rank_step: int
    rows: int

    @property
    def few(self) -> bool:
        """Whether there are so few rows that the figure says little."""
        return self.rows < FEW_ROWS

    @property
    def views(self) -> str:
        """What a script needs to show it in each way: text and class of score, difference and rank."""
        difference = self.difference or "–"
        return f"{self.score} h{self.step}|{difference} d{self.difference_step}|{self.rank} h{self.rank_step}"


@dataclass(frozen=True, slots=True)
class HeatPart:
    """A task in one language.

    Attributes:
        language: The language.
        task: Name of the task in the harness.
        rows: Rows behind the figures, the most where runs differ; None where no run has one.
        own: Whether the rows are this project's own.
        cells: A cell per run; None where the run has no figure.
    """

    language: Language
    task: str
    rows: int | None
    own: bool
    cells: tuple[HeatCell | None, ...]


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A row of a table: a task.

    Attributes:
        name: English name, see `leaf_title`.
        name_zh: Chinese name.
        parts: The task in each of the table's languages.
    """

    name: str
    name_zh: str
    parts: tuple[HeatPart, ...]

    @property
    def has_figures(self) -> bool:
        """Whether any run has a figure in it."""
        return any(cell for part in self.parts for cell in part.cells)


@dataclass(frozen=True, slots=True)
class HeatRange:
    """What the colours of a kind mean in one language: lowest and highest score, greatest difference, as they are written."""

    language: Language
    low: str
    high: str
    most: str


@dataclass(frozen=True, slots=True)
class HeatGroup:
    """The tasks of a kind in a table.

    Attributes:
        kind: The kind.
        metric: Its metric in this map.
        ranges: What the colours mean, by language.
        rows: The tasks.
    """

    kind: Kind
    metric: str
    ranges: tuple[HeatRange, ...]
    rows: tuple[HeatRow, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A heat map.

    Attributes:
        name: One of `MAPS`.
        title: What it shows.
        tables: Languages of each table, and its groups of rows.
    """

    name: str
    title: str
    tables: tuple[tuple[tuple[Language, ...], tuple[HeatGroup, ...]], ...]


def heat_maps(runs: Sequence[Run], figures: Figures, baseline: str | None) -> list[HeatMap]:
    """The heat maps that the runs have figures for.

    Args:
        runs: The runs in the order of the columns.
        figures: Their scores.
        baseline: Label of the run that differences are from; None for none.
    """
    view = _View(runs, figures, baseline)
    together = [tuple(LANGUAGES)] if len(runs) <= _SIDE_BY_SIDE else [(language,) for language in LANGUAGES]
    found = []
    for name, title, metrics in MAPS:
        tables = [(languages, tuple(view.groups(metrics, languages))) for languages in together]
        tables = [table for table in tables if table[1]]
        if tables:
            found.append(HeatMap(name, title, tuple(tables)))
    return found


def leaf_pairs() -> Iterator[tuple[Leaf, ...]]:
    """The English and the Chinese leaf of every task, and of the multiple choice."""
    for task in TASKS:
        yield tuple(Leaf(language, task.kind, task) for language in LANGUAGES)
    yield tuple(Leaf(language, "mcq") for language in LANGUAGES)


class _View:
    """The runs' scores as cells."""

    def __init__(self, runs: Sequence[Run], figures: Figures, baseline: str | None) -> None:
        self._runs, self._figures, self._baseline = runs, figures, baseline

    def groups(self, metrics: Mapping[Kind, str], languages: Sequence[Language]) -> Iterator[HeatGroup]:
        """The groups of a table that have a figure."""
        for kind, metric in metrics.items():
            leaves = [[leaf for leaf in pair if leaf.language in languages] for pair in leaf_pairs() if pair[0].kind == kind]
            scales = {language: self._scale([leaf for row in leaves for leaf in row], language, metric) for language in languages}
            if not any(scales.values()):
                continue
            rows = tuple(row for row in (self._row(one, metric, scales) for one in leaves) if row.has_figures)
            yield HeatGroup(kind, metric, tuple(_range(name, scale) for name, scale in scales.items() if scale), rows)

    def _row(self, leaves: Sequence[Leaf], metric: str, scales: Mapping[Language, _ScoreScale | None]) -> HeatRow:
        parts = (self._part(leaf, metric, scales[leaf.language]) for leaf in leaves)
        return HeatRow(*leaf_title(leaves[0]), tuple(parts))

    def _means(self, task: str, metric: str) -> dict[str, float]:
        found = ((run.label, self._figures.get(run.label, "task", task, metric)) for run in self._runs)
        return {label: score.mean for label, score in found if score}

    def _scale(self, leaves: Iterable[Leaf], language: Language, metric: str) -> _ScoreScale | None:
        by_task = [self._means(leaf.name, metric) for leaf in leaves if leaf.language == language]
        means = [mean for found in by_task for mean in found.values()]
        base = self._baseline
        apart = [abs(mean - found[base]) for found in by_task if base in found for mean in found.values()]
        return _ScoreScale(min(means), max(means), max(apart, default=0.0)) if means else None

    def _part(self, leaf: Leaf, metric: str, scale: _ScoreScale | None) -> HeatPart:
        means = self._means(leaf.name, metric)
        cells = tuple(self._cell(run, leaf, metric, means, scale) for run in self._runs)
        rows = max((cell.rows for cell in cells if cell), default=None)
        return HeatPart(leaf.language, leaf.name, rows, not leaf.is_official, cells)

    def _cell(self, run: Run, leaf: Leaf, metric: str, means: Mapping[str, float], scale: _ScoreScale | None) -> HeatCell | None:
        score = self._figures.get(run.label, "task", leaf.name, metric)
        if score is None or scale is None:
            return None
        rank = 1 + sum(mean > score.mean for mean in means.values())
        base = means.get(self._baseline) if self._baseline is not None else None
        apart = None if base is None else score.mean - base
        return HeatCell(
            score=shown(score.mean),
            step=_step(score.mean, scale.low, scale.high),
            difference="" if apart is None else shown_difference(apart),
            difference_step=_step(apart or 0.0, -scale.most, scale.most),
            rank=rank,
            rank_step=_step(-rank, -len(self._runs), -1),
            rows=score.rows,
        )


@dataclass(frozen=True, slots=True)
class _ScoreScale:
    """Lowest and highest score of a kind in a language, and the greatest difference from the baseline."""

    low: float
    high: float
    most: float


def _range(language: Language, scale: _ScoreScale) -> HeatRange:
    return HeatRange(language, shown(scale.low), shown(scale.high), shown(scale.most))


def _step(value: float, low: float, high: float) -> int:
    """Step of a palette from `low` to `high`; the middle one where they are equal."""
    return round(_STEPS * (value - low) / (high - low)) if high > low else _STEPS // 2
