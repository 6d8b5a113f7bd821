"""The LLM judge without its wire: what it is asked, how its replies are read, what they add up to, whom they agree with.

Nothing here makes a request, and nothing raises on an answer or on a reply, whatever it is.
"""

from sevenllm_bench.judge.calibrate import Agreement, agreement, calibrate, read_scores
from sevenllm_bench.judge.pairwise import (
    PREFERENCE_FORMAT,
    PairwiseSummary,
    combine,
    pair_messages,
    pair_sha256,
    parse_preference,
    preference_problem,
    rule_preference,
    summarise,
)
from sevenllm_bench.judge.rubric import RUBRIC_VERSION, judge_messages, rubric_sha256
from sevenllm_bench.judge.scores import JudgedRow, JudgeScores, judge_scores, rule_verdict
from sevenllm_bench.judge.verdict import RESPONSE_FORMAT, Verdict, parse_verdict, problem_of

__all__ = [
    "PREFERENCE_FORMAT",
    "RESPONSE_FORMAT",
    "RUBRIC_VERSION",
    "Agreement",
    "JudgeScores",
    "JudgedRow",
    "PairwiseSummary",
    "Verdict",
    "agreement",
    "calibrate",
    "combine",
    "judge_messages",
    "judge_scores",
    "pair_messages",
    "pair_sha256",
    "parse_preference",
    "parse_verdict",
    "preference_problem",
    "problem_of",
    "read_scores",
    "rubric_sha256",
    "rule_preference",
    "rule_verdict",
    "summarise",
]
