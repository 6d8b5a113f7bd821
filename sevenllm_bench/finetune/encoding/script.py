"""An example as parts of text: what is asked and what is to be written, the template's own words and what is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sevenllm_bench.corpus.conversation import Conversation, Turn
from sevenllm_bench.data.rows import Row
from sevenllm_bench.finetune.encoding.chat_format import ChatFormat, Message
from sevenllm_bench.prompts import (
    INSTRUCTION_HEADER,
    RESPONSE_HEADER,
    STYLES,
    TARGET_DELIMITER,
    PromptStyle,
    render,
    target_parts,
)


@dataclass(frozen=True, slots=True)
class Part:
    """A text.

    Attributes:
        text: The text.
        is_said: Whether it is content, in which a special token that is spelt out stays text; else it is the template's.
    """

    text: str
    is_said: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """Parts that are encoded as one text.

    Attributes:
        parts: The parts.
        without_loss: How many of the parts, from the first, carry no loss.
    """

    parts: tuple[Part, ...]
    without_loss: int

    @property
    def text(self) -> str:
        """The parts joined."""
        return "".join(part.text for part in self.parts)


#: Stretches by turns asked and to be written; the end of sequence comes after the last.
Script = tuple[Stretch, ...]


def asked(*parts: Part) -> Stretch:
    """A stretch without loss."""
    return Stretch(parts, len(parts))


def written(*parts: Part, without_loss: int = 0) -> Stretch:
    """A stretch with loss on its parts, but the first `without_loss`."""
    return Stretch(parts, without_loss)


# --- rows of SEvenLLM ------------------------------------------------------------------------------------------------


def row_prompt(row: Row, style: PromptStyle, chat: ChatFormat | None) -> str:
    """The prompt as text, in the chat template where there is one."""
    text = render(row, style)
    return chat.text([{"role": "user", "content": text}], asks=True) if chat else text


def row_script(row: Row, style: PromptStyle, chat: ChatFormat | None, with_thought_loss: bool) -> Script:
    """A row: its prompt, as an evaluation asks it, and the target."""
    prompt = row_prompt(row, style, chat)
    thought, answer = target_parts(row, style)
    lead, end = (
        _around_answer([{"role": "user", "content": render(row, style)}], prompt, chat) if chat else (TARGET_DELIMITER, "")
    )
    parts = [Part(lead), Part(thought, True), Part(answer, True), Part(end)]
    # The lead carries loss, too: an evaluation ends with the prompt.
    return asked(Part(prompt)), written(*parts, without_loss=2 if thought and not with_thought_loss else 0)


def _around_answer(messages: list[Message], prompt: str, chat: ChatFormat) -> tuple[str, str]:
    """What the chat template puts between the prompt and an answer, and after the answer."""
    whole = chat.text([*messages, {"role": "assistant", "content": _ANSWER}])
    place = whole.find(_ANSWER, len(prompt)) if whole.startswith(prompt) else -1
    if place < 0:  # the template writes finished turns another way: the answer comes right after the prompt
        return "", ""
    return whole[len(prompt) : place], chat.end(whole[place + len(_ANSWER) :])


_ANSWER = "answer-of-the-assistant"


# --- conversations ---------------------------------------------------------------------------------------------------


def conversation_script(conversation: Conversation, chat: ChatFormat | None, eos: str) -> Script:
    """A conversation: in the chat template, or in the prompt "alpaca"; loss on the assistant's turns alone.

    Args:
        conversation: The conversation.
        chat: The chat template; None for the plain prompt.
        eos: The end of sequence as text, which ends each answer of the plain form.
    """
    if chat is None:
        return _plain(conversation.turns, eos)
    messages = _messages(conversation.turns, chat.takes_system)
    return _in_template(messages, chat, eos) or _last_answer(messages, chat)


def exchanges(turns: Sequence[Turn]) -> int:
    """Answers of the assistant."""
    return sum(turn.role == "assistant" for turn in turns)


def first_exchanges(turns: Sequence[Turn], count: int) -> tuple[Turn, ...]:
    """The turns up to the assistant's answer number `count`, from 1."""
    places = [place for place, turn in enumerate(turns) if turn.role == "assistant"]
    return tuple(turns[: places[count - 1] + 1])


