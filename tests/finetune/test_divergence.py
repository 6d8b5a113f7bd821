"""Training that goes wrong: it stops, says so, keeps what is sound and publishes nothing."""

import json
import re
from pathlib import Path

import finetune_runs
import pytest
import torch
from finetune_runs import QUICK
from scripted_run import with_losses, with_nan

from sevenllm_bench.cli.main import main
from sevenllm_bench.errors import SEvenLLMError
from sevenllm_bench.finetune.loop.divergence import not_finite, sample, unchanged
from sevenllm_bench.finetune.loop.trainer import HeldOutTrainer
from sevenllm_bench.finetune.output.outcome import _warnings, last_loss
from sevenllm_bench.finetune.output.run_folder import is_complete
from sevenllm_bench.finetune.run import finetune
from sevenllm_bench.finetune.settings.config_file import read_config

FOUR = (*QUICK, "training.max_steps=4", "training.save_every=1", "training.scheduler=constant", "training.warmup=0")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return finetune_runs.make_base(tmp_path_factory.mktemp("base") / "model")


def tune(base, output, *changes):
    return finetune(read_config("demo", [f"model.base={base}", f"output={output}", *FOUR, *changes]), lambda _: None)


def stopped(base, output, *changes) -> str:
    with pytest.raises(SEvenLLMError) as caught:
        tune(base, output, *changes)
    return str(caught.value)


def published(output: Path) -> list[str]:
    """What is in the output folder besides the folder of the unfinished run."""
    return sorted(path.name for path in output.iterdir() if path.name != "training") if output.is_dir() else []


def checkpoints(output: Path) -> dict[str, bool]:
    """The checkpoints that are kept, and whether their weights are finite."""
    folders = sorted((output / "training").glob("checkpoint-*"))
    assert all(map(is_complete, folders))
    return {
        folder.name: all(bool(tensor.isfinite().all()) for tensor in finetune_runs.weights(folder).values()) for folder in folders
    }


def test_a_loss_that_is_nan_stops_the_run_before_it_reaches_the_weights(base, tmp_path, monkeypatch):
    """And resume=auto goes on from the checkpoint before it, as if there had been no fault."""
    undisturbed, output = tmp_path / "undisturbed", tmp_path / "out"
    tune(base, undisturbed)
    with monkeypatch.context() as fault:
        fault.setattr(HeldOutTrainer, "compute_loss", with_nan(0, 3))
        error = stopped(base, output)
    assert "diverged at step 3" in error
    assert "gradient norm is nan" in error
    assert "training.learning_rate (now 0.002)" in error
    assert str(output / "training" / "checkpoint-2") in error
    assert checkpoints(output) == {"checkpoint-1": True, "checkpoint-2": True}
    assert published(output) == []

    assert "training.learning_rate" in stopped(base, output, "resume=auto", "training.learning_rate=1e-4")  # another run
    tune(base, output, "resume=auto")
    expected = finetune_runs.weights(undisturbed)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in finetune_runs.weights(output).items())
    steps = [entry["step"] for entry in finetune_runs.log(output) if "loss" in entry]
    assert steps == [1, 2, 3, 4]
    counted = [
        [entry["num_tokens"] for entry in finetune_runs.log(folder) if "loss" in entry] for folder in (output, undisturbed)
    ]
    assert counted[0] == counted[1]


