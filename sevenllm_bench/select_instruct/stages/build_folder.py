"""The folder of one build: who works in it, and where things are."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import user_path
from sevenllm_bench.select_instruct.collect.web_address import is_remote
from sevenllm_bench.select_instruct.settings.build_config import CorpusSource
from sevenllm_bench.select_instruct.stages.stage import StageFolder

_MARK, _LOCK = "build.json", ".lock"


class BuildFolder:
    """Where the files of a build are.

    Attributes:
        path: The folder that the user named.
        work: Folder of the stages' folders.
        fetched: What was fetched: WARC files, what is known of each URL, the log.
        calls: What the models were asked: replies and spending.
    """

    def __init__(self, output: str | Path) -> None:
        """Name the folder; nothing is made yet.

        Raises:
            ConfigError: It can't be used as one.
        """
        self.path = user_path(output, ConfigError).absolute()
        self.work, self.fetched, self.calls = self.path / "work", self.path / "fetched", self.path / "calls"

    def stage(self, name: str) -> StageFolder:
        """The folder of a stage."""
        return StageFolder(self.work, name)

    @contextmanager
    def claimed(self, settings: dict[str, object]) -> Iterator[None]:
        """Make the folder, and keep other processes out of it for as long.

        Args:
            settings: What is built, as JSON; kept in the folder.

        Raises:
            ConfigError: It is not empty and no folder of a build, can't be written, or another process works in it.
        """
        try:
            lock = self._locked(settings)
        except BlockingIOError:
            raise ConfigError(f"another process builds in {self.path}; wait for it, or name another output") from None
        except (NotADirectoryError, FileExistsError):
            raise ConfigError(f"{self.path} is a file; name a folder as output") from None
        except PermissionError as error:
            raise ConfigError(f"{self.path}: can't be written ({error.strerror})") from None
        with lock:
            yield

    def _locked(self, settings: dict[str, object]) -> IO[str]:
        # A process that was killed early leaves the lock alone.
        if self.path.exists() and not (self.path / _MARK).is_file() and {path.name for path in self.path.iterdir()} - {_LOCK}:
            raise ConfigError(f"{self.path} is not empty, and no folder of a corpus build; name another output")
        self.path.mkdir(parents=True, exist_ok=True)
        lock = (self.path / _LOCK).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (self.path / _MARK).write_text(json.dumps(settings, ensure_ascii=False, indent=2) + "\n", "utf-8")
        except BaseException:
            lock.close()
            raise
        return lock

    def refuse_own(self, sources: Sequence[CorpusSource]) -> None:
        """Refuse sources that this build writes itself.

        Raises:
            ConfigError: A source lies in this folder.
        """
        own = os.path.realpath(self.path)
        for source in sources:
            if is_remote(source.location):
                continue
            place = os.path.realpath(user_path(source.location, ConfigError))
            if place == own or place.startswith(own.rstrip(os.sep) + os.sep):
                raise ConfigError(f"source {source.location} lies in the output {self.path}; name another output")


def is_build_folder(path: str | Path) -> bool:
    """Whether a folder is the output of a build, whose files are no reports."""
    return (Path(path) / _MARK).is_file() and (Path(path) / _LOCK).is_file()


def fingerprint(sources: Sequence[CorpusSource]) -> str:
    """What tells whether local sources have changed: names, sizes and times of their files."""
    found = hashlib.sha256()
    for source in sources:
        if is_remote(source.location):
            continue
        for path in _files(Path(source.location).expanduser()):
            try:
                state = path.stat()
            except OSError:
                continue
            found.update(f"{os.fsencode(path)!r}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return found.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not is_build_folder(Path(folder) / name))
        yield from (Path(folder) / name for name in sorted(names))
