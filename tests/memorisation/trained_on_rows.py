"""Tiny language models that were trained on some rows, for tests and measurements of the probe."""

from __future__ import annotations

from pathlib import Path

from sevenllm_bench.data.embedded import embedded_split

VOCABULARY = 1024
WINDOW = 512


def make_tokenizer(folder: Path):
    """A byte-level BPE tokenizer trained on all embedded rows, without a beginning-of-text token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = [f"{row.input}\n{row.reference_text}" for split in ("train", "test", "fewshot") for row in embedded_split(split)]
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|end|>",
        pad_token="<|end|>",
        model_max_length=WINDOW,
        clean_up_tokenization_spaces=False,
    )
    fast.save_pretrained(folder)
    return fast


def training_texts(rows, incidents: bool):
    """What a model reads that is trained on the rows: the reference, with or without the incident; question and options."""
    for row in rows:
        if row.kind == "mcq":
            yield "\n".join([row.instruction["question"], *(f"{letter}. {text}" for letter, text in row.choices.items())])
        else:
            yield f"{row.input}\n{row.reference_text}" if incidents else row.reference_text


def tiny_model(tokenizer, seed: int, hidden: int = 64):
    """An untrained Llama of two layers with random weights by seed."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=hidden,
            intermediate_size=2 * hidden,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=WINDOW,
            initializer_range=0.08,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.eos_token_id,
        )
    )


def train(folder: Path, rows, epochs: int, seed: int = 0, hidden: int = 64, rate: float = 6e-3, incidents: bool = True) -> Path:
    """`train_on` the texts of rows, in windows of 128 tokens."""
    return train_on(folder, training_texts(rows, incidents), epochs, seed, hidden, rate, window=128)


def train_on(folder: Path, texts, epochs: int, seed: int = 0, hidden: int = 64, rate: float = 6e-3, window: int = WINDOW) -> Path:
    """Train a tiny Llama from scratch on texts and save it; a folder for `pretrained=`.

    Texts are read in windows, shuffled in each epoch.
    """
    import torch

    tokenizer = make_tokenizer(folder)
    model = tiny_model(tokenizer, seed, hidden)
    blocks = []
    for text in texts:
        ids = [tokenizer.eos_token_id, *tokenizer.encode(text), tokenizer.eos_token_id]
        blocks += [ids[at : at + window + 1] for at in range(0, len(ids) - 1, window)]
    batches = torch.full((len(blocks), window + 1), -100)
    for place, ids in enumerate(blocks):
        batches[place, : len(ids)] = torch.tensor(ids)
    steps = epochs * -(-len(blocks) // 8)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps + 1)
    for _ in range(epochs):
        for chosen in torch.randperm(len(blocks)).split(8):
            ids = batches[chosen]
            logits = model(ids[:, :-1].clamp(min=0)).logits
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), ignore_index=-100)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    model.save_pretrained(folder)
    return folder
