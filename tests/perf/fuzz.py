"""Fuzzing the command line: whatever the files and words, there is no traceback, no hang, and bounded memory.

    nice python tests/perf/fuzz.py --cases 5000 [--seed 0] [--only 17] [--commands score verify]

Each case takes a command with inputs that it understands, changes them in one to three places, and runs it in a forked
process that has the libraries loaded. What counts as a fault: a traceback, the exit code for faults of ours, another exit code
than 0, 1 and 2, more than 20 seconds, more than 300 MB beyond what the libraries take. No internet, no Hub.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent), str(TESTS / "perf")]

import fuzz_mutations as mutations  # noqa: E402
from fuzz_inputs import NOBODY, Command, commands, write_originals  # noqa: E402

MOST_SECONDS, MOST_MEGABYTES = 20, 300
#: Address space that a case may take beyond its start: what runs wild ends early.
ADDRESS_SPACE = 4 << 30
ENVIRONMENT = {
    "HF_ENDPOINT": "http://127.0.0.1:9",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "SEVENLLM_SEMANTIC_MODEL": "none",
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass
class Outcome:
    """What a case did.

    Attributes:
        words: The command line.
        changes: What was changed.
        code: Exit code; negative for a signal, None where it took too long.
        seconds: Wall time.
        megabytes: Memory beyond the start.
        output: What it printed.
    """

    words: list[str]
    changes: list[str]
    code: int | None
    seconds: float
    megabytes: float
    output: str

    @property
    def fault(self) -> str:
        """What is wrong with it; empty for nothing."""
        if self.code is None:
            return "hang"
        if "Traceback (most recent call last)" in self.output or "unexpected error" in self.output:
            return "traceback"
        if self.code not in (0, 1, 2, *([141] if "output: closed" in self.changes else [])):
            return f"exit code {self.code}"
        return "memory" if self.megabytes > MOST_MEGABYTES else ""


def run_case(number: int, seed: int, chosen: list[Command], originals: Path) -> Outcome:
    """Draw a case by its number, and run it."""
    chance = random.Random(f"{seed}-{number}")
    command = chance.choices(chosen, [command.weight for command in chosen])[0]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        place = Path(name)
        (place / "OUT").mkdir()
        for source in command.inputs:
            copy = shutil.copytree if (originals / source).is_dir() else shutil.copy
            copy(originals / source, (place / "IN" / source).parent.mkdir(exist_ok=True) or place / "IN" / source)
        words = [*command.words]
        changes = [_change(place / "IN", words, chance) for _ in range(chance.choice((1, 1, 2, 3)))]
        words = [word.replace("IN/", f"{place}/IN/").replace("OUT/", f"{place}/OUT/") for word in words]
        stream = chance.choices(("file", "full", "closed"), (90, 5, 5))[0]
        return run_forked(words, [*changes, f"output: {stream}"], place, dict(command.environment), stream)


def _change(inputs: Path, words: list[str], chance: random.Random) -> str:
    """Change one thing: the content of a file, the kind of one, or a word."""
    files = sorted(path for path in inputs.rglob("*") if _is_plain(path))
    kind = chance.random()
    if files and kind < 0.75:
        path = chance.choice(files)
        path.write_bytes(mutations.mutate_content(path.name, path.read_bytes(), chance))
        return f"content of {path.relative_to(inputs)}"
    if files and kind < 0.85:
        path = chance.choice([*files, *inputs.iterdir()])
        mutations.mutate_kind(path, chance)
        return f"kind of {path.relative_to(inputs)}"
    place = chance.randrange(1, len(words) + 1)
    word = chance.choice(mutations.WORDS)
    if chance.random() < 0.5 and place < len(words):
        words[place] = word
    else:
        words.insert(place, word)
    return f"word {place}"


def _is_plain(path: Path) -> bool:
    return not path.is_symlink() and path.is_file() and path.stat().st_size < 4 << 20 and path.suffix != ".safetensors"


#: Exit code of a case from which an exception got out; `Outcome.fault` names it.
UNEXPECTED = 99


def run_forked(words: list[str], changes: list[str], place: Path, environment: dict[str, str], stream: str = "file") -> Outcome:
    """Run a command in a forked process, whose output goes into a file, or where `stream` says."""
    output = place / "output.txt"
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        code = UNEXPECTED
        try:
            code = _child(words, output, place, environment, stream)
        finally:  # an exception on its way out would end this process as the parent, and remove the parent's folders
            os._exit(code)
    # A machine that is busy with other things gives a process less than a core.
    most = MOST_SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    while time.monotonic() - start < most:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            code: int | None = os.waitstatus_to_exitcode(status)
            break
        time.sleep(0.005)
    else:
        os.kill(child, signal.SIGKILL)
        _, _, usage = os.wait4(child, 0)
        code = None
    before = place / "start"  # missing where the case ended, or removed it, before it was written
    used = usage.ru_maxrss / 1024 - float((before.read_text() if before.is_file() else "") or "0")
    text = output.read_bytes().decode("utf-8", "replace") if output.is_file() else ""
    return Outcome(words, changes, code, time.monotonic() - start, used, text)


def _child(words: list[str], output: Path, place: Path, environment: dict[str, str], stream: str) -> int:
    from sevenllm_bench.cli.main import main

    os.chdir(place)
    Path("start").write_text(str(_resident()))
    os.environ |= {**environment, "SEVENLLM_CACHE_DIR": str(place / "cache"), "HOME": str(place), "SEVENLLM_DEBUG": "1"}
    out = os.open(output, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, _standard_output(stream, out)), (2, out)):
        os.dup2(source, target)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    resource.setrlimit(resource.RLIMIT_AS, (_size() + ADDRESS_SPACE,) * 2)
    try:
        code = main(words)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
        code = 70
    with contextlib.suppress(OSError):  # argparse's help on a full disk, which Python itself reports
        sys.stdout.flush()
        sys.stderr.flush()
    return code


def _standard_output(stream: str, out: int) -> int:
    if stream == "full":
        return os.open("/dev/full", os.O_WRONLY)
    if stream == "closed":
        reader, writer = os.pipe()
        os.close(reader)
        return writer
    return out


def _resident() -> float:
    """MB of memory in use now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / (1 << 20)


