"""Rows to token ids and labels: the prompt as evaluation gives it, the loss on the completion only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sevenllm_bench.corpus.selection import cell_of
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.prompts import TARGET_DELIMITER, PromptStyle, render, target_parts

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: Label of a token that carries no loss.
IGNORED = -100

#: Stands for the answer where a chat template is asked what it puts around it. An answer itself ("D") may be found elsewhere.
_ANSWER = "answer-of-the-assistant"

#: Chat template of a model that is trained without one: `--apply_chat_template` then asks exactly as without it.
PLAIN_CHAT_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'assistant' %}"
    "{{ '\\n' + message['content'] + '\\n\\n' }}"
    "{% else %}{{ message['content'] }}{% endif %}{% endfor %}"
)


@dataclass(frozen=True, slots=True)
class Example:
    """A training example.

    Attributes:
        row_id: The row it comes from.
        cell: Language and task of the row, e.g. "en/Threat Analysis" or "zh/mcq".
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
        no_room: Left out: nothing of the answer would have fitted.
        no_thought: Left out of thought+answer: the row has no thought.
    """

    shortened: list[int] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    no_room: list[int] = field(default_factory=list)
    no_thought: list[int] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Counts, and the first thousand ids of each."""
        names = {"shortened": "incident text shortened", "cut": "answer cut", "no_room": "left out, too long"}
        names |= {"no_thought": "left out, no thought"}
        lists = {text: getattr(self, name) for name, text in names.items()}
        return {text: {"rows": len(ids), "ids": ids[:1000]} for text, ids in lists.items() if ids}


class ExampleEncoder:
    """Turns rows into examples for one tokenizer."""

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
        self._chat = chat
        self._chat_arguments = chat_template_arguments or {}

    @property
    def stop_strings(self) -> list[str] | None:
        """Where generation stops besides the model's own end, as in an evaluation; None for nowhere."""
        return None if self._chat else self._style.stop_strings

    def encode(self, rows: Iterable[Row], fitting: Fitting) -> Iterator[Example]:
        """The examples of `rows`; what had to be shortened or left out is noted in `fitting`."""
        for row in rows:
            if self._style.with_thought and not row.thought.strip():
                fitting.no_thought.append(row.id)
                continue
            example = self._fit(row, fitting)
            if example is not None:
                yield example

    def prompt_ids(self, row: Row) -> list[int]:
        """Token ids of the prompt, as lm-eval's `hf` model encodes it."""
        return self._ids(self.prompt(row))

    def prompt(self, row: Row) -> str:
        """The prompt as text, in the chat template where there is one."""
        text = render(row, self._style)
        return self._in_chat([{"role": "user", "content": text}], add_generation_prompt=True) if self._chat else text

    def _in_chat(self, messages: list[dict[str, str]], **arguments: Any) -> str:
        try:
            return str(self._tokenizer.apply_chat_template(messages, tokenize=False, **self._chat_arguments, **arguments))
        except Exception as error:  # a template is a program
            raise ConfigError(
                f"the chat template can't be applied with data.chat_template_arguments={self._chat_arguments}: {error}"
            ) from None

    def _ids(self, text: str) -> list[int]:
        """As lm-eval encodes: with the tokenizer's special tokens, unless the text has its beginning of sequence already."""
        bos = self._tokenizer.bos_token
        special = not (bos and text.startswith(bos))
        return list(self._tokenizer.encode(text, add_special_tokens=special))

    def _completion(self, row: Row, prompt: str) -> tuple[str, str]:
        """The text after the prompt without the end of sequence: what carries no loss, and what does."""
        thought, answer = target_parts(row, self._style)
        lead, end = self._around(row, prompt) if self._chat else (TARGET_DELIMITER, "")
        if thought and not self._with_thought_loss:
            return lead + thought, answer + end
        return "", lead + thought + answer + end  # the lead, too: an evaluation ends with the prompt

    def _around(self, row: Row, prompt: str) -> tuple[str, str]:
        """What the chat template puts between the prompt and the answer, and after the answer."""
        turns = [{"role": "user", "content": render(row, self._style)}, {"role": "assistant", "content": _ANSWER}]
        whole = self._in_chat(turns)
        place = whole.find(_ANSWER, len(prompt)) if whole.startswith(prompt) else -1
        if place < 0:  # the template writes finished turns another way: the answer comes right after the prompt
            return "", ""
        end = whole[place + len(_ANSWER) :].rstrip()
        return whole[len(prompt) : place], end.removesuffix(str(self._tokenizer.eos_token))

    def _whole(self, row: Row) -> tuple[list[int], list[int]]:
        """Token ids of the example, and its labels."""
        prompt = self.prompt(row)
        without_loss, with_loss = self._completion(row, prompt)
        head = self._ids(prompt)
        completion = self._after(prompt, head, without_loss + with_loss)
        masked = _common_prefix(self._after(prompt, head, without_loss), completion) if without_loss else 0
        ids = [*head, *completion, int(self._tokenizer.eos_token_id)]
        return ids, [IGNORED] * (len(head) + masked) + ids[len(head) + masked :]

    def _after(self, before: str, before_ids: list[int], text: str) -> list[int]:
        """Token ids of `text` after `before`.

        Those of the joined text where its beginning stays as it was: a tokenizer may put a space before a text of its own.
        Where tokens would merge across the seam they are encoded apart: in an evaluation the prompt comes alone, too.
        """
        joined = self._ids(before + text)
        if joined[: len(before_ids)] == before_ids:
            return joined[len(before_ids) :]
        return list(self._tokenizer.encode(text, add_special_tokens=False))

    def _fit(self, row: Row, fitting: Fitting) -> Example | None:
        ids, labels = self._whole(row)
        if len(ids) > self._max_length:
            size = _longest(lambda size: self._fits(_with_input(row, size)), len(row.input))
            ids, labels = self._whole(_with_input(row, max(size, 0)))
            ids, labels = ids[: self._max_length], labels[: self._max_length]
            if all(label == IGNORED for label in labels[1:]):
                fitting.no_room.append(row.id)
                return None
            (fitting.shortened if size >= 0 else fitting.cut).append(row.id)
        return Example(row.id, cell_of(row), ids, labels)

    def _fits(self, row: Row) -> bool:
        return len(self._whole(row)[0]) <= self._max_length


def _common_prefix(first: list[int], second: list[int]) -> int:
    """Number of leading ids that two lists share."""
    pairs = zip(first, second, strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(first), len(second)))


def _with_input(row: Row, size: int) -> Row:
    return replace(row, input=row.input[:size])


def _longest(fits: Callable[[int], bool], upper: int) -> int:
    """The largest size below `upper` that fits, by bisection; -1 where none does."""
    low, high = -1, upper
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
