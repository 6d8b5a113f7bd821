"""Trackers: their files are in the output folder of a finished run, hold every step, and hold no secret."""

import json
import os
import sqlite3
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import finetune_runs
import pytest
from finetune_runs import QUICK

from sevenllm_bench.cli.main import main
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.loop.trackers import TrackedRun
from sevenllm_bench.finetune.loop.watched_trainer import WatchedTrainer
from sevenllm_bench.finetune.output.run_folder import OutputFolder
from sevenllm_bench.finetune.run import finetune
from sevenllm_bench.finetune.settings.config_file import read_config

FOUR = (*QUICK, "training.max_steps=4", "training.save_every=2")
OTHERS = ("mlflow", "trackio", "wandb")

#: `finetune` that is stopped in a step.
STOPPED_IN = """
import sys
from sevenllm_bench.cli.main import main
from sevenllm_bench.finetune.loop.watched_trainer import WatchedTrainer

def stop(self):
    if self.state.global_step == 4:
        raise KeyboardInterrupt

WatchedTrainer.step_done = stop
sys.exit(main(["finetune", *sys.argv[1:]]))
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return finetune_runs.make_base(tmp_path_factory.mktemp("base") / "model")


def tune(base, output, *changes):
    return finetune(read_config("demo", [f"model.base={base}", f"output={output}", *FOUR, *changes]), lambda _: None)


def scalars(folder: Path, name: str) -> dict[int, float]:
    """Of the one TensorBoard run in a folder: step to value."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (run,) = folder.iterdir()
    events = EventAccumulator(str(run))
    events.Reload()
    return {event.step: event.value for event in events.Scalars(name)}


def test_tensorboards_files_are_in_the_output_folder_and_a_resumed_run_goes_on_with_them(base, tmp_path, monkeypatch):
    output, plain = tmp_path / "out", WatchedTrainer.step_done

    def stop(self):
        if self.state.global_step == 3:
            raise KeyboardInterrupt
        plain(self)

    monkeypatch.setattr(WatchedTrainer, "step_done", stop)
    with pytest.raises(KeyboardInterrupt):
        tune(base, output, "training.report_to=[tensorboard]")
    assert scalars(output / "logs" / "tensorboard", "train/loss").keys() == {1, 2}
    monkeypatch.setattr(WatchedTrainer, "step_done", plain)
    tune(base, output, "training.report_to=[tensorboard]", "resume=auto")
    assert not (output / "training").exists()
    logged = {entry["step"]: entry["loss"] for entry in finetune_runs.log(output) if "loss" in entry}
    assert scalars(output / "logs" / "tensorboard", "train/loss") == pytest.approx(logged)
    assert logged.keys() == {1, 2, 3, 4}
    assert scalars(output / "logs" / "tensorboard", "eval/loss").keys() == {0, 4}
    assert "TENSORBOARD_LOGGING_DIR" not in os.environ


def test_logs_of_a_run_that_left_nothing_else_stay_and_another_run_may_use_the_folder(base, tmp_path):
    output, changes = tmp_path / "out", ("training.report_to=[tensorboard]", "training.save_every=4")
    with pytest.raises(Exception, match="diverged at step 2"):
        tune(base, output, *changes, "training.learning_rate=1e30")
    assert [path.name for path in output.iterdir()] == ["logs"]
    assert scalars(output / "logs" / "tensorboard", "train/loss").keys() == {1}
    tune(base, output, *changes)
    assert len(list((output / "logs" / "tensorboard").iterdir())) == 2  # each run by itself
    assert (output / "README.md").is_file()


def test_without_trackers_there_is_no_folder_for_them_and_somebody_elses_is_left_alone(base, tmp_path):
    tune(base, tmp_path / "out", "training.max_steps=1")
    assert not (tmp_path / "out" / "logs").exists()
    (tmp_path / "mine" / "logs").mkdir(parents=True)
    with pytest.raises(ConfigError, match="not empty"):
        tune(base, tmp_path / "mine")


def test_a_run_that_goes_on_has_its_name_again(tmp_path, monkeypatch):
    output = OutputFolder(tmp_path / "out")
    first = TrackedRun.of(output, goes_on=False)
    assert first.name.startswith("out-")
    first.write()
    assert TrackedRun.of(output, goes_on=True) == first
    assert TrackedRun.of(output, goes_on=False).name != first.name
    assert TrackedRun.of(OutputFolder(tmp_path / "微调 #1: a/b?"), goes_on=False).name.startswith("b--20")
    (first.folder / "run.json").write_text("[1]", encoding="utf-8")
    assert TrackedRun.of(output, goes_on=True).name != first.name
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example")
    assert "MLFLOW_TRACKING_URI" not in first.environment()  # the user's own


def test_a_tracker_that_is_not_there_is_refused_before_any_work(base, tmp_path, capsys, monkeypatch):
    from transformers.integrations import integration_utils

    monkeypatch.setattr(integration_utils, "is_wandb_available", lambda: False)
    words = ["finetune", "demo", f"model.base={base}", f"output={tmp_path / 'out'}", "training.report_to=[wandb]"]
    assert main(words) == 2
    printed = capsys.readouterr()
    assert "wandb is not installed: pip install wandb" in printed.err
    assert "reading" not in printed.out
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("key", ["push_to_hub: true", "hub_token: hf_secret"])
def test_nothing_is_pushed_while_training(base, tmp_path, key):
    with pytest.raises(ConfigError, match="nothing is pushed while training") as caught:
        tune(base, tmp_path / "out", f"training.trainer={{{key}}}")
    assert "hf_secret" not in str(caught.value)


@pytest.mark.skipif(not all(map(find_spec, OTHERS)), reason="needs wandb, mlflow and trackio (make test-trackers)")
def test_the_others_offline_stopped_and_gone_on_with(base, tmp_path):
    """In processes of their own: they read where they write when they are imported."""
    home, output = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    secrets = {"WANDB_API_KEY": "0123456789secretsecretsecret", "HF_TOKEN": "hf_secretsecretsecret"}
    environment = finetune_runs.environment() | secrets | {"HOME": str(home), "WANDB_MODE": "offline"}
    words = ["demo", f"model.base={base}", f"output={output}", *FOUR, f"training.report_to=[{', '.join(OTHERS)}]"]

    def run(*start: str, end: int) -> None:
        done = subprocess.run([*start, *words], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == end, done.stderr
        assert "Changing param values" not in done.stderr

    run(sys.executable, "-c", STOPPED_IN, end=130)
    words.append("resume=auto")
    run(*finetune_runs.command(), end=0)
    name = json.loads((output / "logs" / "run.json").read_text())["name"]
    # Each went on with its run.
    (loss,) = (output / "logs" / "mlflow").rglob("metrics/loss")
    assert [int(line.split()[2]) for line in loss.read_text().splitlines()][-2:] == [3, 4]
    with sqlite3.connect(next((output / "logs" / "trackio").glob("*.db"))) as database:
        assert database.execute("select distinct run_name from metrics").fetchall() == [(name,)]
    assert len(list((output / "logs" / "wandb").glob(f"offline-run-*-{name}"))) == 2
    # Nothing was written elsewhere in the working folder, and no secret anywhere.
    assert {path.name for path in tmp_path.iterdir()} == {"home", "out"}
    files = [path for folder in (output, home) for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in files if b"secretsecret" in path.read_bytes()]
    assert not list(home.rglob("telemetry.json"))
