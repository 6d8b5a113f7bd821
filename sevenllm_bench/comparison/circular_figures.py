"""What multiple choice in every rotation says of a model: right in all of them, right on average, the letters that it prefers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.data.rows import LETTERS
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask
from sevenllm_bench.encoder_tasks.mcq_circular import figures
from sevenllm_bench.runs.encoder_records import ItemSample
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.untrusted import dig, finite
from sevenllm_bench.stats.intervals import Interval, mean_interval
from sevenllm_bench.stats.resampling import Draws


@dataclass(frozen=True, slots=True)
class LetterPreference:
    """How much more often a model gives a letter than a quarter of the time.

    Attributes:
        letter: The letter, A to D.
        mean: Share of the answers on it less a quarter of the answers, from -0.25 to 0.75; 0 for a model without a preference.
        low: Lower end of the 95 % interval over questions; None where there is none.
        high: Its upper end.
    """

    letter: str
    mean: float
    low: float | None
    high: float | None

    @property
    def is_preferred(self) -> bool:
        """Whether the interval lies above 0."""
        return self.low is not None and self.low > 0


@dataclass(frozen=True, slots=True)
class CircularFigures:
    """A task of multiple choice in every rotation, in one run.

    Attributes:
        task: The task.
        questions: Number of questions.
        partial: Those of them that weren't asked in all rotations.
        circular_acc: Share of questions that are right in all rotations, from 0 to 1; None where none was asked in all.
        interval: Its 95 % interval.
        acc: Mean over questions of the share of right rotations, from 0 to 1; None where there is no question.
        preferences: The preference for each letter, in the order of letters; empty where no letter could be read.
    """

    task: EncoderTask
    questions: int
    partial: int
    circular_acc: float | None
    interval: Interval
    acc: float | None
    preferences: tuple[LetterPreference, ...]

    @property
    def preferred(self) -> tuple[LetterPreference, ...]:
        """The letters whose preference has an interval above 0."""
        return tuple(own for own in self.preferences if own.is_preferred)


def circular_figures(run: Run, draws: Draws | None = None) -> list[CircularFigures]:
    """The figures of every such task of a run, from its samples.

    Args:
        run: The run; tasks without samples are left out.
        draws: Source of chance of the accuracy's interval; the preferences have their own, see `mcq_circular.figures`.
    """
    by_task: dict[str, list[ItemSample]] = {}
    for sample in run.item_samples:
        if run.encoder_tasks[sample.task].entry.documents_per_item > 1:
            by_task.setdefault(sample.task, []).append(sample)
    return [
        _of_samples(task.entry, by_task[name], draws or Draws(0, 1_000))
        for name, task in run.encoder_tasks.items()
        if name in by_task
    ]


def _of_samples(task: EncoderTask, samples: Sequence[ItemSample], draws: Draws) -> CircularFigures:
    import numpy as np

    found = figures([sample.item for sample in samples], [sample.answer for sample in samples])
    right, mean = ([own.metrics[name] for own in samples if name in own.metrics] for name in ("circular_acc", "acc"))
    return CircularFigures(
        task=task,
        questions=found["questions"],
        partial=found["partial"],
        circular_acc=_mean(right),
        interval=mean_interval([np.array(right, dtype=float)], draws, shares=True),
        acc=_mean(mean),
        preferences=letter_preferences(found),
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def letter_preferences(further: Any) -> tuple[LetterPreference, ...]:
    """The preference for each letter.

    Args:
        further: The task's further figures: of `mcq_circular.figures`, or as results or bundles have them, which may hold
            anything. A letter without a finite preference is left out, an interval needs both ends.
    """
    position = dig(further, "position")
    found = []
    for letter in LETTERS:
        own = position.get(letter) if isinstance(position, Mapping) else None
        if isinstance(own, Mapping) and (mean := finite(own.get("preference"))) is not None:
            low, high = finite(own.get("low")), finite(own.get("high"))
            whole = low is not None and high is not None
            found.append(LetterPreference(letter, mean, low if whole else None, high if whole else None))
    return tuple(found)
