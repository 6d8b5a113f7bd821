"""Bi-encoders: vectors of texts, and the cosine of two texts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sevenllm_bench.encoders.checkpoint_kind import is_bare, require_kind
from sevenllm_bench.encoders.cost_meter import measured
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.encoder_loading import check_tokenizer, described, limit_of, load_sentence_model, parameters_of
from sevenllm_bench.encoders.encoding_cost import EncodingCost
from sevenllm_bench.encoders.text_windows import batches, text_windows, token_lengths, token_offsets
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.text.unicode import encodable

if TYPE_CHECKING:
    import numpy as np

Role = Literal["query", "document"]
#: Names of the prompts that sentence-transformers puts before each role's texts, the first that a model has.
_PROMPTS: dict[Role, tuple[str, ...]] = {"query": ("query",), "document": ("document", "passage", "corpus")}
#: Tokens that a model reads whose vectors are sums over tokens, more than any text has.
WITHOUT_LIMIT = 1 << 40
#: Windows of documents that are compared at once: bounds memory.
_BLOCK = 8_192


@dataclass(frozen=True, slots=True)
class _Encoded:
    """Vectors of the windows of distinct texts, in order.

    Attributes:
        vectors: Array (windows, d) of unit vectors, float32.
        bounds: Number of the first window of each text, and at the end the number of windows; shape (texts + 1,).
    """

    vectors: np.ndarray
    bounds: np.ndarray

    @property
    def texts(self) -> int:
        """How many texts."""
        return len(self.bounds) - 1

    def of(self, number: int) -> np.ndarray:
        """The vectors of one text's windows."""
        return self.vectors[self.bounds[number] : self.bounds[number + 1]]

    def chosen(self, numbers: Sequence[int]) -> _Encoded:
        """Some of the texts."""
        import numpy as np

        sizes = [int(self.bounds[number + 1] - self.bounds[number]) for number in numbers]
        return _Encoded(np.concatenate([self.of(number) for number in numbers]), np.cumsum([0, *sizes]))

    def averaged(self) -> _Encoded:
        """One unit vector per text: the mean of its windows; zeros where that is zero."""
        import numpy as np

        if self.texts == len(self.vectors):
            return self
        sums = np.add.reduceat(self.vectors.astype(np.float64), self.bounds[:-1], axis=0)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        means = (sums / np.where(lengths == 0, 1.0, lengths)).astype(np.float32)
        return _Encoded(means, np.arange(self.texts + 1))


