"""The processes of a run: one prepares, all get the result."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from sevenllm_bench.errors import ConfigError, SEvenLLMError

Result = TypeVar("Result")


def process_count() -> int:
    """Number of processes of this run, as `torchrun` and `accelerate launch` say in the environment."""
    return int(os.environ.get("WORLD_SIZE") or 1)


def is_main_process() -> bool:
    """Whether this is the one process of the run that prepares, writes and prints."""
    return int(os.environ.get("RANK") or 0) == 0


def connect(device: str) -> None:
    """Join the processes of this run, on "cuda" or "cpu"; does nothing where there is one.

    Raises:
        ConfigError: The engine sees another number of processes than the launcher started.
    """
    if device == "cpu":  # else a launcher's process would look for an accelerator
        os.environ["ACCELERATE_USE_CPU"] = "true"
    if process_count() == 1:
        return
    from accelerate import PartialState

    seen = PartialState(cpu=device == "cpu").num_processes
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
