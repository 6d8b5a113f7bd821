"""Whose words a verdict is: bound to a request by the code in it, or at least not to be found in the answer.

A judge may repeat what an answer says, to reject it or because it is a weak model. The author of an answer can write
anything except the code of the request that puts it to the judge (see `quoting.request_code`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.judge.quoting import unescaped
from sevenllm_bench.judge.reply import JudgeReply, stated_on

#: Why a verdict without the code isn't taken: the answer may be where it comes from.
NO_CODE = "the request's code is missing, and the verdict may be quoted from the answer"

CODE_KEYS = ("code", "代码")

#: A quote of a key or a value, or none.
QUOTE = r"[\"'“”]?"

_BETWEEN = re.compile(r"[\n\"'“”]")


@dataclass(frozen=True, slots=True)
class Binding:
    """What a reply must come from.

    Attributes:
        code: The code of the request.
        answers: The answers under judgement, as the judge sees them.
    """

    code: str
    answers: tuple[str, ...]

    def holds_alone(self, pattern: re.Pattern[str]) -> bool:
        """Whether a line or a quoted text of an answer is nothing but what `pattern` matches, in plain marks."""
        return bool(stated_on(_BETWEEN.split(self.quotable), pattern))

    @property
    def quotable(self) -> str:
        """The answers, each as it is and in the spelling that a reader of JSON makes of it, below each other."""
        return "\n".join(spelling for answer in self.answers for spelling in (answer, unescaped(answer)))

    def stated_after_code(self, text: str, field: str) -> list[re.Match[str]]:
        """Places of `text` where the code's field is directly followed by one that the pattern `field` matches.

        What stands there is the judge's own, whatever it quotes elsewhere and however broken its JSON is. A code without
        quotes may be said of the answer that follows.
        """
        code = rf"(?<!\w){QUOTE}(?:{'|'.join(CODE_KEYS)}){QUOTE}\s*[:：]\s*[\"'“”]{self.code}[\"'“”]"
        return list(re.finditer(rf"{code}\s*[,，;；]?\s*(?:{field})", text, re.IGNORECASE))

    def objects(self, reply: JudgeReply) -> list[dict[str, Any]]:
        """The objects of a reply that carry the code, those within others too. One may begin in a quotation."""
        return [found for outer in reply.objects for found in _objects_in(outer) if self._carries_code(found)]

    def _carries_code(self, found: dict[str, Any]) -> bool:
        return any(isinstance(found.get(key), str) and found[key].strip() == self.code for key in CODE_KEYS)


def _objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """A JSON value's objects, itself and those within; its depth is bounded by the parser's."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _objects_in(item)