class BiEncoder:
    """Reads texts with a sentence-transformers model, or with a model of transformers and mean pooling.

    Attributes:
        choice: The model and how it is used.
        limit: Tokens that it reads, special ones and its prompt included; `WITHOUT_LIMIT` where it has no limit.
        cost: What was read so far.
    """

    def __init__(self, choice: EncoderChoice) -> None:
        """Load the model.

        Raises:
            ConfigError: It is no bi-encoder, or can't be loaded.
        """
        require_kind(choice, "bi-encoder")
        self.choice = choice
        self._is_bare = is_bare(choice)
        self._model = load_sentence_model(choice, "SentenceTransformer")
        self._tokenizer = self._model.tokenizer
        check_tokenizer(choice, self._tokenizer)
        is_limited = self._model.max_seq_length != math.inf
        self.limit = limit_of(self._tokenizer, self._model.config) if is_limited else WITHOUT_LIMIT
        self.cost = EncodingCost(parameters=parameters_of(self._model))
        self._size = len(self._read(["."], None)[0])

    def vectors(self, texts: Sequence[str], role: Role | None = None) -> np.ndarray:
        """One unit vector per text, shape (n, d), float32.

        A text that is longer than the model reads has the mean of its windows' vectors, also where `long_texts` is "max",
        which is defined for similarities alone; with "cut" the vector of its beginning. A text without tokens has zeros.

        Args:
            texts: n texts; equal ones are read once.
            role: Whose prompt of the model's configuration is put before each text; None for the default prompt.

        Raises:
            ConfigError: The model gives vectors that are not numbers.
        """
        import numpy as np

        distinct = list(dict.fromkeys(texts))
        if not distinct:
            return np.zeros((0, self._size), dtype=np.float32)
        place = {text: number for number, text in enumerate(distinct)}
        return self._encode(distinct, role).averaged().vectors[[place[text] for text in texts]]

    def similarities(self, queries: Sequence[str], texts: Sequence[str]) -> np.ndarray:
        """Cosine of each query and each text, shape (q, n), float64.

        Where one is read in windows: the largest cosine of their windows, or the cosine of their mean vectors, as
        `long_texts` says. Equal texts have equal similarities to the last bit.

        Args:
            queries: q texts, read with the model's prompt for queries.
            texts: n texts, read with its prompt for documents.
        """
        import numpy as np

        asked, read = list(dict.fromkeys(queries)), list(dict.fromkeys(texts))
        if not asked or not read:
            return np.zeros((len(queries), len(texts)))
        first, second = self._both(asked, read)
        found = self._compared(first, second)
        rows, columns = ({text: number for number, text in enumerate(group)} for group in (asked, read))
        return found[np.ix_([rows[text] for text in queries], [columns[text] for text in texts])]

    def pair_similarities(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """Cosine of each query and its text, shape (n,), float64; each distinct text is read once.

        Args:
            pairs: n pairs of a query and a text.
        """
        import numpy as np

        asked, read = list(dict.fromkeys(a for a, _ in pairs)), list(dict.fromkeys(b for _, b in pairs))
        if not pairs:
            return np.zeros(0)
        first, second = self._both(asked, read)
        rows, columns = ({text: number for number, text in enumerate(group)} for group in (asked, read))
        if self.choice.long_texts != "max":
            first, second = first.averaged(), second.averaged()
        found = [(first.of(rows[a]).astype(np.float64) @ second.of(columns[b]).astype(np.float64).T).max() for a, b in pairs]
        return np.clip(np.array(found), -1.0, 1.0)

    @property
    def dtype(self) -> str:
        """Precision of its weights, as torch names it."""
        return str(next((parameter.dtype for parameter in self._model.parameters()), ""))

    def describe(self) -> dict[str, Any]:
        """What identifies its similarities, for signatures."""
        prompts = {str(name): str(text) for name, text in self._model.prompts.items() if text}
        return described(
            self.choice,
            "bi-encoder",
            None if self.limit == WITHOUT_LIMIT else self.limit,
            self.dtype,
            similarity="cosine",
            pooling="mean, assumed" if self._is_bare else "as in the checkpoint",
            prompts=prompts or None,
        )

    def _both(self, queries: list[str], texts: list[str]) -> tuple[_Encoded, _Encoded]:
        """Queries and texts; together where the model reads them alike, so that what is in both is read once."""
        if self._prompt("query") != self._prompt("document") or self._has_routes():
            return self._encode(queries, "query"), self._encode(texts, "document")
        distinct = list(dict.fromkeys([*queries, *texts]))
        place = {text: number for number, text in enumerate(distinct)}
        encoded = self._encode(distinct, "query")
        return encoded.chosen([place[text] for text in queries]), encoded.chosen([place[text] for text in texts])

    def _compared(self, first: _Encoded, second: _Encoded) -> np.ndarray:
        """Similarities of the texts of both, shape (q, n), float64."""
        import numpy as np

        if self.choice.long_texts != "max":
            first, second = first.averaged(), second.averaged()
        left = first.vectors.astype(np.float64)
        found = np.empty((first.texts, second.texts))
        begin = 0
        while begin < second.texts:
            window = int(second.bounds[begin])
            end = max(begin + 1, int(np.searchsorted(second.bounds[:-1], window + _BLOCK)))
            block = left @ second.vectors[window : second.bounds[end]].astype(np.float64).T
            block = np.maximum.reduceat(block, second.bounds[begin:end] - window, axis=1)
            found[:, begin:end] = np.maximum.reduceat(block, first.bounds[:-1], axis=0)
            begin = end
        return np.clip(found, -1.0, 1.0)

    def _encode(self, texts: list[str], role: Role | None) -> _Encoded:
        """Distinct texts in windows."""
        import numpy as np

        specials = int(self._tokenizer.num_special_tokens_to_add(False))
        with measured(self.cost, self._model.device):
            around = specials + sum(token_lengths(self._tokenizer, [self._prompt(role)]))
            windows, bounds = self._windows([encodable(text) for text in texts], max(1, self.limit - around))
            lengths = [min(length + around, self.limit) for length in token_lengths(self._tokenizer, windows)]
            vectors = np.zeros((len(windows), self._size), dtype=np.float32)
            readable = [number for number, length in enumerate(lengths) if length]
            for batch in batches([lengths[number] for number in readable], self.choice.batch_size):
                numbers = [readable[place] for place in batch]
                vectors[numbers] = self._read([windows[number] for number in numbers], role)
        self.cost.texts += len(texts)
        self.cost.passes += len(readable)
        self.cost.tokens += sum(lengths)
        return _Encoded(vectors, np.array(bounds))

    def _windows(self, texts: list[str], room: int) -> tuple[list[str], list[int]]:
        """The parts of each text that are read, one after the other, and the bounds of each text's parts."""
        windows: list[str] = []
        bounds = [0]
        for text, length in zip(texts, token_lengths(self._tokenizer, texts), strict=True):
            self.cost.long_texts += length > room
            is_whole = length <= room or self.choice.long_texts == "cut"
            windows += [text] if is_whole else text_windows(text, room, lambda part: token_offsets(self._tokenizer, part))
            bounds.append(len(windows))
        return windows, bounds

    def _read(self, texts: list[str], role: Role | None) -> np.ndarray:
        """Unit vectors of texts that the model can read, as sentence-transformers encodes them."""
        import numpy as np

        by_role: dict[Role | None, Callable[..., Any]] = {
            "query": self._model.encode_query,
            "document": self._model.encode_document,
            None: self._model.encode,
        }
        found = by_role[role](
            texts, batch_size=len(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        vectors = np.asarray(found, dtype=np.float32)
        if not np.isfinite(vectors).all():
            raise ConfigError(
                f"the encoder {self.choice.label} gives vectors that are not numbers: its weights are damaged, or too large for "
                "their precision"
            )
        return vectors

    def _prompt(self, role: Role | None) -> str:
        """What sentence-transformers puts before a text of this role."""
        prompts = self._model.prompts
        named = next((prompts[name] for name in _PROMPTS.get(role, ()) if name in prompts), None) if role else None
        return str((prompts.get(self._model.default_prompt_name) if named is None else named) or "")

    def _has_routes(self) -> bool:
        """Whether the model reads queries and documents by different modules."""
        return any(type(module).__name__ == "Router" for module in self._model)
