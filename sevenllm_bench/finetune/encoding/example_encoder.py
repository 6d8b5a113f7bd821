"""Rows and conversations to token ids and labels: the prompt as evaluation gives it, the loss on the completion only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from sevenllm_bench.corpus.conversation import Conversation, Turn
from sevenllm_bench.corpus.selection import cell_of
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.encoding.chat_format import PLAIN_CHAT_TEMPLATE, ChatFormat
from sevenllm_bench.finetune.encoding.script import (
    Script,
    Stretch,
    conversation_script,
    exchanges,
    first_exchanges,
    row_prompt,
    row_script,
)
from sevenllm_bench.finetune.encoding.token_ids import CONTEXT, TokenIds
from sevenllm_bench.prompts import PromptStyle

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["IGNORED", "PLAIN_CHAT_TEMPLATE", "Example", "ExampleEncoder", "Fitting"]

#: Label of a token that carries no loss.
IGNORED = -100
#: Examples that are encoded at a time.
_BATCH = 256
#: Answers that a conversation may have before it is looked at how many of them fit.
_MANY = 32


@dataclass(frozen=True, slots=True)
class Example:
    """A training example.

    Attributes:
        row_id: The row or conversation it comes from.
        cell: Language and task of the row, e.g. "en/Threat Analysis", "zh/mcq" or "en/general alpaca".
        input_ids: n token ids: prompt, completion, end of sequence.
        labels: n labels: the token ids where loss is taken, -100 elsewhere.
    """

    row_id: int
    cell: str
    input_ids: list[int]
    labels: list[int]


@dataclass(slots=True)
class Fitting:
    """What became of rows that did not fit as they were, by row id.

    Attributes:
        shortened: Incident text cut at its end.
        cut: Answer cut at its end, so without an end of sequence.
        later: Later turns of a conversation left out.
        no_room: Left out: nothing of the answer would have fitted.
        no_thought: Left out of thought+answer: the row has no thought.
    """

    shortened: list[int] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    later: list[int] = field(default_factory=list)
    no_room: list[int] = field(default_factory=list)
    no_thought: list[int] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Counts, and the first thousand ids of each."""
        names = {"shortened": "incident text shortened", "cut": "answer cut", "later": "later turns left out"}
        names |= {"no_room": "left out, too long", "no_thought": "left out, no thought"}
        lists = {text: getattr(self, name) for name, text in names.items()}
        return {text: {"rows": len(ids), "ids": ids[:1000]} for text, ids in lists.items() if ids}


