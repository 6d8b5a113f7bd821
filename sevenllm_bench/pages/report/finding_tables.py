"""The tables of differences: what is shown at once, what is folded, and all of them as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sevenllm_bench.comparison.compare_runs import ComparedFigure, Comparison
from sevenllm_bench.comparison.export import CSV_COLUMNS, finding_fields
from sevenllm_bench.figures.cells import LEVELS
from sevenllm_bench.figures.vocabulary import SCORE
from sevenllm_bench.pages.csv_text import csv_text
from sevenllm_bench.text.display import plain

#: Up to so many findings of a level are in one table, whatever they say.
_FEW = 12
#: Levels with so many cells that those where one cannot tell are in the file alone.
_LONG = ("task", "encoder group")
#: How the lines begin that speak of the score as "headline", its name in files and on the terminal.
_OF_SCORE = ("Headline:", "Further tasks:", "Not the benchmark's headline:")


@dataclass(frozen=True, slots=True)
class FindingTable:
    """The findings of a level.

    Attributes:
        first: What is shown at once.
        folded: Where one cannot tell, behind a control; open in print.
        elsewhere: Whether the page lacks findings where one cannot tell; `differences_csv` has them.
    """

    first: tuple[ComparedFigure, ...]
    folded: tuple[ComparedFigure, ...]
    elsewhere: bool


def in_order(comparison: Comparison, labels: Sequence[str]) -> Comparison:
    """The comparison with the findings about each figure in another order of the runs.

    Args:
        comparison: The comparison.
        labels: The runs in that order.
    """
    place = {label: number for number, label in enumerate(labels)}
    cells = {cell: number for number, cell in enumerate(dict.fromkeys(finding.cell for finding in comparison.findings))}
    found = sorted(comparison.findings, key=lambda finding: (cells[finding.cell], place[finding.run]))
    return replace(comparison, findings=tuple(found))


def finding_tables(comparison: Comparison | None) -> list[tuple[str, FindingTable]]:
    """Each level that has findings, with them; none without a comparison."""
    if comparison is None:
        return []
    return [(level, _table(found, level in _LONG)) for level in LEVELS if (found := comparison.at(level))]


def _table(found: Sequence[ComparedFigure], is_long: bool) -> FindingTable:
    told = tuple(finding for finding in found if finding.verdict != "cannot tell")
    if is_long:
        return FindingTable(told, (), True)
    if len(found) <= _FEW:
        return FindingTable(tuple(found), (), False)
    return FindingTable(told, tuple(finding for finding in found if finding.verdict == "cannot tell"), False)


def differences_csv(comparison: Comparison) -> bytes:
    """The file `differences.csv`: every finding of every level, unrounded."""
    fields = (finding_fields(finding) for finding in comparison.findings)
    return csv_text(CSV_COLUMNS, ([_cell(one.get(name)) for name in CSV_COLUMNS] for one in fields))


def _cell(value: object) -> str | float | None:
    return value if value is None or isinstance(value, (int, float)) else plain(str(value), 300)


def page_words(line: str) -> str:
    """A line of `how_to_read` with the word that pages have for the headline."""
    return line.replace("Headline", SCORE.capitalize()).replace("headline", SCORE) if line.startswith(_OF_SCORE) else line
