"""A model's chat template: prompts in it, and what it puts around the turns of a conversation."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: Chat template of a model that is trained without one: `--apply_chat_template` then asks exactly as without it.
PLAIN_CHAT_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'assistant' %}"
    "{{ '\\n' + message['content'] + '\\n\\n' }}"
    "{% else %}{{ message['content'] }}{% endif %}{% endfor %}"
)

Message = dict[str, str]


class ChatFormat:
    """Applies a tokenizer's chat template."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, arguments: dict[str, Any]) -> None:
        """Set up.

        Args:
            tokenizer: With a chat template.
            arguments: For the template.
        """
        self._tokenizer = tokenizer
        self._arguments = arguments

    def text(self, messages: Sequence[Message], asks: bool = False) -> str:
        """The messages in the template; with `asks`, with the beginning of an answer.

        Raises:
            ConfigError: The template fails.
        """
        try:
            return str(
                self._tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=asks, **self._arguments)
            )
        except Exception as error:  # a template is a program
            raise ConfigError(
                f"the chat template can't be applied with data.chat_template_arguments={self._arguments}: {error}"
            ) from None

    @functools.cached_property
    def takes_system(self) -> bool:
        """Whether the template has a place for a system's turn."""
        try:
            text = self.text([{"role": "system", "content": _mark(0)}, {"role": "user", "content": _mark(1)}])
        except ConfigError:
            return False
        return _mark(0) in text

    @functools.lru_cache(maxsize=1000)  # noqa: B019  (an encoder lives as long as its run)
    def around(self, roles: tuple[str, ...]) -> tuple[str, ...] | None:
        """What the template puts before the first turn, between turns, and after the last, the end of sequence included.

        Args:
            roles: Of n turns.

        Returns:
            n + 1 texts; None where the template doesn't write each turn once and in order.
        """
        return self._parts(roles, False)

    @functools.lru_cache(maxsize=10_000)  # noqa: B019
    def asking(self, roles: tuple[str, ...]) -> str | None:
        """What a prompt puts after the last turn: it ends with the beginning of an answer."""
        parts = self._parts(roles, True)
        return parts[-1] if parts else None

    def _parts(self, roles: tuple[str, ...], asks: bool) -> tuple[str, ...] | None:
        rest, parts = self.text([{"role": role, "content": _mark(place)} for place, role in enumerate(roles)], asks), []
        for place in range(len(roles)):
            part, found, rest = rest.partition(_mark(place))
            if not found:
                return None
            parts.append(part)
        return (*parts, rest)

    def end(self, after: str) -> str:
        """What of the text after an answer ends it, without the end of sequence."""
        return after.rstrip().removesuffix(str(self._tokenizer.eos_token))


def _mark(place: int) -> str:
    """Stands for what a turn says where the template is asked what it puts around it; an answer ("D") may be found elsewhere."""
    return f"turn-{place}-of-the-conversation"
