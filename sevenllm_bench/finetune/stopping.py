"""A run that ends before its end: nothing half-written is left, and what a user can fix is said in plain words."""

from __future__ import annotations

import errno
from collections.abc import Callable

from sevenllm_bench.errors import ConfigError, SEvenLLMError
from sevenllm_bench.finetune.output.run_folder import OutputFolder
from sevenllm_bench.finetune.processes import is_main_process


def give_up(output: OutputFolder, error: BaseException, say: Callable[[str], None]) -> None:
    """Remove what is half-written, and turn errors of the libraries into a user's where they are one.

    Args:
        output: The run's folder.
        error: What ended the run.
        say: Takes lines about the progress.

    Raises:
        ConfigError: The disk is full, or the GPU's memory.
    """
    kept = is_main_process() and output.give_up()
    hint = "; complete checkpoints are kept: run again with resume=auto to continue" if kept else ""
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        left = "; the finished checkpoint was written" if output.is_published else hint
        say(f"stopped{left or ', before the first checkpoint: nothing is left'} ({output.path})")
    if isinstance(error, SEvenLLMError) or not isinstance(error, Exception):
        return
    if _is_disk_full(error):
        raise ConfigError(f"output={output.path}: no space left on the device{hint}") from None
    if type(error).__name__ == "OutOfMemoryError":
        raise ConfigError(
            f"the GPU's memory is used up{hint}. Smaller: training.batch_size, data.max_length; or training.method=lora or "
            "qlora, training.gradient_checkpointing=true, training.sharding=full on several GPUs (--dry-run estimates)"
        ) from None


def _is_disk_full(error: BaseException) -> bool:
    full = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    words = ("No space left", "File too large", "Disk quota", "PytorchStreamWriter failed", "unexpected pos")
    return (isinstance(error, OSError) and error.errno in full) or any(word in str(error) for word in words)
