"""Training examples that would show a model the benchmark: its incident texts, answers or questions, in whatever field.

All texts are compared in one normal form (`normalisation`), as sets of n-grams and of pairs of neighbouring words in any order
(`similarity`). What more than a few texts of the benchmark have in common counts for none of them. An example leaks if
  - it holds a share of an incident text of the benchmark, anywhere or spread over its fields; or one of its texts is, to such
    a share, taken from an incident text;
  - or it holds such a share of an answer, or asks what the benchmark asks and gives exactly its answer;
  - or it holds a larger share of the question of an MCQ, with or without options.

Where the shares come from: of pairs of different official incident texts that share 0.4 or more of their pairs of words, or
half of their n-grams, some thirty were read, and all tell of the same incident, in sentences of the same page; between 0.2
and 0.4 lie retellings, and phrases that one vendor repeats. Genuine training rows reach 0.15 of the n-grams and 0.27 of the
pairs. Answers on different incidents share 0.2 at most. With 30 % of the words replaced, half of the pairs stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from sevenllm_bench.corpus.example_texts import Example, plain_text, questions_with_answers, texts_of
from sevenllm_bench.corpus.normalisation import normalised, normalised_words
from sevenllm_bench.corpus.similarity import SHINGLE_BYTES, pair_features, shingle_features
from sevenllm_bench.corpus.text_comparison import TextComparison, Threshold
from sevenllm_bench.data.rows import Row

#: A kind of example: what goes in comes out.
AnyExample = TypeVar("AnyExample", bound=Example)
What = Literal["incident", "answer", "question"]
How = Literal["identical", "near", "reordered"]

#: When an example leaks: share of a text's n-grams, and of its pairs of words.
SHINGLES: dict[What, Threshold] = {
    "incident": Threshold(0.5, 20, 0),
    "answer": Threshold(0.5, 40),
    "question": Threshold(0.6, 20),
}
PAIRS: dict[What, Threshold] = {
    "incident": Threshold(0.4, 20, 0.25),
    "answer": Threshold(0.4, 40),
    "question": Threshold(0.7, 20),
}
#: Pairs in any order agree by chance in a long text, so they must lie within a stretch of so many times the text's length.
WINDOW = 3
#: The end of an MCQ's question, which says nothing.
_CHOOSE = re.compile(r"[^.?!？。！]*(?:choose|select)[^.?!]*\bA, B[^.?!]*[.?!]?\s*$|请从\W*A[^？]*$", re.IGNORECASE)
#: What the guard doesn't promise, for docs and model cards; figures of `tests/corpus/leak_mutations.py` on official rows.
NOT_FOUND = (
    "Of texts with 30 % of their words replaced, the leak guard finds five of six (Chinese) or more (English), with 40 % one of "
    "five; it doesn't find translations, paraphrases, traditional for simplified Chinese, ciphers and compressed data."
)
#: Bytes of text that are compared at a time.
_CHUNK = 100_000


@dataclass(frozen=True, slots=True)
class Leak:
    """A training example that shows a benchmark row.

    Attributes:
        row_id: The training example.
        language: Its language.
        category: Its category; of a conversation its source.
        fields: Where it shows it: "instruction", "input", "thought", "output", or "turn 1" and so on; "keys of output" where
            keys of its JSON show it, "short turns" where turns do together.
        benchmark_id: The benchmark row, the first of those that it resembles most.
        benchmark_source: "official" or "embedded".
        what: What it shows: the "incident" text, the "answer", or the "question" of an MCQ.
        how: "identical" in the normal form, "near" (by n-grams) or "reordered" (by pairs of words in any order).
        similarity: Share of the n-grams or pairs of the text that is part of the other, in (0, 1].
    """

    row_id: int
    language: str
    category: str
    fields: tuple[str, ...]
    benchmark_id: int
    benchmark_source: str
    what: What
    how: How
    similarity: float


@dataclass(frozen=True, slots=True)
class _Known:
    """A text of the benchmark."""

    row: Row
    what: What
    words: str

    @property
    def compact(self) -> str:
        return self.words.replace(" ", "")


@dataclass(frozen=True, slots=True)
class _Match:
    row: Row
    what: What
    how: How
    similarity: float
    fields: tuple[str, ...]


class LeakGuard:
    """Tells training examples that show a benchmark row."""

    def __init__(self, benchmark: Iterable[Row]) -> None:
        """Index the benchmark's rows, in the order in which they are named where several fit."""
        known: dict[tuple[str, str], _Known] = {}
        self._exchanges: dict[tuple[str, str], Row] = {}
        for row in benchmark:
            for text in _known_texts(row):
                known.setdefault((text.what, text.words), text)
            if row.kind != "mcq":
                self._exchanges.setdefault(_exchange(plain_text(row.instruction), plain_text(row.output)), row)
        self._known = list(known.values())
        self._whole: dict[str, _Known] = {}
        for text in self._known:
            self._whole.setdefault(text.compact, text)
        words = [text.words for text in self._known]
        self._comparisons: dict[How, TextComparison] = {
            "near": TextComparison(shingle_features, words, [SHINGLES[text.what] for text in self._known]),
            "reordered": TextComparison(pair_features, words, [PAIRS[text.what] for text in self._known], WINDOW),
        }
        short = set.intersection(*(comparison.too_short() for comparison in self._comparisons.values()))
        self._short = [self._known[place] for place in sorted(short) if self._known[place].what != "answer"]

    def separate(self, examples: Iterable[AnyExample]) -> tuple[list[AnyExample], list[Leak]]:
        """Examples that show no benchmark row, and the leaks, one for each other one; both in the order of `examples`."""
        clean: list[AnyExample] = []
        leaks = []
        for chunk in _chunks(examples):
            for read, match in zip(chunk, self._matches(chunk), strict=True):
                if match is None:
                    clean.append(read.example)
                else:
                    leaks.append(_leak(read.example, match))
        return clean, leaks

    def _matches(self, chunk: Sequence[_Read[AnyExample]]) -> list[_Match | None]:
        """The best match of each example."""
        found: list[list[_Match]] = [self._identical(read) for read in chunk]
        for place, match in self._alike(chunk):
            found[place].append(match)
        return [max(matches, key=_rank, default=None) for matches in found]

    def _identical(self, read: _Read[AnyExample]) -> list[_Match]:
        matches = []
        for name, words in zip(read.names, read.words, strict=True):
            compact = words.replace(" ", "")
            whole = self._whole.get(compact)
            found = [whole] if whole else [short for short in self._short if short.compact in compact]
            matches += [_Match(known.row, known.what, "identical", 1.0, (name,)) for known in found]
        for question, answer in questions_with_answers(read.example):
            row = self._exchanges.get(_exchange(question, answer)) if self._exchanges else None
            if row:
                matches.append(_Match(row, "answer", "identical", 1.0, tuple(read.names)))
        return matches

    def _alike(self, chunk: Sequence[_Read[AnyExample]]) -> Iterator[tuple[int, _Match]]:
        import numpy as np

        words = [words for read in chunk for words in read.words]
        names = [name for read in chunk for name in read.names]
        example_of = np.repeat(np.arange(len(chunk)), [len(read.words) for read in chunk])
        for how, comparison in self._comparisons.items():
            for found in comparison.find(words, example_of):
                known = self._known[found.text]
                fields = tuple(names[part] for part in found.parts)
                yield found.example, _Match(known.row, known.what, how, found.share, fields)


