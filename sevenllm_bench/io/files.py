"""Paths and files that a user names: every failure is a `SEvenLLMError`."""

from __future__ import annotations

import errno
import io
import os
import select
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from sevenllm_bench.errors import SEvenLLMError

CACHE_VARIABLE = "SEVENLLM_CACHE_DIR"

#: No file that is read as a whole is larger; a device that never ends is.
MOST_BYTES = 1 << 30
#: The same for pipes and devices, whose size is not known before.
_MOST_OF_A_STREAM = 1 << 26
#: A line of answers is shorter, also with 100,000 tokens in it, escaped, and twice.
MOST_LINE_BYTES = 1 << 24
#: The benchmark has 1,300 rows; what has far more lines is another file.
MOST_LINES = 100_000
#: A pipe is waited for this long (seconds) until something comes.
_PATIENCE = 10
_CHUNK = 1 << 20


def cache_folder() -> Path:
    """Where this package keeps what it can compute or ask for again: SEVENLLM_CACHE_DIR, or ~/.cache/sevenllm-bench."""
    return Path(os.environ.get(CACHE_VARIABLE) or "~/.cache/sevenllm-bench").expanduser()


def user_path(value: Any, error: type[SEvenLLMError]) -> Path:
    """The path that a user gave, "~" expanded.

    Args:
        value: What was given; not necessarily a string.
        error: The kind of error to raise.

    Raises:
        SEvenLLMError: Of the kind `error`: it is empty, can't be a path, or names a home folder that doesn't exist.
    """
    text = str(value)
    if not text.strip():
        raise error("an empty path was given")
    try:
        path = Path(text).expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError) as problem:
        raise error(f"{text[:200]}: not a usable path ({getattr(problem, 'strerror', None) or problem})") from None
    return path


def is_folder(name: str | Path) -> bool:
    """Whether there is a folder of that name; False too for what can't be a path or can't be looked at."""
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):
        return False


def is_file(name: str | Path) -> bool:
    """Whether there is a regular file of that name; False too for what can't be a path or can't be looked at."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def read_bytes(path: Path, error: type[SEvenLLMError]) -> bytes:
    """All bytes of a file, a pipe or a device.

    Raises:
        SEvenLLMError: Of the kind `error`: it can't be read, with the system's reason; it has more than `MOST_BYTES` (pipes
            and devices: 64 MiB); or it is a pipe into which nothing is written.
    """
    with _opened(path, error) as (file, most):
        content = bytearray()
        while chunk := file.read(_CHUNK):
            content += chunk
            if len(content) > most:
                raise error(f"{path}: more than {most:,} bytes; not a file of this format")
    return bytes(content)


def read_lines(path: Path, error: type[SEvenLLMError], most_lines: int = MOST_LINES) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, a pipe or a device with their numbers from 1; blank ones are left out.

    Raises:
        SEvenLLMError: Of the kind `error`: as for `read_bytes`; or it has more than `most_lines` lines, or one of more than
            `MOST_LINE_BYTES`.
    """
    with _opened(path, error) as (file, most):
        read = number = 0
        while line := file.readline(MOST_LINE_BYTES + 1):
            number, read = number + 1, read + len(line)
            if len(line) > MOST_LINE_BYTES:
                raise error(
                    f"{path}, line {number}: more than {MOST_LINE_BYTES:,} bytes; no line of this kind of file is so long"
                )
            if number > most_lines or read > most:
                raise error(f"{path}: more than {most_lines:,} lines or {most:,} bytes; no file of this kind is so large")
            line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if line and not line.isspace():
                yield number, line


@contextmanager
def _opened(path: Path, error: type[SEvenLLMError]) -> Iterator[tuple[BinaryIO, int]]:
    """A file opened for reading, and the most that may be read from it; every failure on the way is an `error`."""
    try:
        # Opening a pipe into which nobody writes would not return.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        state = os.fstat(descriptor)
        with _reader(descriptor, state.st_mode) as file:
            is_file = stat.S_ISREG(state.st_mode)
            if is_file and state.st_size > MOST_BYTES:
                raise error(f"{path}: {state.st_size:,} bytes, more than {MOST_BYTES:,}; not a file of this format")
            yield file, MOST_BYTES if is_file else _MOST_OF_A_STREAM
    except (OSError, ValueError) as problem:
        raise error(f"{path}: can't be read ({getattr(problem, 'strerror', None) or problem})") from None


def _reader(descriptor: int, mode: int) -> BinaryIO:
    """A buffered reader; of what is no file and no terminal, one whose patience ends."""
    if stat.S_ISREG(mode) or os.isatty(descriptor) or not hasattr(select, "poll"):
        os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "rb")
    return io.BufferedReader(_Stream(descriptor), _CHUNK)


class _Stream(io.RawIOBase):
    """Bytes of a pipe or a device that doesn't block."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            if not self._poll.poll(_PATIENCE * 1_000):
                raise OSError(f"for {_PATIENCE} seconds nothing was written into this pipe; write a file first, and name that")
            try:
                return os.readv(self._descriptor, [buffer])
            except BlockingIOError:
                continue

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write a file, a device or a pipe; a pipe's reader is waited for.

    Raises:
        OSError: It can't be written; also where nobody reads the pipe within 10 seconds.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    give_up = time.monotonic() + _PATIENCE
    while True:
        try:
            descriptor = os.open(path, flags, 0o666)
        except OSError as error:
            if error.errno != errno.ENXIO or time.monotonic() > give_up or not Path(path).is_fifo():
                raise
            time.sleep(0.05)
        else:
            break
    with os.fdopen(descriptor, "wb") as file:
        os.set_blocking(descriptor, True)
        file.write(content)
