"""The samples files line by line: what each says beside answer and scores, against the row, the settings and itself."""

from __future__ import annotations

import hashlib
import json
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
    wrong: dict[str, list[str]] = {}
    named: dict[str, int] = {}
    hashes: list[str] = []
    until: Any = None
    count = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            record = _read(line, number, wrong) if line.strip() else None
            if record is None:
                continue
            count += 1
            row = rows.get(dig(record, "doc", "id")) if isinstance(dig(record, "doc", "id"), int) else None
            for field in _wrong(record, leaf, row, ids):
                wrong.setdefault(field, []).append(f"line {number}")
            stops = dig(record, "arguments", "gen_args_0", "arg_1", "until")
            until = stops if count == 1 else until
            if stops != until:
                wrong.setdefault("arguments (stop strings differ)", []).append(f"line {number}")
            for key in _unusual(record):
                named[key] = named.get(key, 0) + 1
            hashes += [str(record.get(name)) for name in _HASHES]
    for field, places in wrong.items():
        yield Finding("records", leaf.task, "differs", f"{printable(field, 80)}: not as it must be in {some(places, 3)}")
    if named:
        told = some(f"{printable(key, 60)} in {number} lines" for key, number in named.items())
        yield Finding("records", leaf.task, "note", f"not as lm-eval 0.4.13 writes samples: {told}")
    elif leaf.task_hash is not None and _sha256("".join(hashes)) != leaf.task_hash:
        yield Finding("records", leaf.task, "differs", "the hash over its samples is not the task_hash of the results")
    if not wrong and count:
        yield Finding("records", leaf.task, "confirmed", f"{count} lines")


def _read(line: bytes, number: int, wrong: dict[str, list[str]]) -> dict[str, Any] | None:
    """The line's object; what is none at all is the reader's to name, a key that comes twice is named here."""
    try:
        record = strict_json(line, f"line {number}")
    except ResultsError as error:
        wrong.setdefault(str(error).partition(": ")[2], []).append(f"line {number}")
        return None
    return record if isinstance(record, dict) else None


def _unusual(record: Mapping[str, Any]) -> Iterator[str]:
    """Keys that are missing, or that lm-eval doesn't write."""
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
    if record.get("filtered_resps") != _first(record.get("resps")):
        yield "filtered_resps"
    if record.get("filter", "none") != "none":
        yield "filter"
    metrics = record.get("metrics")
    if metrics is not None and metrics != [key for key in record if key in METRIC_VERSIONS]:
        yield "metrics"
    yield from _wrong_arguments(record.get("arguments"), leaf)
    yield from _wrong_hashes(record)


def _first(responses: Any) -> Any:
    """What lm-eval's filter keeps: the first response of each request."""
    return [own[0] for own in responses if isinstance(own, list) and own] if isinstance(responses, list) else None


def _wrong_arguments(arguments: Any, leaf: LeafRun) -> Iterator[str]:
    """One request with the generation arguments of the task, or four with the letters after the same prompt."""
    requests = list(arguments.values()) if isinstance(arguments, dict) else []
    if leaf.is_default:
        kwargs = dig(arguments, "gen_args_0", "arg_1")
        told = leaf.generation if isinstance(leaf.generation, Mapping) else {}
        if len(requests) != 1 or set(dig(arguments, "gen_args_0") or ()) != {"arg_0", "arg_1"}:
            yield "arguments"
        elif not isinstance(kwargs, dict) or _without_stops(kwargs) != _without_stops(told):
            yield "arguments (generation)"
    elif [str(dig(own, "arg_1")).strip() for own in requests] != list(LETTERS) or any(
        dig(own, "arg_0") != dig(requests[0], "arg_0") for own in requests
    ):
        yield "arguments"


def _without_stops(kwargs: Mapping[str, Any]) -> str:
    """Generation arguments to compare; stop strings may be set for each request."""
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