def _size() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


@contextlib.contextmanager
def judging_server():
    """A loopback server in a process of its own: one with threads can't be forked safely. Gives its port."""
    make = "from llm.server import FakeOpenAI\nserver = FakeOpenAI(fail_share=0.2, hang=0.2)\n"
    words = [sys.executable, "-c", f"{make}print(server.port, flush=True)\nserver.serve()"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(words, text=True, cwd=TESTS, **streams) as server:
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


def warm_up(every: dict[str, list[Command]], originals: Path) -> None:
    """Run each command without a change, in this process: libraries are loaded once, and all must succeed."""
    from huggingface_hub.utils import _http as http

    from sevenllm_bench.cli.main import main
    from sevenllm_bench.llm import session

    # What fails is tried again at once.
    session.backoff = lambda *_: 0.0
    http.time = SimpleNamespace(time=time.time, sleep=lambda seconds: None)
    os.environ["SEVENLLM_CACHE_DIR"] = str(originals / "cache")
    for command in every.get("judge", ()):
        if "IN/state.json" in command.words:  # the state of batches begun
            os.environ |= dict(command.environment)
            with contextlib.redirect_stdout(io.StringIO()):
                main([word.replace("IN/", f"{originals}/") for word in command.words])
    for command in (command for group in every.values() for command in group if command.environment != NOBODY):
        with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(io.StringIO()) as said:
            shutil.copytree(originals, Path(name) / "IN")
            (Path(name) / "OUT").mkdir()
            os.environ |= {**dict(command.environment), "SEVENLLM_CACHE_DIR": f"{name}/cache"}
            words = [word.replace("IN/", f"{name}/IN/").replace("OUT/", f"{name}/OUT/") for word in command.words]
            code = main(words)
            if code not in (0, 1):
                raise SystemExit(f"{' '.join(command.words)}: exit code {code} without a change\n{said.getvalue()}")


def fuzz(cases: range, seed: int, names: list[str], report: Callable[[str], None]) -> list[tuple[int, Outcome]]:
    """Run cases; returns those with a fault, and reports the figures."""
    for name in ("SEVENLLM_DATA_DIR", "SEVENLLM_JUDGE", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        os.environ.pop(name, None)
    os.environ |= ENVIRONMENT  # before libraries read it
    faults, codes, slowest, largest, start = [], Counter(), 0.0, 0.0, time.monotonic()
    with judging_server() as port, tempfile.TemporaryDirectory(prefix="fuzz-originals-") as folder:
        write_originals(Path(folder))
        every = {name: found for name, found in commands(port).items() if name in names or not names}
        warm_up(every, Path(folder))
        report(f"ready after {time.monotonic() - start:.0f} s; the libraries take {_resident():.0f} MB")
        groups = list(every.values())
        for number in cases:
            outcome = run_case(number, seed, groups[number % len(groups)], Path(folder))
            codes[outcome.code] += 1
            if number % 500 == 499:
                report(f"{number + 1} cases after {time.monotonic() - start:.0f} s")
            slowest, largest = max(slowest, outcome.seconds), max(largest, outcome.megabytes)
            if outcome.fault:
                faults.append((number, outcome))
                last = "\n    ".join(outcome.output.strip().splitlines()[-12:])[-2500:]
                report(f"case {number}: {outcome.fault}: {' '.join(outcome.words)!r:.500}")
                report(f"  changed: {', '.join(outcome.changes)}\n    {last}")
    report(f"{len(cases)} cases in {time.monotonic() - start:.0f} s: {len(faults)} with a fault")
    report(f"exit codes {dict(codes)}, slowest {slowest:.1f} s, most memory {largest:.0f} MB beyond the libraries")
    return faults


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="run one case, by its number")
    parser.add_argument("--commands", nargs="*", default=[], help="run these commands only (numbers mean other cases then)")
    arguments = parser.parse_args()
    cases = range(arguments.cases) if arguments.only is None else range(arguments.only, arguments.only + 1)
    sys.exit(bool(fuzz(cases, arguments.seed, arguments.commands, lambda line: print(line, flush=True))))


if __name__ == "__main__":
    main()
