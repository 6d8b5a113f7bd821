"""Two models' answers to the same row, compared in both orders, so that position bias is measured."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, cast

from sevenllm_bench.catalog import Language
from sevenllm_bench.data.rows import Row
from sevenllm_bench.judge.reply import DRESS, read_reply, stated_on
from sevenllm_bench.judge.rubric import RUBRIC_VERSION, WORDINGS, Message, answer_to_judge, sample_rows, shape_sha256, user_text
from sevenllm_bench.stats.paired import mcnemar_p

Preference = Literal["first", "second", "tie"]
Outcome = Literal["a", "b", "tie", "unscored"]

PREFERENCES: tuple[Preference, ...] = ("first", "second", "tie")

#: What the judge's server is asked for (OpenAI structured outputs, strict).
PREFERENCE_FORMAT: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "preference",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"reason": {"type": "string"}, "preference": {"type": "string", "enum": list(PREFERENCES)}},
            "required": ["reason", "preference"],
            "additionalProperties": False,
        },
    },
}


@dataclass(frozen=True, slots=True)
class _PairWording:
    role: str
    output: str
    labels: tuple[str, str]
    closing: str


_PAIR_WORDINGS: dict[Language, _PairWording] = {
    "en": _PairWording(
        role=(
            "You compare work in cyber threat intelligence. You will be shown a question, the incident text it refers to, a "
            "reference and two answers. Decide which answer is better by the points below, or that neither is. The order in "
            "which they are shown means nothing. Grades named below only say how much weighs how much."
        ),
        output="""Reply with one JSON object and nothing else, the reason first. "tie" is for answers that serve an analyst \
equally well or equally badly:
{"reason": "<one to three sentences: what made the difference>", "preference": "<first, second or tie>"}""",
        labels=("FIRST ANSWER", "SECOND ANSWER"),
        closing="The material ends here. Compare the two answers and reply with the JSON object.",
    ),
    "zh": _PairWording(
        role=(
            "你负责比较网络威胁情报方面的两份作答。下面会给出一道题目、题目所依据的事件原文、一份参考答案和两份作答。"
            "请按下述各点判断哪一份更好，或者不分高下。两份作答的先后次序没有任何含义。下文提到的分数只用来说明轻重。"
        ),
        output="""只回复一个 JSON 对象，不要写别的内容，先写理由，再写结论。第一份更好写 first，第二份更好写 second，\
