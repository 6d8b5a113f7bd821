"""The part of a model's text that is its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.answers.mentions import Fences, is_in_sentence, is_in_string
from sevenllm_bench.answers.reasoning import looks_like_reasoning, opening_of, without_reasoning
from sevenllm_bench.prompts import RESPONSE_HEADER, TEMPLATE_PARTS, THOUGHT_HEADER

#: Tokens of chat templates: at the ends of an answer they are none of its text, and those that end a turn end the answer.
_CONTROL = (
    r"(?:<\|[^|<>\n]{1,40}\|>|<｜[^｜<>\n]{1,40}｜>|</?s>|<(?:bos|eos|pad|(?:start|end)_of_turn)>|\[/?INST\]"
    r"|\[END FINAL RESPONSE\]|\[e~\[|<\|[^|<>\n]{1,40}>|<[^|<>\n]{1,40}\|>)"
)
_LEADING = re.compile(rf"(?:\s*+{_CONTROL}(?:(?:assistant|model)\s*+(?={_CONTROL}))?)+", re.IGNORECASE)
_TRAILING = re.compile(rf"{_CONTROL}\Z", re.IGNORECASE)
_LONGEST_CONTROL = 50
_END_OF_TURN = re.compile(
    r"<\|(?:im_end|im_start|eot_id|eom_id|end|return|call|end_of_text|endoftext|endofturn|start_header_id|user|end_of_turn_token|eos)\|>"
    r"|<｜(?:end▁of▁sentence|User|Assistant)｜>|</s>|<(?:end_of_turn|start_of_turn|eos)>|\[END FINAL RESPONSE\]",
    re.IGNORECASE,
)
_ROLE = re.compile(r"\s*(?:(?:assistant|ai assistant|助手|助理)[ \t]*[:：\n]|model[ \t]*\n)\s*(?=\S)", re.IGNORECASE)
_TAGS = r"answer|final_?answer|final|response|output|solution|答案|回答|最终答案"
_TAGGED = re.compile(rf"<({_TAGS})>((?:(?!</\1>).)*+)(?:</\1>)?+", re.IGNORECASE | re.DOTALL)
#: One block in a tag, such as a reflection before the answer.
_BLOCK = re.compile(r"<(\w{1,30})>(?:(?!</\1>).)*+</\1>\s*", re.IGNORECASE | re.DOTALL)
#: Repeated, as some models do, before the answer.
_PART = re.compile("|".join(map(re.escape, TEMPLATE_PARTS)))
#: A heading as of a report's parts; an example that a model makes up has those of the template, or of question and answer.
_OWN_HEADING = re.compile(
    r"^### (?!(?:Instruction|Input|Response|Thought|Question|Example|Answer|Explanation|Output|Solution)\b)[A-Z\u4e00-\u9fff\d]",
    re.MULTILINE,
)
_HEADERS = re.compile(rf"(?:{RESPONSE_HEADER}\s*+)*+")


@dataclass(frozen=True, slots=True)
class FinalText:
    """The answer within a model's text.

    Attributes:
        text: The answer, stripped; empty without one.
        unclosed: Whether reasoning begins that never ends.
        is_suspect: Whether the answer looks like reasoning of a form that isn't known.
    """

    text: str
    unclosed: bool = False
    is_suspect: bool = False


def final_text(raw: Any) -> str:
    """The text of `read_final_text`."""
    return read_final_text(raw).text


def read_final_text(raw: Any) -> FinalText:
    """The part of an answer that is scored.

    Left out are reasoning (see `reasoning`), tokens of chat templates around the answer, a role's name and an answer tag
    around it, and all from the point where the prompt's template begins again. "### Response:" separates the thought from
    the answer only in a text that begins with "### Thought:" (see `with_thought_marked`). None is empty; other values that
    are not strings become JSON.
    """
    if raw is None:
        return FinalText("")
    text = raw if isinstance(raw, str) else as_text(raw)
    asked_for_thought = text.lstrip().startswith(THOUGHT_HEADER)
    answered = without_reasoning(text)
    text, unclosed = answered.text, answered.unclosed
    if asked_for_thought:
        _, header, rest = text.partition(RESPONSE_HEADER)
        unclosed = unclosed or not (header or answered.closed)
        text = rest if header else text if answered.closed else ""
    text = _within_tag(_before_next_example(_without_tokens(text)))
    return FinalText(text, unclosed, looks_like_reasoning(text))


def _without_tokens(text: str) -> str:
    leading = _LEADING.match(text)
    text = text[leading.end() :] if leading else text
    fences = Fences(text)
    text = _before(_END_OF_TURN, text, lambda *span: _is_spoken_of(*span) or fences.hold(0, span[1]))
    text = _without_trailing_tokens(text)
    role = _ROLE.match(text)
    return (text[role.end() :] if role else text).strip()


def _without_trailing_tokens(text: str) -> str:
    text = text.rstrip()
    end = len(text)
    while token := _TRAILING.search(text[max(0, end - _LONGEST_CONTROL) : end]):
        end -= len(token[0])
        while end and text[end - 1].isspace():
            end -= 1
    return text[:end]


def _before_next_example(text: str) -> str:
    """`text` up to where the template begins again; of a text that begins with the template, what answers it."""
    if text.startswith(TEMPLATE_PARTS):
        text = text.partition(RESPONSE_HEADER)[2].lstrip()
    text = text[_HEADERS.match(text).end() :]  # type: ignore[union-attr]
    return _before(_PART, text, _is_own_part).strip()


def _is_spoken_of(text: str, start: int, end: int) -> bool:
    return is_in_string(text, start, end) or is_in_sentence(text, start, end)


def _is_own_part(text: str, start: int, end: int) -> bool:
    """Whether words of the template are the answer's: quoted, or "### Response:" as one of its headings ("### Detection:")."""
    is_heading = text.startswith(RESPONSE_HEADER, start) and text[max(0, start - 1) : start] in ("", "\n")
    return is_in_string(text, start, end) or (is_heading and _OWN_HEADING.search(text, 0, start) is not None)


