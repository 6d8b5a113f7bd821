"""A multiple-choice question has one right option, and nothing but the text tells which."""

# ruff: noqa: E501  (patterns and lists of words are not wrapped)
from __future__ import annotations

import re
from collections.abc import Iterator

from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft
from sevenllm_bench.select_instruct.quality.draft_check import shown
from sevenllm_bench.select_instruct.quality.value_support import folded, folded_words
from sevenllm_bench.select_instruct.settings.build_config import QualitySection

_COLLECTIVE = re.compile(
    r"\b(?:all|none|both|any|neither) of (?:the )?(?:above|below|these|those|them|options?)\b|\b(?:both|either|neither) [A-D] (?:and|or|nor) [A-D]\b|\b[A-D] and [A-D]\b"
    r"|(?:以上|上述|前述|以下)(?:各项|选项|答案|三项|内容|说法)?(?:都|皆|均|全)|(?:都|皆|均)(?:是|不是|对|不对|正确|错误)$|[A-D](?:和|与|、|及)[A-D]",
    re.IGNORECASE,
)
_MARKED = re.compile(
    r"[(（\[](?:correct|right|wrong|incorrect|正确|错误|答案)[^()（）]{0,10}[)）\]]|[✓✔√✅☑]|\b(?:correct|right) answer\b|正确答案",
    re.IGNORECASE,
)
#: The question says which letter is right; "choose from A, B, C, D" doesn't.
_LETTER_SAID = re.compile(
    r"(?:answer|option|choice|letter)(?: is|:|=) ?[\"'(]?[A-D]\b|答案(?:是|为|：|:)\s?[A-D]|(?:应)?选(?:择)?[A-D](?![、,，A-D])",
    re.IGNORECASE,
)
#: The thought names an option by its letter.
_LETTER_NAMED = re.compile(
    r"\b(?:option|answer|choice|letter)s?(?: is| are|:| would be| must be)? ?[\"'(（]?(?P<a>[A-D])\b(?!\w)|\b(?P<b>[A-D])\b[\"')）]? (?:is|was) (?:the )?(?:correct|right|wrong|incorrect|answer|best)"
    r"|(?:选项|答案|应?选择?)(?:是|为|应为|：|:)?\s?[\"“(（]?(?P<c>[A-D])(?![A-Za-z0-9])|(?<![A-Za-z0-9])(?P<d>[A-D])[\"”)）]?\s?(?:项|选项|正确|错误|符合|是正确|为正确|不正确)"
)
_PLACE_NAMED = re.compile(
    r"\b(?:first|second|third|fourth|last|1st|2nd|3rd|4th) (?:option|choice|answer)s?\b|第[一二三四1-4](?:个|项)?(?:选项|答案)|最后一个选项",
    re.IGNORECASE,
)
#: A right option this many times longer than the longest other one, and longer than so many characters, is told by its length.
_LONGER, _LONG = 1.8, {"en": 40, "zh": 18}
_STEM = 4
#: Words of any sentence.
_SMALL_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "it",
        "they",
        "he",
        "she",
        "this",
        "that",
        "these",
        "those",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "has",
        "have",
        "had",
        "of",
        "in",
        "on",
        "at",
        "to",
        "by",
        "for",
        "from",
        "with",
        "and",
        "or",
        "as",
        "its",
        "their",
        "not",
        "no",
    ]
)


class QuestionCheck:
    """Options differ, the question doesn't name the right one, and no letter is given away."""

    name = "letter given away"

    def problem(self, draft: Draft, settings: QualitySection) -> CheckFinding | None:
        """The first fault of a multiple-choice question."""
        if draft.kind != "mcq" or str(draft.output) not in draft.choices:
            return None
        reason = next(_faults(draft), None)
        return CheckFinding(check=self.name, reason=reason) if reason else None


def _faults(draft: Draft) -> Iterator[str]:
    options = {letter: re.sub(r"^\s*[(（]?[A-D][).、．:：）]\s*", "", text) for letter, text in draft.choices.items()}
    right, others = options[str(draft.output)], [text for letter, text in options.items() if letter != draft.output]
    if len({folded(text) or text for text in options.values()}) < len(options):
        yield "two options say the same"
    for text in options.values():
        if _COLLECTIVE.search(text):
            yield f"an option must stand for itself, not for others: {shown(text)}"
        if _MARKED.search(text):
            yield f"an option says that it is right or wrong: {shown(text)}"
    question = draft.instruction
    said = _LETTER_SAID.search(question)
    if said or _MARKED.search(re.sub(r"(?:the |one )?(?:correct|right) answer from|(?:一个)?正确答案", "", question)):
        yield "the question tells the answer" + (f": {shown(said[0])}" if said else "")
    if _holds(question, right) and not any(_holds(question, text) for text in others):
        yield f"the question names the right option: {shown(right)}"
    told = _told_words(question, right, others)
    if told:
        yield f"the question has the words that tell the right option from the others: {shown(told)}"
    longest = max(map(len, others))
    if len(right) > _LONG[draft.language] and len(right) > _LONGER * longest:
        yield f"the right option is far longer than the others ({len(right)} characters against {longest}); make them alike"
    yield from _contained(right, others)
    placed = _PLACE_NAMED.search(draft.thought)
    if placed:
        yield f"the thought names an option by its place ({shown(placed[0])}); name it by its words, since options are shuffled"
    named = _LETTER_NAMED.search(draft.thought)
    if named:
        letter = next(filter(None, named.groups()))
        wrong = "another letter than the output" if letter != draft.output else "a letter"
        yield f"the thought names {wrong} ({shown(named[0])}); name the option by its words, since letters are shuffled"


def _holds(question: str, option: str) -> bool:
    wanted = folded_words(option)
    if len(wanted.replace(" ", "")) < 2:
        return False
    words = folded_words(question)
    if re.search(r"[\u3400-\u9fff]", wanted):
        return wanted.replace(" ", "") in words.replace(" ", "")
    return f" {wanted} " in f" {words} "


def _told_words(question: str, right: str, others: list[str]) -> str:
    """The words that only the right option has, where the question has all of them; "" where it hasn't."""
    shared = {word for text in others for word in folded_words(text).split()}
    own = [word for word in folded_words(right).split() if word not in shared and word not in _SMALL_WORDS]
    asked = set(folded_words(question).split())
    return " ".join(own) if own and all(word in asked for word in own) else ""


def _contained(right: str, others: list[str]) -> Iterator[str]:
    """A wrong option that the right one says, too, is right as well."""
    mine = folded_words(right)
    for text in others:
        other = folded_words(text)
        if len(other) > _STEM and other != mine and (f" {other} " in f" {mine} " or f" {mine} " in f" {other} "):
            yield f"{shown(text)} and {shown(right)} can both be right"
