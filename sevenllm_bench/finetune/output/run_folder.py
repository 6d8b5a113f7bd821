"""The output folder of a run: nothing half-written is ever taken for a checkpoint, or left behind as one.

While a run goes on, everything lies in `OUT/training/`: the prepared data, the identity of the run, and checkpoints to
resume from, each complete only once its list of files is written. The finished checkpoint is written to a folder beside them
and then moved into `OUT`: weights first, the configuration by which a loader finds a model after them, the model card last.
Before a mark says that something is whole, its bytes are on the disk: it holds after a power failure too.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import user_path

TRAINING = "training"
#: What trackers write, and the file in it that says of which run. It stays, whatever becomes of the run.
LOGS, TRACKED = "logs", "run.json"
CARD = "README.md"
_COMPLETE = "complete.json"
_RUN, _LOCK = "run.json", "lock"
_MODEL = ("config.json", "adapter_config.json")
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file so that it is there whole or not at all."""
    half = _half(path)
    half.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    to_disk(half)
    half.replace(path)
    to_disk(path.parent)


def to_disk(path: Path) -> None:
    """Wait until a file's bytes, or the names in a folder, are on the disk.

    Raises:
        OSError: A file's can't be written there: some file systems say only now that they are full.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError) if path.is_dir() else contextlib.nullcontext():  # not all systems sync folders
            os.fsync(handle)
    finally:
        os.close(handle)


def _all_to_disk(folder: Path) -> None:
    """`to_disk` for a folder with all that is in it."""
    for path in (*folder.rglob("*"), folder):
        to_disk(path)


def _half(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def write_lines(path: Path, records: Iterable[Any]) -> None:
    """Write JSON lines."""
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")


class OutputFolder:
    """The folder of one run."""

    def __init__(self, folder: str | Path) -> None:
        """Name the folder; nothing is written yet.

        Raises:
            ConfigError: It can't be a path.
        """
        self.path = user_path(folder, ConfigError)
        self.training = self.path / TRAINING
        self.data = self.training / "data"
        self._unfinished = self.training / "unfinished"
        self._created: list[Path] = []
        self._published: list[Path] = []
        self._is_open = False
        self._held: IO[str] | None = None

    def open(self, identity: Mapping[str, Any], resume: bool) -> Path | None:
        """Make the folder ready for a run.

        Args:
            identity: What makes two runs the same: JSON-able, by the names that the user knows.
            resume: Whether to go on from an earlier state of the same run.

        Returns:
            The newest complete checkpoint to resume from; None to start again from the beginning.

        Raises:
            ConfigError: The folder holds something else, a finished checkpoint, a state that is not to be resumed, or one
                of another run (what differs is named); or it can't be written.
        """
        try:
            return self._open(identity, resume)
        except (OSError, ValueError) as error:  # ValueError: a character that no path can have
            reason = getattr(error, "strerror", None) or error
            raise ConfigError(f"output={self.path}: can't be written ({reason})") from None

    def check(self, resume: bool) -> bool:
        """Whether an unfinished run lies in the folder, where a run may use it at all; nothing of use is changed.

        Args:
            resume: Whether to go on from an earlier state.

        Raises:
            ConfigError: As `open`, except for what needs an identity.
        """
        if self.path.exists() and not self.path.is_dir():
            raise ConfigError(f"output={self.path}: that is a file; name a folder")
        run = self.training / _RUN
        # The card comes last: where a run lies beside a model without one, the run was stopped while it published.
        if any((self.path / name).exists() for name in _MODEL) and ((self.path / CARD).exists() or not run.is_file()):
            self._finish_removing(resume)
            raise ConfigError(f"output={self.path}: there is a finished checkpoint in it; name another folder, or remove it")
        if not run.is_file():
            if not self._is_free():
                raise ConfigError(f"output={self.path}: the folder is not empty; name another one")
            return False
        if not resume:
            self._lock()
            self._unlock()
            raise ConfigError(f"output={self.path}: there is an unfinished run; continue it with resume=auto, or remove it")
        return True

    def _finish_removing(self, resume: bool) -> None:
        """Where a run was stopped after it had published, remove what it left beside its checkpoint."""
        if resume and (self.training / _LOCK).is_file():
            self._lock()
            self._remove_training()

    def _open(self, identity: Mapping[str, Any], resume: bool) -> Path | None:
        if not self.check(resume):
            self._start(identity)
            return None
        self._same(self.training / _RUN, identity)
        self._lock()
        self._is_open = True
        self._remove_incomplete()
        return next(iter(self._complete_checkpoints()), None)

    def _is_free(self) -> bool:
        """Whether the folder holds only what a run leaves that was stopped at its very beginning."""
        if not self.path.is_dir():
            return True
        begun = {self.training, self.training / _LOCK, self.training / _RUN, _half(self.training / _RUN)}
        if (self.path / LOGS / TRACKED).is_file():
            begun.add(self.path / LOGS)
        within = [self.training, *(self.training.iterdir() if self.training.is_dir() else ())]
        return {*self.path.iterdir(), *within} <= begun and not self.training.is_file()

    def _start(self, identity: Mapping[str, Any]) -> None:
        self._created = [folder for folder in (self.training, self.path, *self.path.parents) if not folder.exists()]
        self.training.mkdir(parents=True, exist_ok=True)
        self._lock()
        if not self._is_free() or (self.training / _RUN).exists():
            raise self._busy()  # it began, or was even finished, between the check and the lock
        self._is_open = True
        write_json(self.training / _RUN, identity)

    def _busy(self) -> ConfigError:
        return ConfigError(f"output={self.path}: another run is writing there at this moment")

    def _lock(self) -> None:
        """Keep other processes out of the folder as long as this one lives, on systems and file systems that can."""
        try:
            import fcntl
        except ImportError:
            return
        file = self.training / _LOCK
        self._held = file.open("w")
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise self._busy() from None
        except OSError:
            return
        if not file.exists() or not os.path.samestat(os.fstat(self._held.fileno()), file.stat()):
            raise self._busy()  # the one that had the lock has removed the file in the meantime

    def _unlock(self) -> None:
        if self._held:
            self._held.close()
            self._held = None

    def _same(self, run: Path, identity: Mapping[str, Any]) -> None:
        try:
            earlier = json.loads(run.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            earlier = None
        if not isinstance(earlier, dict):
            raise ConfigError(f"{run}: broken; remove {self.path} to start from the beginning")
        now = json.loads(json.dumps(identity))
        differing = [key for key in sorted({*earlier, *now}) if earlier.get(key) != now.get(key)]
        if differing:
            pairs = "".join(f"\n  - {key}: {earlier.get(key)!r} then, {now.get(key)!r} now" for key in differing)
            raise ConfigError(
                f"output={self.path}: the run in it is another one:{pairs}\nName another output to start from the beginning"
            )

    def _checkpoints(self) -> list[Path]:
        """Folders of checkpoints, newest first."""
        found = [(int(match[1]), path) for path in self.training.iterdir() if (match := _CHECKPOINT.fullmatch(path.name))]
        return [path for _, path in sorted(found, reverse=True) if path.is_dir()]

    def _complete_checkpoints(self) -> list[Path]:
        return [folder for folder in self._checkpoints() if is_complete(folder)]

    def _remove_incomplete(self) -> None:
        """Remove checkpoints that were never finished: the trainer would write into them again, beside what is there."""
        for folder in self._checkpoints():
            if not is_complete(folder):
                shutil.rmtree(folder, ignore_errors=True)

    def give_up(self) -> bool:
        """After an error: keep what a later run can resume from, else remove all that this run wrote.

        A folder that this run never opened is left as it is.

        Returns:
            Whether there is something to resume from.
        """
        kept = self._is_open and self._clean()
        self._unlock()  # the same process may try again
        for folder in self._created:  # innermost first
            with contextlib.suppress(OSError):  # it isn't empty, or not there
                folder.rmdir()
        return kept

    def _clean(self) -> bool:
        """Remove what is of no use; whether there is something to resume from."""
        if self.is_published:
            self._remove_training()
            return False
        shutil.rmtree(self._unfinished, ignore_errors=True)
        for path in reversed(self._published):
            _remove(path)
        if self.training.is_dir():
            self._remove_incomplete()
            if self._complete_checkpoints():
                return True
            self._remove_training()
        return False

    @property
    def is_published(self) -> bool:
        """Whether this run has published its checkpoint, to the last file."""
        return self._published[-1:] == [self.path / CARD] and (self.path / CARD).exists()

    def unfinished(self) -> Path:
        """An empty folder to write the finished checkpoint to."""
        shutil.rmtree(self._unfinished, ignore_errors=True)
        self._unfinished.mkdir(parents=True)
        return self._unfinished

    def publish(self) -> None:
        """Move the finished checkpoint into the output folder and remove what lay beside it.

        A loader takes a folder with a configuration for a model, so that comes after the weights; the card is last. What an
        earlier run that was stopped here had moved already is replaced, its configuration removed first.

        Raises:
            OSError: Something can't be written or moved.
        """
        _all_to_disk(self._unfinished)
        for name in (CARD, *_MODEL):
            _remove(self.path / name)
        for entry in sorted(self._unfinished.iterdir(), key=_place):
            if _place(entry):  # all before it is there, also if the power fails now
                to_disk(self.path)
            target = self.path / entry.name
            _remove(target)
            self._published.append(target)
            entry.replace(target)
        to_disk(self.path)
        self._remove_training()

    def _remove_training(self) -> None:
        """Remove what is of no use any more, what makes it known as a run's last: a stop on the way is no riddle then."""
        order = ("", _RUN, _LOCK)
        there = list(self.training.iterdir()) if self.training.is_dir() else []
        for entry in sorted(there, key=lambda path: order.index(path.name) if path.name in order else 0):
            _remove(entry)
        _remove(self.training)


