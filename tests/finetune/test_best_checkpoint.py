"""The best checkpoint by held-out rows: which one is published, when training stops, and what the card says of it."""

import json
from pathlib import Path

import finetune_runs
import pytest
import torch
from finetune_runs import QUICK
from scripted_run import with_losses

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.loop.best_checkpoint import Best
from sevenllm_bench.finetune.loop.held_out_answers import HeldOutAnswers
from sevenllm_bench.finetune.loop.trainer import HeldOutTrainer
from sevenllm_bench.finetune.run import finetune
from sevenllm_bench.finetune.settings.config_file import read_config

#: Before the first step, and after each: the best is step 3.
CURVE = [4.0, 3.0, 2.0, 1.0, 1.5, 1.6, 1.7, 1.8, 1.9]
EACH = (*QUICK, "evaluation.every=1", "training.save_every=0.9", "training.scheduler=constant", "training.warmup=0")
STOPPING = (*EACH, "training.max_steps=8", "evaluation.best=loss", "evaluation.patience=2")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return finetune_runs.make_base(tmp_path_factory.mktemp("base") / "model")


def tune(base, output, *changes, recipe="demo"):
    said: list[str] = []
    return finetune(read_config(recipe, [f"model.base={base}", f"output={output}", *changes]), said.append).report["run"]


@pytest.fixture(scope="module")
def after_three(base, tmp_path_factory):
    """The weights after three steps."""
    output = tmp_path_factory.mktemp("three") / "out"
    tune(base, output, *EACH, "training.max_steps=3", "evaluation.every=0")
    return finetune_runs.weights(output)


def equal(output, expected) -> bool:
    found = finetune_runs.weights(output)
    return found.keys() == expected.keys() and all(torch.equal(tensor, expected[name]) for name, tensor in found.items())


def test_early_stopping_keeps_the_best_checkpoint(base, after_three, tmp_path, monkeypatch):
    monkeypatch.setattr(HeldOutTrainer, "_by_cell", with_losses(CURVE))
    ran = tune(base, tmp_path / "out", *STOPPING)
    assert ran["steps"] == 5  # two evaluations after the best
    assert ran["published"]["step"] == 3
    assert (ran["held-out before"]["loss"], ran["held-out after"]["loss"]) == (4.0, 1.0)
    assert equal(tmp_path / "out", after_three)
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    wanted = "published: step 3, the lowest held-out loss (1.0000) of 5 evaluations; stopped early at step 5 of 8"
    assert wanted in card
    assert "| loss | 4.0000 | 1.0000 |" in card


def test_without_patience_the_best_is_published_after_all_steps_and_without_best_the_last(
    base, after_three, tmp_path, monkeypatch
):
    """Checkpoints at every step, of which two are kept: the best is never rotated away."""
    changes = (*EACH, "training.max_steps=6", "training.save_every=1", "training.keep_checkpoints=2")
    for figure, step in (("loss", 3), ("none", 6)):
        monkeypatch.setattr(HeldOutTrainer, "_by_cell", with_losses(CURVE))
        ran = tune(base, tmp_path / figure, *changes, f"evaluation.best={figure}")
        assert (ran["steps"], ran["published"]["step"]) == (6, step)
        assert equal(tmp_path / figure, after_three) == (step == 3)


@pytest.mark.parametrize("lost", [False, True])
def test_a_run_that_goes_on_still_knows_the_best(base, after_three, tmp_path, monkeypatch, capsys, lost):
    """Stopped in the fifth step, with and without the best checkpoint still in its folder."""
    output, changes = tmp_path / "out", (*EACH, "training.max_steps=6", "training.save_every=1", "evaluation.best=loss")
    undisturbed = HeldOutTrainer.step_done

    def stop(self):
        if self.state.global_step == 5:
            raise KeyboardInterrupt
        undisturbed(self)

    monkeypatch.setattr(HeldOutTrainer, "_by_cell", with_losses(CURVE))
    monkeypatch.setattr(HeldOutTrainer, "step_done", stop)
    with pytest.raises(KeyboardInterrupt):
        tune(base, output, *changes)
    monkeypatch.setattr(HeldOutTrainer, "step_done", undisturbed)
    assert {path.name for path in (output / "training").glob("checkpoint-*")} == {"checkpoint-3", "checkpoint-4"}
    if lost:
        (output / "training" / "checkpoint-3" / "complete.json").unlink()
    monkeypatch.setattr(HeldOutTrainer, "_by_cell", with_losses(CURVE[5:]))
    ran = tune(base, output, *changes, "resume=auto")
    assert ran["held-out before"]["loss"] == 4.0  # measured by the process before
    if lost:
        assert ran["published"]["step"] == 5
        assert "the best checkpoint until now (step 3) is not there any more" in capsys.readouterr().out
    else:
        assert ran["published"]["step"] == 3
        assert equal(output, after_three)


