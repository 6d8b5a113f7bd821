"""Steps over all rows of a corpus at once, each with its own file of rejected rows; they run as one task."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from datatrove.data import Document, DocumentsPipeline

from sevenllm_bench.corpus.guarded_rows import guarded_rows
from sevenllm_bench.corpus.leaks import Leak, LeakGuard
from sevenllm_bench.corpus.selection import deduplicate
from sevenllm_bench.data.rows import LETTERS
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft, document_of, record_of
from sevenllm_bench.select_instruct.delivery.training_record import FORMAT, as_delivered, delivered_row, format_problems
from sevenllm_bench.select_instruct.settings.build_config import QualitySection
from sevenllm_bench.select_instruct.stages.shard_files import SiftingStep

#: A task has as many rows as this though they are a larger share: a small corpus can't be balanced.
_FEW = 5


class FitFormat(SiftingStep):
    """Writes each row as the format has it, and leaves out what fits none: see `delivery.training_record`."""

    name = FORMAT

    def sift(self, data: DocumentsPipeline, rank: int, world_size: int) -> Iterator[Document]:
        """Yield the rows that fit."""
        for document in data:
            draft = as_delivered(record_of(document, Draft))
            problems = format_problems(draft)
            if problems:
                self.reject(document_of(draft), problems[0])
            else:
                yield document_of(draft)


class _WholeCorpusStep(SiftingStep):
    """Sees all rows, in the order of their ids."""

    def sift(self, data: DocumentsPipeline, rank: int, world_size: int) -> Iterator[Document]:
        """Yield the rows that pass."""
        drafts = sorted((record_of(document, Draft) for document in data), key=lambda draft: draft.id)
        findings = dict(self.findings(drafts))
        for place, draft in enumerate(drafts):
            if place in findings:
                self.reject(document_of(draft), findings[place])
            else:
                yield document_of(draft)

    @abstractmethod
    def findings(self, drafts: Sequence[Draft]) -> Iterable[tuple[int, CheckFinding]]:
        """What is wrong with which rows, by their place."""


class LeaveOutRepeatedRows(_WholeCorpusStep):
    """Keeps the first of the rows that ask the same about the same text."""

    name = "repeated-row"

    def findings(self, drafts: Sequence[Draft]) -> Iterable[tuple[int, CheckFinding]]:
        """What is wrong with which rows, by their place."""
        _, repeated = deduplicate(delivered_row(draft, place) for place, draft in enumerate(drafts))
        for place, first in repeated:
            yield place, CheckFinding(check=self.name, reason=f"asks the same about the same text as {drafts[first].id}")


class LeaveOutLeaks(_WholeCorpusStep):
    """Keeps rows out that show rows of the benchmark, by the guard that fine-tuning uses."""

    name = "benchmark"

    def __init__(self, quality: QualitySection, rejected: str | Path) -> None:
        """Guard the rows that `quality` names."""
        super().__init__(rejected)
        self.quality = quality

    def findings(self, drafts: Sequence[Draft]) -> Iterable[tuple[int, CheckFinding]]:
        """What is wrong with which rows, by their place."""
        guard, quality = self.quality.leak_guard, self.quality
        if guard == "off":
            return
        known = guarded_rows(guard, quality.data_dir, quality.allow_modified, "quality.leak_guard=embedded")
        _, leaks = LeakGuard(known.rows).separate(delivered_row(draft, place) for place, draft in enumerate(drafts))
        for leak in leaks:
            yield leak.row_id, CheckFinding(check=self.name, reason=_leak_in_words(leak), score=round(leak.similarity, 4))


def _leak_in_words(leak: Leak) -> str:
    where = ", ".join(leak.fields)
    return f"its {where} shows the {leak.what} of row {leak.benchmark_id} ({leak.benchmark_source}) of the benchmark ({leak.how})"


class LimitTasks(_WholeCorpusStep):
    """Leaves rows out of tasks that have more than their share of the rows of their language, chosen by a keyed hash."""

    name = "balance"

    def __init__(self, most: float, seed: int, rejected: str | Path) -> None:
        """Allow a task the share `most` of the rows of its language."""
        super().__init__(rejected)
        self.most, self.seed = most, seed

    def findings(self, drafts: Sequence[Draft]) -> Iterable[tuple[int, CheckFinding]]:
        """What is wrong with which rows, by their place."""
        tasks: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place, draft in enumerate(drafts):
            tasks[draft.language, "mcq" if draft.kind == "mcq" else draft.category].append(place)
        rows = Counter[str](draft.language for draft in drafts)
        for (language, task), places in tasks.items():
            allowed = max(_FEW, int(self.most * rows[language]))
            places.sort(key=lambda place: self._hash(drafts[place].id))
            for place in places[allowed:]:
                reason = f"{task} has more than {self.most:.0%} of the rows in {language}"
                yield place, CheckFinding(check=self.name, reason=reason)

    def _hash(self, draft_id: str) -> bytes:
        return hashlib.sha256(f"{self.seed}\0{draft_id}".encode()).digest()


class BalanceLetters(SiftingStep):
    """Puts the right option of each MCQ at a letter, so that every letter is right equally often in each language."""

    name = "letters"

    def __init__(self, seed: int, rejected: str | Path) -> None:
        """Shuffle by `seed`."""
        super().__init__(rejected)
        self.seed = seed

    def sift(self, data: DocumentsPipeline, rank: int, world_size: int) -> Iterator[Document]:
        """Yield all rows."""
        if world_size != 1:
            raise ConfigError("the letters are balanced over all rows at once: one task, not several")
        drafts = [record_of(document, Draft) for document in data]
        letters = {draft.id: letter for language in ("en", "zh") for draft, letter in self._letters(drafts, language)}
        for draft in drafts:
            yield document_of(with_right_option_at(draft, letters[draft.id]) if draft.id in letters else draft)

    def _letters(self, drafts: Sequence[Draft], language: str) -> Iterator[tuple[Draft, str]]:
        questions = [draft for draft in drafts if draft.kind == "mcq" and draft.language == language]
        questions.sort(key=lambda draft: hashlib.sha256(f"letter\0{self.seed}\0{draft.id}".encode()).digest())
        for place, draft in enumerate(questions):
            yield draft, LETTERS[place % len(LETTERS)]


def with_right_option_at(draft: Draft, letter: str) -> Draft:
    """An MCQ whose right option has changed places with the one at `letter`."""
    right, choices = str(draft.output), dict(draft.choices)
    choices[right], choices[letter] = choices[letter], choices[right]
    return draft.model_copy(update={"choices": choices, "output": letter})