@dataclass(frozen=True, slots=True)
class _Read(Generic[AnyExample]):
    """An example, and its texts in the normal form."""

    example: AnyExample
    names: tuple[str, ...]
    words: tuple[str, ...]


def _chunks(examples: Iterable[AnyExample]) -> Iterator[list[_Read[AnyExample]]]:
    chunk: list[_Read[AnyExample]] = []
    size = 0
    for example in examples:
        names, texts = zip(*texts_of(example), strict=True)
        read = _Read(example, names, tuple(map(normalised_words, texts)))
        chunk.append(read)
        size += sum(map(len, read.words))
        if size >= _CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _known_texts(row: Row) -> Iterator[_Known]:
    """The texts of a benchmark row that training may not show.

    What is shorter than a shingle ("N/A", "无") is none: it would equal too many others.
    """
    texts: list[tuple[What, str]] = [("incident", row.input)]
    if isinstance(row.instruction, dict):
        texts.append(("question", _CHOOSE.sub("", str(row.instruction["question"]))))
    else:
        texts.append(("answer", plain_text(row.output)))
    for what, text in texts:
        words = normalised_words(text)
        if len(words.replace(" ", "").encode("utf-8", "surrogatepass")) >= SHINGLE_BYTES:
            yield _Known(row, what, words)


def _exchange(question: str, answer: str) -> tuple[str, str]:
    return normalised(question), normalised(answer)


def _rank(match: _Match) -> tuple[bool, bool, float]:
    """Identical before alike; text and question before an answer, which quotes the text; then by similarity."""
    return match.how == "identical", match.what != "answer", match.similarity


def _leak(example: Example, match: _Match) -> Leak:
    bench = match.row
    category = example.category if isinstance(example, Row) else example.source
    return Leak(
        example.id,
        example.language,
        category,
        match.fields,
        bench.id,
        bench.source,
        match.what,
        match.how,
        match.similarity,
    )
