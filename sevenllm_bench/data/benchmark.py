"""The benchmark: rows, and what identifies them. The one place that decides which rows a run, a score or a check is about."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from sevenllm_bench.catalog import Kind, Language, Leaf
from sevenllm_bench.data.audit_records import load_audit
from sevenllm_bench.data.embedded import embedded_sha256, embedded_split
from sevenllm_bench.data.hub import REVISION
from sevenllm_bench.data.official import ALLOW_MODIFIED_VARIABLE, load_official
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError, DataError, unknown_name

#: "official" is SEvenLLM-Bench; "embedded" is the test split of this project's own rows, which are not the benchmark.
Source = Literal["official", "embedded"]
SOURCES: tuple[Source, ...] = ("official", "embedded")
OFFICIAL_NAME = "SEvenLLM-Bench"
#: Which of the rows: all, or those that the audit found sound.
ROW_CHOICES = ("all", "audited")


@dataclass(frozen=True)
class Benchmark:
    """Rows to answer.

    Attributes:
        source: Whose rows they are.
        rows: The rows, in the file's order, which is the order in which lm-eval runs them.
        sha256: Hash of the file as read, or of the embedded files.
        modified: Whether the official file differs from the genuine one.
        origin: Where the rows came from: "hub", "folder" or "package".
        audit: Version of the audit, where these are its sound rows only (see `audited`); 0 for all rows.
    """

    source: Source
    rows: tuple[Row, ...]
    sha256: str
    modified: bool = False
    origin: str = "package"
    audit: int = 0

    @functools.cached_property
    def by_id(self) -> Mapping[int, Row]:
        """The rows by their ids."""
        return {row.id: row for row in self.rows}

    @property
    def description(self) -> dict[str, Any]:
        """What identifies the rows in signatures: name, revision and hash, and whether the file was modified."""
        if self.source == "embedded":
            return {"name": "sevenllm-bench embedded", "sha256": self.sha256}
        audit = {"audit": self.audit} if self.audit else {}
        return {"name": OFFICIAL_NAME, "revision": REVISION, "sha256": self.sha256, "modified": self.modified, **audit}

    def of_leaf(self, leaf: Leaf) -> list[Row]:
        """The rows of a leaf, in the file's order."""
        return [row for row in self.rows if row.leaf == leaf]

    def of_section(self, language: Language, kind: Kind) -> list[Row]:
        """The rows of a language that ask for one kind of answer, in the file's order."""
        return [row for row in self.rows if (row.language, row.kind) == (language, kind)]

    def audited(self) -> Benchmark:
        """The same benchmark with the rows that the audit found sound, and no others; never the official benchmark.

        Raises:
            DataError: These are not the rows that were audited.
        """
        found = load_audit()
        if self.source != "official" or not found.is_of(self.sha256):
            raise DataError(
                "audited rows are rows of the official file: the audit says nothing of "
                + ("this project's own rows" if self.source != "official" else f"a file with sha256 {self.sha256}")
            )
        return replace(self, rows=tuple(row for row in self.rows if row.id in found.sound), audit=found.version)


def load_benchmark(
    source: Source | str = "official", data_dir: str | Path | None = None, allow_modified: bool = False
) -> Benchmark:
    """The benchmark's rows. There is no fallback from one source to the other.

    Args:
        source: "official" or "embedded".
        data_dir: Folder of the official test.jsonl, or the file itself. Default: SEVENLLM_DATA_DIR, else the Hub at the
            pinned revision.
        allow_modified: Accept an official file whose sha256 differs; `Benchmark.modified` then says so.

    Raises:
        ConfigError: There is no such source.
        DataError: The official file is missing, cannot be downloaded, is modified, or is malformed.
    """
    if source == "embedded":
        return Benchmark("embedded", embedded_split("test"), embedded_sha256())
    if source != "official":
        raise ConfigError(unknown_name("dataset", str(source), SOURCES))
    data = load_official(data_dir, allow_modified)
    return Benchmark("official", data.rows, data.sha256, data.modified, data.origin)


def load_genuine(source: Source, data_dir: str | Path | None = None) -> Benchmark:
    """The benchmark's rows for checks, which never use a modified file.

    Raises:
        DataError: The official file is not available, or not the genuine one.
    """
    benchmark = load_benchmark(source, data_dir)
    if benchmark.modified:
        raise DataError(
            f"submissions are checked against the genuine file only (found sha256 {benchmark.sha256}): "
            f"unset {ALLOW_MODIFIED_VARIABLE}"
        )
    return benchmark
