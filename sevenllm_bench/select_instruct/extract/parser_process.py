"""Reading in a process of its own: a parser that hangs, grows or crashes costs one file, not the run.

The parsers are C code that no exception stops. The child sets a timer before each file whose signal ends it, and bounds its own
memory; the parent sees that it has ended, says why, and starts another for the next file.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import signal
import struct
import subprocess
import sys
from types import TracebackType
from typing import IO, Any

from sevenllm_bench.select_instruct.extract.any_file import ReadingTask, reports_in
from sevenllm_bench.select_instruct.extract.found_text import FoundText
from sevenllm_bench.select_instruct.extract.unusable import UnusableFileError

#: Most memory of the child, in bytes of address space.
_MEMORY = 4 << 30
_TIMES_UP = (signal.SIGPROF, signal.SIGALRM)
_LENGTHS = struct.Struct("<II")
_LENGTH = struct.Struct("<I")


class ParserProcess:
    """A child that reads one file after the other; use it as a context."""

    def __init__(self, seconds: float) -> None:
        """End it when a file takes more than `seconds` of processor time: a busy machine rejects no more than an idle one."""
        self.seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ParserProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._end()

    def reports(self, data: bytes, task: ReadingTask) -> list[FoundText | UnusableFileError]:
        """The reports in `data`; in the place of one, why it can't be used."""
        child = self._running()
        head = json.dumps({"seconds": self.seconds, "task": dataclasses.asdict(task)}).encode()
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(_LENGTHS.pack(len(head), len(data)) + head)
            child.stdin.write(data)
            child.stdin.flush()
            return [_report_of(fields) for fields in json.loads(_exactly(child.stdout, _length(child.stdout)))]
        except (EOFError, BrokenPipeError):
            return [UnusableFileError(self._reason_of_end(child))]

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            paths = os.pathsep.join(path for path in sys.path if path)
            self._child = subprocess.Popen(  # noqa: S603  (this module, by the same Python)
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": paths},
                process_group=0,  # Ctrl-C is for the parent, which then ends this one
            )
        return self._child

    def _reason_of_end(self, child: subprocess.Popen[bytes]) -> str:
        code = child.wait()
        self._end()
        if -code in _TIMES_UP:
            return f"took more than {self.seconds:g} seconds to read"
        return f"ended its reader ({signal.Signals(-code).name if code < 0 else f'exit code {code}'})"

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None


def _report_of(fields: dict[str, Any]) -> FoundText | UnusableFileError:
    if "reason" in fields:
        return UnusableFileError(fields["reason"], fields["check"])
    return FoundText(**{**fields, "hidden": tuple(fields["hidden"])})


def _fields_of(found: FoundText | UnusableFileError) -> dict[str, Any]:
    if isinstance(found, UnusableFileError):
        return {"reason": str(found), "check": found.check}
    return dataclasses.asdict(found)


def _length(stream: IO[bytes]) -> int:
    return int(_LENGTH.unpack(_exactly(stream, _LENGTH.size))[0])


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def serve() -> None:
    """Read what the parent sends until it sends no more."""
    _bound_memory()
    logging.disable(logging.CRITICAL)  # what the parsers say of each hostile page
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints goes to standard error
    for number in _TIMES_UP:
        signal.signal(number, signal.SIG_DFL)
    while start := sys.stdin.buffer.read(_LENGTHS.size):
        head, size = _LENGTHS.unpack(start)
        order = json.loads(_exactly(sys.stdin.buffer, head))
        data = _exactly(sys.stdin.buffer, size)
        _set_timers(order["seconds"])
        answer = json.dumps([_fields_of(found) for found in _safely(data, ReadingTask(**order["task"]))]).encode()
        _set_timers(0)
        try:
            answers.write(_LENGTH.pack(len(answer)) + answer)
            answers.flush()
        except BrokenPipeError:  # the parent was killed
            os._exit(1)


def _set_timers(seconds: float) -> None:
    """End this process after so many seconds of processor time, or, should it wait for something, ten times as many of any."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, 10 * seconds)


def _safely(data: bytes, task: ReadingTask) -> list[FoundText | UnusableFileError]:
    try:
        return list(reports_in(data, task))
    except (Exception, RecursionError) as error:  # of libraries that were given hostile input
        return [UnusableFileError(f"can't be read: {type(error).__name__}")]


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:  # a system without such bounds
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY if most == resource.RLIM_INFINITY else min(_MEMORY, most), most))


if __name__ == "__main__":
    serve()
