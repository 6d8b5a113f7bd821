"""Reads copies of texts in which some tokens are masked: copies of one length together, the head at masked positions only."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.encoder_loading import LoadedModel
from sevenllm_bench.encoders.encoding_cost import EncodingCost
from sevenllm_bench.encoders.padded_reader import padded
from sevenllm_bench.encoders.special_tokens import special_tokens
from sevenllm_bench.encoders.text_windows import batches
from sevenllm_bench.errors import ConfigError

if TYPE_CHECKING:
    import torch

#: Masked places whose log-probabilities over the vocabulary are computed at once, in double precision: bounds memory.
_ROWS = 256


class MaskedCopy(NamedTuple):
    """A text of which some tokens are masked.

    Attributes:
        ids: Its tokens, without special tokens.
        masked: Places of the masked ones, in order, at least one.
    """

    ids: tuple[int, ...]
    masked: tuple[int, ...]


class MaskedScores(NamedTuple):
    """What a model says of the masked tokens of a copy.

    Attributes:
        own: Log-probability of each masked token.
        best: At each masked place the largest log-probabilities of the vocabulary, as many as were asked for.
    """

    own: tuple[float, ...]
    best: tuple[tuple[float, ...], ...]


class MaskedReader:
    """Gives the log-probabilities of masked tokens."""

    def __init__(self, loaded: LoadedModel, choice: EncoderChoice, cost: EncodingCost) -> None:
        """Find out whether the head can be run on the masked positions alone, by comparing both ways once."""
        self._loaded = loaded
        self._choice = choice
        self._cost = cost
        self._before, self._after = special_tokens(loaded.tokenizer)
        self._mask = int(loaded.tokenizer.mask_token_id)
        self._sparse = self._heads_agree()

    def read(self, copies: Sequence[MaskedCopy], best: int = 0) -> list[MaskedScores]:
        """The log-probabilities of the masked tokens of each copy.

        Args:
            copies: n copies; those that are equal once they are masked are read once.
            best: How many of the largest log-probabilities are wanted at each place.

        Raises:
            ConfigError: The model gives values that are not numbers.
        """
        groups: dict[MaskedCopy, list[MaskedCopy]] = {}
        for copy in dict.fromkeys(copies):
            groups.setdefault(self._hidden(copy), []).append(copy)
        inputs = list(groups)
        found: dict[MaskedCopy, MaskedScores] = {}
        for batch in batches([len(copy.ids) for copy in inputs], self._choice.batch_size):
            found.update(self._scores([inputs[number] for number in batch], groups, best))
        self._cost.texts += len(inputs)
        self._cost.passes += len(inputs)
        self._cost.tokens += sum(len(copy.ids) + len(self._before) + len(self._after) for copy in inputs)
        return [found[copy] for copy in copies]

    def _hidden(self, copy: MaskedCopy) -> MaskedCopy:
        """The copy with the mask in place of the tokens that are masked: what the model reads."""
        ids = list(copy.ids)
        for place in copy.masked:
            ids[place] = self._mask
        return MaskedCopy(tuple(ids), copy.masked)

    def _scores(
        self, inputs: Sequence[MaskedCopy], groups: Mapping[MaskedCopy, Sequence[MaskedCopy]], best: int
    ) -> Iterator[tuple[MaskedCopy, MaskedScores]]:
        """Each copy that the model reads as one of the inputs, and its values."""
        import torch

        starts = [0, *itertools.accumulate(len(read.masked) for read in inputs)]
        wanted = [(copy, start) for read, start in zip(inputs, starts, strict=False) for copy in groups[read]]
        places = [(start + number, copy.ids[at]) for copy, start in wanted for number, at in enumerate(copy.masked)]
        with torch.inference_mode():
            logits = self._logits(self._padded(inputs), *self._places(inputs), self._sparse)
            parts = torch.split(logits, _ROWS)
            whole = torch.cat([part.double().logsumexp(dim=-1, keepdim=True) for part in parts])
            self._require_numbers(whole)
            largest = (logits.topk(min(best, logits.shape[-1])).values.double() - whole).tolist()
            rows, tokens = torch.tensor(places, device=logits.device).T
            own = iter((logits[rows, tokens].double() - whole[rows, 0]).tolist())
        for copy, start in wanted:
            values = tuple(next(own) for _ in copy.masked)
            yield copy, MaskedScores(values, tuple(map(tuple, largest[start : start + len(values)])))

    def _require_numbers(self, values: torch.Tensor) -> None:
        import torch

        if not bool(torch.isfinite(values).all()):
            raise ConfigError(
                f"the encoder {self._choice.label} gives values that are not numbers: its weights are damaged, or too large for "
                "their precision"
            )

    def _places(self, copies: Sequence[MaskedCopy]) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        pairs = [(row, place + len(self._before)) for row, copy in enumerate(copies) for place in copy.masked]
        both = torch.tensor(pairs, device=self._loaded.device)
        return both[:, 0], both[:, 1]

    def _padded(self, inputs: Sequence[MaskedCopy]) -> dict[str, torch.Tensor]:
        """What the model reads, padded to the longest."""
        return padded(self._loaded, [[*self._before, *copy.ids, *self._after] for copy in inputs])

    def _logits(self, inputs: dict[str, torch.Tensor], rows: torch.Tensor, columns: torch.Tensor, sparse: bool) -> torch.Tensor:
        """Values of the vocabulary at the masked places, shape (masked, vocabulary)."""
        if not sparse:
            return self._loaded.model(**inputs).logits[rows, columns]

        def only_masked(module: Any, arguments: Any, output: Any) -> Any:
            output.last_hidden_state = output.last_hidden_state[rows, columns].unsqueeze(0)
            return output

        hook = self._loaded.model.base_model.register_forward_hook(only_masked)
        try:
            return self._loaded.model(**inputs).logits[0]
        finally:
            hook.remove()

    def _heads_agree(self) -> bool:
        """Whether the model's head gives the same values when it gets the masked positions alone."""
        import torch

        copies = [MaskedCopy((self._mask,) * 3, (0, 2)), MaskedCopy((self._mask,) * 2, (1,))]
        with torch.inference_mode():
            inputs, (rows, columns) = self._padded(copies), self._places(copies)
            whole = self._logits(inputs, rows, columns, sparse=False)
            try:
                part = self._logits(inputs, rows, columns, sparse=True)
            except (RuntimeError, AttributeError, TypeError, ValueError, IndexError):  # by architecture
                return False
        return part.shape == whole.shape and bool(torch.allclose(part, whole, atol=1e-3, rtol=1e-3))