对分析人员同样有用或同样无用写 tie：
{"reason": "<一到三句话，说明差别在哪里>", "preference": "<first、second 或 tie>"}""",
        labels=("第一份作答", "第二份作答"),
        closing="材料到此为止。请比较两份作答，并回复 JSON 对象。",
    ),
}

_WORDS: dict[str, Preference] = {
    **{name: name for name in PREFERENCES},
    **{"第一份": "first", "第一个": "first", "第二份": "second", "第二个": "second", "平局": "tie", "不分高下": "tie"},
}
_WORD = rf"[\"“]?(?P<word>{'|'.join(_WORDS)})[\"”]?{DRESS}[.。]?{DRESS}"
_LABELLED = re.compile(rf"[\s*_`#>-]*+(?:preference|结论|偏好){DRESS}[:：]{DRESS}(?:{_WORD}|(?P<other>.*))", re.IGNORECASE)
_BARE = re.compile(rf"{DRESS}{_WORD}", re.IGNORECASE)


def pair_sha256() -> str:
    """First 12 hex digits of the hash over everything that shapes the prompt of a comparison, for signatures."""
    messages = [pair_messages(row, "first", "second") for row in sample_rows()]
    return shape_sha256(RUBRIC_VERSION, messages, PREFERENCE_FORMAT)


def pair_messages(row: Row, first: Any, second: Any) -> list[Message]:
    """The two messages that ask which of two answers is better, in the language of the row.

    Args:
        row: The row that both models answered.
        first: The answer shown first, raw; its final text counts, as in `judge_messages`.
        second: The answer shown second.
    """
    wording, pair = WORDINGS[row.language], _PAIR_WORDINGS[row.language]
    answers = [answer_to_judge(answer, row.language) for answer in (first, second)]
    labels = (*wording.labels[:3], *pair.labels)
    return [
        {"role": "system", "content": _system(row.language)},
        {"role": "user", "content": user_text(row, labels, answers, wording.code, pair.closing)},
    ]


def _system(language: Language) -> str:
    wording, pair = WORDINGS[language], _PAIR_WORDINGS[language]
    return "\n\n".join((pair.role, wording.criteria, wording.fences, pair.output))


def rule_preference(row: Row, first: Any, second: Any) -> Preference | None:
    """The preference that needs no judge: against an empty answer, a tie of two; None where the judge must be asked."""
    has_first, has_second = (bool(answer_to_judge(answer, row.language)) for answer in (first, second))
    if has_first and has_second:
        return None
    return "first" if has_first else "second" if has_second else "tie"


def parse_preference(text: str | None) -> Preference | None:
    """Read a judge's reply to `pair_messages`, as strictly as `parse_verdict` reads a grade.

    Returns:
        "first", "second", "tie", or None when the reply states none of them, or two different ones. No reply raises.
    """
    reply = read_reply(text)
    given = [found["preference"] for found in reply.objects if "preference" in found]
    stated = stated_on(reply.lines, _LABELLED) or (stated_on(reply.lines, _BARE) if len(reply.lines) == 1 else [])
    words = {(match["word"] or "").casefold() for _, match in stated}
    if given:
        read = _WORDS.get(given[0].strip().casefold()) if len(given) == 1 and isinstance(given[0], str) else None
        return None if any(_WORDS.get(word, read) != read for word in words) else read
    at_edge = any(index in (0, len(reply.lines) - 1) for index, _ in stated)
    preferences = {_WORDS.get(word) for word in words}
    return preferences.pop() if at_edge and len(preferences) == 1 else None


def preference_problem(text: str | None) -> str | None:
    """Why a reply is no preference, or None when it is one: for a client that asks again."""
    return None if parse_preference(text) else read_reply(text).problem or "no preference"


def combine(order_ab: Preference | None, order_ba: Preference | None) -> Outcome:
    """The outcome for models a and b of the judge's two preferences.

    Args:
        order_ab: The preference where a's answer was shown first; None where there is none.
        order_ba: The preference where b's answer was shown first.

    Returns:
        "a" or "b" where both orders agree on it, "tie" where they don't or both say so, "unscored" where one is missing.
    """
    if order_ab is None or order_ba is None:
        return "unscored"
    vote_ab, vote_ba = _votes(order_ab, order_ba)
    return vote_ab if vote_ab == vote_ba else "tie"


def _votes(order_ab: Preference, order_ba: Preference) -> tuple[Outcome, Outcome]:
    """The two preferences as votes for a model instead of a place."""
    ab, ba = {"first": "a", "second": "b", "tie": "tie"}, {"first": "b", "second": "a", "tie": "tie"}
    return cast(Outcome, ab[order_ab]), cast(Outcome, ba[order_ba])


@dataclass(frozen=True, slots=True)
class PairwiseSummary:
    """Model a against model b over rows.

    Attributes:
        wins: Rows where a is better in both orders.
        losses: Rows where b is better in both orders.
        ties: Judged rows without a winner; inconsistent ones are among them.
        unscored: Rows where one of the two preferences is missing.
        inconsistent: Judged rows where the two orders disagree.
        chosen_first: Preferences for the first place, over both orders of the judged rows.
        chosen_second: Preferences for the second place.
    """

    wins: int
    losses: int
    ties: int
    unscored: int
    inconsistent: int
    chosen_first: int
    chosen_second: int

    @property
    def judged(self) -> int:
        """Rows with both preferences."""
        return self.wins + self.losses + self.ties

    @property
    def position_bias(self) -> float | None:
        """Share of judged rows where the two orders disagree, in [0, 1]; None without judged rows."""
        return self.inconsistent / self.judged if self.judged else None

    @property
    def p_value(self) -> float:
        """Two-sided exact sign test over wins and losses (ties left out), in (0, 1]; 1 without any."""
        return mcnemar_p(self.wins, self.losses)


def summarise(orders: Iterable[tuple[Preference | None, Preference | None]]) -> PairwiseSummary:
    """Count the outcomes of rows, each given by its two preferences as for `combine`."""
    pairs = list(orders)
    outcomes = [combine(*pair) for pair in pairs]
    judged = [(ab, ba) for ab, ba in pairs if ab is not None and ba is not None]
    chosen = [preference for pair in judged for preference in pair]
    return PairwiseSummary(
        wins=outcomes.count("a"),
        losses=outcomes.count("b"),
        ties=outcomes.count("tie"),
        unscored=outcomes.count("unscored"),
        inconsistent=sum(len(set(_votes(*pair))) > 1 for pair in judged),
        chosen_first=chosen.count("first"),
        chosen_second=chosen.count("second"),
    )
