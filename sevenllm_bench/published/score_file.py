"""The file of the published models' scores: every row's values, what they were computed from, and whether they still hold.

The file is JSON, compressed with gzip. It holds figures and names alone: no text of the benchmark, and none of an answer.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from sevenllm_bench.catalog import KINDS, TASKS, Kind, Language, task_by_name
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import DataError
from sevenllm_bench.metrics.registry import METRIC_VERSIONS, READING_VERSION

FORMAT = 1
FILE = files("sevenllm_bench.published") / "scores.json.gz"
#: Where the answers come from.
REPOSITORY = "CSJianYang/SEevenLLM"
COMMIT = "a84b86aabf2b5be35a2cbbac546511883cc5ff85"
#: How the file is made again; the folder holds the authors' answers, a file NAME.jsonl for each model.
COMMAND = "python examples/published_scores.py FOLDER"


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """What the file says of a row of the benchmark.

    Attributes:
        id: Its number.
        category: English name of its task.
        language: "en" or "zh".
        kind: What it asks for.
        digest: See `row_digest`.
    """

    id: int
    category: str
    language: Language
    kind: Kind
    digest: str

    @property
    def blank(self) -> Row:
        """A row with what is known and no text."""
        return Row(self.id, self.category, "", "", "", "", self.language, self.kind)


@dataclass(frozen=True, slots=True)
class ModelScores:
    """What the file says of a model.

    Attributes:
        sha256: Hash of the file of its answers.
        metrics: Metric to one value per row, None where the row has none.
        how: How each answer was read, see `Reading.how`.
    """

    sha256: str
    metrics: Mapping[str, Sequence[float | None]]
    how: Sequence[str]


@dataclass(frozen=True, slots=True)
class PublishedScores:
    """The scores of the published models.

    Attributes:
        data: What identifies the rows, see `Benchmark.description`.
        reading: Version of reading answers with which they were scored.
        versions: Metric to its version.
        libraries: What identifies the segmenter and the longest common subsequence, as in signatures.
        rows: The rows, in the order of the values.
        models: Name to scores.
        source: Repository and commit of the answers.
    """

    data: Mapping[str, Any]
    reading: int
    versions: Mapping[str, int]
    libraries: Mapping[str, str]
    rows: tuple[ScoredRow, ...]
    models: Mapping[str, ModelScores]
    source: tuple[str, str] = (REPOSITORY, COMMIT)

    def stale(self) -> list[str]:
        """What of the file is of another version than this package computes, in words; empty where all of it holds."""
        found = [
            f"{name} is of version {version}, this package computes {METRIC_VERSIONS.get(name, 'no such metric')}"
            for name, version in self.versions.items()
            if METRIC_VERSIONS.get(name) != version
        ]
        if self.reading != READING_VERSION:
            found.append(f"answers were read by version {self.reading}, this package has {READING_VERSION}")
        return found


def row_digest(row: Row) -> str:
    """Eight hexadecimal digits over everything in a row: whether another row is the same one can be told without its text."""
    parts = (row.id, row.category, row.instruction, row.input, row.thought, row.output, row.language, row.kind, row.source)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]


@functools.cache
def published_scores() -> PublishedScores:
    """The scores that the package holds.

    Raises:
        DataError: A metric or the reading of answers has another version since, so that they are not comparable.
    """
    found = decode(FILE.read_bytes(), "the published models' scores")
    if stale := found.stale():
        raise DataError(f"the published models' scores are out of date: {'; '.join(stale)}. Make them again: {COMMAND}")
    return found


def encode(scores: PublishedScores) -> bytes:
    """The file of scores: the same bytes for the same scores. Values keep all their digits."""
    metrics = {name: _Table.of(model.metrics[name] for model in scores.models.values()) for name in scores.versions}
    how = _Table.of(model.how for model in scores.models.values())
    content = {
        "format": FORMAT,
        "source": list(scores.source),
        "data": dict(scores.data),
        "reading": scores.reading,
        "libraries": dict(scores.libraries),
        "metrics": {name: {"version": scores.versions[name], "values": table.values} for name, table in metrics.items()},
        "how": how.values,
        "rows": {
            "id": [row.id for row in scores.rows],
            "task": [_number(row.category) for row in scores.rows],
            "language": [row.language for row in scores.rows],
            "kind": [KINDS.index(row.kind) for row in scores.rows],
            "digest": [row.digest for row in scores.rows],
        },
        "models": {
            name: {
                "sha256": model.sha256,
                "how": how.places(model.how),
                "metrics": {metric: table.places(model.metrics[metric]) for metric, table in metrics.items()},
            }
            for name, model in scores.models.items()
        },
    }
    return gzip.compress(json.dumps(content, separators=(",", ":")).encode(), 9, mtime=0)


def decode(content: bytes, name: str) -> PublishedScores:
    """Read a file of scores.

    Args:
        content: Its bytes.
        name: What it is called in errors.

    Raises:
        DataError: It is no such file, or of another format.
    """
    try:
        found = json.loads(gzip.decompress(content))
        if found["format"] != FORMAT:
            raise DataError(f"{name}: format {found['format']!r:.20}, expected {FORMAT}; make it again: {COMMAND}")
        return _decoded(found)
    except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError) as error:
        raise DataError(f"{name}: no file of scores ({type(error).__name__}: {error}); make it again: {COMMAND}") from None


def _decoded(found: Mapping[str, Any]) -> PublishedScores:
    rows = found["rows"]
    columns = (rows["id"], rows["task"], rows["language"], rows["kind"], rows["digest"])
    known = {name: metric["values"] for name, metric in found["metrics"].items()}
    return PublishedScores(
        data=found["data"],
        reading=found["reading"],
        versions={name: metric["version"] for name, metric in found["metrics"].items()},
        libraries=found["libraries"],
        rows=tuple(
            ScoredRow(number, TASKS[task - 1].name, language, KINDS[kind], digest)
            for number, task, language, kind, digest in zip(*columns, strict=True)
        ),
        models={
            name: ModelScores(
                model["sha256"],
                {metric: _values(known[metric], places) for metric, places in model["metrics"].items()},
                _values(found["how"], model["how"]),
            )
            for name, model in found["models"].items()
        },
        source=tuple(found["source"]),
    )


def _values(values: Sequence[Any], places: Sequence[int | None]) -> tuple[Any, ...]:
    return tuple(None if place is None else values[place] for place in places)


def _number(category: str) -> int:
    task = task_by_name(category)
    assert task is not None
    return task.number


@dataclass(frozen=True, slots=True)
class _Table:
    """The different values of a column, and where each one is: few values come many times."""

    values: list[Any]
    by_value: Mapping[Any, int]

    @classmethod
    def of(cls, columns: Iterable[Sequence[Any]]) -> _Table:
        values = sorted({value for column in columns for value in column if value is not None})
        return cls(values, {value: place for place, value in enumerate(values)})

    def places(self, column: Sequence[Any]) -> list[int | None]:
        return [None if value is None else self.by_value[value] for value in column]
