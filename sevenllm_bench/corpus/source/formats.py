"""Records of general instruction sets, in the formats that are common, to turns of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import groupby
from typing import Any, Literal, get_args

from sevenllm_bench.corpus.conversation import Role, Turn
from sevenllm_bench.corpus.source.training_rows import LeftOut

Format = Literal["sevenllm", "alpaca", "sharegpt", "messages", "prompt-completion"]
FORMATS: tuple[Format, ...] = get_args(Format)

#: Columns by which a format is recognised, and that it can't do without: one name of each group.
COLUMNS: dict[Format, tuple[tuple[str, ...], ...]] = {
    "sevenllm": (("instruction",), ("output",), ("category", "thought")),
    "messages": (("messages",),),
    "sharegpt": (("conversations", "conversation"),),
    "alpaca": (("instruction",), ("output", "response")),
    "prompt-completion": (("prompt", "question"), ("completion", "response", "answer")),
}

_ROLES: dict[str, Role] = {
    **dict.fromkeys(("user", "human", "prompter"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "model"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
}


#: Columns beside the turns that hold what a text refers to ("<image>"), by LLaVA's and LLaMA-Factory's names.
_SEEN_OR_HEARD = ("image", "images", "video", "videos", "audio", "audios")


def format_of(records: Iterable[Mapping[str, Any]]) -> Format | None:
    """The first of `COLUMNS` whose columns some records have together; None where none fits."""
    keys = {key for record in records for key in record}
    return next((form for form in COLUMNS if has_columns(keys, form)), None)


def columns_of(form: Format) -> str:
    """The columns of a format, in words: "instruction, output (or response)"."""
    return ", ".join(first + (f" (or {' or '.join(others)})" if others else "") for first, *others in COLUMNS[form])


def has_columns(keys: Collection[str], form: Format) -> bool:
    """Whether the columns of a format are among the keys."""
    return all(any(name in keys for name in group) for group in COLUMNS[form])


def turns_of(record: Mapping[str, Any], form: Format) -> tuple[Turn, ...]:
    """The turns of a record: user and assistant by turns, the last the assistant's; a system's at most at the beginning.

    Texts are without blanks at their ends, as chat templates have them. Turns of one role in a row become one, except the
    user's last two where they are instruction and input. Turns before the user's first and after the assistant's last are
    left out.

    Raises:
        LeftOut: The record gives no conversation: columns that don't fit (`broken`), no turn of the assistant, a role or a
            content that is not supported.
    """
    if not has_columns(record, form):
        raise LeftOut(f"without the columns {columns_of(form)}", broken=True)
    if any(record.get(name) for name in _SEEN_OR_HEARD):
        raise LeftOut("with images, video or sound")
    turns = [turn for turn in _READERS[form](record) if turn.text]
    system = [turn for turn in turns if turn.role == "system"]
    spoken = _from_user_to_assistant(turn for turn in turns if turn.role != "system")
    if not spoken:
        raise LeftOut("no turn of the assistant after one of the user")
    return (*_joined(system), *(spoken if form == "alpaca" else _joined(spoken)))


def _from_user_to_assistant(turns: Iterable[Turn]) -> list[Turn]:
    spoken = list(turns)
    roles = [turn.role for turn in spoken]
    if "user" not in roles or "assistant" not in roles:
        return []
    return spoken[roles.index("user") : len(roles) - roles[::-1].index("assistant")]


def _joined(turns: Iterable[Turn]) -> list[Turn]:
    return [Turn(role, "\n\n".join(turn.text for turn in group)) for role, group in groupby(turns, lambda turn: turn.role)]


def _said(role: Any, content: Any) -> Turn:
    known = _ROLES.get(role.strip().lower()) if isinstance(role, str) else None
    if known is None:
        raise LeftOut(f"a turn of the role {role!r:.40}")
    return Turn(known, _text(content))


def _text(content: Any) -> str:
    """Content as text: a string, or the list of text parts that OpenAI's format allows."""
    if isinstance(content, (list, tuple)) and all(isinstance(part, Mapping) and part.get("type") == "text" for part in content):
        content = "\n".join(str(part.get("text") or "") for part in content)
    if content is None:
        return ""
    if not isinstance(content, str):
        raise LeftOut("a content that is no text")
    return content.strip()


# --- one function per format -----------------------------------------------------------------------------------------


def _alpaca(record: Mapping[str, Any]) -> list[Turn]:
    """Stanford Alpaca's instruction, input, output; Dolly's context and response; LLaMA-Factory's system and history."""
    history = record.get("history") or []
    if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in history):
        raise LeftOut("a history that is no list of pairs")
    earlier = [_said(role, text) for pair in history for role, text in zip(("user", "assistant"), pair, strict=True)]
    return [
        _said("system", record.get("system")),
        *earlier,
        _said("user", record["instruction"]),
        _said("user", _first(record, "input", "context")),
        _said("assistant", _first(record, "output", "response")),
    ]


def _sharegpt(record: Mapping[str, Any]) -> list[Turn]:
    return [_said("system", record.get("system")), *_listed(_first(record, "conversations", "conversation"))]


def _messages(record: Mapping[str, Any]) -> list[Turn]:
    return _listed(record["messages"])


def _prompt_completion(record: Mapping[str, Any]) -> list[Turn]:
    """TRL's prompt and completion, each a text or messages; question and answer."""
    turns = [_said("system", record.get("system"))]
    names = COLUMNS["prompt-completion"]
    for role, value in zip(("user", "assistant"), (_first(record, *group) for group in names), strict=True):
        is_list = isinstance(value, (list, tuple)) and any(isinstance(turn, Mapping) and _is_turn(turn) for turn in value)
        turns += _listed(value) if is_list else [_said(role, value)]
    return turns


def _listed(turns: Any) -> list[Turn]:
    """Turns written {"from", "value"} or {"role", "content"}."""
    if not isinstance(turns, (list, tuple)) or not all(isinstance(turn, Mapping) and _is_turn(turn) for turn in turns):
        raise LeftOut("no list of turns (from and value, or role and content)", broken=True)
    if any(turn.get("tool_calls") or turn.get("function_call") for turn in turns):
        raise LeftOut("a turn that calls tools")
    return [_said(_first(turn, "role", "from"), _first(turn, "content", "value")) for turn in turns]


def _is_turn(turn: Mapping[str, Any]) -> bool:
    return ("role" in turn and "content" in turn) or ("from" in turn and "value" in turn)


def _first(record: Mapping[str, Any], *names: str) -> Any:
    """The value of the first of the names that the record has one for."""
    return next((record[name] for name in names if record.get(name) is not None), None)


_READERS: dict[Format, Callable[[Mapping[str, Any]], list[Turn]]] = {
    "alpaca": _alpaca,
    "sharegpt": _sharegpt,
    "messages": _messages,
    "prompt-completion": _prompt_completion,
}
