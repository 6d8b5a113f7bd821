"""One stage of a build: what it reads, its steps, and what makes its results what they are."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datatrove.pipeline.base import PipelineStep

from sevenllm_bench.select_instruct.delivery.build_account import StageAccount
from sevenllm_bench.select_instruct.stages.shard_files import NO_REPLY, ShardReader, ShardWriter


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes:
        name: Names its folder and its lines.
        steps: What is between reading and writing.
        shape: JSON value of everything that shapes its results, besides the records that it reads.
        split: Whether it is cut into shards; otherwise it is one task.
        spread: Whether each task takes every n-th record, of what one task wrote.
        parallel: Whether several tasks run at a time on one machine; no where it waits for a model mostly.
    """

    name: str
    steps: tuple[PipelineStep, ...]
    shape: Mapping[str, Any]
    split: bool = True
    spread: bool = False
    parallel: bool = True


class StageFolder:
    """The files of one stage: `records/`, `rejected/CHECK/`, `logs/`, and the identity of what made them."""

    def __init__(self, work: Path, name: str) -> None:
        """Nothing is made yet."""
        self.path = work / name
        self.records = self.path / "records"
        self.rejected = self.path / "rejected"
        self.logs = self.path / "logs"
        self._identity = self.path / "identity.json"

    def is_of(self, identity: str) -> bool:
        """Whether what lies there was made by the same."""
        try:
            return bool(json.loads(self._identity.read_text("utf-8")) == identity)
        except (OSError, ValueError):
            return False

    def begin(self, identity: str) -> None:
        """Keep what the same stage has done, but for parts with a record that a server gave no reply about; clear the rest."""
        if not self.is_of(identity):
            # First, so that what a kill leaves of the others is not taken for whole.
            self._identity.unlink(missing_ok=True)
            if self.path.exists():
                shutil.rmtree(self.path)
            self.path.mkdir(parents=True)
            self._identity.write_text(json.dumps(identity), "utf-8")
        shutil.rmtree(self.logs / "failures", ignore_errors=True)
        self._reopen()

    def _reopen(self) -> None:
        """Take parts that want a reply as not done; replies that are kept are not asked for again."""
        for path in self.rejected.glob("*/[0-9]*.jsonl"):
            with path.open(encoding="utf-8") as file:
                if any(json.loads(line)["check"] == NO_REPLY for line in file):
                    (self.logs / "completions" / path.stem).unlink(missing_ok=True)

    def digest(self) -> str:
        """SHA-256 over the records, file by file."""
        found = hashlib.sha256()
        for path in sorted(self.records.glob("[0-9]*.jsonl")):
            found.update(hashlib.sha256(path.read_bytes()).digest())
        return found.hexdigest()

    def account(self, records_in: int) -> StageAccount:
        """What the stage did."""
        rejected = Counter(check for path in sorted(self.rejected.glob("*/[0-9]*.jsonl")) for check in _checks(path))
        return StageAccount(
            name=self.path.name,
            records_in=records_in,
            records_out=self.count(),
            rejected=dict(sorted(rejected.items())),
        )

    def count(self) -> int:
        """Records that it wrote."""
        return sum(map(_lines, self.records.glob("[0-9]*.jsonl")))

    def failure(self) -> str:
        """The message of the first task that failed, "" where none did."""
        for path in sorted((self.logs / "failures").glob("*.txt")):
            return path.read_text("utf-8")
        return ""

    def waits(self) -> str:
        """The message of the last task that waits for batches, "" where none does."""
        for path in sorted((self.logs / "failures").glob("*.wait"), reverse=True):
            return path.read_text("utf-8")
        return ""


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def _checks(path: Path) -> Iterator[str]:
    """The check of each rejection in a file: one step may reject for several."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield str(json.loads(line)["check"])


def identity_of(stage: Stage, before: str, tasks: int) -> str:
    """What makes a stage's results: its settings, the number of its parts, and what it reads."""
    material = {"stage": stage.name, "shape": stage.shape, "tasks": tasks, "before": before}
    return hashlib.sha256(json.dumps(material, sort_keys=True).encode()).hexdigest()


def pipeline_of(stage: Stage, reads: StageFolder | None, writes: StageFolder) -> list[PipelineStep]:
    """The steps of a stage, with reading before and writing after."""
    reader = [ShardReader(reads.records, stage.spread)] if reads else []
    return [*reader, *stage.steps, ShardWriter(writes.records, writes.logs / "failures")]
