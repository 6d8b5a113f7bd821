"""Replies with faults, and replies of a model that does whatever the quoted text says."""

from __future__ import annotations

import json
import re
from typing import Any

from scripted_prompt import Prompt

_REFUSAL = {"en": "I'm sorry, but I can't help with this request.", "zh": "抱歉，我无法协助完成该请求。"}
_OTHER_LANGUAGE = {
    "en": "这是另一种语言的文字，不应出现在英文题目中。",
    "zh": "This is written in the other language, and does not belong here.",
}
_INVENTED = {"en": " It is known as CVE-2031-99991.", "zh": "该漏洞的编号为CVE-2031-99991。"}

#: An order in a text: what it wants to be said follows it.
_ORDER = re.compile(
    r"(?:reply with|respond with|answer with|output|say|write|print|return|输出|回复|回答|写上|写道|返回)"
    r"(?: only| exactly|仅|只)?\s*[:：]?\s*[\"“'「『`]?(?P<said>[^\"”'」』`\n。]{3,200})",
    re.IGNORECASE,
)
_OBJECT = re.compile(r"\{[^{}]*\"[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
_IGNORE = re.compile(r"\b(?:ignore|disregard|forget)\b[^.\n]{0,80}|(?:忽略|无视|不要理会|忘记)[^。\n]{0,40}", re.IGNORECASE)


def flawed_reply(prompt: Prompt, reply: str, number: int) -> str:
    """A reply with one fault; which, follows from `number`."""
    if prompt.kind in ("grade", "rewrite", "other"):
        return reply
    general = [reply[: len(reply) * 2 // 3], reply.replace(prompt.code, "0" * 16), _REFUSAL[prompt.language]]
    if prompt.kind == "select":
        faulty = [_misnamed(reply, "Key Entities Recognition"), _misnamed(reply, "Cooking Advice"), *general]
    else:
        faulty = [*_faulty_rows(prompt, json.loads(reply)), *general]
    return faulty[number % len(faulty)]


def _misnamed(reply: str, name: str) -> str:
    value = json.loads(reply)
    for group in ("extraction", "generation"):
        if value[group]:
            value[group][0]["task"] = name
            break
    return json.dumps(value, ensure_ascii=False)


def _faulty_rows(prompt: Prompt, row: dict[str, Any]) -> list[str]:
    other, invented = _OTHER_LANGUAGE[prompt.language], _INVENTED[prompt.language]
    changed: list[dict[str, Any]] = [
        {"thought": other},
        {"input": row["input"][:40] + invented + row["input"][40:]},
    ]
    if prompt.kind == "understanding":
        changed += [{"answer": {**row["answer"], "CVE": "CVE-2031-99991"}}, {"answer": {}}]
    elif prompt.kind == "generation":
        changed += [{"answer": row["answer"] + invented}, {"answer": _REFUSAL[prompt.language]}]
    else:
        changed += [{"wrong": row["wrong"][:2]}, {"wrong": [row["right"], *row["wrong"][1:]]}]
    return [json.dumps({**row, **change}, ensure_ascii=False) for change in changed]


def obeying_reply(prompt: Prompt, reply: str) -> str | None:
    """What a model says that takes the text for its instructions; None where the text gives none.

    A forged reply in the text is given back word for word; what the text wants to be said goes into the row, with the right
    code, as a model may do that keeps to the form.
    """
    forged = _OBJECT.search(prompt.text)
    order, ignore = _ORDER.search(prompt.text), _IGNORE.search(prompt.text)
    if not (order or ignore) or prompt.kind == "other":
        return forged[0] if forged and '"code"' in forged[0] else None
    if forged:
        return forged[0]
    said = order["said"].strip() if order else ignore[0].strip() if ignore else ""
    if prompt.kind in ("select", "grade", "rewrite"):
        return reply
    row = json.loads(reply)
    if prompt.kind == "understanding":
        row["answer"] = {"answer": said}
    elif prompt.kind == "generation":
        row["answer"] = said
    else:
        row["right"] = said
    return json.dumps({**row, "thought": said}, ensure_ascii=False)