def test_the_best_by_a_metric_of_the_answered_rows(base, tmp_path, monkeypatch):
    """A metric: the higher the better, and the first of two that are equal. Adapters: those of the best step are written."""
    values = iter([0.1, 0.2, 0.5, 0.5, 0.3])
    name = "metrics_en_understanding_value_f1"
    monkeypatch.setattr(HeldOutAnswers, "score", lambda self, trainer: {**self.names(), name: next(values)})
    lora = (*EACH, "training.method=lora", "lora.rank=2", "lora.dropout=0", "training.learning_rate=1e-2")
    scored = (*lora, f"evaluation.best={name}", "evaluation.metrics_rows=3", "training.max_steps=4")
    ran = tune(base, tmp_path / "out", *scored)
    assert ran["published"] == {"step": 2, "why": f"the highest held-out {name} (0.5000) of 4 evaluations"}
    assert ran["held-out after"][name] == 0.5
    tune(base, tmp_path / "two", *lora, "training.max_steps=2", "evaluation.every=0")
    assert equal(tmp_path / "out", finetune_runs.weights(tmp_path / "two"))


def test_sharded_weights_of_the_best_step(base, tmp_path):
    script = json.dumps({"held_out": CURVE, "fsdp": True})
    words = ["demo", f"model.base={base}", f"output={tmp_path / 'out'}", *STOPPING, "training.sharding=full"]
    done = finetune_runs.forked(script, *words, processes=2, script=Path(__file__).parent / "scripted_run.py")
    assert done.returncode == 0, done.stderr
    assert "published: step 3, the lowest held-out loss (1.0000) of 5 evaluations" in done.stdout
    tune(base, tmp_path / "three", *EACH, "training.max_steps=3", "evaluation.every=0", "training.accumulation=2")
    expected = finetune_runs.weights(tmp_path / "three")
    assert all(
        torch.allclose(tensor, expected[name], atol=1e-4) for name, tensor in finetune_runs.weights(tmp_path / "out").items()
    )


def test_a_run_that_overfits_is_stopped_and_its_best_step_published(base, tmp_path):
    """Nine rows, until the model knows them: the held-out loss falls, then rises."""
    changes = (*QUICK, "training.epochs=20", "training.learning_rate=2e-2", "evaluation.every=9", "training.log_every=9")
    ran = tune(base, tmp_path / "out", *changes, "evaluation.best=loss", "evaluation.patience=2")
    curve = {entry["step"]: entry["eval_loss"] for entry in finetune_runs.log(tmp_path / "out") if "eval_loss" in entry}
    best = min((step for step in curve if step), key=curve.__getitem__)
    assert 0 < best < ran["steps"] < 180
    assert list(curve)[-1] == ran["steps"]
    assert curve[ran["steps"]] > curve[best] < curve[0]
    assert ran["published"]["step"] == best


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (("evaluation.patience=2",), "patience waits for a better evaluation"),
        (("evaluation.best=loss",), "set every"),
        (("evaluation.best=loss", "evaluation.every=1", "data.held_out=0"), "needs held-out rows"),
        (("evaluation.best=metrics_en_mcq_acc", "evaluation.every=1"), "set metrics_rows"),
        (("evaluation.best=accuracy", "evaluation.every=1"), "evaluation.best"),
    ],
)
def test_what_can_not_choose_is_refused_at_once(changes, message):
    with pytest.raises(ConfigError, match=message):
        read_config("demo", [*QUICK, *changes])


def test_a_figure_that_the_held_out_rows_do_not_give_is_refused_before_training(base, tmp_path):
    changes = (*QUICK, "evaluation.every=1", "evaluation.best=loss_zh")
    with pytest.raises(ConfigError, match=r"unknown figure of the held-out rows 'loss_zh'.* Known: loss, loss_en,"):
        tune(base, tmp_path / "out", *changes)
    assert not (tmp_path / "out").exists()


def test_better():
    assert Best("loss").better(1.0, 2.0)
    assert not Best("loss").better(2.0, 2.0)
    assert Best("metrics_en_mcq_acc").better(0.2, 0.1)
    assert Best("loss_en").better(1.0, None)
    assert not Best("loss").better(float("nan"), None)
