"""Reads copies of texts in which some tokens are masked: copies of one length together, the head at masked positions only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.encoder_loading import LoadedModel
from sevenllm_bench.encoders.encoding_cost import EncodingCost
from sevenllm_bench.encoders.padded_reader import padded
from sevenllm_bench.encoders.special_tokens import special_tokens
from sevenllm_bench.encoders.text_windows import batches
from sevenllm_bench.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    import torch


class MaskedCopy(NamedTuple):
    """A text of which some tokens are masked.

    Attributes:
        ids: Its tokens, none masked, without special tokens.
        masked: Places of the masked ones, in order, at least one.
    """

    ids: tuple[int, ...]
    masked: tuple[int, ...]


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

    def read(
        self, copies: Sequence[MaskedCopy], take: Callable[[int, np.ndarray], None] | None = None
    ) -> list[tuple[float, ...]]:
        """The log-probabilities of the masked tokens of each copy.

        Args:
            copies: n copies; equal ones are read once.
            take: Is given the number of each copy and its log-probabilities, an array (masked, vocabulary), float64.

        Raises:
            ConfigError: The model gives values that are not numbers.
        """
        numbers: dict[MaskedCopy, list[int]] = {}
        for number, copy in enumerate(copies):
            numbers.setdefault(copy, []).append(number)
        distinct = list(numbers)
        found: list[tuple[float, ...]] = [()] * len(copies)
        for batch in batches([len(copy.ids) for copy in distinct], self._choice.batch_size):
            chosen = [distinct[number] for number in batch]
            for copy, scores in zip(chosen, self._scores(chosen), strict=True):
                own = tuple(float(row[copy.ids[place]]) for row, place in zip(scores, copy.masked, strict=True))
                for number in numbers[copy]:
                    found[number] = own
                    if take:
                        take(number, scores)
        self._cost.texts += len(distinct)
        self._cost.passes += len(distinct)
        self._cost.tokens += sum(len(copy.ids) + len(self._before) + len(self._after) for copy in distinct)
        return found

    def _scores(self, copies: Sequence[MaskedCopy]) -> list[np.ndarray]:
        """Log-probabilities at the masked places of each copy, arrays (masked, vocabulary), float64."""
        import torch

        rows, columns = self._places(copies)
        with torch.inference_mode():
            logits = self._logits(self._inputs(copies), rows, columns, self._sparse)
            values = torch.log_softmax(logits.double(), dim=-1)
        if not bool(torch.isfinite(values).all()):
            raise ConfigError(
                f"the encoder {self._choice.label} gives values that are not numbers: its weights are damaged, or too large for "
                "their precision"
            )
        return [part.cpu().numpy() for part in values.split([len(copy.masked) for copy in copies])]

    def _places(self, copies: Sequence[MaskedCopy]) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        pairs = [(row, place + len(self._before)) for row, copy in enumerate(copies) for place in copy.masked]
        both = torch.tensor(pairs, device=self._loaded.device)
        return both[:, 0], both[:, 1]

    def _inputs(self, copies: Sequence[MaskedCopy]) -> dict[str, torch.Tensor]:
        """What the model reads, padded to the longest."""
        rows = []
        for copy in copies:
            read = list(copy.ids)
            for place in copy.masked:
                read[place] = self._mask
            rows.append([*self._before, *read, *self._after])
        return padded(self._loaded, rows)

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
            inputs, (rows, columns) = self._inputs(copies), self._places(copies)
            whole = self._logits(inputs, rows, columns, sparse=False)
            try:
                part = self._logits(inputs, rows, columns, sparse=True)
            except (RuntimeError, AttributeError, TypeError, ValueError, IndexError):  # by architecture
                return False
        return part.shape == whole.shape and bool(torch.allclose(part, whole, atol=1e-3, rtol=1e-3))
