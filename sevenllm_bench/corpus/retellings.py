"""Texts that may tell again, in other words, what a text of the benchmark tells: proposals for a person, by a bi-encoder.

Texts are cut at sentences into pieces that the encoder reads whole. A record is proposed with the pair of pieces, one of its
own and one of the benchmark's, whose vectors lie nearest, where their cosine reaches the threshold.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sevenllm_bench.data.rows import Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sevenllm_bench.corpus.compared_parts import ComparedRecord

#: Cosine from which a record is proposed. With all-MiniLM-L6-v2, which knows English, 8 % of 26 genuine English rows of
#: SEvenLLM-Instruct reach it by an official text, none of 220 embedded ones, and 70 % of official texts with 40 % of their words
#: replaced.
THRESHOLD = 0.75
#: Bytes of UTF-8 of a piece, about: 200 tokens or less in English and Chinese, of the 256 that small encoders read.
_PIECE = 800
#: Texts that are shorter say too little to be told again.
_SHORTEST = 80
#: Pieces that are encoded at a time.
_BATCH = 512
#: Pieces whose nearest one is remembered, by a hash.
_MOST_REMEMBERED = 1_000_000
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s)|[。！？；]|\n|$)\s*", re.DOTALL)


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    def encode(self, texts: Sequence[str], cached: Sequence[str] = ()) -> Mapping[str, NDArray[np.float32]]:
        """The vectors of some texts, and of some that are kept on disk."""


@dataclass(frozen=True, slots=True)
class Retelling:
    """A record that may tell again what the benchmark tells.

    Attributes:
        number: Of the record.
        row_id: The row's own id.
        field: Where it does.
        similarity: Cosine of the two pieces.
        piece: The record's piece.
        benchmark_id: The benchmark row.
        benchmark_source: Of which file.
        what: "incident" or "answer".
        benchmark_piece: The benchmark's piece.
    """

    number: int
    row_id: int | None
    field: str
    similarity: float
    piece: str
    benchmark_id: int
    benchmark_source: str
    what: str
    benchmark_piece: str


@dataclass(frozen=True, slots=True)
class _Known:
    row: Row
    what: str
    piece: str


class RetellingSearch:
    """Looks for retellings in records, batch by batch; memory holds one batch and the best proposals.

    Attributes:
        found: Number of records proposed so far.
    """

    def __init__(
        self,
        benchmark: Sequence[Row],
        encoder: Encoder,
        threshold: float,
        write: Callable[[Retelling], None],
        most: int = 100,
    ) -> None:
        """Encode the benchmark.

        Args:
            benchmark: Its rows.
            encoder: The model.
            threshold: Cosine from which a record is proposed.
            write: Takes each proposal, in the order of the records.
            most: Proposals that `best` gives.
        """
        import numpy as np

        known: dict[str, _Known] = {}
        for row in benchmark:
            for what, text in _texts_of(row):
                for piece in pieces(text):
                    known.setdefault(piece, _Known(row, what, piece))
        self._known = list(known.values())
        self._encoder, self._threshold, self._write, self._most = encoder, threshold, write, most
        vectors = encoder.encode((), list(known))
        self._vectors = np.stack([vectors[one.piece] for one in self._known])
        self._waiting: list[tuple[ComparedRecord, str, str]] = []
        self._nearest: dict[bytes, tuple[float, int]] = {}
        self._best: list[tuple[float, int, Retelling]] = []
        self.found = 0

    def add(self, records: Sequence[ComparedRecord]) -> None:
        """Look at more records; those without texts are passed over."""
        for record in records:
            self._waiting += [(record, field, piece) for field, text in record.texts for piece in pieces(text)]
        while len(self._waiting) >= _BATCH:
            self._look(self._whole_batch())

    def finish(self) -> None:
        """Look at what is left."""
        self._look(len(self._waiting))

    @property
    def best(self) -> list[Retelling]:
        """The proposals that are nearest to the benchmark, the nearest first."""
        return [one for _, _, one in sorted(self._best, key=lambda entry: (-entry[0], -entry[1]))]

    def _whole_batch(self) -> int:
        """The end of a batch: pieces of one record stay together."""
        end = _BATCH
        while end < len(self._waiting) and self._waiting[end][0].number == self._waiting[end - 1][0].number:
            end += 1
        return end

    def _look(self, end: int) -> None:
        batch, self._waiting = self._waiting[:end], self._waiting[end:]
        self._compare({piece for _, _, piece in batch})
        best: dict[int, tuple[float, int]] = {}
        for place, (record, _, piece) in enumerate(batch):
            similarity, _ = self._nearest[_key(piece)]
            if similarity >= self._threshold and similarity > best.get(record.number, (0.0, 0))[0]:
                best[record.number] = similarity, place
        for similarity, place in best.values():
            known = self._known[self._nearest[_key(batch[place][2])][1]]
            self._propose(batch[place], known, similarity)

    def _compare(self, wanted: set[str]) -> None:
        """Find the nearest piece of the benchmark for pieces that were not seen before: rows share their texts."""
        import numpy as np

        if len(self._nearest) > _MOST_REMEMBERED:
            self._nearest.clear()
        new = sorted(piece for piece in wanted if _key(piece) not in self._nearest)
        if not new:
            return
        vectors = self._encoder.encode(new)
        cosines = np.stack([vectors[piece] for piece in new]) @ self._vectors.T
        for piece, row in zip(new, cosines, strict=True):
            place = int(row.argmax())
            self._nearest[_key(piece)] = float(row[place]), place

    def _propose(self, entry: tuple[ComparedRecord, str, str], known: _Known, similarity: float) -> None:
        record, field, piece = entry
        row = known.row
        proposal = Retelling(
            record.number, record.row_id, field, min(1.0, similarity), piece, row.id, row.source, known.what, known.piece
        )
        self.found += 1
        self._write(proposal)
        heapq.heappush(self._best, (similarity, -record.number, proposal))
        if len(self._best) > self._most:
            heapq.heappop(self._best)


def _texts_of(row: Row) -> Iterator[tuple[str, str]]:
    yield "incident", row.input
    if row.kind == "generation" and isinstance(row.output, str):
        yield "answer", row.output


def pieces(text: str) -> Iterator[str]:
    """A text in pieces of whole sentences, of about `_PIECE` bytes; none of a short text."""
    if len(text.encode("utf-8", "replace")) < _SHORTEST:
        return
    yield from (piece for piece in map(str.strip, _joined(text)) if piece)


def _joined(text: str) -> Iterator[str]:
    piece, size = "", 0
    for sentence in _SENTENCE.findall(text):
        for part in _cut(sentence):
            length = len(part.encode("utf-8", "replace"))
            if size and size + length > _PIECE:
                yield piece
                piece, size = "", 0
            piece, size = piece + part, size + length
    yield piece


def _cut(sentence: str) -> Iterator[str]:
    """A sentence, or the parts of one that is far too long."""
    most = _PIECE if sentence.isascii() else _PIECE // 3
    return (sentence[begin : begin + most] for begin in range(0, len(sentence), most))


def _key(piece: str) -> bytes:
    return hashlib.blake2b(piece.encode("utf-8", "surrogatepass"), digest_size=16).digest()