def _before(pattern: re.Pattern[str], text: str, is_own: Callable[[str, int, int], bool]) -> str:
    """`text` up to the first match that is no part of what the answer says."""
    for match in pattern.finditer(text):
        if not is_own(text, *match.span()):
            return text[: match.start()]
    return text


def _within_tag(text: str) -> str:
    """What an answer tag holds that is all of `text`, or follows one block in another tag."""
    block = None if _TAGGED.match(text) else _BLOCK.match(text)
    tagged = _TAGGED.fullmatch(text, block.end() if block else 0)
    return tagged[2].strip() if tagged else text


def last_tagged(text: str) -> str | None:
    """What the last answer tag in `text` holds; None without one."""
    tagged = [match[2].strip() for match in _TAGGED.finditer(text)]
    return tagged[-1] if tagged else None


def with_reasoning_marked(prompt: str, response: str, reasoning_end: str = "") -> str:
    """A response that begins with what its prompt opened, so that reasoning that never ends is no answer by mistake.

    Args:
        prompt: The prompt, with the chat template.
        response: The model's text.
        reasoning_end: What ends the model's reasoning, where its form isn't known; a response without it is all reasoning.
    """
    if not reasoning_end:
        return opening_of(prompt) + response
    reasoning, end, answer = response.rpartition(reasoning_end)
    return f"<think>{reasoning}{end}</think>{answer}" if end else f"<think>{response}"


def with_thought_marked(prompt: str, response: str) -> str:
    """A response that begins with "### Thought:" where that is the last header of its prompt."""
    asked = prompt.rfind(THOUGHT_HEADER) > prompt.rfind(RESPONSE_HEADER)
    return f"{THOUGHT_HEADER}\n{response}" if asked and not response.startswith(THOUGHT_HEADER) else response


def as_text(value: Any) -> str:
    """A value that is not a string as JSON; empty where even that fails (circular, or too deep)."""
    try:
        return json.dumps(value, ensure_ascii=False, default=repr)
    except Exception:  # whatever an object's own methods raise: an answer is never an error
        return ""
