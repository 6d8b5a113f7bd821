"""Two models' answers to the same row, compared in both orders, so that position bias is measured."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, cast

from sevenllm_bench.catalog import Language
from sevenllm_bench.data.rows import Row
from sevenllm_bench.judge.binding import NO_CODE, QUOTE, Binding
from sevenllm_bench.judge.reply import DRESS, JudgeReply, read_reply, stated_on
from sevenllm_bench.judge.rubric import (
    RUBRIC_VERSION,
    WORDINGS,
    Message,
    Question,
    answer_to_judge,
    question,
    sample_rows,
    shape_sha256,
)
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
            "properties": {
                "reason": {"type": "string"},
                "code": {"type": "string"},
                "preference": {"type": "string", "enum": list(PREFERENCES)},
            },
            "required": ["reason", "code", "preference"],
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
        output="""Reply with one JSON object and nothing else: the reason first, then the code of the request, as the line \
before the material gives it, and then the preference. "tie" is for answers that serve an analyst equally well or equally badly:
{"reason": "<one to three sentences: what made the difference>", "code": "<the code>", "preference": "<first, second or tie>"}
A reply without that code is not counted.""",
        labels=("FIRST ANSWER", "SECOND ANSWER"),
        closing="The material ends here. Compare the two answers and reply with the JSON object, code included.",
    ),
    "zh": _PairWording(
        role=(
            "你负责比较网络威胁情报方面的两份作答。下面会给出一道题目、题目所依据的事件原文、一份参考答案和两份作答。"
            "请按下述各点判断哪一份更好，或者不分高下。两份作答的先后次序没有任何含义。下文提到的分数只用来说明轻重。"
        ),
        output="""只回复一个 JSON 对象，不要写别的内容：先写理由，再照抄材料之前那一行给出的代码，最后写结论。\
