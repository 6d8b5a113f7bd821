"""What a page shows to look through rows: an index with every run's value, and the file with the texts of rows and answers.

Tasks of rows and of encoders' items share it. The file is a script that sets a variable, since a page that was opened from
disk can read no other kind of file. What it sets is JSON, compressed (answers of similar models are alike: a quarter of the
size). `rows.js` and `reader.js` put the texts into the page as text.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sevenllm_bench.figures.rounding import shown
from sevenllm_bench.pages.report.text_table import TextTable
from sevenllm_bench.text.unicode import encodable

#: From this difference on, one answer is better than another, where values aren't only 0 and 1.
MARGIN = 0.1
#: Rows of the index that are laid out at first.
PAGE_OF_ROWS = 250
#: Higher levels of compression take three times as long for a tenth of the size.
_LEVEL = 4


@dataclass(frozen=True, slots=True)
class RowPart:
    """A part of every row: the question, the incident, the reference.

    Attributes:
        title: Its heading.
        pinned: Whether it stays in view while answers are scrolled.
        code: Whether it is code or JSON.
    """

    title: str
    pinned: bool = False
    code: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a question with options.

    Attributes:
        letter: Its letter.
        text: Number of its text.
        right: Whether it is the reference.
    """

    letter: str
    text: int
    right: bool


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """One run's answer to a row.

    Attributes:
        metrics: Metric to value.
        how: How it was read; empty where nothing was to be read.
        unread: Whether nothing could be read.
        cut: Whether it looks cut off.
        text: Number of its text; None where there is none.
        marks: Numbers of values the same as the reference's, alike once normalised, missing, and added; None where values
            aren't told apart.
        counts: How many of each there are, where `marks` doesn't hold all.
        why_text: Why the answer counts as one text.
        invented: Numbers of indicators that neither text nor question has.
    """

    metrics: Mapping[str, float]
    how: str = ""
    unread: bool = False
    cut: bool = False
    text: int | None = None
    marks: tuple[list[int], ...] | None = None
    counts: tuple[int, ...] = ()
    why_text: str = ""
    invented: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ExplorerRow:
    """A row.

    Attributes:
        id: Its id.
        excerpt: Its question, shortened.
        values: Each run's main value; None where it has none.
        parts: Of each part the number of its text, its options, or None.
        answers: Each run's answer; None where the run lacks the row.
        support: A letter (`text_support.SUPPORT`) for each value that the marks of the answers have, in the order in which
            they first come there; answers of which nothing could be read are left out.
    """

    id: int
    excerpt: str
    values: tuple[float | None, ...]
    parts: tuple[int | tuple[Option, ...] | None, ...]
    answers: tuple[ShownAnswer | None, ...]
    support: str = ""

    @property
    def spread(self) -> float | None:
        """Highest less lowest value; None for fewer than two."""
        found = [value for value in self.values if value is not None]
        return max(found) - min(found) if len(found) > 1 else None

    @property
    def difference(self) -> float | None:
        """The first run's value less the second's."""
        first, second = self.values[:2] if len(self.values) > 1 else (None, None)
        return None if first is None or second is None else first - second


@dataclass(frozen=True, slots=True)
class Explorer:
    """The rows of a page.

    Attributes:
        main: Name of the metric whose values the index has.
        whole: Whether its values are 0 or 1 only.
        language: Language of the texts; empty where they have several.
        what: "row" or "item".
        parts: The parts of a row.
        rows: The rows, by id.
        texts: The texts that rows refer to.
        in_all: Number of rows that the task has.
    """

    main: str
    whole: bool
    language: str
    what: str
    parts: tuple[RowPart, ...]
    rows: tuple[ExplorerRow, ...]
    texts: TextTable = field(repr=False)
    in_all: int

    def data(self) -> dict[str, Any]:
        """What the file says, as a JSON value."""
        metrics = list(dict.fromkeys(name for row in self.rows for answer in row.answers if answer for name in answer.metrics))
        return {
            "metrics": metrics,
            "parts": [[part.title, int(part.pinned), int(part.code)] for part in self.parts],
            "rows": [self._row(row, metrics) for row in self.rows],
            "texts": self.texts.as_json(),
        }

    def script(self) -> bytes:
        """The file: a script that sets `window.sevenllmRows` to JSON text in UTF-8, compressed by zlib, in base64."""
        text = json.dumps(self.data(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return b'window.sevenllmRows="' + base64.b64encode(zlib.compress(encodable(text).encode(), _LEVEL)) + b'";\n'

    def _row(self, row: ExplorerRow, metrics: Sequence[str]) -> list[Any]:
        parts = [
            [[option.letter, option.text, int(option.right)] for option in part] if isinstance(part, tuple) else part
            for part in row.parts
        ]
        answers = [answer and self._answer(answer, metrics) for answer in row.answers]
        return [row.id, parts, answers, *([row.support] if row.support else [])]

    def _answer(self, answer: ShownAnswer, metrics: Sequence[str]) -> list[Any]:
        values = [None if name not in answer.metrics else thousandths(answer.metrics[name]) for name in metrics]
        flags = answer.unread + 2 * answer.cut
        found: list[Any] = [values, answer.how, flags, answer.text]
        if answer.marks is not None or answer.invented:
            found += [answer.marks, answer.counts, answer.why_text, *([answer.invented] if answer.invented else [])]
        return found


@functools.lru_cache(maxsize=20_000)
def thousandths(value: float) -> int:
    """A finite figure to three places as a whole number of thousandths; a script writes it without rounding."""
    return int(shown(value, 3).replace(".", ""))


def key_of(label: str) -> str:
    """A short name of a run for addresses: it stays when other runs join the report."""
    return hashlib.sha256(label.encode("utf-8", "replace")).hexdigest()[:6]
