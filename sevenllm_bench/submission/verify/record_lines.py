"""The lines of a samples file as lm-eval writes them: what is wrong in them, what is unusual, and their hashes."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ResultsError
from sevenllm_bench.metrics.registry import ITEM_METRIC_VERSIONS, METRIC_VERSIONS
from sevenllm_bench.runs.encoder_records import EncoderTaskRun
from sevenllm_bench.runs.records import LeafRun
from sevenllm_bench.runs.untrusted import dig
from sevenllm_bench.submission.manifest import strict_json
from sevenllm_bench.submission.verify.findings import Finding, some
from sevenllm_bench.text.display import printable

_HASHES = ("doc_hash", "prompt_hash", "target_hash")
_KEYS = ("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics", *_HASHES)
_METRICS = {**METRIC_VERSIONS, **ITEM_METRIC_VERSIONS}


class RecordLines:
    """The lines of one samples file: what is wrong where, what is unusual how often, and the hashes."""

    def __init__(self, task: LeafRun | EncoderTaskRun, wrong: Callable[[Mapping[str, Any]], Iterable[str]]) -> None:
        """Begin.

        Args:
            task: The task.
            wrong: The fields of a sample that are not what they must be.
        """
        self._task, self._wrong_in = task, wrong
        self._wrong: dict[str, list[str]] = {}
        self._unusual: Counter[str] = Counter()
        self._hashes: list[str] = []
        self._until: Any = None
        self._count = 0

    def read(self, file: Path) -> None:
        """Look at every line of a file."""
        with file.open("rb") as content:
            for number, line in enumerate(content, 1):
                if line.strip():
                    self._add(line, f"line {number}")

    def _add(self, line: bytes, where: str) -> None:
        """Look at a line; one that is no object at all is the reader's to name."""
        try:
            record = strict_json(line, where)
        except ResultsError as error:
            return self._note(str(error).partition(": ")[2], where)
        if not isinstance(record, dict):
            return None
        self._count += 1
        for field in self._wrong_in(record):
            self._note(field, where)
        stops = dig(record, "arguments", "gen_args_0", "arg_1", "until")
        self._until = stops if self._until is None else self._until
        if stops not in (self._until, None):
            self._note("arguments (stop strings differ)", where)
        self._unusual.update(_unusual(record, self._task))
        self._hashes += [str(record.get(name)) for name in _HASHES]
        return None

    def _note(self, field: str, where: str) -> None:
        self._wrong.setdefault(field, []).append(where)

    def findings(self) -> Iterator[Finding]:
        """What was found in all lines together."""
        task = self._task.task
        if self._unusual:
            told = some(f"{printable(key, 60)} in {number} lines" for key, number in self._unusual.items())
            yield Finding("records", task, "note", f"not as lm-eval 0.4.13 writes samples: {told}")
        if self._task.task_hash not in (None, _sha256("".join(self._hashes))):
            self._note("task_hash (over doc_hash, prompt_hash and target_hash)", "all lines together")
        for field, places in self._wrong.items():
            yield Finding("records", task, "differs", f"{printable(field, 80)}: not as it must be in {some(places, 3)}")
        if not self._wrong and self._count:
            yield Finding("records", task, "confirmed", f"{self._count} lines")


def _unusual(record: Mapping[str, Any], task: LeafRun | EncoderTaskRun) -> Iterator[str]:
    """Keys that are missing, or that lm-eval doesn't write. Some of its models take generation arguments out of a request."""
    kwargs = dig(record, "arguments", "gen_args_0", "arg_1")
    if isinstance(kwargs, dict) and isinstance(task.generation, Mapping):
        yield from (f"no {key} in arguments" for key in task.generation if key not in kwargs)
    yield from (f"no {key}" for key in _KEYS if key not in record)
    yield from (f"{key}" for key in record if key not in _KEYS and key not in _METRICS)


def wrong_in_any(record: Mapping[str, Any]) -> Iterator[str]:
    """The fields of a sample of any task that are not what lm-eval makes of the others: responses, filter, metrics, hashes."""
    if _first([[kept] for kept in _list(record.get("filtered_resps"))]) != _first(record.get("resps")):
        yield "filtered_resps"
    if record.get("filter", "none") != "none":
        yield "filter"
    metrics = record.get("metrics")
    if metrics is not None and metrics != [key for key in record if key in _METRICS]:
        yield "metrics"
    yield from _wrong_hashes(record)


def _first(responses: Any) -> list[Any]:
    """What lm-eval's filter keeps: the first response of each request; null is an empty answer."""
    return ["" if own[0] is None else own[0] for own in _list(responses) if isinstance(own, list) and own]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def wrong_request(arguments: Any, generation: Any) -> Iterator[str]:
    """What is wrong where an answer was generated: one request, with the generation arguments of the task.

    Args:
        arguments: `arguments` of a sample.
        generation: What the results say of the task.
    """
    requests = list(arguments.values()) if isinstance(arguments, dict) else []
    kwargs = dig(arguments, "gen_args_0", "arg_1")
    told = generation if isinstance(generation, Mapping) else {}
    if len(requests) != 1 or not isinstance(requests[0], dict) or set(requests[0]) != {"arg_0", "arg_1"}:
        yield "arguments"
    elif not isinstance(kwargs, dict) or _as_text(kwargs) != _as_text({key: told.get(key) for key in kwargs}):
        yield "arguments (generation)"


def wrong_options(arguments: Any, options: Sequence[str]) -> Iterator[str]:
    """What is wrong where log-likelihoods were asked for: one request for each option, in their order, after the same prompt.

    Args:
        arguments: `arguments` of a sample.
        options: The options.
    """
    requests = list(arguments.values()) if isinstance(arguments, dict) else []
    asked = [str(dig(own, "arg_1")).strip() for own in requests]
    if asked != [option.strip() for option in options] or any(dig(own, "arg_0") != dig(requests[0], "arg_0") for own in requests):
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
