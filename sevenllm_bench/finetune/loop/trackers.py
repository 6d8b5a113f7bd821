"""Experiment trackers write into `OUT/logs`, where neither publishing nor giving up removes anything, and are gone on with."""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.output.run_folder import LOGS, TRACKED, OutputFolder, write_json
from sevenllm_bench.finetune.processes import is_main_process

if TYPE_CHECKING:
    from transformers import Trainer


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """A run as trackers know it.

    Attributes:
        folder: Where they write.
        name: Its name there.
        mlflow_id: What MLflow calls it, from the process before; None where MLflow has not seen it.
    """

    folder: Path
    name: str
    mlflow_id: str | None = None

    @classmethod
    def of(cls, output: OutputFolder, goes_on: bool) -> TrackedRun:
        """That of an earlier process where the run goes on, else a new one.

        Args:
            output: The run's folder.
            goes_on: Whether the run goes on from a checkpoint.
        """
        path = output.path.absolute()
        folder = path / LOGS
        try:
            known = json.loads((folder / TRACKED).read_text(encoding="utf-8")) if goes_on else {}
            return cls(folder, str(known["name"]), known.get("mlflow"))
        except (OSError, ValueError, KeyError, TypeError):
            plain = re.sub(r"[^A-Za-z0-9._-]+", "-", path.resolve().name)[:60]  # wandb takes no other letters
            return cls(folder, f"{plain}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}")

    def write(self) -> None:
        """Keep it for the process that goes on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.folder / TRACKED, {"name": self.name, "mlflow": self.mlflow_id})

    def environment(self) -> dict[str, str]:
        """The variables by which trackers are told; one that is set already has priority."""
        told = {
            "TENSORBOARD_LOGGING_DIR": str(self.folder / "tensorboard" / self.name),
            "TRACKIO_DIR": str(self.folder / "trackio"),
            "WANDB_DIR": str(self.folder),
            "WANDB_RUN_ID": self.name,
            "WANDB_RESUME": "allow",
            "COMET_OFFLINE_DIRECTORY": str(self.folder / "comet"),
            "SWANLAB_LOG_DIR": str(self.folder / "swanlab"),
        }
        if "MLFLOW_TRACKING_URI" not in os.environ:
            told |= _mlflow_store(self.folder / "mlflow")
        if self.mlflow_id:
            told["MLFLOW_RUN_ID"] = self.mlflow_id
        return told


def _mlflow_store(folder: Path) -> dict[str, str]:
    """MLflow's database in a folder; files where the packages for a database are missing (mlflow-skinny)."""
    if find_spec("sqlalchemy") and find_spec("alembic"):
        return {"MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}"}
    return {"MLFLOW_TRACKING_URI": folder.as_uri(), "MLFLOW_ALLOW_FILE_STORE": "true"}


def require_trackers(names: Sequence[str]) -> None:
    """That the packages of the trackers are there, before any work is done.

    Raises:
        ConfigError: There is no such tracker, or its package is missing.
    """
    from transformers.integrations import get_reporting_integration_callbacks, integration_utils

    try:
        get_reporting_integration_callbacks(list(names))
    except ValueError as error:
        raise ConfigError(f"training.report_to: {error}") from None
    for name in names:  # none is imported yet: some read then where they write
        is_available = getattr(integration_utils, f"is_{name}_available", None)
        if is_available is not None and not is_available():
            raise ConfigError(f"training.report_to: {name} is not installed: pip install {name}")


@contextmanager
def tracked(names: Sequence[str], output: OutputFolder, goes_on: bool) -> Iterator[TrackedRun | None]:
    """Let trackers write into the run's folder.

    Args:
        names: Of the trackers; none for no such thing.
        output: The run's folder.
        goes_on: Whether the run goes on from a checkpoint.

    Yields:
        The run as they know it; None without trackers.

    Raises:
        ConfigError: A tracker failed.
    """
    if not names:
        yield None
        return
    run = TrackedRun.of(output, goes_on)
    if is_main_process():
        run.write()
    told = {name: value for name, value in run.environment().items() if name not in os.environ}
    os.environ.update(told)
    was_active = _mlflow_is_active()
    try:
        yield run
    except Exception as error:
        package = type(error).__module__.partition(".")[0]
        if package in names:
            reason = " ".join(str(error).split())[:300]
            raise ConfigError(f"training.report_to: {package} failed ({reason}); see its settings, or leave it out") from None
        raise
    finally:
        if "mlflow" in names and not was_active:
            _end_mlflow()
        for name in told:  # the next run of this process has its own
            os.environ.pop(name, None)


def _mlflow_is_active() -> bool:
    mlflow = sys.modules.get("mlflow")
    return mlflow is not None and mlflow.active_run() is not None


def _end_mlflow() -> None:
    """End a run that was stopped while MLflow still knows where it writes: at the process's end it would not."""
    if _mlflow_is_active():
        sys.modules["mlflow"].end_run("KILLED")


def name_run(trainer: Trainer, run: TrackedRun | None) -> None:
    """Give the trainer the run's name for trackers, where the configuration has none (`training.trainer: {run_name: …}`)."""
    if run is None:
        return
    trainer.args.run_name = trainer.args.run_name or run.name
    if "mlflow" in trainer.args.report_to:
        trainer.add_callback(_mlflow_noted(run))


def _mlflow_noted(run: TrackedRun) -> Any:
    """A callback that keeps the name which MLflow gives the run."""
    from dataclasses import replace

    from transformers import TrainerCallback

    class MlflowNoted(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            import mlflow  # type: ignore[import-not-found]

            active = mlflow.active_run()
            if state.is_world_process_zero and active is not None:
                replace(run, mlflow_id=active.info.run_id).write()

    return MlflowNoted()
