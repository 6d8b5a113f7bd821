"""Processes that have loaded the libraries of a command, and run it in processes that are forked from them.

Loading them takes some seconds, more than most runs of the tests. Such a process is started at the first command and ends with
the tests. What is tested of starting itself (torchrun, signals, closed pipes) starts a new process instead.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from functools import cache
from pathlib import Path

#: Loaded before anything is forked. None of them starts threads, nor anything that a forked process couldn't use.
FINE_TUNING = (
    "torch.distributed.fsdp",
    "transformers.trainer",
    "transformers.models.llama.modeling_llama",
    "peft",
    "trl.trainer.sft_trainer",
    "sentence_transformers",
    "sevenllm_bench.cli.finetune",
    "sevenllm_bench.finetune.run",
    "sevenllm_bench.finetune.loop.trainer",
    "sevenllm_bench.finetune.encoder_training.encoder_run",
)
CORPUS = (
    "datatrove.executor.local",
    "datatrove.pipeline.dedup",
    "lingua",
    "openai",
    "trafilatura",
    "sevenllm_bench.cli.corpus_build",
    "sevenllm_bench.select_instruct.build_corpus",
)


class Run:
    """A run in processes of its own, as `subprocess.Popen` has it."""

    def __init__(
        self,
        libraries: tuple[str, ...],
        words: list[str],
        environment: dict[str, str],
        processes: int = 1,
        script: Path | None = None,
    ) -> None:
        """Start it.

        Args:
            libraries: What is loaded.
            words: The words behind "sevenllm-bench", or behind the script.
            environment: Its variables.
            processes: How many take part.
            script: What runs in the place of the command.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="preloaded-"))
        self.returncode: int | None = None
        self._server = _server(libraries, environment["PYTHONPATH"])
        request = {"words": words, "environment": environment, "processes": processes, "script": str(script or "")}
        self.pid = _asked(self._server, "begin", **request, folder=str(self.folder), place=str(Path.cwd()))

    def poll(self) -> int | None:
        """The exit code; None as long as it runs."""
        if self.returncode is None:
            self.returncode = _asked(self._server, "poll", pid=self.pid)
        return self.returncode

    def said(self) -> str:
        """What it has written to standard output until now."""
        path = self.folder / "stdout"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def send_signal(self, number: int) -> None:
        """Send a signal; the process is there, since it was not waited for."""
        os.kill(self.pid, number)

    def ends_within(self, seconds: float) -> bool:
        """Whether it ends by itself until then."""
        end = time.monotonic() + seconds
        while self.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        return self.poll() is not None

    def kill(self) -> None:
        """Kill it and what it started."""
        os.killpg(self.pid, signal.SIGKILL)
        self.finish()

    def finish(self) -> subprocess.CompletedProcess[str]:
        """Wait for its end; what it wrote."""
        while self.poll() is None:
            time.sleep(0.005)
        said = [(self.folder / name).read_text(encoding="utf-8") for name in ("stdout", "stderr")]
        shutil.rmtree(self.folder)
        return subprocess.CompletedProcess([], self.returncode, *said)


@cache
def _server(libraries: tuple[str, ...], path: str) -> subprocess.Popen[str]:
    """The process that has loaded the libraries. `path` is its PYTHONPATH."""
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, __file__, *libraries]
    server = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(server.communicate)  # closes its input, and it ends
    return server


def _asked(server: subprocess.Popen[str], what: str, **request: object) -> int | None:
    print(json.dumps({"what": what, **request}), file=server.stdin, flush=True)
    return json.loads(server.stdout.readline())


def _serve() -> None:
    for name in sys.argv[1:]:
        with contextlib.suppress(ImportError):  # the command says what it lacks
            __import__(name)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        what = request.pop("what")
        print(json.dumps(_begin(**request) if what == "begin" else _poll(**request)), file=answers, flush=True)


def _poll(pid: int) -> int | None:
    done, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


def _begin(words: list[str], environment: dict[str, str], processes: int, script: str, folder: str, place: str) -> int:
    if pid := os.fork():
        return pid
    os.setsid()
    # A suite that runs in the background of a shell is started with SIGINT ignored, and its processes are too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    streams = [os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND) for name in ("stdout", "stderr")]
    for target, source in enumerate((nothing, *streams)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(place)
    if processes == 1:
        _end(words, script)
    os._exit(_launch(words, script, processes))


def _launch(words: list[str], script: str, processes: int) -> int:
    """Start the processes, as torchrun does: where one fails, the others are ended."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {"WORLD_SIZE": processes, "LOCAL_WORLD_SIZE": processes, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    started = []
    for rank in range(processes):
        pid = os.fork()
        if not pid:
            os.environ.update({name: str(value) for name, value in {**common, "RANK": rank, "LOCAL_RANK": rank}.items()})
            _end(words, script)
        started.append(pid)
    codes = {}
    while len(codes) < processes:
        pid, status = os.wait()
        codes[pid] = os.waitstatus_to_exitcode(status)
        if codes[pid]:
            time.sleep(0.1)  # between two looks of torchrun
            for other in set(started) - set(codes):
                os.kill(other, signal.SIGTERM)
    return int(any(codes.values()))


def _end(words: list[str], script: str) -> None:
    """Run, and end this process."""
    code: object = 1
    try:
        sys.argv = [script or "sevenllm-bench", *words]
        if script:
            sys.path.insert(0, str(Path(script).parent))
            runpy.run_path(script, run_name="__main__")
        else:
            from sevenllm_bench.cli.main import main

            code = main(words)
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    _serve()
