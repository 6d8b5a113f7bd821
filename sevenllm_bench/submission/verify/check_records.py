"""The samples files line by line: what each says beside answer and scores, against the row, the settings and itself."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sevenllm_bench.data.document import to_document
from sevenllm_bench.data.rows import LETTERS, Row
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.metrics.registry import METRIC_VERSIONS
from sevenllm_bench.prompts import STYLES, target
from sevenllm_bench.runs.locate import task_of
from sevenllm_bench.runs.records import LeafRun, Run
from sevenllm_bench.runs.untrusted import dig
from sevenllm_bench.submission.manifest import strict_json
from sevenllm_bench.submission.verify.check_rows import Benchmarks, source_of
from sevenllm_bench.submission.verify.findings import Finding, some
from sevenllm_bench.text.display import printable

_HASHES = ("doc_hash", "prompt_hash", "target_hash")
_KEYS = ("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics", *_HASHES)


def check_records(run: Run, files: Iterable[Path], benchmarks: Benchmarks) -> Iterator[Finding]:
    """Every line of the samples files.

    Args:
        run: The run.
        files: Its samples files.
        benchmarks: The rows by source.
    """
    for file in files:
        leaf = run.leaves.get(task_of(file))
        if leaf:
            benchmark = benchmarks[source_of(leaf)]
            yield from _file(file, leaf, [row.id for row in benchmark.of_leaf(leaf.leaf)], benchmark.by_id)


def _file(file: Path, leaf: LeafRun, ids: list[int], rows: Mapping[int, Row]) -> Iterator[Finding]:
    lines = _Lines(leaf, ids, rows)
    with file.open("rb") as content:
        for number, line in enumerate(content, 1):
            if line.strip():
                lines.add(line, f"line {number}")
    yield from lines.findings()


class _Lines:
    """The lines of one samples file: what is wrong where, what is unusual how often, and the hashes."""

    def __init__(self, leaf: LeafRun, ids: list[int], rows: Mapping[int, Row]) -> None:
        self._leaf, self._ids, self._rows = leaf, ids, rows
        self._wrong: dict[str, list[str]] = {}
        self._unusual: Counter[str] = Counter()
        self._hashes: list[str] = []
        self._until: Any = None
        self._count = 0

    def add(self, line: bytes, where: str) -> None:
        """Look at a line; one that is no object at all is the reader's to name."""
        try:
            record = strict_json(line, where)
        except ResultsError as error:
            return self._note(str(error).partition(": ")[2], where)
        if not isinstance(record, dict):
            return None
        self._count += 1
        row_id = dig(record, "doc", "id")
        for field in _wrong(record, self._leaf, self._rows.get(row_id) if isinstance(row_id, int) else None, self._ids):
            self._note(field, where)
        stops = dig(record, "arguments", "gen_args_0", "arg_1", "until")
        self._until = stops if self._until is None else self._until
        if stops not in (self._until, None):
            self._note("arguments (stop strings differ)", where)
        self._unusual.update(_unusual(record, self._leaf))
        self._hashes += [str(record.get(name)) for name in _HASHES]
        return None

    def _note(self, field: str, where: str) -> None:
        self._wrong.setdefault(field, []).append(where)

    def findings(self) -> Iterator[Finding]:
        """What was found in all lines together."""
        task = self._leaf.task
        if self._unusual:
            told = some(f"{printable(key, 60)} in {number} lines" for key, number in self._unusual.items())
            yield Finding("records", task, "note", f"not as lm-eval 0.4.13 writes samples: {told}")
        if self._leaf.task_hash not in (None, _sha256("".join(self._hashes))):
            self._note("task_hash (over doc_hash, prompt_hash and target_hash)", "all lines together")
        for field, places in self._wrong.items():
            yield Finding("records", task, "differs", f"{printable(field, 80)}: not as it must be in {some(places, 3)}")
        if not self._wrong and self._count:
            yield Finding("records", task, "confirmed", f"{self._count} lines")


