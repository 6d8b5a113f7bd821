"""The question after a reply that can't be used: the same conversation, with the reason told."""

from __future__ import annotations

from sevenllm_bench.llm.types import Request
from sevenllm_bench.text.unicode import encodable

#: Characters of a useless reply that are shown to the model again.
_SHOWN = 4000


def asked_again(request: Request, reply: str, problem: str) -> Request:
    """The request that follows on a reply with a problem.

    The reply goes along, shortened, and then the reason; an empty one leaves only the reason, at the end of the question,
    since chat templates want the roles to alternate.
    """
    reason = (
        f"Your reply could not be used: {problem[:500]}. Reply to the same request again: the complete JSON object, "
        "with the code of the request, and nothing else."
    )
    *before, last = request.messages
    if reply.strip():
        messages = [
            *before,
            last,
            {"role": "assistant", "content": encodable(reply[:_SHOWN])},
            {"role": "user", "content": reason},
        ]
    else:
        messages = [*before, {**last, "content": f"{last['content']}\n\n{reason}"}]
    return Request(messages, request.parameters, request.check)
