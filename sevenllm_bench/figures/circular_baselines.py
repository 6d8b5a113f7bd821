"""What multiple choice in every rotation scores without knowledge: one letter always, the longest option, chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sevenllm_bench.catalog import LANGUAGES, Language
from sevenllm_bench.data.rows import LETTERS
from sevenllm_bench.encoder_tasks.encoder_task import ROTATIONS, Item
from sevenllm_bench.encoder_tasks.mcq_circular import rotated
from sevenllm_bench.figures.mcq_baselines import mcq_baselines
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES
from sevenllm_bench.runs.records import Run


@dataclass(frozen=True, slots=True)
class CircularBaselines:
    """What programs that read no incident text and no question score in every rotation, in [0, 1].

    Attributes:
        language: "en" or "zh".
        questions: Number of questions.
        longest: Both figures of choosing the option with the most characters: that is the same text in every rotation, so a
            question is right in all rotations or in none. Of equally long texts one is chosen by chance, once for a question.
    """

    language: Language
    questions: int
    longest: float

    def rows(self) -> list[tuple[str, float, float]]:
        """What scores how much, for tables: words, `circular_acc`, `acc`.

        A letter that is always given is right in one rotation of each question. Chance chooses again in each rotation.
        """
        return [
            ("one letter, always", 0.0, 1 / ROTATIONS),
            ("longest option", self.longest, self.longest),
            ("chance", len(LETTERS) ** -float(ROTATIONS), 1 / len(LETTERS)),
        ]

    @property
    def words(self) -> str:
        """The baselines in one line."""
        figures = ", ".join(f"{name} {right:.3f} and {mean:.3f}" for name, right, mean in self.rows())
        return (
            f"Without knowledge, multiple choice in every rotation in {LANGUAGE_NAMES[self.language]} scores, as circular_acc "
            f"and acc: {figures} ({self.questions} questions)."
        )


def circular_baselines(language: Language, items: Sequence[Item]) -> CircularBaselines | None:
    """The baselines over some questions; None where there is none.

    Args:
        language: Of the questions.
        items: The questions, see `mcq_circular`; what has no options or no right letter is left out.
    """
    known = [item for item in items if item.document.get("answer") in LETTERS]
    found = mcq_baselines(rotated(item, 0) for item in known)
    return CircularBaselines(language, found.questions, found.longest) if found else None


def circular_baselines_of(runs: Sequence[Run], task: str = "") -> list[CircularBaselines]:
    """The baselines of each language over the questions that any run has in such a task.

    Args:
        runs: The runs.
        task: Name of a task, for its questions alone; empty for all such tasks.
    """
    items: dict[Language, dict[int, Item]] = {}
    for run in runs:
        for sample in run.item_samples:
            entry = run.encoder_tasks[sample.task].entry
            if entry.documents_per_item > 1 and entry.language and task in ("", sample.task):
                items.setdefault(entry.language, {}).setdefault(sample.id, sample.item)
    found = (circular_baselines(language, list(items.get(language, {}).values())) for language in LANGUAGES)
    return [baselines for baselines in found if baselines]