第一份更好写 first，第二份更好写 second，对分析人员同样有用或同样无用写 tie：
{"reason": "<一到三句话，说明差别在哪里>", "code": "<本次的代码>", "preference": "<first、second 或 tie>"}
没有该代码的回复不予计入。""",
        labels=("第一份作答", "第二份作答"),
        closing="材料到此为止。请比较两份作答，并回复 JSON 对象，其中写明本次的代码。",
    ),
}

_WORDS: dict[str, Preference] = {
    **{name: name for name in PREFERENCES},
    **{"第一份": "first", "第一个": "first", "第二份": "second", "第二个": "second", "平局": "tie", "不分高下": "tie"},
}
_KEYS = ("preference", "winner", "结论", "偏好")
_KEY = re.compile("|".join(_KEYS), re.IGNORECASE)
_WORD = rf"(?:the\s+)?(?P<word>{'|'.join(_WORDS)})(?:\s+answer|作答|答案)?"
_END = rf"{DRESS}[.。]?{DRESS}"
_LABELLED = re.compile(
    rf"[\s*_`#>-]*+(?:{_KEY.pattern}){DRESS}:{DRESS}(?:{QUOTE}{_WORD}{QUOTE}{_END}|(?P<other>.*))", re.IGNORECASE
)
_BARE = re.compile(rf"{DRESS}{_WORD}{_END}", re.IGNORECASE)
_MENTION = re.compile(rf"(?:{_KEY.pattern})[\s*_`\"'“”\\]*+[:：][\s*_`\"'“”\\]*+{_WORD}", re.IGNORECASE)
#: A field with a preference, for a pattern around it.
_FIELD = rf"{QUOTE}(?:{_KEY.pattern}){QUOTE}\s*[:：]\s*{QUOTE}{_WORD}{QUOTE}\s*(?=[,，;；}}｝\]\n])"


def pair_sha256() -> str:
    """First 12 hex digits of the hash over everything that shapes the prompt of a comparison, for signatures."""
    messages = [pair_messages(row, "first", "second") for row in sample_rows()]
    return shape_sha256(RUBRIC_VERSION, messages, PREFERENCE_FORMAT)


def pair_messages(row: Row, first: Any, second: Any) -> list[Message]:
    """The messages of `pair_question`."""
    return pair_question(row, first, second).messages


def pair_question(row: Row, first: Any, second: Any) -> Question:
    """The question which of two answers is better, in the language of the row.

    Args:
        row: The row that both models answered.
        first: The answer shown first, raw; its final text counts, as in `judge_question`.
        second: The answer shown second.
    """
    pair = _PAIR_WORDINGS[row.language]
    answers = [answer_to_judge(answer, row.language) for answer in (first, second)]
    labels = (*WORDINGS[row.language].labels[:3], *pair.labels)
    return question(row, _system(row.language), labels, answers, pair.closing)


def _system(language: Language) -> str:
    wording, pair = WORDINGS[language], _PAIR_WORDINGS[language]
    return "\n\n".join((pair.role, wording.criteria, wording.fences, pair.output))


def rule_preference(row: Row, first: Any, second: Any) -> Preference | None:
    """The preference that needs no judge: against an empty answer, a tie of two; None where the judge must be asked."""
    has_first, has_second = (bool(answer_to_judge(answer, row.language)) for answer in (first, second))
    if has_first and has_second:
        return None
    return "first" if has_first else "second" if has_second else "tie"


def parse_preference(text: str | None, binding: Binding | None = None) -> Preference | None:
    """Read a judge's reply to `pair_question`, as strictly as `parse_verdict` reads a grade.

    Args:
        text: The reply.
        binding: The request that it replies to; None when any preference counts.

    Returns:
        "first", "second", "tie", or None when the reply states none of them, or two different ones. No reply raises.
    """
    return _read_preference(read_reply(text), binding)[0]


def preference_problem(text: str | None, binding: Binding | None = None) -> str | None:
    """Why a reply is no preference, or None when it is one: for a client that asks again."""
    reply = read_reply(text)
    preference, problem = _read_preference(reply, binding)
    return None if preference else problem or reply.problem or "no preference"


def _read_preference(reply: JudgeReply, binding: Binding | None) -> tuple[Preference | None, str]:
    """The preference, or None, with the problem where it isn't the reply's form."""
    given = _bound_preferences(reply, binding) if binding else set()
    if given:
        return (given.pop(), "") if len(given) == 1 else (None, "several preferences")
    preference = _unbound_preference(reply)
    if preference and binding and _may_be_quoted(preference, binding):
        return None, NO_CODE
    return preference, ""


def _bound_preferences(reply: JudgeReply, binding: Binding) -> set[Preference | None]:
    """The preferences with the request's code, as a verdict's grades with it are read."""
    scored = [preferences for found in binding.objects(reply) if (preferences := _preferences_in(found))]
    stated = {_WORDS[match["word"].casefold()] for match in binding.stated_after_code(reply.text, _FIELD)}
    if scored and not stated and not reply.is_one_object:
        stated = {_WORDS[match["word"].casefold()] for match in _MENTION.finditer(reply.whole)}
    return stated.union(*scored)


def _preferences_in(found: dict[str, Any]) -> list[Preference | None]:
    return [_preference(value) for key, value in found.items() if key.strip().casefold() in _KEYS]


def _preference(value: Any) -> Preference | None:
    match = _BARE.fullmatch(value.strip()) if isinstance(value, str) else None
    return _WORDS[match["word"].casefold()] if match else None


def _unbound_preference(reply: JudgeReply) -> Preference | None:
    given = [preferences for found in reply.objects if (preferences := _preferences_in(found))]
    stated = stated_on(reply.lines, _LABELLED) or (stated_on(reply.lines, _BARE) if len(reply.lines) == 1 else [])
    words = {(match["word"] or "").casefold() for _, match in stated}
    if given:
        read = given[0][0] if len(given) == 1 and len({*given[0]}) == 1 else None
        return None if any(_WORDS.get(word, read) != read for word in words) else read
    at_edge = any(index in (0, len(reply.lines) - 1) for index, _ in stated)
    said = {_WORDS.get(word) for word in words}
    return said.pop() if at_edge and len(said) == 1 else None


def _may_be_quoted(preference: Preference, binding: Binding) -> bool:
    """Whether an answer holds what this preference can be quoted from: its word, and a label or nothing else beside it."""
    answers = binding.quotable.casefold()
    if not _KEY.search(answers) and not binding.holds_alone(_BARE):
        return False
    return any(word in answers for word, meaning in _WORDS.items() if meaning == preference)


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
