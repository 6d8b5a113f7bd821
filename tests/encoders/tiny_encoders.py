"""Encoders of some ten thousand parameters with random weights, by the classes that SecureBERT 2.0 has."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: Labels as SecureBERT 2.0's NER has them.
_TYPES = ("Indicator", "Malware", "Organization", "System", "Vulnerability")
NER_LABELS = ("O", *(f"{place}-{kind}" for kind in _TYPES for place in "BI"))


@functools.cache
def _trained_tokenizer(vocabulary: int) -> str:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    from sevenllm_bench.data.embedded import embedded_split

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator((row.input for row in embedded_split("train")), trainer)
    places = [(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=places
    )
    return str(tokenizer.to_str())


def make_tokenizer(limit: int = 128, vocabulary: int = 1024) -> Any:
    """A byte-level tokenizer with the special tokens of an encoder, which reads every language."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(_trained_tokenizer(vocabulary)),
        model_max_length=limit,
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        unk_token="[UNK]",
    )


def make_encoder(
    folder: Path, head: str = "MaskedLM", labels: Sequence[str] = (), limit: int = 128, seed: int = 0, hidden: int = 32
) -> Path:
    """A ModernBERT in the save_pretrained layout.

    Args:
        folder: Where.
        head: "MaskedLM", "TokenClassification" or "SequenceClassification", or "" for the bare model.
        labels: Names of the classes of a classifier, in order.
        limit: Tokens that it reads.
        seed: Of its weights.
        hidden: Width of its layers, a multiple of 8.
    """
    import torch
    import transformers

    tokenizer = make_tokenizer(limit)
    config = transformers.ModernBertConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=hidden * 3 // 2,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=limit,
        global_attn_every_n_layers=2,
        local_attention=64,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        cls_token_id=tokenizer.cls_token_id,
        sep_token_id=tokenizer.sep_token_id,
        **({"id2label": dict(enumerate(labels)), "label2id": {name: i for i, name in enumerate(labels)}} if labels else {}),
    )
    torch.manual_seed(seed)
    model = getattr(transformers, f"ModernBertFor{head}" if head else "ModernBertModel")(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_token_classifier(folder: Path, labels: Sequence[str] = NER_LABELS, limit: int = 128) -> Path:
    """A ModernBERT that labels tokens."""
    return make_encoder(folder, "TokenClassification", labels, limit)


def make_text_classifier(folder: Path, labels: Sequence[str] = ("LABEL_0", "LABEL_1"), limit: int = 128) -> Path:
    """A ModernBERT that labels texts."""
    return make_encoder(folder, "SequenceClassification", labels, limit)


def make_bi_encoder(folder: Path, limit: int = 128, hidden: int = 32) -> Path:
    """A sentence-transformers model: a ModernBERT, mean pooling, normalized vectors."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers import models as modules

    make_encoder(folder / "backbone", "", limit=limit, hidden=hidden)
    transformer = modules.Transformer(str(folder / "backbone"), max_seq_length=limit)
    pooling = modules.Pooling(transformer.get_word_embedding_dimension(), "mean")
    SentenceTransformer(modules=[transformer, pooling, modules.Normalize()], device="cpu").save(str(folder / "model"))
    return folder / "model"


def make_cross_encoder(folder: Path, limit: int = 128) -> Path:
    """A sentence-transformers CrossEncoder with one label."""
    from sentence_transformers import CrossEncoder

    backbone = make_encoder(folder / "backbone", "SequenceClassification", ("LABEL_0",), limit)
    CrossEncoder(str(backbone), max_length=limit, device="cpu").save(str(folder / "model"))
    return folder / "model"
