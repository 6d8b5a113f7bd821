"""The judge inside a run of lm-eval: an estimate before it starts, and no run lost to its failure."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.judge.llm_judge import Judge, unscored
from sevenllm_bench.judge.scores import JudgeScores

logger = logging.getLogger("lm_eval.sevenllm")


def judge_rows(judge: Judge, rows: Sequence[Row], answers: Sequence[str]) -> JudgeScores:
    """Judge the answers of one leaf.

    Before the first one, the estimate for all leaves is logged. A judge that fails as a whole, when the answers are
    generated already, leaves the rows unscored with the reason instead of ending the run.
    """
    if judge.planned:
        _log_estimate(judge, judge.planned)
        judge.planned.clear()
    told = judge.stopped_by
    try:
        scores = judge.judge(rows, answers)
    except ConfigError as error:
        scores = unscored(rows, f"judge unavailable: {error}"[:300])
    if judge.stopped_by and not told:
        logger.error("The judge answers no more, and answers without a verdict stay unscored: %s", judge.stopped_by)
    elif not scores.settled["judge"] and scores.settled["nobody"]:
        reasons = "; ".join(f"{count} times {reason}" for reason, count in scores.unscored.items())
        logger.warning("The judge %s judged none of %d answers: %.500s", judge.choice.model, len(rows), reasons)
    return scores


def _log_estimate(judge: Judge, rows: Sequence[Row]) -> None:
    """Log what judging takes, estimated with the references in place of the answers."""
    estimate = judge.estimate(rows, [row.reference_text for row in rows])
    cost = "at a price that is unknown" if estimate.usd is None else f"for at most about {estimate.usd:.2f} USD"
    logger.info("Judge %s: up to %d calls, about %d tokens in, %s.", judge.choice.model, estimate.calls, estimate.tokens_in, cost)