def _place(entry: Path) -> int:
    """When a file is published: 0 for weights and the like, then configurations, then the card."""
    return (*_MODEL, CARD).index(entry.name) + 1 if entry.name in (*_MODEL, CARD) else 0


def _remove(path: Path) -> None:
    """Remove a file or folder, if it is there and can be removed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def mark_complete(checkpoint: Path) -> None:
    """Write down which files make a checkpoint, with their sizes; from then on it counts as complete."""
    mark = checkpoint / _COMPLETE
    _all_to_disk(checkpoint)
    files = [path for path in sorted(checkpoint.rglob("*")) if path.is_file() and path not in (mark, _half(mark))]
    write_json(mark, {str(path.relative_to(checkpoint)): path.stat().st_size for path in files})


def is_complete(checkpoint: Path) -> bool:
    """Whether a checkpoint was finished, and all its files are still there with their sizes."""
    try:
        sizes = json.loads((checkpoint / _COMPLETE).read_text(encoding="utf-8"))
        return bool(sizes) and all((checkpoint / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError, RecursionError):
        return False


def require_space(folder: Path, needed: int) -> None:
    """That `needed` bytes are free where `folder` is or will be.

    Raises:
        ConfigError: They are not.
    """
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise ConfigError(
            f"output={folder}: {needed / 2**30:,.1f} GiB are needed there for checkpoints, {free / 2**30:,.1f} GiB are free; "
            "free some, name another output, or keep fewer (training.keep_checkpoints)"
        )
