"""Reasoning that a model writes before its answer: the known forms, and what is left without it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from sevenllm_bench.answers.mentions import Fences, is_in_sentence, is_in_string, is_named, is_quoted

#: Names of tags that hold reasoning, in both languages' models. Names that an answer may use for its own parts, such as
#: "analysis" or "reflection", are none.
_NAMES = (
    r"(?:think(?:ing)?|thoughts?|thought_?process|reasoning(?:_content|_process)?|inner_?(?:thoughts?|monologue)|scratch_?pad"
    r"|chain_of_thought|cot|思考(?:过程)?|推理(?:过程)?|思维(?:链|过程)?)"
)
_PREFIX = r"(?:[a-z]{1,16}[:_])?"
#: How reasoning begins and ends, for tags in brackets of any kind (<think>, ◁think▷, 【思考】, <seed:think>, [THINK]) …
_TAG = (
    rf"(?:[<＜【◁]\|?(?P<slash>/?){_PREFIX}(?P<name>{_NAMES})\|?[>＞】▷]"
    r"|(?-i:\[(?P<bracket_slash>/?)(?P<bracket_name>THINK(?:ING)?|REASONING)\]))"
)
#: … and for the forms that models have of their own.
_BEGIN = (
    rf"<\|(?:begin|start)_(?:of_)?{_NAMES}\|>|<\|{_NAMES}_(?:begin|start)\|>"  # <|begin_of_thought|>, <|START_THINKING|>
    r"|<\|inner_prefix\|>|<unused94>(?:thought)?|<\|channel>thought"
    r"|\A\s*Here is my thought process:|\A\s*Here are my reasoning steps:"  # Granite 3, Apriel
)
_END = (
    rf"<\|end_(?:of_)?{_NAMES}\|>|<\|{_NAMES}_end\|>"
    r"|<\|inner_suffix\|>|<unused95>|<channel\|>|\[BEGIN FINAL RESPONSE\]"
)
#: Words that end reasoning where it has begun, and elsewhere belong to the answer.
_ANSWER = r"^[ \t]*Here is my response:|【(?:最终)?(?:回答|答案|输出|结论)】"
_MARK = re.compile(rf"(?P<begin>{_BEGIN})|(?P<end>{_END})|(?P<answer>{_ANSWER})|{_TAG}", re.IGNORECASE | re.MULTILINE)
#: What every mark contains, one or the other, or how the text begins: quick looks before the slow one.
_SIGNS = "<＜【◁"
_IN_SQUARE_BRACKETS = re.compile(r"\[/?(?:THINK|REASONING|BEGIN FINAL RESPONSE)", re.IGNORECASE)
_SPOKEN_BEGIN = re.compile(r"\s*Here (?:is|are) my", re.IGNORECASE)
#: What may stand before reasoning without being an answer: tokens, a role's name, the header of a thought.
_NO_ANSWER = re.compile(
    r"(?:\s|<[|｜][^<>\n]{1,40}>|</?s>|<(?:bos|start_of_turn)>|(?:assistant|model)\b:?|### Thought:)*+", re.IGNORECASE
)
#: An opening mark at the end of a prompt, which the model goes on from.
_OPENED = re.compile(rf"(?:{_BEGIN}|{_TAG})\s*\Z", re.IGNORECASE)

#: The channels of the harmony format, and what remains of their marks where special tokens are dropped.
_CHANNEL = re.compile(r"<\|channel\|>\s{0,9}(\w{1,40})[^<]{0,200}(?:<\|[^|<>]{1,30}\|>[^<]{0,200}){0,3}?<\|message\|>")
_MESSAGE_END = re.compile(r"<\|(?:end|return|call|start)\|>")
_CHANNEL_BEGINS = re.compile(r"(?:assistant|<\|(?:start|end|call|return)\|>)(?: to=\S{1,40})?\s*\Z")
_BARE_CHANNEL = re.compile(r"\s*(?:assistant)?(?:analysis|commentary)(?=[^\W_])")
_BARE_FINAL = re.compile(r"\s*(?:assistant)?final(?=[A-Z{\[\u4e00-\u9fff])")

#: What reasoning without a known mark looks like: a tag of some such name or of any that isn't HTML, or the usual first words.
_SUSPECT = re.compile(
    r"\s*(?:[<＜\[【◁*(#]{1,3}\s?\|?[\w: ]{0,20}?"
    r"(?:think|thought|reason|reflect|scratch|monologue|deliberat|思考|推理|思维|反思)[\w: ]{0,20}\|?[>＞\]】▷*):]"
    r"|<analy[sz]\w{0,20}>"
    r"|<(?!(?:answer|final|output|response|solution|result|json|xml|html|table|code|pre|div|span|strong|body|section)\b)"
    r"[a-z_]{3,30}>"
    r"|(?:okay|ok|alright|hmm+|wait|let(?: me|'s) (?:think|see|start|analy)|we (?:need|have) to|thinking process"
    r"|the user (?:asks|wants|is asking|has asked)|i (?:need|have) to (?:figure|find|look|determine|analy))\b"
    r"|好的，(?:我|用户|让)|好，(?:我|用户)|嗯[，。…]|让我(?:先|来|想|思考|分析)|用户(?:要求|希望|想要|问)|我(?:现在)?需要(?:先|根据|分析|仔细))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Answered:
    """A model's text, with its reasoning apart.

    Attributes:
        text: What isn't reasoning.
        closed: Whether reasoning was found that has an end.
        unclosed: Whether reasoning begins that never ends.
    """

    text: str
    closed: bool = False
    unclosed: bool = False


def without_reasoning(text: str) -> Answered:
    """What follows the last reasoning that ends, or else stands before it; of reasoning that never ends, what stands before.

    An end without a beginning counts, since the prompt may hold the beginning. Marks that are quoted or spoken of don't.
    """
    found = _harmony(text)
    if found:
        return found
    if not _may_have_marks(text) or _is_json(text):
        return Answered(text)
    start, closed, earlier, spoken = 0, False, "", False
    begin: re.Match[str] | None = None
    fences = Fences(text)
    for mark in _MARK.finditer(text):
        if begin is None and mark["answer"]:
            continue
        if is_quoted(text, *mark.span()) or (begin is None and _is_mentioned(text, mark, start, fences, spoken)):
            spoken = True
            continue
        if _ends(mark, begin):
            if begin and not _NO_ANSWER.fullmatch(text, start, begin.start()):
                earlier = text[start : begin.start()]
            start, closed, begin = mark.end(), True, None
        elif begin is None and not _slash(mark):
            begin = mark
    rest = text[start : begin.start() if begin else None]
    return Answered(rest if rest.strip() else earlier, closed, begin is not None)


def _may_have_marks(text: str) -> bool:
    is_signed = any(sign in text for sign in _SIGNS) or ("[" in text and _IN_SQUARE_BRACKETS.search(text) is not None)
    return is_signed or _SPOKEN_BEGIN.match(text) is not None


def _is_json(text: str) -> bool:
    """Whether the whole text is a JSON object or list, whose strings may hold any mark."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _is_mentioned(text: str, mark: re.Match[str], start: int, fences: Fences, spoken: bool) -> bool:
    """Whether the answer, which begins at `start`, speaks of a mark. An end that is the first mark has reasoning before it.

    Args:
        text: The text.
        mark: The mark.
        start: Where the last reasoning ended.
        fences: The text's code fences.
        spoken: Whether an earlier mark was spoken of.
    """
    if not (start or spoken) and (mark["end"] or _slash(mark)):
        return is_named(text, *mark.span())
    return _is_spoken_of(text, mark) or fences.hold(start, mark.start())


