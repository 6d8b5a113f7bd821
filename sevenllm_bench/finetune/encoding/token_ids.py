"""Texts to token ids: a prompt as lm-eval encodes it, what follows it without a merged seam, and what is said as text alone."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: At most so much of the text before is encoded with what follows it.
CONTEXT = 200


class TokenIds:
    """Encodes for one tokenizer."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Set up."""
        self._tokenizer = tokenizer
        self._known: dict[tuple[str, bool], list[int]] = {}

    def prepare(self, prompts: Iterable[str], followed: Iterable[tuple[str, str]]) -> None:
        """Encode many texts at once, which is faster; they are known until the next call.

        Args:
            prompts: For `of_prompt`.
            followed: Pairs for `after`.
        """
        self._known = {}
        texts = {(text, self._takes_special(text)) for text in prompts}
        texts |= {(self._context(before) + text, False) for before, text in followed}
        for special in (True, False):
            group = sorted(text for text, takes in texts if takes == special)
            if group:
                encoded = self._tokenizer(group, add_special_tokens=special, return_attention_mask=False, verbose=False)
                self._known |= {(text, special): ids for text, ids in zip(group, encoded["input_ids"], strict=True)}

    def of_prompt(self, text: str) -> list[int]:
        """As lm-eval encodes: with the tokenizer's special tokens, unless the text has its beginning of sequence already."""
        return self._encoded(text, self._takes_special(text))

    def _takes_special(self, text: str) -> bool:
        bos = self._tokenizer.bos_token
        return not (bos and text.startswith(bos))

    def _encoded(self, text: str, special: bool) -> list[int]:
        known = self._known.get((text, special))
        return known if known is not None else list(self._tokenizer.encode(text, add_special_tokens=special))

    def after(self, before: str, text: str) -> list[int]:
        """Token ids of `text` after `before`.

        They are those that it has after the last line of `before`, where the ids of that line stay as they were: a tokenizer
        may put a space before a text of its own. Where tokens would merge across the seam the text is encoded apart: in an
        evaluation the prompt comes alone, too.
        """
        context = self._context(before)
        lead, joined = self._lead(context), self._encoded(context + text, False)
        return joined[len(lead) :] if joined[: len(lead)] == lead else self.of_markup(text)

    def _context(self, before: str) -> str:
        """The last line of a text that isn't blank, with the blank ones after it."""
        near = before[-CONTEXT:]
        return near[near.rstrip().rfind("\n") + 1 :]

    @functools.lru_cache(maxsize=1000)  # noqa: B019  (an encoder lives as long as its run)
    def _lead(self, context: str) -> list[int]:
        return self.of_markup(context)

    def of_markup(self, text: str) -> list[int]:
        """Token ids of a part of a template, whose special tokens are meant."""
        return list(self._tokenizer.encode(text, add_special_tokens=False)) if text else []

    # --- what is said ------------------------------------------------------------------------------------------------

    def spells_control(self, text: str) -> bool:
        """Whether a text spells out a special token, which encoding would take for the token itself."""
        return self._any_control.search(text) is not None

    def of_said(self, before: str, text: str) -> list[int]:
        """Token ids of `text`, as text alone, after `before`: no special token that it spells out is among them."""
        context = self._context(before)
        lead, joined = self._as_text(context), self._as_text(context + text)
        return joined[len(lead) :] if joined[: len(lead)] == lead else self._as_text(text)

    def _as_text(self, text: str) -> list[int]:
        # Not enough where the special tokens are also pieces of the model's own vocabulary, as in Unigram ones.
        ids = self._tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True) if text else []
        return [piece for token in ids for piece in (self._spelt(token) if self._controls.get(token, "\0") in text else (token,))]

    def _spelt(self, token: int) -> list[int]:
        """The characters of a special token, each by the ids it has on its own."""
        return [piece for character in self._controls[token] for piece in self._character(character)]

    @functools.lru_cache(maxsize=1000)  # noqa: B019  (an encoder lives as long as its run)
    def _character(self, character: str) -> list[int]:
        whole = self._tokenizer.convert_tokens_to_ids(character)
        if isinstance(whole, int) and whole != self._tokenizer.unk_token_id:
            return [whole]
        return self.of_markup(character)

    @functools.cached_property
    def _any_control(self) -> re.Pattern[str]:
        return re.compile("|".join(re.escape(word) for word in self._controls.values() if word) or r"(?!)")

    @functools.cached_property
    def _controls(self) -> dict[int, str]:
        """Special tokens by id."""
        tokenizer = self._tokenizer
        found = {number: token.content for number, token in tokenizer.added_tokens_decoder.items() if token.special}
        return found | dict(zip(tokenizer.all_special_ids, tokenizer.all_special_tokens, strict=True))
