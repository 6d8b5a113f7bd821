"""What a scripted model reads of a prompt: the code, the marked material, and what is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_MARKED = re.compile(r"<<<(?P<label>[^<>\n]+) (?P<code>[0-9a-f]{16})>>>\n(?P<text>.*?)\n<<</(?P=label) (?P=code)>>>", re.DOTALL)
_TASK = re.compile(r"^(?:Task: (?P<en>[^.]+)\.|任务：(?P<zh>[^（]+)（)", re.MULTILINE)
_MOST = {
    "extraction": r"at most (\d+) tasks of extraction|抽取类任务最多选 (\d+) 个",
    "generation": r"at most (\d+) tasks of analysis|分析类任务最多选 (\d+) 个",
    "mcq": r"at most (\d+) tasks for a|单项选择题最多选 (\d+) 个",
}
#: Words of the system message that only one kind of request has; the first that is found counts.
_KINDS = (
    ('"score":', "grade"),
    ('"extraction":', "select"),
    ('"wrong":', "mcq"),
    ('"answer": <the answer>', "rewrite"),
    ('"answer": <答案>', "rewrite"),
    ('"answer": {', "understanding"),
    ('"answer":', "generation"),
)
_TEXTS = ("TEXT", "正文", "INCIDENT TEXT", "事件原文")


@dataclass(frozen=True)
class Prompt:
    """A prompt, read.

    Attributes:
        kind: "select", "understanding", "generation", "mcq", "grade", "rewrite" or "other".
        language: "en" or "zh".
        code: Of the request.
        text: The report.
        task: English name of the task of a row.
        most: Of a select request: how many tasks may be picked, by list.
        user: The first message of the user.
        parts: All marked material, by label.
    """

    kind: str
    language: str = "en"
    code: str = ""
    text: str = ""
    task: str = ""
    most: dict[str, int] = field(default_factory=dict)
    user: str = ""
    parts: dict[str, str] = field(default_factory=dict)


def read_prompt(messages: Sequence[dict[str, Any]]) -> Prompt:
    """Read a conversation; what follows its first question doesn't change what is asked."""
    system = next((str(message["content"]) for message in messages if message["role"] == "system"), "")
    user = next((str(message["content"]) for message in messages if message["role"] == "user"), "")
    marked = list(_MARKED.finditer(user))
    kind = next((kind for sign, kind in _KINDS if sign in system), "other")
    if not marked:
        return Prompt("other", user=user)
    parts = {match["label"]: match["text"] for match in marked}
    head = user[: marked[0].start()]
    task = _TASK.search(head)
    return Prompt(
        kind=kind,
        language="zh" if re.search(r"[\u4e00-\u9fff]", head) else "en",
        code=marked[0]["code"],
        text=next((parts[label] for label in _TEXTS if label in parts), ""),
        task=(task["en"] or task["zh"]).strip() if task else "",
        most={name: _number(pattern, system) for name, pattern in _MOST.items()},
        user=user,
        parts=parts,
    )


def _number(pattern: str, text: str) -> int:
    match = re.search(pattern, text)
    return int(next(filter(None, match.groups()))) if match else 0
