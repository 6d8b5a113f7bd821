"""Sentence embeddings: one model per process, every text once, the longest together, references cached on disk."""

from __future__ import annotations

import functools
import hashlib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.catalog import Language
from sevenllm_bench.encoders.model_identity import model_identity
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import cache_folder, is_folder, user_path
from sevenllm_bench.io.sqlite_cache import SqliteCache
from sevenllm_bench.text.unicode import encodable

if TYPE_CHECKING:
    import numpy as np
    from sentence_transformers import SentenceTransformer

#: The authors' model, at the revision that the figures here were made with.
DEFAULT_MODEL = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"
DEFAULT_REVISION = "e8f8c211226b894fcb81acc59f3b34ba3efd5f42"
#: Models that know one language only; asked for the other one, they are refused unless forced.
ENGLISH_ONLY = {
    "cisco-ai/SecureBERT2.0-biencoder",
    "sentence-transformers/all-MiniLM-L6-v2",
    "sentence-transformers/all-MiniLM-L12-v2",
    "sentence-transformers/all-mpnet-base-v2",
}
logger = logging.getLogger("sevenllm_bench.embedding")

MODEL_VARIABLE = "SEVENLLM_SEMANTIC_MODEL"
INSTALL_LINE = 'pip install "sevenllm-bench[semantic]"'
_BATCH = 128
#: Vectors of models in half precision have a length of 1 only about.
_LENGTH_TOLERANCE = 0.01


class EmbeddingCache:
    """Vectors kept on disk, by the model's identity and text. A cache that can't be used costs time, never a run."""

    def __init__(self, path: Path | None = None) -> None:
        """Name the file, which is opened when it is needed; default: `embeddings-2.sqlite` in `cache_folder()`."""
        self._path = path or cache_folder() / "embeddings-2.sqlite"
        self._is_broken = False
        self._has_warned = False

    def get(self, model: str, texts: Iterable[str], size: int | None = None) -> dict[str, np.ndarray]:
        """The vectors known for these texts; texts without one are left out, and those whose vector is damaged.

        Args:
            model: The model's identity.
            texts: The texts.
            size: Components of a vector of this model, where known.
        """
        if self._is_broken:
            return {}
        by_key = {_key(model, text): text for text in texts}
        found: dict[str, bytes] = {}
        with self._tolerant(), SqliteCache(self._path, "embeddings") as cache:
            found = cache.get_many(by_key)
        vectors = {by_key[key]: _unit_vector(value, size) for key, value in found.items()}
        sound = {text: vector for text, vector in vectors.items() if vector is not None}
        if len(sound) < len(found) and not self._has_warned:
            self._has_warned = True
            logger.warning("%s: %d damaged vectors; they are computed again.", self._path, len(found) - len(sound))
        return sound

    def put(self, model: str, vectors: Mapping[str, np.ndarray]) -> None:
        """Keep vectors; those that are no unit vectors are left out."""
        import numpy as np

        if self._is_broken:
            return
        values = {_key(model, text): np.asarray(vector, dtype=np.float32).tobytes() for text, vector in vectors.items()}
        values = {key: value for key, value in values.items() if _unit_vector(value) is not None}
        with self._tolerant(), SqliteCache(self._path, "embeddings") as cache:
            cache.put_many(values)

    @contextmanager
    def _tolerant(self) -> Iterator[None]:
        """Turn a failure into a warning, and stop using the file: each try may wait long for a lock."""
        try:
            yield
        except (ConfigError, ValueError, TypeError) as error:
            logger.warning("Embeddings are not cached (%s); references are embedded again each time.", error)
            self._is_broken = True


