"""The processes of a run: one prepares, all get the result; of an error, one speaks."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sevenllm_bench.errors import ConfigError, SEvenLLMError

Result = TypeVar("Result")

#: Seconds that a process waits for the others before it takes them for lost: the time to prepare data, or to write a checkpoint.
#: A launcher ends the processes of its own machine at once when one of them fails.
TIMEOUT = 3600
#: Seconds in which the main process has said what is wrong, and the launcher has ended the others.
_PATIENCE = 10.0
#: Set by what starts several processes that don't know of each other.
_STARTED = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")
#: How torch.distributed says that the other side of a connection is gone: gloo, NCCL, its store.
_GONE = ("Connection closed by peer", "Connection reset by peer", "Broken pipe", "remote process exited", "DistNetworkError")


def process_count() -> int:
    """Number of processes of this run, as `torchrun` and `accelerate launch` say in the environment."""
    return int(os.environ.get("WORLD_SIZE") or 1)


def is_main_process() -> bool:
    """Whether this is the one process of the run that prepares, writes and prints."""
    return int(os.environ.get("RANK") or 0) == 0


def check_launcher() -> None:
    """That a run of one process is meant to be one.

    `accelerate launch --cpu --num_processes N` starts one process, whatever N is, and tells it where to meet the others;
    `mpirun` and `srun` start several that each take themselves for the only one.

    Raises:
        ConfigError: It is not.
    """
    if "WORLD_SIZE" in os.environ:
        return
    several = next((name for name in _STARTED if int(os.environ.get(name) or 1) > 1), None)
    if several:
        raise ConfigError(
            f"{os.environ[several]} processes were started ({several}) that don't know of each other: let torchrun start them, "
            "once per machine"
        )
    if "ACCELERATE_MIXED_PRECISION" in os.environ and os.environ.get("MASTER_ADDR"):
        raise ConfigError(
            "accelerate launch was asked for several processes and started one, as it does on CPUs: start them with "
            "ACCELERATE_USE_CPU=1 torchrun --nproc_per_node N, or give it --num_processes 1 (and unset MASTER_ADDR)"
        )


def connect(device: str) -> None:
    """Join the processes of this run, on "cuda" or "cpu"; does nothing where there is one.

    Raises:
        ConfigError: The engine sees another number of processes than the launcher started, or the launcher started fewer
            than it was asked for.
    """
    check_launcher()
    if device == "cpu":  # else a launcher's process would look for an accelerator
        os.environ["ACCELERATE_USE_CPU"] = "true"
    if process_count() == 1:
        return
    from datetime import timedelta

    from accelerate import PartialState

    seen = PartialState(cpu=device == "cpu", timeout=timedelta(seconds=TIMEOUT)).num_processes
    if seen != process_count():
        raise ConfigError(f"{process_count()} processes were started, but they work as {seen}; launch them with torchrun")


def on_main(function: Callable[[], Result]) -> Result:
    """The result of `function`, which runs in the main process only.

    Raises:
        SEvenLLMError: What it raised there, in all processes.
    """
    if process_count() == 1:
        return function()
    from accelerate.utils import broadcast_object_list

    outcome: list[Result | SEvenLLMError | None] = [None]
    unexpected: BaseException | None = None
    if is_main_process():
        try:
            outcome[0] = function()
        except SEvenLLMError as error:
            outcome[0] = error
        except BaseException as error:
            unexpected = error
            outcome[0] = ConfigError(f"the main process failed: {error}")
    broadcast_object_list(outcome)
    if unexpected is not None:
        raise unexpected
    if isinstance(outcome[0], SEvenLLMError):
        raise outcome[0]
    return outcome[0]  # type: ignore[return-value]


def wait_for_all() -> None:
    """Go on when all processes are here."""
    if process_count() > 1:
        from accelerate import PartialState

        PartialState().wait_for_everyone()


@contextmanager
def one_voice() -> Iterator[None]:
    """Of an error that several processes meet, let one speak.

    Most errors are met by all, or are the main process's. So the others wait before they raise theirs: the launcher ends them
    when the main process has failed. An error of one of them only is raised there, with its rank, and those that notice that
    a process is gone wait too.

    Raises:
        SEvenLLMError: As inside; other errors of a connection as one that says that a process is gone.
    """
    try:
        yield
    except KeyboardInterrupt:  # Ctrl-C reaches all of them
        if is_main_process():
            raise
        raise SystemExit(130) from None
    except Exception as error:
        if process_count() == 1:
            raise
        shown = _as_shown(error)
        if shown is not error or not is_main_process():
            time.sleep(_PATIENCE)
        _for_the_launcher(shown)
        raise shown from error


def _as_shown(error: Exception) -> Exception:
    """The error as it is shown where it isn't the main process's own: it follows from another one's, or is one rank's."""
    text = str(error)
    if any(word in f"{type(error).__name__}: {text}" for word in _GONE):
        return SEvenLLMError(
            "another process of this run ended: see what it said, or the launcher and the system of it (killed for lack of "
            "memory, for example)"
        )
    if is_main_process() or not isinstance(error, SEvenLLMError):
        return error
    return type(error)(f"{text} (process {os.environ.get('RANK')} of {process_count()})")


def _for_the_launcher(error: Exception) -> None:
    """Write an error where torchrun reads what it prints as the cause, below its own traceback."""
    file = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if file:
        said = str(error) if isinstance(error, SEvenLLMError) else f"{type(error).__name__}: {error}"
        content = {"message": {"message": said, "extraInfo": {"timestamp": int(time.time())}}}
        Path(file).write_text(json.dumps(content), encoding="utf-8")
