"""The memory table of docs/finetuning.md, from configurations that need no Hub.

`python tests/finetune/memory_table.py` prints it; a test compares it with the document.
"""

from __future__ import annotations

from collections.abc import Iterator

import transformers

from sevenllm_bench.finetune.estimates.host_memory import host_memory
from sevenllm_bench.finetune.estimates.memory import GIB, estimate_memory
from sevenllm_bench.finetune.settings.config_file import read_config

HEAD = (
    "| run | GPUs | weights | gradients | optimizer | activations | buffers | overhead | GiB per GPU | GiB of a machine |",
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
)
_PARTS = ("weights", "gradients", "optimizer", "activations", "buffers", "overhead")


def config(kind, vocabulary, hidden, intermediate, layers, heads, key_heads=None, **other):
    return getattr(transformers, f"{kind}Config")(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_heads or heads,
        **{"tie_word_embeddings": False, **other},
    )


#: As their config.json on the Hub.
MODELS = {
    "Llama-2-7B": config("Llama", 32000, 4096, 11008, 32, 32),
    "Llama-2-13B": config("Llama", 32000, 5120, 13824, 40, 40),
    "Qwen1.5-7B": config("Qwen2", 151936, 4096, 11008, 32, 32),
    "Qwen1.5-14B": config("Qwen2", 152064, 5120, 13696, 40, 40),
    "Qwen3-8B": config("Qwen3", 151936, 4096, 12288, 36, 32, 8, head_dim=128),
}
#: What is run, as the table calls it; model; the run's words; numbers of GPUs.
RUNS = (
    *((f"`paper`, {name}", name, ("paper",), (8, 16)) for name in list(MODELS)[:4]),
    ("`lora-8b`, Qwen3-8B", "Qwen3-8B", ("lora-8b",), (1, 8)),
    ("`lora-8b training.method=qlora`", "Qwen3-8B", ("lora-8b", "training.method=qlora"), (1, 8)),
)


def lines() -> Iterator[str]:
    """The table, line by line."""
    yield from HEAD
    for title, name, (recipe, *changes), counts in RUNS:
        run = read_config(recipe, ["model.base=x", "output=x", *changes])
        for place, processes in enumerate(counts):
            memory = estimate_memory(MODELS[name], run, processes)
            host = host_memory(MODELS[name], run, memory, 0, processes)
            figures = [f"{getattr(memory, part) / GIB:.1f}" for part in _PARTS]
            cells = ["" if place else title, str(processes), *figures, f"**{memory.total / GIB:.1f}**", f"{host.total / GIB:.0f}"]
            yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print("\n".join(lines()))
