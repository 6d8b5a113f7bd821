"""The same pipeline on this machine, under Slurm, or under Ray: datatrove's executors, and what each needs from us."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from copy import deepcopy
from multiprocessing import connection, forkserver, get_context, parent_process
from pathlib import Path
from typing import Any

import datatrove.executor.base as datatrove_base
from datatrove.executor import LocalPipelineExecutor, RayPipelineExecutor, SlurmPipelineExecutor
from datatrove.executor.base import PipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.utils.logging import logger

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm.kept_batches import BatchesPendingError
from sevenllm_bench.select_instruct.settings.build_config import ExecutorSection


def _log_into_file(logging_dir: Any, rank: int, local_rank: int = 0, node_rank: int = -1) -> Any:
    """What datatrove's `add_task_logger` does, without its second copy of everything on standard error."""
    logger.remove()
    file = logging_dir.open(f"logs/task_{rank:05d}.log", "w")

    def write(line: str) -> None:
        with suppress(OSError):  # loguru would print a traceback for each line that a full disk doesn't take
            file.write(line)

    logger.add(write, colorize=False, level="DEBUG")
    return file


def _close_log(file: Any) -> None:
    logger.complete()
    logger.remove()
    with suppress(OSError):
        file.close()


class LocalExecutor(LocalPipelineExecutor):
    """datatrove's local executor, over a pool that notices when a worker dies.

    datatrove waits without end for the result of a worker that the system has killed; and its workers import the user's
    script again, which starts itself without end where it has no `if __name__ == "__main__"` guard. Its workers outlive a
    killed build, and would write into the folder beside the next one.
    """

    def run(self) -> None:
        """Run the tasks that are not completed.

        Raises:
            ConfigError: A worker process was killed.
        """
        ranks = self.get_incomplete_ranks()
        if min(self.workers, len(ranks)) <= 1:
            for rank in ranks:
                _run_rank(deepcopy(self), rank)
            return
        workers = min(self.workers, len(ranks))
        _start_server_of_workers()
        with _without_main(), ProcessPoolExecutor(workers, get_context("forkserver"), _end_with_parent) as pool:
            tasks = [pool.submit(_run_rank, self, rank) for rank in ranks]
            try:
                for task in as_completed(tasks):
                    task.result()
            except BrokenProcessPool:
                raise ConfigError(
                    "a worker process was killed, for want of memory perhaps; run it again with fewer executor.workers, "
                    "it continues where it was"
                ) from None
            except (KeyboardInterrupt, SystemExit):
                # What they were at is done again; a part may take minutes to its end.
                for process in list(pool._processes.values()):
                    process.kill()
                raise
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def _start_server_of_workers() -> None:
    """Start multiprocessing's forkserver so that Ctrl-C, which a terminal sends to all, is for this process alone."""
    if threading.current_thread() is not threading.main_thread():
        forkserver.ensure_running()
        return
    kept = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, kept)


def _end_with_parent() -> None:
    """Let a worker end at once when the process that started it has ended, however that was."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _run_rank(executor: LocalExecutor, rank: int) -> None:
    datatrove_base.add_task_logger = _log_into_file
    datatrove_base.close_task_logger = _close_log
    # The task isn't complete then, and the others go on, so that one run submits the batches of all.
    with suppress(BatchesPendingError):
        executor._run_for_rank(rank, local_rank=1)


@contextmanager
def _without_main() -> Iterator[None]:
    """Let worker processes not import the script that runs: nothing of it is needed there."""
    main = sys.modules["__main__"]
    kept = {name: getattr(main, name, None) for name in ("__file__", "__spec__")}
    try:
        main.__spec__ = None
        if hasattr(main, "__file__"):
            del main.__file__
        yield
    finally:
        main.__spec__ = kept["__spec__"]
        if kept["__file__"] is not None:
            main.__file__ = kept["__file__"]


def executor_for(
    settings: ExecutorSection, name: str, pipeline: Sequence[PipelineStep], tasks: int, workers: int, logs: Path
) -> PipelineExecutor:
    """The executor of one stage.

    Args:
        settings: Which executor, and its limits.
        name: Of the stage.
        pipeline: Its steps.
        tasks: Parts that the work is cut into.
        workers: Tasks at a time; -1 for all (clusters).
        logs: Folder of logs and completion files; shared by all machines of a cluster.

    Raises:
        ConfigError: What the executor needs is missing.
    """
    steps, folder = list(pipeline), str(logs)
    if settings.kind == "local":
        return LocalExecutor(steps, tasks=tasks, workers=workers, logging_dir=folder)
    logger.remove()  # what datatrove logs is in the stage's folder
    if settings.kind == "ray":
        _start_ray()
        return RayPipelineExecutor(
            steps, tasks=tasks, workers=workers, logging_dir=folder, mem_per_cpu_gb=settings.mem_per_cpu_gb
        )
    if settings.partition is None:
        raise ConfigError("executor.kind: slurm needs executor.partition")
    if shutil.which("sbatch") is None:
        raise ConfigError("executor.kind: slurm needs sbatch, which is not on the PATH of this machine")
    return SlurmPipelineExecutor(
        steps,
        tasks=tasks,
        time=settings.time,
        partition=settings.partition,
        job_name=f"sevenllm-{name}",
        workers=workers,
        logging_dir=folder,
        mem_per_cpu_gb=settings.mem_per_cpu_gb,
        sbatch_args=dict(settings.sbatch),
        venv_path=str(Path(sys.prefix) / "bin" / "activate"),
    )


def _start_ray() -> None:
    try:
        import ray
    except ImportError:
        raise ConfigError('executor.kind: ray needs Ray: pip install "sevenllm-bench[ray]"') from None
    if not ray.is_initialized():
        # A cluster that RAY_ADDRESS names, else one of this machine.
        ray.init(log_to_driver=False, configure_logging=False, include_dashboard=False)
