"""Small tokenizers of the kinds that models have, trained on the embedded rows in a second."""

from __future__ import annotations

import functools
from typing import Any

from sevenllm_bench.data.embedded import embedded_split

#: As Qwen's pre-tokenizer splits: line breaks stick to the punctuation before them, so ":\n" may be one token.
_QWEN_SPLIT = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

#: As Qwen3's: without thinking, the prompt ends with an empty thought; finished turns have one, too.
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['role'] == 'assistant' and loop.last %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}"
    "{{ message['content'].lstrip('\\n') + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}{% endif %}"
)
#: As Llama-3's: the template writes the beginning of sequence itself, and trims what is said.
WITH_BOS = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '[' + message['role'] + ']\\n\\n' + message['content'] | trim + '<|eot_D|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '[assistant]\\n\\n' }}{% endif %}"
)


def _texts() -> list[str]:
    rows = embedded_split("train")
    headers = "### Instruction:\n\n### Input:\n\n### Thought:\n\n### Response:\nBelow is an instruction that describes a task"
    return [headers] * 500 + [f"{row.input}\n{row.thought}\n\n{row.reference_text}" for row in rows]


def _wrapped(tokenizer: Any, **arguments: Any) -> Any:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, **arguments)


def _byte_level(split: str | None, special: list[str]) -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=split is None)
    tokenizer.pre_tokenizer = (
        pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(split), "isolated"), bytes_]) if split else bytes_
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=2000, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(_texts(), trainer)
    return tokenizer


def _begin_with(tokenizer: Any, bos: str) -> None:
    from tokenizers import processors

    special = [(bos, tokenizer.token_to_id(bos))]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{bos} $A", pair=f"{bos} $A $B", special_tokens=special)


@functools.cache
def gpt2_like() -> Any:
    """Byte-level BPE without a beginning of sequence and without a chat template."""
    return _wrapped(_byte_level(None, ["<|pad|>", "<|end|>"]), eos_token="<|end|>", pad_token="<|pad|>")


@functools.cache
def llama2_like() -> Any:
    """SentencePiece's ways: Unigram over words that begin with "▁", and "<s>" before everything."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    characters = sorted({character for text in _texts() for character in f"{text}<>"} - {" "})
    special = ["<unk>", "<s>", "</s>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=len(characters) + 1500,
        special_tokens=special,
        unk_token="<unk>",
        initial_alphabet=characters,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    _begin_with(tokenizer, "<s>")
    return _wrapped(tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<unk>")


@functools.cache
def qwen3_like() -> Any:
    """Byte-level BPE with Qwen's splits, ChatML and an empty thought."""
    tokenizer = _byte_level(_QWEN_SPLIT, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    return _wrapped(tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=CHATML)


@functools.cache
def llama3_like() -> Any:
    """Byte-level BPE that puts "<|begin|>" before everything, as its chat template does, too."""
    tokenizer = _byte_level(_QWEN_SPLIT, ["<|pad|>", "<|begin|>", "<|eot_D|>", "<|end|>"])
    _begin_with(tokenizer, "<|begin|>")
    return _wrapped(tokenizer, bos_token="<|begin|>", eos_token="<|end|>", pad_token="<|pad|>", chat_template=WITH_BOS)
