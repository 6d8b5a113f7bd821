"""How far a batch run has come, in a small file, so that another process can go on with it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sevenllm_bench.errors import ConfigError

_FORMAT = 1
#: Statuses that change no more.
FINAL = frozenset({"completed", "failed", "expired", "cancelled"})


@dataclass
class Chunk:
    """The requests that go into one batch.

    Attributes:
        keys: Their keys in the cache, which are their names in the batch too.
        file: The id of the file uploaded, "" before.
        batch: The id of the batch started, "" before.
        status: The provider's word, "" before the batch is started.
        answered: Requests answered, by the provider's count.
        failed: Requests failed, by the provider's count.
    """

    keys: list[str]
    file: str = ""
    batch: str = ""
    status: str = ""
    answered: int = 0
    failed: int = 0

    @property
    def done(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in FINAL


@dataclass
class BatchState:
    """A batch run.

    Attributes:
        model: The model asked.
        order: The key of each request, in order, equal ones repeated.
        chunks: Those that the cache didn't answer, by batch.
    """

    model: str
    order: list[str]
    chunks: list[Chunk] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write to `path` in one step: a reader, or a process killed meanwhile, finds the old state or the new one.

        Raises:
            ConfigError: It can't be written.
        """
        partial = path.with_name(path.name + ".partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("w", encoding="ascii") as file:
                json.dump({"format": _FORMAT, **asdict(self)}, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            raise ConfigError(f"{path}: the state of the batch run can't be written ({error.strerror or error})") from None

    @classmethod
    def load(cls, path: Path) -> BatchState | None:
        """The state in `path`, None where there is no such file.

        Raises:
            ConfigError: It can't be read, or is something else.
        """
        try:
            data = json.loads(path.read_bytes())
            if data["format"] != _FORMAT:
                raise ValueError(f"format {data['format']}")
            return cls(str(data["model"]), list(data["order"]), [Chunk(**chunk) for chunk in data["chunks"]])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise ConfigError(f"{path}: no state of a batch run ({error}); name another file, or remove it") from None

    def require_same(self, model: str, order: Sequence[str], path: Path) -> None:
        """Check that this is the state of the same requests.

        Raises:
            ConfigError: It isn't.
        """
        if (self.model, self.order) != (model, list(order)):
            raise ConfigError(
                f"{path}: holds another batch run ({len(self.order):,} requests to {self.model}); name another file for this one"
            )
