"""The demo's recipe and checkpoint at a smaller scale: rows that were tuned on are answered, and the held-out loss falls."""

import json

import pytest
import torch

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.figures.sections import by_section
from sevenllm_bench.finetune.encoding.example_encoder import ExampleEncoder
from sevenllm_bench.finetune.loop.held_out_answers import HeldOutAnswers
from sevenllm_bench.finetune.run import finetune
from sevenllm_bench.finetune.settings.config_file import read_config
from sevenllm_bench.prompts import style_by_name
from sevenllm_bench.scoring import score_rows

KINDS = ("understanding", "generation", "mcq")


@pytest.fixture(autouse=True)
def one_thread():
    """Sums come out the same on every number of cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tune(base, output, *changes):
    return finetune(read_config("demo", [f"model.base={base}", f"output={output}", *changes]), lambda _: None)


def figures(folder, rows) -> dict[str, dict[str, float]]:
    """Means by section of the answers of the model in `folder`, scored as the harness does."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoder = ExampleEncoder(tokenizer, style_by_name("alpaca"), 1024)
    answering = HeldOutAnswers(rows, encoder, tokenizer, batch_size=8, max_new_tokens=200)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    answers = answering._answer(model, range(len(rows)))
    return {name: section.means for name, section in by_section(score_rows(rows, answers)).items()}


def test_rows_that_were_tuned_on_are_answered(tiny_checkpoint, tmp_path):
    """One row of each kind and language, until the model knows them."""
    rows = [
        next(row for row in embedded_split("train") if (row.language, row.kind) == (language, kind))
        for language in ("en", "zh")
        for kind in KINDS
    ]
    names = ("id", "category", "instruction", "input", "thought", "output")
    corpus = tmp_path / "train.jsonl"
    lines = [json.dumps({name: getattr(row, name) for name in names}, ensure_ascii=False) for row in rows]
    corpus.write_text("\n".join(lines) + "\n", encoding="utf-8")
    changes = [
        f"data.source={corpus}",
        "data.leak_guard=embedded",
        "data.held_out=0",
        "training.epochs=24",
        "training.accumulation=1",
    ]
    finished = tune(tiny_checkpoint, tmp_path / "out", *changes)
    assert finished.report["data"]["training"]["examples"] == len(rows) == 6

    before, after = figures(tiny_checkpoint, rows), figures(finished.output, rows)
    assert len(after) == 6
    for section, means in after.items():
        # Two metrics don't look at the reference: whether the text supports an answer says nothing of what was learned.
        for name, value in ((name, own) for name, own in means.items() if name not in ("grounded", "invented_indicators")):
            assert before[section][name] < 0.1, (section, name)
            assert value > 0.8, (section, name)


def test_held_out_loss_falls_from_the_start(tiny_checkpoint, tmp_path):
    """The recipe cut after 16 steps, less than half an epoch; a uniform guess costs ln 4096 = 8.3 nats per token."""
    ran = tune(tiny_checkpoint, tmp_path / "out", "training.max_steps=16", "evaluation.every=0").report["run"]
    for name in ("loss", "loss_en", "loss_zh"):
        assert ran["held-out before"][name] > 8.3
        assert ran["held-out after"][name] < ran["held-out before"][name] - 0.7
