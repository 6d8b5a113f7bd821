"""The judge at work: rows and answers to requests, replies to verdicts, one judge per process."""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import cache_folder
from sevenllm_bench.judge.pairwise import (
    PREFERENCE_FORMAT,
    PairwiseSummary,
    Preference,
    pair_question,
    parse_preference,
    preference_problem,
    rule_preference,
    summarise,
)
from sevenllm_bench.judge.rubric import RUBRIC_VERSION, Question, judge_question, rubric_sha256
from sevenllm_bench.judge.scores import JudgeScores, judge_scores, rule_verdict
from sevenllm_bench.judge.verdict import RESPONSE_FORMAT, Verdict, parse_verdict, problem_of
from sevenllm_bench.llm.client import Client
from sevenllm_bench.llm.settings import ConnectionSettings
from sevenllm_bench.llm.types import Estimate, Reply, ReplyCache, Request

logger = logging.getLogger("lm_eval.sevenllm")

MODEL_VARIABLE = "SEVENLLM_JUDGE"
#: Greedy, and room for a short reason; part of what a cached verdict is keyed by.
PARAMETERS = {"temperature": 0, "max_tokens": 600, "response_format": RESPONSE_FORMAT}
PAIR_PARAMETERS = {"temperature": 0, "max_tokens": 600, "response_format": PREFERENCE_FORMAT}


@dataclass(frozen=True, slots=True)
class JudgeChoice:
    """Which judge, and how much it may cost.

    Attributes:
        model: The judge's name on its server.
        budget_usd: Most US dollars to spend; None for no limit.
        concurrency: Most calls in flight.
    """

    model: str
    budget_usd: float | None = None
    concurrency: int = 16

    def settings(self) -> ConnectionSettings:
        """Settings for the client; server and key come from OPENAI_BASE_URL and OPENAI_API_KEY."""
        return ConnectionSettings(self.model, budget_usd=self.budget_usd, concurrency=self.concurrency)


class Judge:
    """Judges answers, 1 to 5; every good verdict is kept on disk as soon as it is there."""

    def __init__(self, choice: JudgeChoice) -> None:
        """Check the settings; nothing is sent yet.

        Raises:
            ConfigError: A setting is out of range, a budget has no price, or the cache can't be written.
        """
        self.choice = choice
        self._cache = ReplyCache(cache_folder() / "replies.sqlite")
        self._client = Client(choice.settings(), self._cache)
        #: Rows that a run is going to have judged, for an estimate before the first of them.
        self.planned: list[Row] = []

    @property
    def usage(self) -> dict[str, Any]:
        """What was used so far: calls, cached, retries, failed, tokens in and out, US dollars (None when unknown)."""
        return dict(vars(self._client.usage))

    def describe(self) -> dict[str, Any]:
        """What identifies the verdicts, for signatures."""
        return {"model": self.choice.model, "rubric": RUBRIC_VERSION, "prompt_sha256": rubric_sha256(), "temperature": 0}

    def estimate(self, rows: Sequence[Row], answers: Sequence[Any]) -> Estimate:
        """What judging would take, at most; nothing is asked."""
        return self._client.estimate(requests_for(rows, answers))

    def judge(self, rows: Sequence[Row], answers: Sequence[Any]) -> JudgeScores:
        """Judge n answers; those without a good verdict are unscored with the reason.

        Raises:
            ConfigError: Key, address or model are refused, so that nothing could be judged.
        """
        return scores_from(rows, answers, self._client.run(requests_for(rows, answers)))

    def compare(self, rows: Sequence[Row], first: Sequence[Any], second: Sequence[Any]) -> PairwiseSummary:
        """Compare two models' answers row by row, each pair in both orders.

        Returns:
            Wins, losses and ties of the first model, and how often the order decided.
        """
        pairs = list(zip(rows, first, second, strict=True))
        orders = [(row, a, b) for row, a, b in pairs] + [(row, b, a) for row, a, b in pairs]
        open_orders = [order for order in orders if rule_preference(*order) is None]
        questions = [pair_question(*order) for order in open_orders]
        requests = [
            Request(question.messages, PAIR_PARAMETERS, functools.partial(preference_problem, binding=question.binding))
            for question in questions
        ]
        replies = zip(self._client.run(requests), questions, strict=True)
        found: list[Preference | None] = []
        for order in orders:
            rule = rule_preference(*order)
            found.append(rule if rule is not None else _preference(*next(replies)))
        return summarise(zip(found[: len(pairs)], found[len(pairs) :], strict=True))

    def check(self) -> None:
        """Ask for one word, so that a wrong key, address or model is found before anything is generated.

        Raises:
            ConfigError: The judge can't be reached, or refuses.
        """
        probe = ConnectionSettings(self.choice.model, max_attempts=2, timeout_s=30)
        reply = Client(probe).run([Request([{"role": "user", "content": "Reply with the word ready."}], {"max_tokens": 16})])[0]
        if reply.error:
            where = "OPENAI_BASE_URL" if probe.endpoint else "the network, or OPENAI_BASE_URL for a local server"
            raise ConfigError(f"the judge {self.choice.model} doesn't answer ({reply.error}); check {where}")


@functools.lru_cache(maxsize=4)
def judge_for(choice: JudgeChoice) -> Judge:
    """The judge for a choice, one per process, so that its budget holds for the whole run."""
    return Judge(choice)


def requests_for(rows: Sequence[Row], answers: Sequence[Any]) -> list[Request]:
    """The requests that judging these answers takes, without those that a rule settles; for batch mode."""
    return [
        Request(question.messages, PARAMETERS, functools.partial(problem_of, binding=question.binding))
        for _, question in _questions(rows, answers)
    ]


def scores_from(rows: Sequence[Row], answers: Sequence[Any], replies: Sequence[Reply]) -> JudgeScores:
    """The judgements from replies to `requests_for(rows, answers)`."""
    asked = zip(_questions(rows, answers), replies, strict=True)
    return judge_scores(rows, answers, {row.id: _verdict(reply, question) for (row, question), reply in asked})


def unscored(rows: Sequence[Row], reason: str) -> JudgeScores:
    """Every row unscored for one reason: what remains when the judge fails as a whole after a run's generation."""
    return judge_scores(rows, ["?"] * len(rows), {row.id: Verdict(None, "", reason) for row in rows})


def _questions(rows: Sequence[Row], answers: Sequence[Any]) -> list[tuple[Row, Question]]:
    return [
        (row, judge_question(row, answer)) for row, answer in zip(rows, answers, strict=True) if rule_verdict(row, answer) is None
    ]


def _verdict(reply: Reply, question: Question) -> Verdict:
    return Verdict(None, "", reply.error) if reply.error else parse_verdict(reply.text, question.binding)


def _preference(reply: Reply, question: Question) -> Preference | None:
    return None if reply.error else parse_preference(reply.text, question.binding)