def _unusual(record: Mapping[str, Any], leaf: LeafRun) -> Iterator[str]:
    """Keys that are missing, or that lm-eval doesn't write. Some of its models take generation arguments out of a request."""
    kwargs = dig(record, "arguments", "gen_args_0", "arg_1")
    if isinstance(kwargs, dict) and isinstance(leaf.generation, Mapping):
        yield from (f"no {key} in arguments" for key in leaf.generation if key not in kwargs)
    yield from (f"no {key}" for key in _KEYS if key not in record)
    yield from (f"{key}" for key in record if key not in _KEYS and key not in METRIC_VERSIONS)


def _wrong(record: Mapping[str, Any], leaf: LeafRun, row: Row | None, ids: list[int]) -> Iterator[str]:
    """The fields of a sample that are not what they must be; rows that are not the benchmark's are named elsewhere."""
    if row is None:
        return
    style = STYLES.get(str(leaf.prompt.get("name")))
    place = record.get("doc_id")
    if isinstance(place, bool) or place != (ids.index(row.id) if row.id in ids else None):
        yield "doc_id"
    if record.get("doc") != to_document(row):
        yield "doc"
    wanted = LETTERS.index(row.output) if not leaf.is_default else target(row, style) if style else None
    if wanted is not None and record.get("target") != str(wanted):
        yield "target"
    if _first([[kept] for kept in _list(record.get("filtered_resps"))]) != _first(record.get("resps")):
        yield "filtered_resps"
    if record.get("filter", "none") != "none":
        yield "filter"
    metrics = record.get("metrics")
    if metrics is not None and metrics != [key for key in record if key in METRIC_VERSIONS]:
        yield "metrics"
    yield from _wrong_arguments(record.get("arguments"), leaf)
    yield from _wrong_hashes(record)


def _first(responses: Any) -> list[Any]:
    """What lm-eval's filter keeps: the first response of each request; null is an empty answer."""
    return ["" if own[0] is None else own[0] for own in _list(responses) if isinstance(own, list) and own]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _wrong_arguments(arguments: Any, leaf: LeafRun) -> Iterator[str]:
    """One request with the generation arguments of the task, or four with the letters after the same prompt."""
    requests = list(arguments.values()) if isinstance(arguments, dict) else []
    if leaf.is_default:
        kwargs = dig(arguments, "gen_args_0", "arg_1")
        told = leaf.generation if isinstance(leaf.generation, Mapping) else {}
        if len(requests) != 1 or not isinstance(requests[0], dict) or set(requests[0]) != {"arg_0", "arg_1"}:
            yield "arguments"
        elif not isinstance(kwargs, dict) or _as_text(kwargs) != _as_text({key: told.get(key) for key in kwargs}):
            yield "arguments (generation)"
    elif [str(dig(own, "arg_1")).strip() for own in requests] != list(LETTERS) or any(
        dig(own, "arg_0") != dig(requests[0], "arg_0") for own in requests
    ):
        yield "arguments"


def _as_text(kwargs: Mapping[str, Any]) -> str:
    """Generation arguments to compare; stop strings may be set for the requests of a task."""
    return json.dumps({key: value for key, value in kwargs.items() if key != "until"}, sort_keys=True)


def _wrong_hashes(record: Mapping[str, Any]) -> Iterator[str]:
    """lm-eval's hashes of row, prompt and target (`evaluator.py`, 0.4.13)."""
    prompt = dig(record, "arguments", "gen_args_0", "arg_0")
    prompt = prompt[0] if isinstance(prompt, list) and len(prompt) == 1 else prompt
    hashed = {
        "doc_hash": json.dumps(record.get("doc"), indent=2, ensure_ascii=False),
        "prompt_hash": prompt,
        "target_hash": record.get("target"),
    }
    for name, text in hashed.items():
        if name in record and record[name] != _sha256(str(text)):
            yield name


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