def _messages(turns: Sequence[Turn], takes_system: bool) -> list[Message]:
    """Turns as messages: instruction and input joined, and the system's turn put before the user's where it has no place."""
    messages: list[Message] = []
    for turn in turns:
        role = "user" if turn.role == "system" and not takes_system else turn.role
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += f"\n\n{turn.text}"
        else:
            messages.append({"role": role, "content": turn.text})
    return messages


def _in_template(messages: list[Message], chat: ChatFormat, eos: str) -> Script | None:
    """Every answer with loss; None where the template changes what is said, or writes earlier turns another way."""
    roles, said = tuple(message["role"] for message in messages), [message["content"] for message in messages]
    around = chat.around(roles)
    if around is None or _joined(around, said) != chat.text(messages):
        return None
    stretches: list[Stretch] = []
    end = chat.end(around[-1])
    open_parts: list[Part] = []
    before = around[0]
    for place, (role, text) in enumerate(zip(roles, said, strict=True)):
        after = around[place + 1]
        if role != "assistant":
            open_parts += [Part(before), Part(text, True)]
            before = after
            continue
        prompt, lead = _seam(before, chat.asking(roles[:place]))
        last = place == len(roles) - 1
        mark = end if last else _mark_of_end(after, around[-1].rstrip())
        stretches += [asked(*open_parts, Part(prompt)), written(Part(lead), Part(text, True), Part(mark))]
        open_parts, before = [], after.removeprefix(mark)
    return tuple(stretches)


def _joined(around: Sequence[str], said: Sequence[str]) -> str:
    return around[0] + "".join(text + after for text, after in zip(said, around[1:], strict=True))


def _seam(before: str, asking: str | None) -> tuple[str, str]:
    """The text before an answer, divided into what the prompt ends with and what the model writes itself."""
    prompt = before if asking is None else asking
    # A template may end earlier turns otherwise than the prompt does: then the answer comes right after.
    tail = prompt if before.startswith(prompt) else before
    return tail, before[len(tail) :]


def _mark_of_end(after: str, whole_end: str) -> str:
    """What ends an answer that is not the last: the same as after the last, the end of sequence included."""
    return whole_end if whole_end and after.startswith(whole_end) else ""


def _last_answer(messages: list[Message], chat: ChatFormat) -> Script:
    """The last answer alone with loss, after the prompt that an evaluation would give."""
    prompt = chat.text(messages[:-1], asks=True)
    lead, end = _around_answer(messages[:-1], prompt, chat)
    return asked(Part(prompt)), written(Part(lead), Part(messages[-1]["content"], True), Part(end))


def _plain(turns: Sequence[Turn], eos: str) -> Script:
    """The first exchange in the prompt "alpaca", later ones under its headers; an end of sequence after each answer."""
    stretches: list[Stretch] = []
    said: list[str] = []
    for turn in turns:
        if turn.role != "assistant":
            said.append(turn.text)
            continue
        prompt = _later_prompt(said) if stretches else _first_prompt(said, turns[0].role == "system")
        stretches += [prompt, written(Part(TARGET_DELIMITER), Part(turn.text, True), Part(eos))]
        said = []
    last = stretches[-1]
    return (*stretches[:-1], Stretch(last.parts[:-1], 0))


def _first_prompt(said: list[str], has_system: bool) -> Stretch:
    """Instruction and input in their places, a system's turn before the instruction."""
    head, _, rest = STYLES["alpaca"].template.partition("{instruction}")
    middle, _, tail = rest.partition("{input}")
    before = 2 if has_system else 1
    instruction, context = "\n\n".join(said[:before]), "\n\n".join(said[before:])
    return asked(Part(head), Part(instruction, True), Part(middle), Part(context, True), Part(tail))


def _later_prompt(said: list[str]) -> Stretch:
    return asked(Part(f"\n\n{INSTRUCTION_HEADER}\n"), Part("\n\n".join(said), True), Part(f"\n\n{RESPONSE_HEADER}"))
