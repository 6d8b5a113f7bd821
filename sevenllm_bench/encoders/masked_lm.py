"""Masked language models: which term they expect in a text, and how likely they find a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sevenllm_bench.encoders.checkpoint_kind import require_kind
from sevenllm_bench.encoders.cost_meter import measured
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.encoder_loading import described, load_model, parameters_of
from sevenllm_bench.encoders.encoding_cost import EncodingCost
from sevenllm_bench.encoders.masked_copies import MaskedCopy, MaskedReader
from sevenllm_bench.encoders.term_ranking import MOST, rank_of
from sevenllm_bench.encoders.text_windows import most_central, spans_of_windows
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.text.unicode import encodable


@dataclass(frozen=True, slots=True)
class TermAnswer:
    """What a model says of a masked term.

    Attributes:
        rank: 1 where no other sequence of as many tokens is more likely; None beyond 10, and for a term without tokens.
        tokens: Tokens of the term.
        pseudo_log_likelihood: Sum of the log-probabilities of its tokens, each masked alone; at most 0.
    """

    rank: int | None
    tokens: int
    pseudo_log_likelihood: float


class MaskedLanguageModel:
    """Reads texts with some tokens masked. Equal masked copies are read once, batches have copies of about one length.

    Attributes:
        choice: The model and how it is used.
        limit: Tokens that it reads, special ones included.
        cost: What was read so far; its texts are masked copies.
        unaligned: Terms that don't begin and end where tokens do: all tokens that overlap them are taken.
    """

    def __init__(self, choice: EncoderChoice) -> None:
        """Load the model.

        Raises:
            ConfigError: It is no masked language model, has no mask, or can't be loaded.
        """
        require_kind(choice, "masked-lm")
        self.choice = choice
        self._loaded = load_model(choice, "MaskedLM")
        self._tokenizer = self._loaded.tokenizer
        if self._tokenizer.mask_token_id is None:
            raise ConfigError(f"the encoder {choice.label}: its tokenizer has no mask token; name a masked language model")
        self.limit = self._loaded.limit
        self.cost = EncodingCost(parameters=parameters_of(self._loaded.model))
        self.unaligned = 0
        self._reader = MaskedReader(self._loaded, choice, self.cost)

    def term_answers(self, spans: Sequence[tuple[str, int, int]]) -> list[TermAnswer]:
        """The rank and the pseudo-log-likelihood of terms in their texts.

        For the rank all tokens of the term are masked together. Joint scores that are exactly equal share the better rank.
        Of a text that is longer than the model reads, the window around the term is read; such texts are counted.

        Args:
            spans: Texts, and start and end of a term in each, in characters.
        """
        terms = [self._term(*span) for span in spans]
        together = [MaskedCopy(ids, tuple(range(first, last))) for ids, first, last in terms if first < last]
        alone = [MaskedCopy(copy.ids, (place,)) for copy in together for place in copy.masked]
        with measured(self.cost, self._loaded.device):
            scores = iter(self._reader.read([*together, *alone], best=MOST))
        ranks = [rank_of(*next(scores)) for _ in together]
        answers = iter(
            TermAnswer(rank, len(copy.masked), min(0.0, sum(next(scores).own[0] for _ in copy.masked)))
            for copy, rank in zip(together, ranks, strict=True)
        )
        return [next(answers) if first < last else TermAnswer(None, 0, 0.0) for _, first, last in terms]

    def pseudo_log_likelihoods(self, texts: Sequence[str]) -> list[float]:
        """Sum of the log-probabilities of each text's tokens, each masked alone; 0 for a text without tokens.

        A text that is longer than the model reads is read in windows, each token in that in which it is most central; with
        `long_texts` "cut", only the tokens of its beginning are.

        Args:
            texts: n texts; equal ones are read once.
        """
        distinct = list(dict.fromkeys(texts))
        copies: list[MaskedCopy] = []
        bounds = [0]
        for text in distinct:
            copies += self._copies(self._tokens(text)[0])
            bounds.append(len(copies))
        values = self._sums(copies, bounds)
        place = {text: number for number, text in enumerate(distinct)}
        return [values[place[text]] for text in texts]

    def continuation_log_likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Pseudo-log-likelihood of each continuation given its context: its tokens are masked one at a time.

        Of a context that is too long, windows are read before the continuation: the largest value or the mean counts, as
        `long_texts` says; with "cut", the end of the context. A continuation of more than half of what the model reads is read
        in windows of both; with "cut", only its beginning is, and the tokens that aren't count as the mean of those that are,
        so that a cut makes no continuation likelier.

        Args:
            pairs: n contexts and continuations; equal pairs are read once.
        """
        distinct = list(dict.fromkeys(pairs))
        copies: list[MaskedCopy] = []
        bounds, groups, unread = [0], [0], []
        for context, continuation in distinct:
            for ids, first, left_out in self._joined(context, continuation):
                copies += self._copies(ids, first)
                bounds.append(len(copies))
                unread.append(left_out)
            groups.append(len(bounds) - 1)
        sums = self._sums(copies, bounds)
        read = [end - begin for begin, end in pairwise(bounds)]
        sums = [
            value * (1 + missing / count) if count else value for value, missing, count in zip(sums, unread, read, strict=True)
        ]
        values = []
        for begin, end in pairwise(groups):
            part = sums[begin:end]
            values.append(sum(part) / len(part) if self.choice.long_texts == "mean" else max(part))
        place = {pair: number for number, pair in enumerate(distinct)}
        return [values[place[pair]] for pair in pairs]

    @property
    def dtype(self) -> str:
        """Precision of its weights, as torch names it."""
        return str(self._loaded.model.dtype)

    def describe(self) -> dict[str, Any]:
        """What identifies its answers, for signatures."""
        return described(self.choice, "masked-lm", self.limit, self.dtype, ranks_up_to=MOST)

    def _sums(self, copies: list[MaskedCopy], bounds: list[int]) -> list[float]:
        """The sum of the log-probabilities of each text's copies."""
        with measured(self.cost, self._loaded.device):
            singles = [scores.own[0] for scores in self._reader.read(copies)]
        return [min(0.0, sum(singles[begin:end])) for begin, end in pairwise(bounds)]

    def _tokens(self, text: str) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
        """Tokens of a text and their places in it, in characters."""
        found = self._tokenizer(
            encodable(text), add_special_tokens=False, truncation=False, verbose=False, return_offsets_mapping=True
        )
        return tuple(found["input_ids"]), [(start, end) for start, end in found["offset_mapping"]]

    def _copies(self, ids: tuple[int, ...], first: int = 0) -> list[MaskedCopy]:
        """A copy for each token from `first` on, in the window in which it is most central."""
        room = self._loaded.room
        if len(ids) <= room:
            return [MaskedCopy(ids, (position,)) for position in range(first, len(ids))]
        self.cost.long_texts += 1
        if self.choice.long_texts == "cut":
            return [MaskedCopy(ids[:room], (position,)) for position in range(min(first, room), room)]
        windows = spans_of_windows(len(ids), room)
        parts = [ids[start:end] for start, end in windows]
        chosen = most_central(len(ids), windows)
        return [MaskedCopy(parts[chosen[place]], (place - windows[chosen[place]][0],)) for place in range(first, len(ids))]

    def _joined(self, context: str, continuation: str) -> list[tuple[tuple[int, ...], int, int]]:
        """Tokens of windows of the context with the continuation after them, where that begins, and how many of it are cut off.

        Both are tokenized as one text; a token over their border is the continuation's.
        """
        ids, offsets = self._tokens(context + continuation)
        border = len(context)
        first = next((number for number, (_, end) in enumerate(offsets) if end > border), len(ids))
        before, after = ids[:first], ids[first:]
        whole = self._loaded.room
        if len(ids) <= whole:
            return [(ids, first, 0)]
        if self.choice.long_texts == "cut":
            self.cost.long_texts += 1
            kept = min(len(before), max(whole // 2, whole - len(after)))
            shown = after[: whole - kept]
            return [(before[len(before) - kept :] + shown, kept, len(after) - len(shown))]
        if len(after) > whole // 2:
            return [(ids, first, 0)]  # in windows of both, which `_copies` counts
        self.cost.long_texts += 1
        windows = spans_of_windows(len(before), whole - len(after))
        return [(before[start:end] + after, end - start, 0) for start, end in windows]

    def _term(self, text: str, start: int, end: int) -> tuple[tuple[int, ...], int, int]:
        """Tokens of the window around a term, and the places of the term's first token and of the one after its last."""
        start, end = max(0, start), min(len(text), end)
        ids, offsets = self._tokens(text)
        inside = [number for number, (left, right) in enumerate(offsets) if left < end and right > start and right > left]
        if not inside or start >= end:
            return (), 0, 0
        first, last = inside[0], inside[-1] + 1
        self.unaligned += text[offsets[first][0] : offsets[last - 1][1]].strip() != text[start:end].strip()
        room = self._loaded.room
        if len(ids) <= room:
            return ids, first, last
        self.cost.long_texts += 1
        last = min(last, first + room)
        begin = min(max(0, (first + last - room) // 2), len(ids) - room)
        return ids[begin : begin + room], first - begin, last - begin
