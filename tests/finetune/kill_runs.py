"""Kill runs at random moments and go on with them: what is left, and whether the result is that of an undisturbed run.

`python tests/finetune/kill_runs.py --moments 10` kills ten runs in each phase and prints a table; with `--processes 2` each
run has two processes, and one of them is killed; `--signal TERM` (or INT) sends another signal.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import finetune_runs
import psutil

PREPARING, WRITING, FIRST_STEP, SAVING, PUBLISHING = "preparing", "writing the data", "first step", "saving", "publishing"
PHASES = (PREPARING, WRITING, FIRST_STEP, SAVING, PUBLISHING)
#: The line of output that begins a phase, and the one that ends it; others begin and end with files.
_BEGIN = {PREPARING: "reading ", FIRST_STEP: "training "}
_END = {PREPARING: "training ", WRITING: "training ", FIRST_STEP: "step 1 ", PUBLISHING: "written:"}
CHANGES = (*finetune_runs.QUICK, "training.epochs=3", "training.save_every=4", "data.max_length=512")
_TICK = 0.0005


def _in_this_process(words: list[str], log: str) -> None:
    """A run in a process that was forked from one that has loaded the libraries: it begins at once."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.update(finetune_runs.environment())
    from sevenllm_bench.cli.main import main

    sys.exit(main(words))


def _forked():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sevenllm_bench.finetune.run", "sevenllm_bench.finetune.loop.trainer", "peft"])
    return context


class Run:
    """A run in processes of its own, and what it prints."""

    def __init__(self, words: list[str], output: Path, processes: int = 1) -> None:
        """Start it."""
        self.output, self._log = output, output.with_name(f"{output.name}.log")
        self._log.write_bytes(b"")
        if processes == 1:
            self._process = _forked().Process(target=_in_this_process, args=(words, str(self._log)))
            self._process.start()
        else:
            command = [*finetune_runs.torchrun(processes), "-m", "sevenllm_bench.cli.main", *words]
            with self._log.open("w") as log:
                self._process = subprocess.Popen(command, env=finetune_runs.environment(), stdout=log, stderr=log)

    @property
    def lines(self) -> list[str]:
        return self._log.read_text(encoding="utf-8").splitlines()

    @property
    def code(self) -> int | None:
        """Its exit code; None as long as it runs."""
        return self._process.exitcode if hasattr(self._process, "exitcode") else self._process.poll()

    def end(self) -> str:
        (self._process.join if hasattr(self._process, "join") else self._process.wait)()
        return self._log.read_text(encoding="utf-8")

    def has_begun(self, phase: str) -> bool:
        training = self.output / "training"
        if phase == SAVING:
            return any(not (folder / "complete.json").exists() for folder in training.glob("checkpoint-*"))
        if phase in (WRITING, PUBLISHING):
            return (training / ("unfinished" if phase == PUBLISHING else "lock")).exists()
        return self._says(_BEGIN[phase])

    def has_ended(self, phase: str) -> bool:
        if phase == SAVING:
            return any((self.output / "training").glob("checkpoint-*/complete.json"))
        return self._says(_END[phase])

    def _says(self, beginning: str) -> bool:
        return any(line.startswith(beginning) for line in self.lines)

    def wait_for(self, seen) -> None:
        while not seen() and self.code is None:
            time.sleep(_TICK)

    def kill(self, chance: random.Random, number: int = signal.SIGKILL) -> None:
        """Send a signal to the process, or of several under a launcher to one."""
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            workers = [child for child in psutil.Process(self._process.pid).children() if "finetune" in child.cmdline()]
            (chance.choice(workers) if workers else psutil.Process(self._process.pid)).send_signal(number)


def words(base: Path, output: Path, *more: str) -> list[str]:
    return ["finetune", "demo", f"model.base={base}", *CHANGES, f"output={output}", *more]


def undisturbed(base: Path, output: Path, processes: int = 1) -> dict[str, float]:
    """Run to the end; returns how long each phase takes, in seconds."""
    run = Run(words(base, output), output, processes)
    begun: dict[str, float] = {}
    took: dict[str, float] = {}
    while run.code is None:
        for phase in PHASES:
            if phase not in begun and run.has_begun(phase):
                begun[phase] = time.monotonic()
            if phase in begun and phase not in took and run.has_ended(phase):
                took[phase] = time.monotonic() - begun[phase]
        time.sleep(_TICK)
    said = run.end()
    assert run.code == 0, said
    return {phase: took.get(phase, 0.1) for phase in PHASES}


