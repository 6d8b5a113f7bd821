"""Cross-encoders: the score of two texts that are read together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sevenllm_bench.encoders.checkpoint_kind import require_kind
from sevenllm_bench.encoders.cost_meter import measured
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.encoder_loading import check_tokenizer, described, limit_of, load_sentence_model, parameters_of
from sevenllm_bench.encoders.encoding_cost import EncodingCost
from sevenllm_bench.encoders.text_windows import batches, text_windows, token_lengths, token_offsets
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.text.unicode import encodable

if TYPE_CHECKING:
    import numpy as np

Pair = tuple[str, str]
#: Pairs of windows that are read of one pair of texts; where both are huge, that many are spread evenly over all.
MOST_WINDOWS = 256


class PairScorer:
    """Reads pairs with a CrossEncoder of sentence-transformers.

    Attributes:
        choice: The model and how it is used.
        limit: Tokens that it reads of a pair, special ones included.
        cost: What was read so far; its texts are pairs.
        thinned: Pairs of which only some windows were read, see `MOST_WINDOWS`.
    """

    def __init__(self, choice: EncoderChoice) -> None:
        """Load the model.

        Raises:
            ConfigError: It is no cross-encoder, has several labels, or can't be loaded.
        """
        require_kind(choice, "cross-encoder")
        self.choice = choice
        self.thinned = 0
        self._model = load_sentence_model(choice, "CrossEncoder")
        if self._model.num_labels != 1:
            raise ConfigError(
                f"the encoder {choice.label} has {self._model.num_labels} labels for a pair; a cross-encoder with one is needed"
            )
        self._tokenizer = self._model.tokenizer
        check_tokenizer(choice, self._tokenizer)
        self.limit = limit_of(self._tokenizer, self._model.config)
        self.cost = EncodingCost(parameters=parameters_of(self._model))

    def scores(self, pairs: Sequence[Pair]) -> np.ndarray:
        """The score of each pair, shape (n,), float64, as `CrossEncoder.predict` gives it; larger is more relevant.

        A pair that is longer than the model reads is read in windows of its longer text, or of both; the largest or the mean
        of their scores counts, as `long_texts` says.

        Args:
            pairs: n pairs of a query and a text; equal ones are read once.

        Raises:
            ConfigError: The model gives scores that are not numbers.
        """
        import numpy as np

        distinct = list(dict.fromkeys(pairs))
        if not distinct:
            return np.zeros(0)
        with measured(self.cost, self._model.device):
            windows, bounds = self._windows([(encodable(query), encodable(text)) for query, text in distinct])
            found = self._read(windows)
        self.cost.texts += len(distinct)
        reduce = np.add if self.choice.long_texts == "mean" else np.maximum
        values = reduce.reduceat(found, bounds[:-1])
        if self.choice.long_texts == "mean":
            values = values / np.diff(bounds)
        place = {pair: number for number, pair in enumerate(distinct)}
        return np.asarray(values[[place[pair] for pair in pairs]], dtype=np.float64)

    @property
    def dtype(self) -> str:
        """Precision of its weights, as torch names it."""
        return str(self._model.dtype)

    def describe(self) -> dict[str, Any]:
        """What identifies its scores, for signatures."""
        prompts = {str(name): str(text) for name, text in self._model.prompts.items() if text}
        return described(
            self.choice,
            "cross-encoder",
            self.limit,
            self.dtype,
            most_windows=MOST_WINDOWS,
            activation=type(self._model.activation_fn).__name__,
            prompts=prompts or None,
        )

    def _windows(self, pairs: list[Pair]) -> tuple[list[Pair], list[int]]:
        """The pairs of windows of each pair, one after the other, and the bounds of each pair's windows."""
        prompt = str(self._model.prompts.get(self._model.default_prompt_name) or "")
        texts = list(dict.fromkeys(text for pair in pairs for text in pair))
        lengths = dict(zip(texts, token_lengths(self._tokenizer, texts), strict=True))
        room = (
            self.limit - int(self._tokenizer.num_special_tokens_to_add(pair=True)) - token_lengths(self._tokenizer, [prompt])[0]
        )
        windows: list[Pair] = []
        bounds = [0]
        for pair in pairs:
            is_long = sum(lengths[text] for text in pair) > room
            self.cost.long_texts += is_long
            is_whole = not is_long or self.choice.long_texts == "cut"
            windows += [pair] if is_whole else self._parts(pair, [lengths[text] for text in pair], max(2, room))
            bounds.append(len(windows))
        return windows, bounds

    def _parts(self, pair: Pair, lengths: list[int], room: int) -> list[Pair]:
        """Windows of the longer text beside the whole of the shorter one; of both where each is more than half of the room."""
        half = room // 2
        sizes = [max(half, room - lengths[1]), max(half, room - lengths[0])]
        queries, texts = (
            text_windows(text, size, lambda part: token_offsets(self._tokenizer, part))
            for text, size in zip(pair, sizes, strict=True)
        )
        count = len(queries) * len(texts)
        self.thinned += count > MOST_WINDOWS
        chosen = range(count) if count <= MOST_WINDOWS else [number * count // MOST_WINDOWS for number in range(MOST_WINDOWS)]
        return [(queries[number // len(texts)], texts[number % len(texts)]) for number in chosen]

    def _read(self, pairs: list[Pair]) -> np.ndarray:
        import numpy as np

        sides = [token_lengths(self._tokenizer, [pair[side] for pair in pairs]) for side in (0, 1)]
        specials = int(self._tokenizer.num_special_tokens_to_add(pair=True))
        lengths = [min(first + second + specials, self.limit) for first, second in zip(*sides, strict=True)]
        found = np.zeros(len(pairs))
        for batch in batches(lengths, self.choice.batch_size):
            chosen = [pairs[number] for number in batch]
            found[batch] = self._model.predict(chosen, batch_size=len(chosen), show_progress_bar=False, convert_to_numpy=True)
        if not np.isfinite(found).all():
            raise ConfigError(
                f"the encoder {self.choice.label} gives scores that are not numbers: its weights are damaged, or too large for "
                "their precision"
            )
        self.cost.passes += len(pairs)
        self.cost.tokens += sum(lengths)
        return found
