"""What multiple choice scores without knowledge: one letter always, the longest option, chance. Computed from the rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.catalog import LANGUAGES, Language
from sevenllm_bench.data.rows import LETTERS, Row
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES


@dataclass(frozen=True, slots=True)
class McqBaselines:
    """Accuracies of programs that read no incident text and no question, in [0, 1].

    Attributes:
        language: "en" or "zh"; None for both together.
        questions: Number of questions.
        constant: Of each letter, what giving it always scores.
        longest: What choosing the option with the most characters scores; among equally long ones by chance.
        longest_or_equal: Share of questions in which no option is longer than the right one.
        random: What chance scores.
    """

    language: Language | None
    questions: int
    constant: dict[str, float]
    longest: float
    longest_or_equal: float
    random: float

    @property
    def best_letter(self) -> str:
        """The letter that is right most often; of several the first."""
        return max(LETTERS, key=lambda letter: self.constant[letter])

    def rows(self) -> list[tuple[str, float]]:
        """What scores how much, for tables and charts: words and value."""
        return [
            (f"always {self.best_letter}", self.constant[self.best_letter]),
            ("longest option", self.longest),
            ("chance", self.random),
        ]

    @property
    def better(self) -> tuple[str, float]:
        """The better of one letter always and the longest option: words and value; of two equal ones the letter."""
        return max(self.rows()[:2], key=lambda row: row[1])

    @property
    def words(self) -> str:
        """The baselines in one line."""
        where = LANGUAGE_NAMES[self.language] if self.language else "both languages"
        figures = ", ".join(f"{name} {value:.3f}" for name, value in self.rows())
        return f"Without knowledge, multiple choice in {where} scores: {figures} ({self.questions} questions)."

    def as_json(self) -> dict[str, Any]:
        """The baselines as a JSON object."""
        return {
            "language": self.language,
            "questions": self.questions,
            "constant": self.constant,
            "longest": self.longest,
            "longest_or_equal": self.longest_or_equal,
            "random": self.random,
        }


def mcq_baselines(rows: Iterable[Row], language: Language | None = None) -> McqBaselines | None:
    """The baselines over the multiple-choice questions among some rows.

    Args:
        rows: Rows of any kind.
        language: Only questions of this language; None: all.

    Returns:
        The baselines; None where there is no question.
    """
    questions = [row for row in rows if row.kind == "mcq" and row.choices and language in (None, row.language)]
    n = len(questions)
    if not n:
        return None
    lengths = [({letter: len(text) for letter, text in row.choices.items()}, row.output) for row in questions]
    hits = [own[right] == max(own.values()) for own, right in lengths]
    ties = [list(own.values()).count(max(own.values())) for own, _ in lengths]
    return McqBaselines(
        language=language,
        questions=n,
        constant={letter: sum(row.output == letter for row in questions) / n for letter in LETTERS},
        longest=sum(hit / number for hit, number in zip(hits, ties, strict=True)) / n,
        longest_or_equal=sum(hits) / n,
        random=sum(1 / len(own) for own, _ in lengths) / n,
    )


def baselines_by_language(rows: Sequence[Row]) -> list[McqBaselines]:
    """The baselines of each language that has questions among the rows."""
    found = (mcq_baselines(rows, language) for language in LANGUAGES)
    return [baselines for baselines in found if baselines]