class ExampleEncoder:
    """Turns rows and conversations into examples for one tokenizer."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        style: PromptStyle,
        max_length: int,
        with_thought_loss: bool = True,
        chat: bool = False,
        chat_template_arguments: dict[str, Any] | None = None,
    ) -> None:
        """Set up.

        Args:
            tokenizer: The model's.
            style: How rows are put to the model.
            max_length: Tokens that an example may have.
            with_thought_loss: Where the style asks for a thought: whether it carries loss, or only the answer after it.
            chat: Wrap the prompt in the tokenizer's chat template.
            chat_template_arguments: Arguments for that template.

        Raises:
            ConfigError: The tokenizer has no end-of-sequence token, or no chat template though `chat` is asked for.
        """
        if tokenizer.eos_token_id is None:
            raise ConfigError("the tokenizer has no end-of-sequence token, so the model could not learn to stop")
        if chat and not tokenizer.chat_template:
            raise ConfigError("the tokenizer has no chat template; set data.chat=false")
        self._tokenizer = tokenizer
        self._style = style
        self._max_length = max_length
        self._with_thought_loss = with_thought_loss
        self._chat = ChatFormat(tokenizer, chat_template_arguments or {}) if chat else None
        self._ids = TokenIds(tokenizer)

    @property
    def stop_strings(self) -> list[str] | None:
        """Where generation stops besides the model's own end, as in an evaluation; None for nowhere."""
        return None if self._chat else self._style.stop_strings

    def encode(self, records: Iterable[Row | Conversation], fitting: Fitting) -> Iterator[Example]:
        """The examples of `records`; what had to be shortened or left out is noted in `fitting`."""
        records = iter(records)
        while batch := list(islice(records, _BATCH)):
            scripts = [(record, self._script(self._bounded(record))) for record in batch if self._has_thought(record, fitting)]
            begins = [script[:2] for _, script in scripts]
            self._ids.prepare([prompt.text for prompt, _ in begins], [(prompt.text, rest.text) for prompt, rest in begins])
            for record, script in scripts:
                example = self._fit(record, self._encoded(script), fitting)
                if example is not None:
                    yield example

    def _has_thought(self, record: Row | Conversation, fitting: Fitting) -> bool:
        """Whether a row has the thought that the style asks for; noted where it hasn't."""
        if isinstance(record, Row) and self._style.with_thought and not record.thought.strip():
            fitting.no_thought.append(record.id)
            return False
        return True

    def prompt_ids(self, row: Row) -> list[int]:
        """Token ids of the prompt, as lm-eval's `hf` model encodes it."""
        return self._ids.of_prompt(self.prompt(row))

    def prompt(self, row: Row) -> str:
        """The prompt as text, in the chat template where there is one."""
        return row_prompt(row, self._style, self._chat)

    def _bounded(self, record: Row | Conversation) -> Row | Conversation:
        """A conversation of many turns without those far beyond what fits: time and memory grow with the square of the turns."""
        count = _MANY
        while isinstance(record, Conversation) and exchanges(record.turns) > count:
            shorter = _with_exchanges(record, count)
            if not self._fits(shorter):
                return shorter
            count *= 2
        return record

    def _script(self, record: Row | Conversation) -> Script:
        if isinstance(record, Row):
            return row_script(record, self._style, self._chat, self._with_thought_loss)
        return conversation_script(record, self._chat, str(self._tokenizer.eos_token))

    def _encoded(self, script: Script) -> tuple[list[int], list[int]]:
        """Token ids of the example, and its labels."""
        ids: list[int] = []
        labels: list[int] = []
        before = ""
        for stretch in script:
            new = self._stretch(before, stretch)
            masked = self._masked(before, stretch, new)
            ids += new
            labels += [IGNORED] * masked + new[masked:]
            before = (before + stretch.text)[-CONTEXT:]
        eos = int(self._tokenizer.eos_token_id)
        return [*ids, eos], [*labels, eos]

    def _stretch(self, before: str, stretch: Stretch) -> list[int]:
        """Token ids of a stretch; where a special token is spelt out in what is said, part for part."""
        if not any(part.is_said and self._ids.spells_control(part.text) for part in stretch.parts):
            return self._ids.after(before, stretch.text) if before else self._ids.of_prompt(stretch.text)
        ids: list[int] = []
        for part in stretch.parts:
            if part.is_said:
                ids += ([] if before else self._ids.of_prompt("")) + self._ids.of_said(before, part.text)
            elif part.text:
                ids += self._ids.after(before, part.text) if before else self._ids.of_prompt(part.text)
            before += part.text
        return ids

    def _masked(self, before: str, stretch: Stretch, ids: list[int]) -> int:
        """Number of leading ids of a stretch that carry no loss."""
        if stretch.without_loss == len(stretch.parts):
            return len(ids)
        if not stretch.without_loss:
            return 0
        first = Stretch(stretch.parts[: stretch.without_loss], 0)
        return _common_prefix(self._stretch(before, first), ids)

    def _fit(self, record: Row | Conversation, whole: tuple[list[int], list[int]], fitting: Fitting) -> Example | None:
        ids, labels = whole
        if len(ids) > self._max_length:
            ids, labels, noted = self._shortened(self._bounded(record), fitting)
            ids, labels = ids[: self._max_length], labels[: self._max_length]
            if all(label == IGNORED for label in labels[1:]):
                fitting.no_room.append(record.id)
                return None
            noted.append(record.id)
        return Example(record.id, cell_of(record), ids, labels)

    def _shortened(self, record: Row | Conversation, fitting: Fitting) -> tuple[list[int], list[int], list[int]]:
        """Ids and labels of a shorter form, which may still be too long, and where that is noted."""
        if isinstance(record, Conversation) and (count := exchanges(record.turns)) > 1:
            talk = record
            kept = 1 + _longest(lambda more: self._fits(_with_exchanges(talk, more + 1)), count - 1)
            if kept:
                return *self._whole(_with_exchanges(talk, kept)), fitting.later
            record = _with_exchanges(talk, 1)
        size = _longest(lambda size: self._fits(_with_text(record, size)), len(_text_of(record)))
        return *self._whole(_with_text(record, max(size, 0))), fitting.shortened if size >= 0 else fitting.cut

    def _whole(self, record: Row | Conversation) -> tuple[list[int], list[int]]:
        return self._encoded(self._script(record))

    def _fits(self, record: Row | Conversation) -> bool:
        return len(self._whole(record)[0]) <= self._max_length


def _common_prefix(first: list[int], second: list[int]) -> int:
    """Number of leading ids that two lists share."""
    pairs = zip(first, second, strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(first), len(second)))


def _with_exchanges(conversation: Conversation, count: int) -> Conversation:
    return replace(conversation, turns=first_exchanges(conversation.turns, count))


def _text_of(record: Row | Conversation) -> str:
    """What may be shortened: the incident text, or the input beside an instruction; empty for other conversations."""
    if isinstance(record, Row):
        return record.input
    return record.turns[-2].text if _has_input(record) else ""


def _has_input(conversation: Conversation) -> bool:
    return [turn.role for turn in conversation.turns[-3:]] == ["user", "user", "assistant"]


def _with_text(record: Row | Conversation, size: int) -> Row | Conversation:
    if isinstance(record, Row):
        return replace(record, input=record.input[:size])
    if not _has_input(record):
        return record
    shorter = Turn("user", record.turns[-2].text[:size])
    return replace(record, turns=(*record.turns[:-2], shorter, record.turns[-1]))


def _longest(fits: Callable[[int], bool], upper: int) -> int:
    """The largest size below `upper` that fits, by bisection; -1 where none does."""
    low, high = -1, upper
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
