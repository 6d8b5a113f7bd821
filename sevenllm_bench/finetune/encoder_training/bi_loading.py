"""Bi-encoders loaded to be trained, or to mine hard negatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.encoder_training.encoder_sections import PairSection

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def load_bi_encoder(location: str, revision: str | None, device: str, pooling: str | None = None) -> SentenceTransformer:
    """A sentence-transformers model.

    Args:
        location: Local folder or Hub id.
        revision: On the Hub.
        device: torch's name.
        pooling: "mean" or "cls", over an encoder that is no sentence-transformers model; None for one that is.

    Raises:
        ConfigError: It can't be loaded.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers import models as modules

    arguments: dict[str, Any] = {"revision": revision} if revision else {}
    try:
        if pooling is None:
            return SentenceTransformer(location, device=device, **arguments)
        transformer = modules.Transformer(location, model_args=arguments, config_args=arguments, tokenizer_args=arguments)
        pool = modules.Pooling(transformer.get_embedding_dimension(), pooling)
        return SentenceTransformer(modules=[transformer, pool], device=device)
    except Exception as error:  # the libraries raise whatever their parts raise
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ConfigError(f"the bi-encoder {location} can't be loaded ({reason})") from None


def load_miner(section: PairSection, own: SentenceTransformer | None, device: str) -> SentenceTransformer | None:
    """The model that mines negatives; None for BM25.

    Args:
        section: Says which.
        own: The base of the run, where it is a bi-encoder.
        device: torch's name.

    Raises:
        ConfigError: A model shall mine, and there is none, or it can't be loaded.
    """
    if section.miner == "bm25" or not section.negatives:
        return None
    if section.miner_model is not None:
        return load_bi_encoder(section.miner_model, None, device)
    if section.miner == "model" and own is None:
        raise ConfigError(
            "pairs.miner=model: the base is no sentence-transformers bi-encoder to mine with; name one with pairs.miner_model, "
            "or set pairs.miner=bm25"
        )
    return own
