"""Makes a tiny, untrained but real checkpoint: a Llama of under a million parameters with a byte-level BPE tokenizer.

For trying the harness and the fine-tuning offline in minutes. Its answers are noise, so its scores are about zero.

    python examples/tiny_checkpoint.py DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.prompts import DEFAULT_STYLE, render, style_by_name

#: Larger, and most words would be seen once; smaller, and texts would have more tokens to compute.
VOCABULARY = 4096
#: transformers' 0.02 suits wide layers. With layers as narrow as these nothing is learned for the first epochs.
INITIALIZER_RANGE = 0.08
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def make_checkpoint(folder: Path) -> int:
    """Write model and tokenizer to `folder` in the `save_pretrained` layout; the number of parameters."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<|pad|>", "<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    style = style_by_name(DEFAULT_STYLE)
    tokenizer.train_from_iterator([f"{render(row, style)}\n{row.reference_text}" for row in embedded_split("train")], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|end|>",
        pad_token="<|pad|>",
        model_max_length=4096,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = CHAT_TEMPLATE

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=4096,
        initializer_range=INITIALIZER_RANGE,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(eos_token_id=fast.eos_token_id, pad_token_id=fast.pad_token_id, bos_token_id=None)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return int(sum(parameter.numel() for parameter in model.parameters()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a tiny untrained checkpoint.")
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    print(f"{make_checkpoint(arguments.folder):,} parameters written to {arguments.folder}")