def _ends(mark: re.Match[str], begin: re.Match[str] | None) -> bool:
    return bool(mark["end"] or mark["answer"]) or (_slash(mark) and (begin is None or _family(mark) == _family(begin)))


def _slash(mark: re.Match[str]) -> bool:
    return bool(mark["slash"] or mark["bracket_slash"])


def _family(mark: re.Match[str]) -> str:
    """What a closing tag must have in common with the opening one."""
    name = (mark["name"] or mark["bracket_name"] or "").casefold()
    return "think" if name.startswith(("think", "thought")) else name


def _harmony(text: str) -> Answered | None:
    """The final channel of a text in the harmony format; None where it is in another."""
    channels = [match for match in _CHANNEL.finditer(text) if _begins_message(text, match.start())]
    if channels:
        last = channels[-1]
        if last[1] != "final":
            return Answered("", unclosed=True)
        end = next((match for match in _MESSAGE_END.finditer(text, last.end()) if not _is_spoken_of(text, match)), None)
        return Answered(text[last.end() : end.start() if end else None], closed=len(channels) > 1)
    if _BARE_CHANNEL.match(text):
        _, final, rest = text.rpartition("assistantfinal")
        return Answered(rest, closed=True) if final else Answered("", unclosed=True)
    direct = _BARE_FINAL.match(text)
    return Answered(text[direct.end() :]) if direct else None


def _begins_message(text: str, start: int) -> bool:
    """Whether a channel's mark at `start` stands where a message begins, and isn't spoken of in one."""
    before = text[max(0, start - 80) : start]
    return not before.strip() or _CHANNEL_BEGINS.search(before) is not None


def _is_spoken_of(text: str, mark: re.Match[str]) -> bool:
    return is_in_sentence(text, *mark.span()) or is_in_string(text, *mark.span())


def opening_of(prompt: str) -> str:
    """The mark with which a prompt opens the model's reasoning, at its very end; empty where it doesn't."""
    match = _OPENED.search(prompt[-100:])
    return match[0] if match and not _slash(match) else ""


def looks_like_reasoning(text: str) -> bool:
    """Whether an answer begins like reasoning in a form that isn't known."""
    return _SUSPECT.match(text) is not None
