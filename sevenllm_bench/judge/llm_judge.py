"""The judge at work: rows and answers to requests, replies to verdicts, one judge per process."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import cache_folder
from sevenllm_bench.judge.judge_choice import MAX_TOKENS, JudgeChoice
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
from sevenllm_bench.llm.call_forms import CallForms
from sevenllm_bench.llm.client import Client
from sevenllm_bench.llm.types import Estimate, Reply, ReplyCache, Request


@dataclass(frozen=True, slots=True)
class JudgeCheck:
    """What a judge did with one plain answer.

    Attributes:
        notes: How the server has to be asked, where it doesn't take all that is asked for, in words.
        problem: Why its reply is no grade from 1 to 5, "" where it is one.
    """

    notes: tuple[str, ...]
    problem: str

    def require_grade(self, model: str) -> None:
        """Refuse a judge that gave no grade.

        Raises:
            ConfigError: It gave none.
        """
        if self.problem:
            raise ConfigError(
                f"the judge {model} answers, but gave a plain answer no grade from 1 to 5 ({self.problem}); "
                "use another model, or give it more room (max_tokens)"
            )


class Judge:
    """Judges answers, 1 to 5; every good verdict is kept on disk as soon as it is there."""

    def __init__(self, choice: JudgeChoice) -> None:
        """Check the settings; nothing is sent yet.

        Raises:
            ConfigError: A setting is out of range, a budget has no price, or the cache can't be written.
        """
        self.choice = choice
        self._cache = ReplyCache(cache_folder() / "replies.sqlite")
        self._forms = CallForms()
        self._client = Client(choice.settings(), self._cache, self._forms, self._probe())
        #: Rows that a run is going to have judged, for an estimate before the first of them.
        self.planned: list[Row] = []
        #: Why the server answers no more calls; only verdicts that are kept are given from then on.
        self.stopped_by: ConfigError | None = None

    @property
    def usage(self) -> dict[str, Any]:
        """What was used so far: calls, cached, retries, failed, tokens in and out, US dollars (None when unknown).

        Where the server doesn't take all that is asked for, also how it is asked ("asked").
        """
        return {**vars(self._client.usage), **({"asked": list(self._forms.notes)} if self._forms.notes else {})}

    def describe(self) -> dict[str, Any]:
        """What identifies the verdicts, for signatures."""
        choice = self.choice
        taken = "without temperature" not in self._forms.notes
        return {
            "model": choice.model,
            "rubric": RUBRIC_VERSION,
            "prompt_sha256": rubric_sha256(),
            "temperature": choice.parameters({}).get("temperature") if taken else None,
            **({"max_tokens": choice.max_tokens} if choice.max_tokens != MAX_TOKENS else {}),
            **({"extra_body": choice.extra} if choice.extra else {}),
        }

    def estimate(self, rows: Sequence[Row], answers: Sequence[Any]) -> Estimate:
        """What judging would take, at most; nothing is asked."""
        return self._client.estimate(self.requests(rows, answers))

    def judge(self, rows: Sequence[Row], answers: Sequence[Any]) -> JudgeScores:
        """Judge n answers; those without a good verdict are unscored with the reason.

        Raises:
            ConfigError: Key, address or model are refused, so that nothing could be judged.
        """
        return scores_from(rows, answers, self._ask(self.requests(rows, answers)))

    def requests(self, rows: Sequence[Row], answers: Sequence[Any]) -> list[Request]:
        """The requests that judging these answers takes, without those that a rule settles."""
        parameters = self.choice.parameters(RESPONSE_FORMAT)
        return [
            Request(question.messages, parameters, functools.partial(problem_of, binding=question.binding))
            for _, question in _questions(rows, answers)
        ]

    def compare(self, rows: Sequence[Row], first: Sequence[Any], second: Sequence[Any]) -> PairwiseSummary:
        """Compare two models' answers row by row, each pair in both orders.

        Returns:
            Wins, losses and ties of the first model, and how often the order decided.
        """
        pairs = list(zip(rows, first, second, strict=True))
        orders = [(row, a, b) for row, a, b in pairs] + [(row, b, a) for row, a, b in pairs]
        open_orders = [order for order in orders if rule_preference(*order) is None]
        parameters = self.choice.parameters(PREFERENCE_FORMAT)
        questions = [pair_question(*order) for order in open_orders]
        requests = [
            Request(question.messages, parameters, functools.partial(preference_problem, binding=question.binding))
            for question in questions
        ]
        replies = zip(self._ask(requests), questions, strict=True)
        found: list[Preference | None] = []
        for order in orders:
            rule = rule_preference(*order)
            found.append(rule if rule is not None else _preference(*next(replies)))
        return summarise(zip(found[: len(pairs)], found[len(pairs) :], strict=True))

    def check(self) -> JudgeCheck:
        """Have one plain answer judged, as all others will be, before anything is generated.

        What the server doesn't take is learnt by it, and holds for the whole run.

        Raises:
            ConfigError: The judge can't be reached, or refuses.
        """
        settings = replace(self.choice.settings(), max_attempts=min(2, self.choice.max_attempts), budget_usd=None)
        reply = Client(settings, forms=self._forms).run([self._probe()])[0]
        if reply.text is None and not reply.error.startswith("empty reply"):
            where = "OPENAI_BASE_URL" if settings.endpoint else "the network, or OPENAI_BASE_URL for a local server"
            raise ConfigError(f"the judge {self.choice.model} doesn't answer ({reply.error}); check {where}")
        return JudgeCheck(self._forms.notes, reply.error)

    def _probe(self) -> Request:
        """A request that nothing is wrong with: for the reference of a row of our own."""
        return self.requests([_PROBE_ROW], [_PROBE_ROW.output])[0]

    def _ask(self, requests: Sequence[Request]) -> list[Reply]:
        """A reply to each request; those that were paid for are kept where the server stops answering in the middle.

        Raises:
            ConfigError: The server answers nothing, and nothing was kept from earlier.
        """
        if self.stopped_by:
            kept, reason = self._client.kept(requests), self.stopped_by
        else:
            kept = {}
            try:
                return self._client.run(requests, on_done=kept.__setitem__)
            except ConfigError as error:
                self.stopped_by = reason = error
        if not any(not reply.error for reply in kept.values()):
            raise reason
        return [kept.get(place) or Reply(None, f"not asked: {reason}") for place in range(len(requests))]


#: A question that every judge can grade, and no filter of contents minds.
_PROBE_ROW = Row(
    id=0,
    category="Time Element Acquisition",
    instruction="Execute the following information extraction task and return the results in json format: name the day.",
    input="The maintenance of the library's web server took place on 3 May 2024.",
    thought="",
    output={"day": "3 May 2024"},
    language="en",
    kind="understanding",
)


@functools.lru_cache(maxsize=4)
def judge_for(choice: JudgeChoice) -> Judge:
    """The judge for a choice, one per process, so that its budget holds for the whole run."""
    return Judge(choice)


def scores_from(rows: Sequence[Row], answers: Sequence[Any], replies: Sequence[Reply]) -> JudgeScores:
    """The judgements from replies to the requests of `Judge.requests(rows, answers)`."""
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