@pytest.mark.parametrize(
    ("changes", "what", "kept"),
    [
        (("training.learning_rate=1e30",), r"step 2: the gradient norm is (nan|inf)", {"checkpoint-1": True}),
        (("training.learning_rate=1e39",), r"step 1: \d+ trained weights are not finite", {}),
        (("training.learning_rate=1e39", "training.save_every=4", "training.max_grad_norm=0"), r"step 2: the gradient", {}),
        (("training.learning_rate=1e39", "training.max_steps=1"), r"step 1: the held-out loss is nan", {}),
        (("training.learning_rate=1e39", "training.max_steps=1", "data.held_out=0"), r"step 1: \d+ trained weights", {}),
    ],
    ids=["gradient", "weights at a checkpoint", "no checkpoint", "last step", "last step without held-out rows"],
)
def test_a_learning_rate_that_is_far_too_large(base, tmp_path, capsys, changes, what, kept):
    output = tmp_path / "out"
    words = ["finetune", "demo", f"model.base={base}", f"output={output}", *FOUR, *changes]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert re.search(what, error), error
    assert len(error.splitlines()) == 1
    if kept:
        assert checkpoints(output) == kept
        assert published(output) == []
    else:
        assert "No checkpoint was written" in error
        assert not output.exists()


def test_a_loss_that_is_infinite_though_its_gradient_is_not(base, tmp_path, monkeypatch):
    plain = HeldOutTrainer.compute_loss

    def plus_infinity(self, *arguments, **named):
        return plain(self, *arguments, **named) + (float("inf") if self.state.global_step == 2 else 0.0)

    monkeypatch.setattr(HeldOutTrainer, "compute_loss", plus_infinity)
    assert "diverged at step 3: the loss is inf" in stopped(base, tmp_path / "out", "training.log_every=4")
    assert checkpoints(tmp_path / "out") == {"checkpoint-1": True, "checkpoint-2": True}


NAN = float("nan")


@pytest.mark.parametrize(
    ("losses", "step", "name"),
    [([3.0, NAN], 2, "loss"), ([NAN], 0, "loss"), ([3.0, {"loss_general_alpaca": NAN}], 2, "loss_general_alpaca")],
    ids=["on the way", "of the base", "of general examples"],
)
def test_a_held_out_loss_that_is_nan(base, tmp_path, monkeypatch, losses, step, name):
    monkeypatch.setattr(HeldOutTrainer, "_by_cell", with_losses(losses))
    error = stopped(base, tmp_path / "out", "evaluation.every=2")
    assert f"the held-out {name} is nan" in error
    assert ("diverged at step 2" if step else "the base model itself") in error
    assert list(checkpoints(tmp_path / "out")) == (["checkpoint-1"] if step else [])


def test_a_fault_in_one_process_stops_all(base, tmp_path):
    output, script = tmp_path / "out", Path(__file__).parent / "scripted_run.py"
    words = ["demo", f"model.base={base}", f"output={output}", *FOUR]
    done = finetune_runs.forked(json.dumps({"nan": [1, 3]}), *words, processes=2, script=script)
    assert done.returncode != 0
    assert "diverged at step 3: the gradient norm is nan" in done.stderr
    assert "Timeout" not in done.stderr
    assert checkpoints(output) == {"checkpoint-1": True, "checkpoint-2": True}
    assert published(output) == []


def test_nothing_that_is_trained_is_an_error(base, tmp_path, monkeypatch):
    """Gradients that are zero, and weights in bf16 that a small step doesn't reach."""
    plain = HeldOutTrainer.compute_loss
    with monkeypatch.context() as fault:
        fault.setattr(HeldOutTrainer, "compute_loss", lambda self, *a, **named: plain(self, *a, **named) * 0)
        assert "zero in each of the 4 steps" in stopped(base, tmp_path / "short", "training.save_every=4")
        assert "zero in each of the first 10 steps" in stopped(base, tmp_path / "long", "training.max_steps=12")
    assert not (tmp_path / "short").exists()
    error = stopped(base, tmp_path / "bf16", "model.weights=bf16", "training.learning_rate=1e-12", "training.save_every=4")
    assert "no weight has another value" in error
    assert not (tmp_path / "bf16").exists()
    assert not (tmp_path / "bf16").exists()