def kill_and_go_on(
    base: Path,
    expected: Path,
    output: Path,
    phase: str,
    took: float,
    chance: random.Random,
    processes: int = 1,
    number: int = signal.SIGKILL,
) -> tuple[str, float]:
    """Kill one run within a phase, look at what is left, go on with it, and compare.

    Returns:
        What happened: "resumed", "began again", "was finished" or, with what is wrong, "FAULT: …"; and the seconds from the
        kill until all processes had ended.
    """
    run = Run(words(base, output), output, processes)
    run.wait_for(lambda: run.has_begun(phase))
    time.sleep(chance.uniform(0, took))
    ended_before = run.code is not None
    killed = time.monotonic()
    if not ended_before:
        run.kill(chance, number)
    run.end()
    seconds = time.monotonic() - killed
    if fault := half_a_model(output, expected):
        return f"FAULT: {fault}", seconds
    again = Run(words(base, output, "resume=auto"), output, processes)
    said = again.end()
    outcome = _outcome(again.code, said)
    if not outcome.startswith("FAULT") and (difference := differs(output, expected)):
        outcome = f"FAULT: {outcome}, but {difference}"
    return outcome, seconds


def half_a_model(folder: Path, expected: Path) -> str | None:
    """What is missing of a model, where a loader would take the folder for one; or a card that stands without a model."""
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if not {"config.json", "README.md"} & there:
        return None
    needed = {path.name for path in expected.iterdir()} - {"README.md"}
    if missing := needed - there:
        return f"a model without {', '.join(sorted(missing))}"
    return None if same_weights(folder, expected) else "a model with other weights"


def same_weights(folder: Path, expected: Path) -> bool:
    """Whether two checkpoints have the same tensors, bit by bit."""
    ours, theirs = finetune_runs.weights(folder), finetune_runs.weights(expected)
    return ours.keys() == theirs.keys() and all((tensor == theirs[name]).all() for name, tensor in ours.items())


def differs(folder: Path, expected: Path) -> str | None:
    names = [{path.name for path in each.iterdir()} for each in (folder, expected)]
    if names[0] != names[1]:
        return f"there are {sorted(names[0] ^ names[1])}"
    if not same_weights(folder, expected):
        return "the weights differ"
    return None if finetune_runs.losses(folder) == finetune_runs.losses(expected) else "the logged losses differ"


def _outcome(code: int, said: str) -> str:
    if code == 0 and "resuming from checkpoint-" in said:
        return "resumed"
    if code == 0 and "starting again from the beginning" in said:
        return "began again"
    if code == 0:
        return "began (nothing had been written)"
    return "was finished" if "there is a finished checkpoint" in said else f"FAULT: exit {code}: {said[-300:]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--signal", default="KILL", choices=("KILL", "TERM", "INT"))
    arguments = parser.parse_args()
    chance, faults, number = random.Random(arguments.seed), 0, signal.Signals[f"SIG{arguments.signal}"]
    with tempfile.TemporaryDirectory() as folder:
        base, expected = finetune_runs.make_base(Path(folder) / "base"), Path(folder) / "undisturbed"
        took = undisturbed(base, expected, arguments.processes)
        for phase in PHASES:
            outcomes, slowest = Counter(), 0.0
            for moment in range(arguments.moments):
                output = Path(folder) / f"{phase}-{moment}"
                outcome, seconds = kill_and_go_on(base, expected, output, phase, took[phase], chance, arguments.processes, number)
                outcomes[outcome] += 1
                slowest = max(slowest, seconds)
            faults += sum(count for outcome, count in outcomes.items() if outcome.startswith("FAULT"))
            said = "; ".join(f"{outcome} {count}" for outcome, count in outcomes.items())
            print(f"{phase} ({1000 * took[phase]:.0f} ms): {said}; all processes ended within {slowest:.1f} s", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
