"""Answers that are copies: a short sketch of each answer, by which identical and near-identical ones are found."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from operator import eq
from typing import TYPE_CHECKING, Any

from sevenllm_bench.runs.records import Sample
from sevenllm_bench.runs.untrusted import dig, finite
from sevenllm_bench.text.leaf_values import leaf_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Row id to sketch: 16 hexadecimal digits.
Sketches = Mapping[int, str]

#: More answers than this share that are the references, or nearly, need an explanation. The twelve published models have
#: 0 of 600 in generation, and 6.2 to 10.5 % in understanding (docs/submitting.md).
MOST_LIKE_REFERENCES = {"understanding": 0.25, "generation": 0.03}
#: The same for the answers of another submission: two published models of one family share at most 10.2 %.
MOST_LIKE_ANOTHER = 0.3
#: Shares over fewer rows say nothing.
LEAST_ROWS = 50

_ID = re.compile(r"[0-9]{1,9}")
_SKETCH = re.compile(r"[0-9a-f]{16}")
_DIGITS = 16
#: Of 16 digits, in texts that share four in five of their pieces of five letters, 13 are expected to agree.
_ALIKE = 13
_PIECE = 5
#: Letters of an answer that is compared; shorter ones agree by chance.
_LEAST = 40
_PRIME = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much of some answers is found in others.

    Attributes:
        rows: Rows for which both have an answer of 40 letters or more.
        identical: Share of them with the same answer, up to punctuation, spaces and case.
        alike: Share of them with the same or nearly the same answer.
    """

    rows: int
    identical: float
    alike: float


def describe_answers(samples: Sequence[Sample]) -> dict[str, Any]:
    """What a manifest says of a run's answers, as JSON.

    Args:
        samples: The samples, about the benchmark's own rows.

    Returns:
        `sketches` by row id (answers to MCQ, and those of fewer than 40 letters, have none), and `like_references`: how
        much of them, by kind of row, is the references.
    """
    own = {s.id: sketch(_parts(s)) for s in samples if s.kind != "mcq" and s.is_default}
    references = {s.id: sketch(_reference(s)) for s in samples if own.get(s.id)}
    kinds = {s.id: s.kind for s in samples}
    like = {
        kind: asdict(likeness({i: text for i, text in own.items() if text and kinds[i] == kind}, references))
        for kind in MOST_LIKE_REFERENCES
    }
    return {"like_references": like, "sketches": {str(i): text for i, text in sorted(own.items()) if text}}


def _parts(sample: Sample) -> Sequence[str]:
    return sample.reading.values if sample.kind == "understanding" else [sample.reading.text]


def _reference(sample: Sample) -> Sequence[str]:
    return leaf_values(sample.row.output) if sample.kind == "understanding" else [sample.row.reference_text]


def sketches_in(manifest: Mapping[str, Any]) -> dict[int, str]:
    """The sketches of a manifest that anybody may have written; what is none is passed over."""
    found = dig(manifest, "answers", "sketches")
    items = found.items() if isinstance(found, dict) else ()
    return {int(i): text for i, text in items if _ID.fullmatch(i) and isinstance(text, str) and _SKETCH.fullmatch(text)}


def like_references(manifest: Mapping[str, Any]) -> dict[str, float]:
    """The kinds of row for which a manifest says that more answers are the references than can be expected, with the share."""
    found = {}
    for kind, most in MOST_LIKE_REFERENCES.items():
        own = [dig(manifest, "answers", "like_references", kind, name) for name in ("rows", "alike")]
        rows, alike = (finite(value) or 0.0 for value in own)
        if rows >= LEAST_ROWS and alike > most:
            found[kind] = alike
    return found


def sketch(parts: Iterable[str]) -> str:
    """16 hexadecimal digits, of which about as many agree as two texts have pieces of five letters in common (MinHash).

    Args:
        parts: A text, or the values of an answer in any order.

    Returns:
        The digits; empty for texts of fewer than 40 letters.
    """
    import numpy as np

    texts = ["".join(filter(str.isalnum, unicodedata.normalize("NFKC", part).casefold())) for part in parts]
    if sum(map(len, texts)) < _LEAST:
        return ""
    pieces = {text[at : at + _PIECE] for text in texts for at in range(max(1, len(text) - _PIECE + 1))}
    hashes = np.array([zlib.crc32(piece.encode("utf-8", "replace")) % _PRIME for piece in pieces], dtype=np.int64)
    factors, terms = _permutations()
    least = ((hashes[:, None] * factors + terms) % _PRIME).min(axis=0)
    return "".join(f"{value & 15:x}" for value in least.tolist())


@cache
def _permutations() -> tuple[NDArray[Any], NDArray[Any]]:
    import numpy as np

    numbers = [zlib.crc32(f"sevenllm-bench {place}".encode()) % _PRIME for place in range(2 * _DIGITS)]
    return np.array(numbers[:_DIGITS], dtype=np.int64), np.array(numbers[_DIGITS:], dtype=np.int64)


def likeness(one: Sketches, other: Sketches) -> Likeness:
    """How much of two sets of answers is the same, over the rows that both have a sketch of."""
    common = one.keys() & other.keys()
    agreeing = [sum(map(eq, one[row_id], other[row_id])) for row_id in common if other[row_id]]
    rows = len(agreeing)
    return Likeness(
        rows,
        sum(count == _DIGITS for count in agreeing) / max(1, rows),
        sum(count >= _ALIKE for count in agreeing) / max(1, rows),
    )
