"""A process that has loaded the libraries of fine-tuning, and runs commands in processes that are forked from it.

Loading them takes some seconds, more than most runs of the tests. It is started at the first command and ends with the tests.
torchrun itself is the launcher in `test_run` and `test_processes`; `processes=2` here sets the variables that it would set.
"""

from __future__ import annotations

import atexit
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
_LIBRARIES = (
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


class Run:
    """A run in processes of its own, as `subprocess.Popen` has it."""

    def __init__(self, words: list[str], environment: dict[str, str], processes: int = 1, script: Path | None = None) -> None:
        """Start it.

        Args:
            words: The words behind "sevenllm-bench", or behind the script.
            environment: Its variables.
            processes: How many take part.
            script: What runs in the place of the command.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="preloaded-"))
        self.returncode: int | None = None
        request = {"words": words, "environment": environment, "processes": processes, "script": str(script or "")}
        self.pid = _asked(environment["PYTHONPATH"], "begin", **request, folder=str(self.folder), place=str(Path.cwd()))
        self._path = environment["PYTHONPATH"]

    def poll(self) -> int | None:
        """The exit code; None as long as it runs."""
        if self.returncode is None:
            self.returncode = _asked(self._path, "poll", pid=self.pid)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal; the process is there, since it was not waited for."""
        os.kill(self.pid, number)

    def finish(self) -> subprocess.CompletedProcess[str]:
        """Wait for its end; what it wrote."""
        while self.poll() is None:
            time.sleep(0.005)
        said = [(self.folder / name).read_text(encoding="utf-8") for name in ("stdout", "stderr")]
        shutil.rmtree(self.folder)
        return subprocess.CompletedProcess([], self.returncode, *said)


@cache
def _server(path: str) -> subprocess.Popen[str]:
    """The process that has loaded the libraries. `path` is its PYTHONPATH."""
    fixed = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    server = subprocess.Popen(
        [sys.executable, __file__], env={**os.environ, **fixed}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(server.communicate)  # closes its input, and it ends
    return server


def _asked(path: str, what: str, **request: object) -> int | None:
    server = _server(path)
    print(json.dumps({"what": what, **request}), file=server.stdin, flush=True)
    return json.loads(server.stdout.readline())


def _serve() -> None:
    for name in _LIBRARIES:
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
