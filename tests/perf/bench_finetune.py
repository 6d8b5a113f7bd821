"""Training speed: packed sequences against a loop that pads each batch to its longest row. Ratios within one run.

Tokens are real ones: padding is no work done. Both train the same model in the same precision with AdamW on the same rows.
On a CPU the model is small, the LM head a fifth of it; on a GPU it has half a billion parameters (Qwen2.5-0.5B's
configuration), and the peak memory and the share of the chip's peak FLOP/s are printed.

    python tests/perf/bench_finetune.py [--rows FILE] [--max-length 1536] [--peak-tflops 989]

Rows: SEvenLLM-Instruct rows (a file or folder, for its spread of lengths), else the embedded training rows.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel, Qwen2Config, Qwen2ForCausalLM, TrainerCallback

from sevenllm_bench.corpus.source.instruct import load_embedded_corpus, load_instruct
from sevenllm_bench.finetune.encoding.example_encoder import Example, ExampleEncoder, Fitting
from sevenllm_bench.finetune.kernels.packed_attention import PACKED_SDPA, register
from sevenllm_bench.finetune.libraries import quiet
from sevenllm_bench.finetune.loop.arguments import trainer_arguments
from sevenllm_bench.finetune.loop.trainer import HeldOutTrainer
from sevenllm_bench.finetune.runtime import resolve
from sevenllm_bench.finetune.settings.config_file import read_config
from sevenllm_bench.prompts import style_by_name

BATCH = 4
WARM_UP = 2


def main() -> None:
    """Measure both and print the ratio."""
    arguments = _arguments()
    quiet()
    on_gpu = torch.cuda.is_available()
    tokenizer = _tokenizer()
    corpus = load_instruct(arguments.rows) if arguments.rows else load_embedded_corpus()
    examples = list(ExampleEncoder(tokenizer, style_by_name("alpaca"), arguments.max_length).encode(corpus.rows, Fitting()))
    examples = random.Random(0).choices(examples, k=arguments.examples or (4000 if on_gpu else 240))
    tokens = sum(len(example.input_ids) for example in examples)
    lengths = sorted(len(example.input_ids) for example in examples)
    print(f"{len(examples):,} examples of {corpus.name}, {tokens:,} tokens, lengths {lengths[0]} to {lengths[-1]}, ", end="")
    print(f"median {lengths[len(lengths) // 2]}; {_model(on_gpu).num_parameters():,} parameters, {'GPU' if on_gpu else 'CPU'}")
    padded = _padded(_model(on_gpu), examples, tokenizer.pad_token_id, on_gpu)
    _report("padded, batches of 4", tokens, padded, arguments)
    packed = _packed(_model(on_gpu), examples, tokenizer, arguments.max_length, on_gpu)
    _report(f"packed to {arguments.max_length:,}", tokens, packed, arguments)
    print(f"ratio {padded['seconds'] / packed['seconds']:.2f} (wanted: {2 if on_gpu else 1.5})")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Packed training against padded batches.")
    parser.add_argument("--rows", help="file or folder of SEvenLLM-Instruct rows")
    parser.add_argument("--max-length", type=int, default=1536)
    parser.add_argument("--examples", type=int, help="how many, drawn with replacement")
    parser.add_argument("--peak-tflops", type=float, default=989.0, help="of the GPU in bf16, dense (default: H100 SXM)")
    return parser.parse_args()


def _tokenizer() -> Any:
    """A byte-level tokenizer over the embedded training rows."""
    import sys

    sys.path.insert(0, str(Path(__file__).parents[1] / "finetune"))
    import finetune_runs
    from transformers import AutoTokenizer

    with tempfile.TemporaryDirectory() as folder:
        return AutoTokenizer.from_pretrained(finetune_runs.make_base(Path(folder) / "base", vocabulary=8192))


def _model(on_gpu: bool) -> PreTrainedModel:
    torch.manual_seed(0)
    if on_gpu:
        sizes = {"hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24, "num_attention_heads": 14}
        return Qwen2ForCausalLM(Qwen2Config(**sizes, num_key_value_heads=2, vocab_size=151936, tie_word_embeddings=True))
    sizes = {"hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 4, "num_attention_heads": 8}
    return LlamaForCausalLM(LlamaConfig(**sizes, vocab_size=8192, max_position_embeddings=4096))


def _padded(model: PreTrainedModel, examples: list[Example], pad: int, on_gpu: bool) -> dict[str, float]:
    """The plain loop."""
    device = torch.device("cuda" if on_gpu else "cpu")
    model.to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
    batches = [examples[start : start + BATCH] for start in range(0, len(examples), BATCH)]
    _reset(on_gpu)
    start = 0.0
    for step, batch in enumerate([*batches[:WARM_UP], *batches]):
        if step == WARM_UP:
            start = _now(on_gpu)
        longest = max(len(example.input_ids) for example in batch)
        ids = torch.tensor([e.input_ids + [pad] * (longest - len(e.input_ids)) for e in batch], device=device)
        labels = torch.tensor([e.labels + [-100] * (longest - len(e.labels)) for e in batch], device=device)
        mask = torch.tensor([[1] * len(e.input_ids) + [0] * (longest - len(e.input_ids)) for e in batch], device=device)
        with torch.autocast(device.type, torch.bfloat16, enabled=on_gpu):
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return {"seconds": _now(on_gpu) - start, **_memory(model, on_gpu)}


class _Clock(TrainerCallback):
    """Times the steps after the first ones, and counts their tokens."""

    def __init__(self, on_gpu: bool) -> None:
        self.on_gpu = on_gpu
        self.start = self.end = 0.0
        self.steps = 0

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == WARM_UP:
            self.start = _now(self.on_gpu)
        self.end, self.steps = _now(self.on_gpu), state.global_step


def _packed(model: PreTrainedModel, examples: list[Example], tokenizer: Any, max_length: int, on_gpu: bool) -> dict[str, float]:
    """Our trainer, one packed sequence per step."""
    rows = [{"input_ids": example.input_ids, "labels": example.labels} for example in examples]
    changes = ["model.base=x", f"data.max_length={max_length}", "training.epochs=1", "training.learning_rate=1e-5"]
    changes += ["data.packing=true", "training.batch_size=1", "training.accumulation=1"]
    changes += ["training.gradient_checkpointing=false", f"training.precision={'bf16' if on_gpu else 'fp32'}"]
    changes += ["training.save_every=1000000", "training.log_every=1000000", "training.device=auto"]
    if not on_gpu:
        register()
        model.set_attn_implementation(PACKED_SDPA)
    clock = _Clock(on_gpu)
    config = read_config("demo", changes)
    with tempfile.TemporaryDirectory() as folder:
        arguments = trainer_arguments(config, resolve(config), Path(folder), has_held_out=False)
        arguments.save_strategy = "no"
        trainer = HeldOutTrainer(
            model=model, args=arguments, train_dataset=Dataset.from_list(rows), processing_class=tokenizer, callbacks=[clock]
        )
        _reset(on_gpu)
        trainer.train()
    per_step = (clock.end - clock.start) / (clock.steps - WARM_UP)
    return {"seconds": per_step * clock.steps, **_memory(model, on_gpu)}


def _now(on_gpu: bool) -> float:
    if on_gpu:
        torch.cuda.synchronize()
    return time.perf_counter()


def _reset(on_gpu: bool) -> None:
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _memory(model: PreTrainedModel, on_gpu: bool) -> dict[str, float]:
    peak = torch.cuda.max_memory_allocated() / 2**30 if on_gpu else 0.0
    return {"memory": peak, "parameters": float(model.num_parameters())}


def _report(name: str, tokens: int, run: dict[str, float], arguments: argparse.Namespace) -> None:
    rate = tokens / run["seconds"]
    line = f"{name}: {rate:,.0f} tokens/s"
    if run["memory"]:
        share = 6 * run["parameters"] * rate / (arguments.peak_tflops * 1e12)
        line += f", peak memory {run['memory']:.1f} GiB, {share:.1%} of {arguments.peak_tflops:,.0f} TFLOP/s"
    print(line)


if __name__ == "__main__":
    main()
