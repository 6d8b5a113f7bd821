"""What a submission says beside its score of whether it can be trusted: letters, noise, audited rows, a probe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sevenllm_bench.catalog import Language
from sevenllm_bench.comparison.circular_figures import LetterPreference
from sevenllm_bench.encoder_tasks.encoder_task import LLM_TASKS, EncoderTask
from sevenllm_bench.figures.figures import combined_error
from sevenllm_bench.memorisation.probe_result import ProbeResult

#: The tasks of multiple choice in every rotation: those that write a letter, then those by log-likelihood.
CIRCULAR_TASKS: tuple[EncoderTask, ...] = tuple(task for task in LLM_TASKS if task.documents_per_item > 1)
#: The tasks of rows with noise.
STRESS_TASKS: tuple[EncoderTask, ...] = tuple(task for task in LLM_TASKS if task.kind == "stress")


@dataclass(frozen=True, slots=True)
class LetterFigures:
    """Which letters a model gives in a task of multiple choice in every rotation.

    Attributes:
        preferences: The preference for each letter, in their order; empty where it isn't known.
        recorded: Whether this is what the submitter recorded, of answers that the submission doesn't have.
    """

    preferences: tuple[LetterPreference, ...] = ()
    recorded: bool = False

    @property
    def preferred(self) -> tuple[LetterPreference, ...]:
        """The letters whose preference has an interval above 0."""
        return tuple(own for own in self.preferences if own.is_preferred)


@dataclass(frozen=True, slots=True)
class NoiseDrop:
    """What noise in the incident texts costs.

    Attributes:
        clean: Score of the rows without noise: the unweighted mean of `value_f1` of extraction and `rouge_l` of analysis.
        noisy: The same with noise.
        error: Standard error of `clean` less `noisy`, by pairs of rows; None where there are no pairs.
        rows: Pairs of rows; None where there are none.
        recorded: Whether it comes from figures that the submitter recorded, of rows that the submission doesn't have.
    """

    clean: float
    noisy: float
    error: float | None = None
    rows: int | None = None
    recorded: bool = False

    @property
    def mean(self) -> float:
        """The drop, from -1 to 1."""
        return self.clean - self.noisy


@dataclass(frozen=True, slots=True)
class AuditedScore:
    """The headline over the audited rows alone.

    Attributes:
        mean: In [0, 1].
        error: Its standard error; None where a part has fewer than two rows.
        rows: Audited rows that the submission has.
    """

    mean: float
    error: float | None
    rows: int


@dataclass(frozen=True, slots=True)
class TrustFigures:
    """What is shown beside the score. Nothing of it counts for a rank.

    Attributes:
        letters: Task to letters, of the tasks of multiple choice in every rotation that the submission has.
        drops: Language to drop under noise.
        no_drop: Why there is no drop although there are rows with noise.
        audited: The headline over the audited rows; None where it has none.
        probe: What a probe of the model found, as the submitter says; None for a submission without one.
    """

    letters: Mapping[str, LetterFigures] = field(default_factory=dict)
    drops: Mapping[Language, NoiseDrop] = field(default_factory=dict)
    no_drop: tuple[str, ...] = ()
    audited: AuditedScore | None = None
    probe: ProbeResult | None = None

    @property
    def drop(self) -> NoiseDrop | None:
        """The drop over both languages, the unweighted mean; None where one of them has none."""
        if len(self.drops) < len(STRESS_TASKS):
            return None
        own = list(self.drops.values())
        errors = [drop.error for drop in own]
        rows = [drop.rows for drop in own]
        return NoiseDrop(
            sum(drop.clean for drop in own) / len(own),
            sum(drop.noisy for drop in own) / len(own),
            combined_error(errors),
            None if None in rows else sum(filter(None, rows)),
            any(drop.recorded for drop in own),
        )


def letters_to_json(letters: Mapping[str, LetterFigures]) -> dict[str, Any]:
    """Letters as JSON values, for the cache and for `leaderboard.json`."""
    return {task: _as_json(own) for task, own in letters.items()}


def _as_json(own: LetterFigures) -> dict[str, Any]:
    preferences = {one.letter: {"mean": one.mean, "low": one.low, "high": one.high} for one in own.preferences}
    return {"preferences": preferences, "recorded": own.recorded, "preferred": [one.letter for one in own.preferred]}


def letters_from_json(kept: Any) -> dict[str, LetterFigures]:
    """Letters out of the cache.

    Raises:
        TypeError, KeyError, AttributeError: It is none.
    """
    return {
        task: LetterFigures(tuple(LetterPreference(letter, **one) for letter, one in own["preferences"].items()), own["recorded"])
        for task, own in kept.items()
    }