def _unit_vector(value: Any, size: int | None = None) -> np.ndarray | None:
    """A kept value as a vector; None where it isn't one of that size and of length 1."""
    import numpy as np

    if not isinstance(value, bytes) or len(value) % 4 or size not in (None, len(value) // 4):
        return None
    vector = np.frombuffer(value, dtype=np.float32)
    length = float(np.linalg.norm(vector.astype(np.float64)))
    return vector if abs(length - 1.0) < _LENGTH_TOLERANCE else None


def _key(model: str, text: str) -> str:
    return hashlib.sha256(f"{model}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """A choice of model.

    Attributes:
        name: Hub id or local folder.
        revision: Commit, branch or tag on the Hub; None for a local folder or the newest.
    """

    name: str
    revision: str | None = None

    @property
    def label(self) -> str:
        """Name and revision, for signatures and messages."""
        return f"{self.name}@{self.revision}" if self.revision else self.name

    def check_language(self, language: Language, force: bool = False) -> None:
        """Refuse a model that doesn't know the language.

        Raises:
            ConfigError: It is an English-only model, the language is Chinese, and `force` is not set.
        """
        if self.name in ENGLISH_ONLY and language != "en" and not force:
            raise ConfigError(
                f"the embedding model {self.name} knows English only, and Chinese rows are asked for. Run the English tasks "
                "(--tasks sevenllm-en), leave semantic_model at its default, or override with --metadata semantic_force=true"
            )


def model_from(value: Any = None) -> EmbeddingModel | None:
    """The model that an option or the environment names.

    Args:
        value: "none" for no model, a Hub id or folder with an optional "@revision", or "default"; None or "" reads
            SEVENLLM_SEMANTIC_MODEL, and without that takes the default where sentence-transformers is installed.

    Returns:
        The model, or None for none.
    """
    text = str(value or os.environ.get(MODEL_VARIABLE) or "").strip()
    if text.lower() == "none":
        return None
    if text in ("", "default"):
        wanted = text == "default" or find_spec("sentence_transformers") is not None
        return EmbeddingModel(DEFAULT_MODEL, DEFAULT_REVISION) if wanted else None
    path = user_path(text, ConfigError) if text.startswith("~") else Path(text)
    if is_folder(path):  # which may have an "@" in its name
        return EmbeddingModel(str(path))
    name, _, revision = text.partition("@")
    if not revision and name == DEFAULT_MODEL:
        revision = DEFAULT_REVISION
    return EmbeddingModel(name, revision or None)


class SentenceEmbedder:
    """Turns texts into unit vectors with one sentence-transformers model, on the GPU where there is one.

    Attributes:
        model: The model.
        calls: Batches embedded so far.
        texts: Distinct texts compared so far, summed over batches.
        texts_cut: How many of them are longer than the model reads.
    """

    def __init__(self, model: EmbeddingModel, cache: EmbeddingCache | None = None) -> None:
        """Load the model.

        Args:
            model: Which one.
            cache: Where embeddings of references are kept between runs; None for nowhere.

        Raises:
            ConfigError: sentence-transformers is not installed, the model can't be loaded, or gives no numbers.
        """
        self.model = model
        self.calls = 0
        self.texts = 0
        self.texts_cut = 0
        self._transformer = _load(model)
        self._size = self._components()
        self._identity = model_identity(model.name, model.revision)
        self._cache = cache if self._identity else None

    @property
    def limit(self) -> int:
        """Tokens of a text that the model reads; what comes after is cut."""
        return int(self._transformer.max_seq_length or 512)

    def encode(self, texts: Sequence[str], cached: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """Embed distinct texts in one batch, sorted by length so that little is padded.

        Args:
            texts: Texts to embed, of any number and with repeats.
            cached: Further texts, which are looked up on disk first and kept there: references.

        Returns:
            Text to unit vector of shape (d,), float32.
        """
        cache, identity = self._cache, self._identity or ""
        known = cache.get(identity, set(cached), self._size) if cache else {}
        missing = sorted({*texts, *cached} - known.keys(), key=lambda text: (-len(text), text))
        if missing:
            self.calls += 1
            fresh = dict(zip(missing, self._vectors(missing), strict=True))
            if cache:
                wanted = set(cached)
                cache.put(identity, {text: vector for text, vector in fresh.items() if text in wanted})
            known |= fresh
        return known

    def _components(self) -> int:
        """Components of a vector, from an example."""
        import numpy as np

        example = self._vectors(["."])[0]
        if not np.isfinite(example).all():
            raise ConfigError(
                f"the embedding model {self.model.label} gives vectors that are not numbers: its weights are damaged, or too "
                "large for their precision; download it again, or turn it off: --metadata semantic_model=none"
            )
        return len(example)

    def _vectors(self, texts: Sequence[str]) -> np.ndarray:
        """One unit vector per text, in order."""
        return self._transformer.encode(
            [encodable(text) for text in texts],
            batch_size=_BATCH,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )

    def count(self, texts: Sequence[str]) -> None:
        """Add distinct texts to the counts `texts` and `texts_cut`."""
        self.texts += len(texts)
        self.texts_cut += self._cut(texts)

    def _cut(self, texts: Sequence[str]) -> int:
        """How many of the texts are longer than the model's limit, so that their end counts for nothing."""
        # A token has at least one character, so most texts need no tokenizer.
        long = [encodable(text) for text in texts if len(text) > self.limit - 2]
        if not long:
            return 0
        lengths = self._transformer.tokenizer(long, truncation=False, verbose=False)["input_ids"]
        return sum(len(ids) > self.limit for ids in lengths)

    def describe(self) -> dict[str, Any]:
        """What identifies the embeddings, for signatures."""
        from importlib.metadata import version

        return {
            "model": self.model.name,
            "revision": self.model.revision,
            "max_tokens": self.limit,
            "sentence_transformers": version("sentence-transformers"),
        }


def embedder_for(model: EmbeddingModel) -> SentenceEmbedder:
    """The embedder for a model, with the disk cache in the cache folder; loaded once per process and content of a folder."""
    return _embedder(model, model_identity(model.name) if is_folder(model.name) else None)


@functools.lru_cache(maxsize=2)
def _embedder(model: EmbeddingModel, identity: str | None) -> SentenceEmbedder:
    return SentenceEmbedder(model, EmbeddingCache())


def _load(model: EmbeddingModel) -> SentenceTransformer:
    if find_spec("sentence_transformers") is None:
        raise ConfigError(f"semantic similarity needs sentence-transformers: {INSTALL_LINE}, or turn it off: semantic_model=none")
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(model.name, revision=model.revision)
    except Exception as error:  # the library raises whatever its parts raise; a model that won't load is one mistake
        reason = str(error).strip().split("\n")[0][:300]
        raise ConfigError(
            f"the embedding model {model.label} can't be loaded ({reason}). Download it once with the network, name a local "
            f"folder ({MODEL_VARIABLE}=DIR or --metadata semantic_model=DIR), or turn it off: --metadata semantic_model=none"
        ) from None


def is_available(model: EmbeddingModel) -> bool:
    """Whether the model is on this machine: a folder, or in the Hub's cache at the pinned revision."""
    if is_folder(model.name):
        return True
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = snapshot_download(model.name, revision=model.revision, local_files_only=True)
    except (LocalEntryNotFoundError, ValueError, OSError):
        return False
    return (Path(folder) / "modules.json").is_file()
