"""Configurations of the recipes' bases, as in their config.json on the Hub, and the same architectures at tiny size."""

from __future__ import annotations

import transformers

#: Recipe, architecture, sizes of its base, and parameters as on its page on the Hub (safetensors metadata).
FULL_SIZE = {
    "paper": ("Qwen2", {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32}, (32, 32), 7_721_324_544),
    "lora-4b": ("Qwen3", {"hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36}, (32, 8), 4_022_468_096),
    "lora-8b": ("Qwen3", {"hidden_size": 4096, "intermediate_size": 12288, "num_hidden_layers": 36}, (32, 8), 8_190_735_360),
    "lora-14b": ("Qwen3", {"hidden_size": 5120, "intermediate_size": 17408, "num_hidden_layers": 40}, (40, 8), 14_768_307_200),
    "lora-30b-a3b": (
        "Qwen3Moe",
        {
            "hidden_size": 2048,
            "moe_intermediate_size": 768,
            "num_experts": 128,
            "num_experts_per_tok": 8,
            "num_hidden_layers": 48,
        },
        (32, 4),
        30_532_122_624,
    ),
    "demo": ("Llama", {"hidden_size": 160, "intermediate_size": 448, "num_hidden_layers": 4}, (5, 5), None),
}
#: Recipes that train encoders, whose bases are ModernBERT's; `test_encoder_configs` has them.
ENCODER_RECIPES = ("biencoder", "code-classifier", "cross-encoder", "encoder-mlm", "ner", "securebert2")
#: What makes one of them tiny.
TINY = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "head_dim": 8}
TINY_EXPERTS = {"moe_intermediate_size": 16, "num_experts": 4, "num_experts_per_tok": 2}


def full_size(recipe: str) -> transformers.PretrainedConfig:
    """The configuration of a recipe's base."""
    kind, sizes, (heads, key_heads), _ = FULL_SIZE[recipe]
    own = {"head_dim": 128} if kind.startswith("Qwen3") else {}
    return getattr(transformers, f"{kind}Config")(
        vocab_size=8192 if recipe == "demo" else 151_936,
        num_attention_heads=heads,
        num_key_value_heads=key_heads,
        max_position_embeddings=32_768,
        tie_word_embeddings=recipe == "lora-4b",
        **own,
        **sizes,
    )


def tiny(recipe: str, vocabulary: int) -> transformers.PretrainedConfig:
    """The same architecture at tiny size, for a tokenizer of `vocabulary` tokens."""
    config = full_size(recipe).to_dict()
    sizes = {**TINY, **(TINY_EXPERTS if "num_experts" in config else {})}
    for name in ("layer_types", "dtype", "architectures", "num_local_experts"):
        config.pop(name, None)
    changed = {**config, **sizes, "vocab_size": vocabulary, "num_attention_heads": 4, "num_key_value_heads": 2}
    return type(full_size(recipe)).from_dict(changed)
