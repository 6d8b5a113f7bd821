"""A reply that counts: one JSON object with the code of its request, which no text can forge, in the form asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from sevenllm_bench.judge.binding import Binding
from sevenllm_bench.judge.reply import read_reply

_AnyModel = TypeVar("_AnyModel", bound=BaseModel)

#: Characters within which the object of a reply must end: a row quotes a text of 12,000, escaped perhaps.
_LONGEST = 100_000


class UselessReplyError(ValueError):
    """Why a reply can't be used, in words for the model."""


def read_bound(text: str, code: str, form: type[_AnyModel]) -> _AnyModel:
    """The object of a reply.

    Args:
        text: The reply, reasoning and code fences included.
        code: The code of its request; an object without it may be quoted from the material, and doesn't count.
        form: What the object must be.

    Raises:
        UselessReplyError: There is no such object, more than one, or it has another form.
    """
    reply = read_reply(text[:_LONGEST], _LONGEST)
    found = Binding(code, ()).objects(reply)
    if not found:
        raise UselessReplyError(_why_none(reply.problem, bool(reply.objects)))
    if any(other != found[0] for other in found[1:]):
        raise UselessReplyError("it holds several JSON objects with the code; give one")
    try:
        return form.model_validate(found[0])
    except ValidationError as error:
        raise UselessReplyError(_first_error(error)) from None


def check_of(code: str, form: type[BaseModel]) -> Callable[[str], str | None]:
    """A request's check: why a reply can't be used, None where it can."""

    def problem(text: str) -> str | None:
        try:
            read_bound(text, code, form)
        except UselessReplyError as error:
            return str(error)
        return None

    return problem


def _why_none(problem: str, has_objects: bool) -> str:
    if problem:
        return problem
    return "the JSON object lacks the code of the request" if has_objects else "it holds no JSON object"


def _first_error(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
