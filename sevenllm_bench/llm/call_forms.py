"""The form in which a server takes a call, found by trying: servers refuse a parameter in any words and languages.

A form is the set of changes made to what is asked for. Nothing is read from a refusal except the names of parameters in
it, and those only decide what is tried first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sevenllm_bench.llm.call_error import CallError
from sevenllm_bench.llm.types import Request

logger = logging.getLogger("sevenllm_bench.llm")

Form = frozenset[str]
#: What is asked for, unchanged.
PLAIN: Form = frozenset()

#: OpenAI's reasoning models want the second name, many servers know the first only.
_LIMITS = ("max_tokens", "max_completion_tokens")
#: Reasoning models write thousands of tokens before their answer.
LEAST_ROOM = 4096


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of a call.

    Attributes:
        said: What is done, for messages.
        names: Words by which refusals name what it changes, in lower case.
        make: The change; an equal request where there is nothing to change.
    """

    said: str
    names: tuple[str, ...]
    make: Callable[[Request], Request]


def _with(request: Request, parameters: Mapping[str, Any]) -> Request:
    return replace(request, parameters=parameters)


def _without(*names: str) -> Callable[[Request], Request]:
    return lambda request: _with(request, {name: value for name, value in request.parameters.items() if name not in names})


def _json_object(request: Request) -> Request:
    known = {"response_format": {"type": "json_object"}} if "response_format" in request.parameters else {}
    return _with(request, {**request.parameters, **known})


def _renamed_limit(request: Request) -> Request:
    names = dict(zip(_LIMITS, reversed(_LIMITS), strict=True))
    return _with(request, {names.get(name, name): value for name, value in request.parameters.items()})


def _more_room(request: Request) -> Request:
    limits = {name: request.parameters.get(name) for name in _LIMITS}
    room = {name: max(4 * limit, LEAST_ROOM) for name, limit in limits.items() if isinstance(limit, int)}
    return _with(request, {**request.parameters, **room})


def _one_turn(request: Request) -> Request:
    """The system message at the beginning of the user's."""
    messages = list(request.messages)
    if len(messages) < 2 or messages[0].get("role") != "system":
        return request
    text = f"{messages[0]['content']}\n\n{messages[1]['content']}"
    return replace(request, messages=[{**messages[1], "content": text}, *messages[2:]])


def _streamed(request: Request) -> Request:
    return _with(request, {**request.parameters, "stream": True})


_FORMAT_NAMES = ("response_format", "json_schema", "json schema", "structured output", "json", "grammar", "guided", "schema")
#: In the order in which they are tried and made.
_CHANGES = {
    "no format": _Change("without structured output", _FORMAT_NAMES, _without("response_format")),
    "json_object": _Change("with json_object as structured output", _FORMAT_NAMES, _json_object),
    "no temperature": _Change("without temperature", ("temperature",), _without("temperature")),
    "one turn": _Change("with the system message in the user's turn", ("system", "role"), _one_turn),
    "stream": _Change("with streaming", ("stream", "流式"), _streamed),
    "room": _Change("with more room for the reply", (), _more_room),
    "other limit": _Change("with the limit of tokens under its other name", _LIMITS, _renamed_limit),
    "no limit": _Change("without a limit of tokens", (), _without(*_LIMITS)),
}
#: Tried together where no single change is enough.
_TOGETHER: tuple[tuple[str, ...], ...] = (
    ("no format", "no temperature"),
    ("no format", "one turn"),
    ("no format", "no temperature", "one turn"),
    ("no format", "no temperature", "one turn", "stream"),
    ("no format", "no temperature", "one turn", "stream", "other limit"),
)


class CallForms:
    """What was learnt of one server and model; several clients may share it.

    Attributes:
        form: The form in which calls are made.
        taken: Forms that the server has answered a call of.
        room_refused: Whether the server takes no larger limit of tokens.
    """

    def __init__(self) -> None:
        """Assume that the server takes everything."""
        self.form = PLAIN
        self.taken: set[Form] = set()
        self.room_refused = False

    @property
    def notes(self) -> tuple[str, ...]:
        """How calls differ from what is asked for, in words."""
        return tuple(change.said for name, change in _CHANGES.items() if name in self.form)

    def learn(self, form: Form, model: str, failure: CallError | None = None) -> None:
        """Make all calls in `form` from now on, after a good reply to it, and say so.

        Args:
            form: The form.
            model: The model's name, for the message.
            failure: Why it isn't asked in the old form.
        """
        self.form = form
        self.taken.add(form)
        said = ", ".join(self.notes) or "as at first"
        logger.warning("%s is asked %s from now on%s", model, said, f" ({failure.kind})" if failure else "")

    def make_room(self, request: Request, used: Form, model: str) -> bool:
        """Raise the limit of tokens, once; whether a request that was made in the form `used` is worth repeating with it."""
        if self.room_refused or in_form(request, used | {"room"}) == in_form(request, used):
            return False
        if "room" not in self.form:
            self.form |= {"room"}
            logger.warning("Replies of %s end at the limit of their tokens; asked %s from now on", model, ", ".join(self.notes))
        return True

    def refuse_room(self) -> None:
        """Go back to the limit of tokens that is asked for."""
        self.form -= {"room"}
        self.room_refused = True

    def others(self, form: Form, failure: CallError, named_only: bool, probing: bool) -> list[Form]:
        """Forms to try for a request that was refused in `form`, the likeliest first; some may make no other call of it.

        Args:
            form: The form that was refused.
            failure: The refusal; the parameters that it names come first.
            named_only: Whether only what the refusal names is tried, as where calls of this form were answered before.
            probing: Whether the request is known to be harmless. Another may be refused for its length, and pass without
                a limit of tokens, which says nothing of the server.
        """
        named = named_in(failure)
        tried = [self.form, form - {"room"}, *(form | {name} for name in named), form.union(named) - {"json_object"}]
        if not named_only:
            tried += [form | {name} for name in _CHANGES if name not in ("room", "no limit")]
            tried += [form.union(names) for names in _TOGETHER]
            tried += [form | {"no limit"}] if probing else []
        return tried


def named_in(failure: CallError) -> list[str]:
    """The changes of what a refusal names."""
    said = (failure.parameter or failure.reason).lower()
    return [name for name, change in _CHANGES.items() if any(word in said for word in change.names)]


def in_form(request: Request, form: Form) -> Request:
    """The request as it is sent in a form."""
    for name, change in _CHANGES.items():
        if name in form:
            request = change.make(request)
    return request
