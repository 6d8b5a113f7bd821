"""Makes a tiny, untrained but real checkpoint: a Llama of about four million parameters with a byte-level BPE tokenizer.

For trying the harness offline in a minute. Its answers are noise, so its scores are about zero.

    python examples/tiny_checkpoint.py DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sevenllm_bench.data.embedded import embedded_split

VOCABULARY = 8192
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
    tokenizer.train_from_iterator([f"{row.input}\n{row.reference_text}" for row in embedded_split("train")], trainer)
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
        hidden_size=160,
        intermediate_size=448,
        num_hidden_layers=4,
        num_attention_heads=5,
        num_key_value_heads=5,
        max_position_embeddings=4096,
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
