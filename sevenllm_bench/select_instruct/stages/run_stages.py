"""Running stages one after the other: what is done stays, what is missing is made."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from datatrove.executor import SlurmPipelineExecutor

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm.kept_batches import BatchesPendingError
from sevenllm_bench.select_instruct.delivery.build_account import StageAccount
from sevenllm_bench.select_instruct.settings.build_config import ExecutorSection
from sevenllm_bench.select_instruct.stages.executors import executor_for
from sevenllm_bench.select_instruct.stages.stage import Stage, StageFolder, identity_of, pipeline_of

Say = Callable[[str], None]
#: Seconds between two lines about a stage that is running.
_EVERY = 10.0


def run_stages(
    stages: Sequence[Stage],
    executor: ExecutorSection,
    work: Path,
    say: Say,
    status: Callable[[], str] = lambda: "",
) -> list[StageAccount]:
    """Run all stages on this machine or on Ray; what an earlier run completed is kept.

    Args:
        stages: In their order; each reads what the one before it wrote.
        executor: Where they run.
        work: Folder of the stages' folders.
        say: Takes lines about the progress.
        status: What else to say of a stage that runs long, such as the money spent.

    Returns:
        What each did.

    Raises:
        BatchesPendingError: A stage waits for batches; those of all its tasks are submitted.
        ConfigError: A stage failed; it can be run again.
    """
    accounts: list[StageAccount] = []
    before: StageFolder | None = None
    for stage in stages:
        folder = StageFolder(work, stage.name)
        tasks = executor.shards if stage.split else 1
        folder.begin(identity_of(stage, before.digest() if before else "", tasks))
        workers = _workers(stage, executor, tasks)
        runs = executor_for(executor, stage.name, pipeline_of(stage, before, folder), tasks, workers, folder.logs)
        missing = len(runs.get_incomplete_ranks(range(tasks)))
        if missing:
            _run(runs, folder, tasks, say, status)
        account = folder.account(accounts[-1].records_out if accounts else folder.count())
        if account.records_out or account.records_in == 0 or account.rejected:  # the last stage writes files, no records
            say(_said(account, not missing))
        accounts.append(account)
        before = folder
    return accounts


def submit_stages(stages: Sequence[Stage], executor: ExecutorSection, work: Path, say: Say) -> list[str]:
    """Submit all stages to Slurm, each after the one before it; returns the numbers of the jobs.

    Raises:
        ConfigError: Slurm doesn't take them.
    """
    identity, last, before = "", None, None
    jobs = []
    for stage in stages:
        folder = StageFolder(work, stage.name)
        tasks = executor.shards if stage.split else 1
        identity = identity_of(stage, identity, tasks)
        folder.begin(identity)
        steps = pipeline_of(stage, before, folder)
        runs = cast(
            "SlurmPipelineExecutor", executor_for(executor, stage.name, steps, tasks, executor.workers or -1, folder.logs)
        )
        runs.depends = last
        last, before = runs, folder
        try:
            runs.launch_job()
        except (subprocess.CalledProcessError, OSError) as error:
            raise ConfigError(f"stage {stage.name}: Slurm doesn't take it ({error}); see what sbatch printed") from None
        if runs.job_id == -1:
            say(f"{stage.name}: done before")
        else:
            say(f"{stage.name}: job {runs.job_id}")
            jobs.append(str(runs.job_id))
    return jobs


def _workers(stage: Stage, executor: ExecutorSection, tasks: int) -> int:
    if executor.kind != "local":
        return executor.workers or -1
    return min(executor.workers or os.cpu_count() or 1, tasks) if stage.parallel else 1


def _run(runs, folder: StageFolder, tasks: int, say: Say, status: Callable[[], str]) -> None:  # type: ignore[no-untyped-def]
    name = folder.path.name
    with _progress(lambda: f"{name}: {tasks - len(runs.get_incomplete_ranks(range(tasks)))} of {tasks} parts{status()}", say):
        runs.run()
    if runs.get_incomplete_ranks(range(tasks)):
        if not folder.failure() and folder.waits():
            raise BatchesPendingError(folder.waits())
        raise ConfigError(folder.failure() or f"stage {name} is not complete; see {folder.logs}, and run it again")


def _said(account: StageAccount, done_before: bool) -> str:
    rejected = ", ".join(f"{check} {count:,}" for check, count in account.rejected.items())
    line = f"{account.name}: {account.records_out:,} records" + (f" (left out: {rejected})" if rejected else "")
    return f"{line}; done before" if done_before else line


@contextmanager
def _progress(line: Callable[[], str], say: Say) -> Iterator[None]:
    """Say how far a stage is, from time to time."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_EVERY):
            say(line())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
