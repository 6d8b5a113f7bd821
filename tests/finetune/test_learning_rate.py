"""The learning rate of each step, by hand, against what the optimizer was given and what is logged."""

import math

import finetune_runs
import pytest
import torch
from finetune_runs import QUICK
from transformers import get_scheduler

from sevenllm_bench.finetune.loop.learning_rate import without_idle_step
from sevenllm_bench.finetune.run import finetune
from sevenllm_bench.finetune.settings.config_file import read_config

NAMES = ("linear", "cosine", "constant_with_warmup", "polynomial", "inverse_sqrt", "cosine_with_restarts")


def rates(name: str, warmup: int, steps: int) -> list[float]:
    """The learning rate in each step's update."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = without_idle_step(get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=steps), warmup)
    found = []
    for _ in range(steps):
        assert schedule.get_last_lr() == [optimizer.param_groups[0]["lr"]]
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_the_warm_up_reaches_the_peak_in_its_last_step():
    assert rates("linear", 4, 8)[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert rates("linear", 4, 8)[4:] == pytest.approx([1.0, 0.75, 0.5, 0.25])  # from step 5 on, transformers' own
    cosine = [0.5 * (1 + math.cos(math.pi * step / 9)) for step in range(9)]
    assert rates("cosine", 1, 10) == pytest.approx([1.0, *cosine])
    assert rates("linear", 0, 4) == pytest.approx([1.0, 0.75, 0.5, 0.25])
    assert rates("constant", 0, 3) == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("warmup", "steps"), [(1, 1), (1, 5), (3, 30), (10, 4)])
def test_no_step_of_any_schedule_is_idle(name, warmup, steps):
    assert min(rates(name, warmup, steps)) > 0
    assert max(rates(name, warmup, steps)) == pytest.approx(min(1.0, steps / warmup))


def test_a_run_of_one_step_trains_at_the_whole_learning_rate(tmp_path):
    base = finetune_runs.make_base(tmp_path / "base")
    changes = ("training.max_steps=1", "training.warmup=0.03", "data.held_out=0")
    config = read_config("demo", [f"model.base={base}", f"output={tmp_path / 'out'}", *QUICK, *changes])
    ran = finetune(config, lambda _: None).report["run"]
    assert [entry["learning_rate"] for entry in finetune_runs.log(tmp_path / "out") if "loss" in entry] == [2e-3]
    assert ran["highest learning rate"] == 2e-3
    before, after = finetune_runs.weights(base), finetune_runs.weights(tmp_path / "out")
    moved = max(float((after[name] - before[name]).abs().max()) for name in before)
    assert moved == pytest.approx(2e-3, rel=1e-3)  # Adam's first step is the learning rate


def test_a_warm_up_that_is_longer_than_the_run_is_said(tmp_path):
    base = finetune_runs.make_base(tmp_path / "base")
    changes = ("training.max_steps=2", "training.warmup=10", "data.held_out=0")
    config = read_config("demo", [f"model.base={base}", f"output={tmp_path / 'out'}", *QUICK, *changes])
    ran = finetune(config, lambda _: None).report["run"]
    assert ran["highest learning rate"] == pytest.approx(4e-4)
    assert any("learning rate reached 0.0004 only, not 0.002" in warning for warning in ran["warnings"])