def test_a_held_out_loss_that_rose_is_said_first(base, tmp_path, capsys):
    """A learning rate of 1 leaves all values finite here, and a model worse than its base."""
    output = tmp_path / "out"
    words = ["finetune", "demo", f"model.base={base}", f"output={output}", *FOUR, "training.learning_rate=1"]
    assert main(words) == 0
    figures = [entry["eval_loss"] for entry in finetune_runs.log(output) if "eval_loss" in entry]
    assert figures[-1] > figures[0]
    warning = f"The held-out loss rose from {figures[0]:.4f} to {figures[-1]:.4f}"
    after_steps = capsys.readouterr().out.split("\nstep 4 of 4")[-1].splitlines()
    assert next(line for line in after_steps[1:] if not line.startswith("step")).startswith(f"WARNING: {warning}")
    body = (output / "README.md").read_text(encoding="utf-8").split("---\n", 2)[2].strip().splitlines()
    assert body[0] == "# out"
    assert next(line for line in body[1:] if line).startswith(f"> **{warning}")


def test_adapters_that_training_does_not_reach_are_said(base, tmp_path, monkeypatch):
    plain = HeldOutTrainer.begin

    def cut_off(self):
        plain(self)
        for name, weight in self.model.named_parameters():
            if "layers.1.self_attn.q_proj.lora_" in name:
                weight.register_hook(torch.zeros_like)

    monkeypatch.setattr(HeldOutTrainer, "begin", cut_off)
    finished = tune(base, tmp_path / "out", "training.method=lora", "lora.rank=2", "lora.dropout=0")
    (warning,) = [warning for warning in finished.report["run"]["warnings"] if "adapters" in warning]
    assert re.match(r"2 tensors of the adapters were not changed by training, \S*layers\.1\.self_attn\.q_proj\.lora_A", warning)


def ran(losses, label_tokens=10, before=3.0, after=2.0, reached=1.0):
    """What `_warnings` looks at, for these logged training losses."""
    log = [{"step": step, "loss": loss, "label_tokens": label_tokens} for step, loss in enumerate(losses, 1)]
    figures = {"held-out before": {"loss": before} if before else {}, "held-out after": {"loss": after} if after else {}}
    return {
        **figures,
        "training loss": last_loss(log, len(log)),
        "highest learning rate": reached,
        "config": {"training": {"learning_rate": 1.0}},
    }, log


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (ran([3.0, 2.0, 1.0]), []),
        (ran([3.0, 2.0, 1.0], after=3.00001), []),  # no difference in the figures that are shown
        (ran([3.0, 2.0, 1.0], after=3.1), ["held-out loss rose from 3.0000 to 3.1000"]),
        (ran([3.0, 2.0, 4.0], before=None, after=None), ["training loss rose from 3.0000 to 4.0000 (mean of the last 1 steps)"]),
        (ran([3.0, 3.0, 3.0]), ["training loss was 3.0000 at every step"]),
        (ran([0.0, 0.0], label_tokens=0), ["2 of 2 logged parts of the run had no token that carries loss"]),
        (ran([3.0, 2.0], reached=0.4), ["learning rate reached 0.4 only, not 1"]),
    ],
)
def test_what_makes_a_run_look_healthy_that_is_not(case, said):
    warnings = list(_warnings(*case))
    assert len(warnings) == len(said)
    assert all(part in warning for part, warning in zip(said, warnings, strict=True))


def test_which_weights_are_not_finite_and_which_did_not_change():
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 5000))
    model[1].bias.requires_grad = False
    before = sample(model)
    assert not_finite(model) == []
    assert set(unchanged(model, before)) == {"0.weight", "0.bias", "1.weight"}
    with torch.no_grad():
        model[0].bias += 1
        model[1].bias[0] = float("nan")  # frozen: not looked at
    assert set(unchanged(model, before)) == {"0.weight", "1.weight"}
    assert not_finite(model) == []
    for value in (float("nan"), float("inf"), -float("inf")):
        with torch.no_grad():
            model[1].weight[4321, 1] = value
        assert not_finite(model) == ["1.weight"]
