"""Tiny base models, and fine-tuning runs on them in this process or others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from preloaded import Run

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)


def make_base(folder: Path, hidden: int = 32, layers: int = 2, vocabulary: int = 1024, dtype: str = "float32") -> Path:
    """A Llama of some ten thousand parameters with a byte-level tokenizer, in the save_pretrained layout."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from sevenllm_bench.data.embedded import embedded_split

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|pad|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator((row.reference_text for row in embedded_split("train")), trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|pad|>")
    fast.chat_template = CHAT_TEMPLATE
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        max_position_embeddings=4096,
        bos_token_id=None,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
    )
    LlamaForCausalLM(config).to(getattr(torch, dtype)).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


#: Changes to the demo recipe that make a run of seconds.
QUICK = (
    "data.languages=[en]",
    "data.tasks=[Time Element Acquisition, Summary Generation, Attack Tool Identification, Risk Assessment]",
    "data.held_out=0.2",
    "data.max_length=768",
    "data.packing=true",
    "training.batch_size=1",
    "training.accumulation=1",
    "training.epochs=2",
    "evaluation.every=0",
    "training.log_every=1",
)


def command(*words: str, launcher: tuple[str, ...] = ()) -> list[str]:
    """The command line of a run."""
    start = [*launcher] if launcher else [sys.executable]
    return [*start, "-m", "sevenllm_bench.cli.main", "finetune", *words]


def torchrun(processes: int) -> tuple[str, ...]:
    return (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes))


def environment() -> dict[str, str]:
    """Of a run in a process of its own: one thread, offline, and the package as it is tested."""
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    fixed = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": path}
    return {**os.environ, **fixed}


def start(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, env=environment(), timeout=600, check=False)


def run(*words: str, launcher: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return start(command(*words, launcher=launcher))


def begin(*words: str, processes: int = 1, script: Path | None = None) -> Run:
    """Start a run that loads no libraries any more; of several processes as torchrun starts them."""
    import preloaded

    return preloaded.Run(preloaded.FINE_TUNING, [*words] if script else ["finetune", *words], environment(), processes, script)


def forked(*words: str, processes: int = 1, script: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The same to its end."""
    return begin(*words, processes=processes, script=script).finish()


def on_a_full_disk(*words: str, processes: int = 1) -> subprocess.CompletedProcess[str]:
    return forked(*words, processes=processes, script=Path(__file__).parent / "full_disk.py")


def weights(folder: Path):
    """All tensors of a checkpoint by name."""
    from safetensors.torch import load_file

    return {name: tensor for file in sorted(folder.glob("*.safetensors")) for name, tensor in load_file(file).items()}


def log(folder: Path) -> list[dict]:
    """The training log of a finished run."""
    import json

    return [json.loads(line) for line in (folder / "training_log.jsonl").read_text(encoding="utf-8").splitlines()]


def losses(folder: Path) -> list[float]:
    return [entry["loss"] for entry in log(folder) if "loss" in entry]
