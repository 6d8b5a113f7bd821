"""A judge's verdicts over rows: a value from 1 to 5 for each, or None with the reason; nothing dropped, nothing made 0."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sevenllm_bench.data.rows import Row
from sevenllm_bench.judge.rubric import answer_to_judge
from sevenllm_bench.judge.verdict import Verdict

#: Who settled the value: the judge, a rule without a call, or nobody.
By = Literal["judge", "rule", "nobody"]

#: The reason of the rule: an unanswered row is worth the lowest grade, and no call.
EMPTY_ANSWER = "empty answer"
NO_REPLY = "no reply"


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """The judgement of one answer.

    Attributes:
        id: Id of the row.
        value: 1 to 5, or None when it is unscored.
        by: Who settled it: "judge", "rule", or "nobody" when it is unscored.
        reason: The judge's reason, the rule, or why it is unscored.
    """

    id: int
    value: int | None
    by: By
    reason: str


@dataclass(frozen=True, slots=True)
class JudgeScores:
    """The judgements of a model's answers, one per row.

    Attributes:
        rows: One judgement for each row, in their order.
    """

    rows: tuple[JudgedRow, ...]

    @property
    def values(self) -> list[int | None]:
        """1 to 5 for each row, None where it is unscored."""
        return [row.value for row in self.rows]

    @property
    def by_id(self) -> dict[int, int | None]:
        """Values by row id."""
        return {row.id: row.value for row in self.rows}

    @property
    def mean(self) -> float | None:
        """Mean of the scored rows, 1 to 5, rule included; None when no row is scored. Shown beside `judge_scored`."""
        scored = [value for value in self.values if value is not None]
        return sum(scored) / len(scored) if scored else None

    @property
    def judge_scored(self) -> float:
        """Share of rows with a value, in [0, 1]; 0 without rows."""
        return sum(value is not None for value in self.values) / len(self.rows) if self.rows else 0.0

    @property
    def settled(self) -> dict[By, int]:
        """Number of rows by who settled them."""
        counts = Counter(row.by for row in self.rows)
        return {"judge": counts["judge"], "rule": counts["rule"], "nobody": counts["nobody"]}

    @property
    def unscored(self) -> dict[str, int]:
        """Number of unscored rows by reason, the most frequent first."""
        return dict(Counter(row.reason for row in self.rows if row.value is None).most_common())


def rule_verdict(row: Row, answer: Any) -> Verdict | None:
    """The verdict that needs no judge: grade 1 for an answer without final text; None where the judge must be asked."""
    return None if answer_to_judge(answer, row.language) else Verdict(1, EMPTY_ANSWER)


def judge_scores(rows: Sequence[Row], answers: Sequence[Any], verdicts: Mapping[int, Verdict]) -> JudgeScores:
    """Bring answers and verdicts together.

    Args:
        rows: n rows.
        answers: n raw answers, None where there is none.
        verdicts: Verdicts by row id, those without a score too; a failed request is a verdict with its error as the
            problem. The verdict of an unanswered row doesn't count, other ids are left alone.

    Returns:
        n judgements, in the order of `rows`.
    """
    return JudgeScores(tuple(_judged(row, answer, verdicts.get(row.id)) for row, answer in zip(rows, answers, strict=True)))


def _judged(row: Row, answer: Any, verdict: Verdict | None) -> JudgedRow:
    rule = rule_verdict(row, answer)
    if rule:
        return JudgedRow(row.id, rule.score, "rule", rule.reason)
    if verdict is None or verdict.score is None:
        return JudgedRow(row.id, None, "nobody", verdict.problem if verdict and verdict.problem else NO_REPLY)
    return JudgedRow(row.id, verdict.score, "judge", verdict.reason)
