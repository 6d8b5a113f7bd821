"""Which columns of a table a terminal has room for, and how wide they are. Arithmetic only; see `fit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Text is broken into lines of at least this many characters; narrower columns are hard to read.
LEAST_TEXT = 16
#: Where nothing else helps, names and texts are broken into lines of this many.
LEAST_NAME = 12
#: Characters between two columns, and at both edges together: as drawn for files, and where room is short.
_WIDE, _NARROW = (3, 4), (2, 0)


@dataclass(frozen=True, slots=True)
class Column:
    """The widths of a column, in characters of a terminal.

    Attributes:
        name: Of its name.
        name_word: Of the longest word of its name.
        cell: Of its widest cell.
        word: Of the longest word of its cells.
        is_text: Whether its cells are names or texts, which may be broken; figures and intervals never are.
    """

    name: int
    name_word: int
    cell: int
    word: int
    is_text: bool

    @property
    def widths(self) -> tuple[int, int, int, int]:
        """From wide to narrow: as it is; its name broken; its texts broken between words; its texts broken anywhere."""
        unbroken = max(self.cell, self.name_word)
        between = max(min(LEAST_TEXT, self.cell), self.word, self.name_word) if self.is_text else unbroken
        anywhere = max(min(LEAST_NAME, self.cell), self.name_word) if self.is_text else unbroken
        return max(self.cell, self.name), unbroken, between, anywhere


@dataclass(frozen=True, slots=True)
class Fit:
    """How a table is drawn.

    Attributes:
        shown: Places of the columns that are shown.
        widths: Width of each of them.
        is_narrow: Whether the space between columns and at the edges is saved.
    """

    shown: tuple[int, ...]
    widths: tuple[int, ...]
    is_narrow: bool = False


def fit(columns: Sequence[Column], width: int | None, least: Sequence[int] = ()) -> Fit | None:
    """How a table fits.

    In this order: as it is; with names and texts broken between words; without the columns of `least`, one after the other;
    with names and texts broken anywhere; not as a table.

    Args:
        columns: Its columns.
        width: Characters of the terminal; None: as many as it takes.
        least: Places of columns that can be left out, the least important first.

    Returns:
        The layout; None where the rows have to be printed below each other.
    """
    places = tuple(range(len(columns)))
    widest = tuple(column.widths[0] for column in columns)
    if width is None or sum(widest) <= _room(width, len(columns), _WIDE):
        return Fit(places, widest)
    for left_out in range(len(least) + 1):
        shown = tuple(place for place in places if place not in least[:left_out])
        allowed = (1, 2) if left_out < len(least) else (1, 2, 3)
        for level in allowed:
            low = [columns[place].widths[level] for place in shown]
            high = [columns[place].widths[0] for place in shown]
            room = _room(width, len(shown), _NARROW)
            if sum(low) <= room:
                return Fit(shown, _shared(high, low, room), is_narrow=True)
    return None


def _room(width: int, columns: int, spaces: tuple[int, int]) -> int:
    between, edges = spaces
    return width - between * (columns - 1) - edges


def _shared(high: Sequence[int], low: Sequence[int], room: int) -> tuple[int, ...]:
    """Widths between `low` and `high` that fit: the widest of those that can shrink is made narrower until all do."""
    found = list(high)
    while sum(found) > room:
        spare = [width if width > least else 0 for width, least in zip(found, low, strict=True)]
        found[spare.index(max(spare))] -= 1
    return tuple(found)
