"""The files between stages: one JSON record a line, one file per shard, complete or not there."""

from __future__ import annotations

import json
import os
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from sevenllm_bench.errors import ConfigError, SEvenLLMError
from sevenllm_bench.llm.kept_batches import BatchesPendingError
from sevenllm_bench.select_instruct.corpus_records import CheckFinding
from sevenllm_bench.text.unicode import encodable

#: The check of records that a model gave no reply about: a part with one is not done for good.
NO_REPLY = "no-reply"


class WholeFile:
    """A file of JSON lines that appears under its name when it is complete and on the disk, else not at all."""

    def __init__(self, path: str | Path) -> None:
        """Write to `path`; its folder is made when missing."""
        self.path = Path(path)
        self._partial = self.path.with_name(f".{self.path.name}.partial")

    def __enter__(self) -> WholeFile:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._partial.open("wb")
        return self

    def write(self, value: Any) -> None:
        """Add one line of JSON, its keys sorted; lone surrogates become "?"."""
        self.write_line(json.dumps(value, ensure_ascii=False, sort_keys=True))

    def write_line(self, line: str) -> None:
        """Add one line as it is, but for lone surrogates, which become "?"."""
        self._file.write(encodable(line).encode() + b"\n")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        try:
            if kind is None:
                self._file.flush()
                os.fsync(self._file.fileno())
        finally:
            self._file.close()
            if kind is not None:
                self._partial.unlink(missing_ok=True)
        if kind is None:
            self._partial.replace(self.path)


def read_shard(path: Path) -> Iterator[Document]:
    """The documents of one file, in order.

    Raises:
        ConfigError: A line is no document.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                fields = json.loads(line)
                yield Document(fields["text"], fields["id"], metadata=fields["metadata"])
            except (ValueError, KeyError, TypeError):
                raise ConfigError(
                    f"{path}, line {number}: no record of this build; remove the folder {path.parents[1]} and run again"
                ) from None


class ShardReader(PipelineStep):
    """Reads what a stage wrote.

    With `spread`, every task takes every n-th document of all files; without it, whole files.
    """

    name, type = "stage files", "reader"

    def __init__(self, folder: str | Path, spread: bool = False) -> None:
        """Read from `folder`."""
        super().__init__()
        self.folder, self.spread = str(folder), spread

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Yield the documents of this task, after those of `data`."""
        if data:
            yield from data
        files = sorted(Path(self.folder).glob("[0-9]*.jsonl"))
        if self.spread:
            documents = (document for path in files for document in read_shard(path))
            mine = (document for place, document in enumerate(documents) if place % world_size == rank)
        else:
            mine = (document for path in files[rank::world_size] for document in read_shard(path))
        for document in mine:
            self.stat_update("records")
            yield document


class ShardWriter(PipelineStep):
    """Writes the file of its task; it is there when the task is done, and whole.

    It is the last step, so that every failure of the steps before it comes through here: the message of one that a user can
    fix is written into the folder `failures`, for whoever started the task from elsewhere (`.txt`; `.wait` for one that only
    has to wait).
    """

    name, type = "stage files", "writer"

    def __init__(self, folder: str | Path, failures: str | Path | None = None) -> None:
        """Write to `folder`."""
        super().__init__()
        self.folder = str(folder)
        self.failures = str(failures) if failures else None

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Write all documents, and pass them on."""
        try:
            with WholeFile(Path(self.folder) / f"{rank:05d}.jsonl") as file:
                for document in data:
                    file.write({"id": document.id, "text": document.text, "metadata": document.metadata})
                    self.stat_update("records")
                    yield document
        except (SEvenLLMError, OSError) as error:
            self._note(error, rank)
            raise

    def _note(self, error: Exception, rank: int) -> None:
        if self.failures is not None:
            with suppress(OSError):
                Path(self.failures).mkdir(parents=True, exist_ok=True)
                end = "wait" if isinstance(error, BatchesPendingError) else "txt"
                (Path(self.failures) / f"{rank:05d}.{end}").write_text(str(error), "utf-8")


class SiftingStep(PipelineStep):
    """A step that lets documents pass or rejects them, each rejection into a file of this step with its reason.

    Subclasses define `sift`, and call `reject` in it. `self.name` names the file's folder.
    """

    type = "check"

    def __init__(self, rejected: str | Path) -> None:
        """Write rejections under the folder `rejected`, one subfolder per step."""
        super().__init__()
        self.rejected = str(rejected)

    @abstractmethod
    def sift(self, data: DocumentsPipeline, rank: int, world_size: int) -> Iterator[Document]:
        """Yield the documents that pass, changed or not."""

    def reject(self, document: Document, finding: CheckFinding) -> None:
        """Note why a document goes no further."""
        record = {"id": document.id, "text": document.text, "metadata": document.metadata}
        self._file.write({"id": document.id, **finding.model_dump(), "record": record})
        self.stat_update(f"rejected: {finding.check}")

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Yield the documents that pass."""
        with WholeFile(Path(self.rejected) / self.name / f"{rank:05d}.jsonl") as self._file:
            yield from self.sift(data, rank, world_size)
        del self._file  # so that the step can be pickled again
