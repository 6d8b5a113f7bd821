"""A log of Inspect as the files that the harness would have written, which everything that reads runs can read."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sevenllm_bench.catalog import leaf_by_name
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.metrics.registry import METRIC_VERSIONS
from sevenllm_bench.runs.inspect_log import read_header, read_samples
from sevenllm_bench.runs.inspect_record import DOCUMENT_KEY, PLACE_KEY, RECORD_KEY, SOURCE, TASK_KEY
from sevenllm_bench.runs.untrusted import dig, finite
from sevenllm_bench.text.display import printable
from sevenllm_bench.text.unicode import encodable

#: The one step of a plan that leaves the prompt alone.
_PLAIN = "generate"
_SCORER = "sevenllm"


@dataclass(frozen=True, slots=True)
class InspectFiles:
    """The files that a log was written as.

    Attributes:
        results: The results file.
        samples: One samples file per task.
        problems: What can't be used, one line each with its number: epochs after the first, samples that ended with an
            error.
    """

    results: Path
    samples: tuple[Path, ...]
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Read:
    """Samples by task, and what was left out."""

    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    epochs: int = 0
    errors: int = 0
    other: int = 0
    first_error: str = ""

    def problems(self) -> tuple[str, ...]:
        """Lines."""
        found = []
        if self.errors:
            found.append(f"{self.errors:,} samples ended with an error and have no answer; the first: {self.first_error}")
        if self.epochs:
            found.append(f"{self.epochs:,} samples of epochs after the first; the first epoch counts")
        if self.other:
            found.append(f"{self.other:,} samples that are none of ours")
        return tuple(found)


def write_as_harness(log: Path, folder: Path) -> InspectFiles:
    """Write a log as a results file and samples files of the harness.

    Args:
        log: The log, packed (.eval) or as JSON.
        folder: Where to write; it must exist.

    Returns:
        The files. The same log gives the same bytes.

    Raises:
        ResultsError: The log can't be read, isn't finished, or has no task or sample of ours.
    """
    header = read_header(log)
    status = header.get("status")
    if status != "success":
        raise ResultsError(
            f"{log}: the run ended with the status {printable(status, 40)}; finish it first: inspect eval-retry {log.name}"
        )
    read = _read(log)
    if not read.records:
        raise ResultsError(f"{log}: no sample with an answer in it; run it without --no-log-samples")
    generation = _generation_of(header)
    for record in (record for records in read.records.values() for record in records):
        record["arguments"]["gen_args_0"]["arg_1"] = generation
    stamp = _date(header).strftime("%Y-%m-%dT%H-%M-%S.%f")
    results = folder / f"results_{stamp}.json"
    _write(results, json.dumps(_results(header, read, log), ensure_ascii=True, indent=1))
    samples = []
    for task, records in sorted(read.records.items()):
        file = folder / f"samples_{task}_{stamp}.jsonl"
        _write(file, "".join(json.dumps(record, ensure_ascii=True) + "\n" for record in records))
        samples.append(file)
    return InspectFiles(results, tuple(samples), read.problems())


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _date(header: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(str(dig(header, "eval", "created")))
    except ValueError:
        raise ResultsError("the log doesn't say when it was made (eval.created is no time)") from None


def _read(log: Path) -> _Read:
    read = _Read()
    for _, sample in read_samples(log):
        if dig(sample, "epoch") not in (1, None):
            read.epochs += 1
            continue
        if dig(sample, "error") is not None:
            read.errors += 1
            read.first_error = read.first_error or printable(dig(sample, "error", "message"), 200)
            continue
        task = dig(sample, "metadata", TASK_KEY)
        if not isinstance(task, str) or leaf_by_name(task) is None:
            read.other += 1
            continue
        records = read.records.setdefault(task, [])
        records.append(_record(sample))
    return read


def _record(sample: dict[str, Any]) -> dict[str, Any]:
    """A sample as a line of the harness's samples file."""
    document, prompt = dig(sample, "metadata", DOCUMENT_KEY), dig(sample, "input")
    answer = dig(sample, "scores", _SCORER, "answer")
    if not isinstance(answer, str):
        answer = dig(sample, "output", "completion")
    values = dig(sample, "scores", _SCORER, "value")
    metrics = {name: values[name] for name in METRIC_VERSIONS if isinstance(values, dict) and name in values}
    target = dig(sample, "target")
    texts = {
        "doc": json.dumps(document, indent=2, ensure_ascii=False, default=str),
        "prompt": _text(prompt),
        "target": _text(target),
    }
    hashes = {f"{name}_hash": hashlib.sha256(encodable(text).encode()).hexdigest() for name, text in texts.items()}
    return {
        "doc_id": dig(sample, "metadata", PLACE_KEY),
        "doc": document,
        "target": target,
        "arguments": {"gen_args_0": {"arg_0": prompt}},
        "resps": [[answer]],
        "filtered_resps": [answer],
        "filter": "none",
        "metrics": list(metrics),
        **hashes,
        **metrics,
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _results(header: Mapping[str, Any], read: _Read, log: Path) -> dict[str, Any]:
    tasks = {task: _task(header, task, records) for task, records in sorted(read.records.items())}
    config, model = dig(header, "eval", "config"), dig(header, "eval", "model")
    arguments = dig(header, "eval", "model_args")
    arguments = {key: value for key, value in arguments.items() if value is not None} if isinstance(arguments, dict) else {}
    plan = dig(header, "plan", "steps")
    steps = [printable(dig(step, "solver"), 80) for step in plan[:20]] if isinstance(plan, list) else []
    plain = steps == [_PLAIN]
    return {
        "results": {task: parts["results"] for task, parts in tasks.items()},
        "configs": {task: parts["configs"] for task, parts in tasks.items()},
        "versions": {task: dig(header, "eval", "task_version") for task in tasks},
        "n-shot": dict.fromkeys(tasks, 0),
        "n-samples": {task: parts["n-samples"] for task, parts in tasks.items()},
        "config": {
            "model": SOURCE,
            "model_args": {**arguments, "model": model},
            "limit": _limit(config),
            "model_revision": arguments.get("revision"),
            "inspect_ai": {
                "version": dig(header, "eval", "packages", "inspect_ai"),
                "log_sha256": _sha256_of(log),
                "solvers": steps,
            },
        },
        "date": _date(header).timestamp(),
        "model_source": SOURCE,
        "model_name": model,
        "lm_eval_version": f"{SOURCE} {printable(dig(header, 'eval', 'packages', 'inspect_ai'), 40)}",
        # A solver beside `generate` may have put a system message before the prompt.
        **({"system_instruction_sha": None} if plain else {}),
    }


def _limit(config: Any) -> Any:
    limit = dig(config, "limit")
    if isinstance(limit, list) and len(limit) == 2 and all(isinstance(part, int) for part in limit):
        return limit[1] - limit[0]
    return limit if isinstance(limit, (int, float)) and not isinstance(limit, bool) else None


def _task(header: Mapping[str, Any], task: str, records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    own = dig(header, "eval", "metadata", RECORD_KEY, task)
    rows = dig(own, "rows")
    figures: dict[str, Any] = {"name": task, "alias": task, "sample_len": len(records)}
    for name in records[0]["metrics"]:
        values = [number for record in records if (number := finite(record.get(name))) is not None]
        mean = sum(values) / len(values) if values else math.nan
        figures[f"{name},none"] = mean if values else None
        figures[f"{name}_stderr,none"] = _standard_error(values, mean)
    return {
        "results": figures,
        "configs": {
            "task": task,
            "output_type": "generate_until",
            "num_fewshot": 0,
            "generation_kwargs": _generation_of(header),
            "metadata": {"version": dig(header, "eval", "task_version"), "sevenllm": dig(own, "block")},
        },
        "n-samples": {"original": rows if isinstance(rows, int) else len(records), "effective": len(records)},
    }


def _generation_of(header: Mapping[str, Any]) -> dict[str, Any]:
    """The generation arguments in force: the task's, and over them those of the command line."""
    return {**_generation(dig(header, "plan", "config")), **_generation(dig(header, "eval", "model_generate_config"))}


def _generation(config: Any) -> dict[str, Any]:
    """Inspect's generation arguments by the harness's names."""
    found = config if isinstance(config, dict) else {}
    names = {"temperature": "temperature", "max_tokens": "max_gen_toks", "stop_seqs": "until", "top_p": "top_p", "seed": "seed"}
    named = {name: found[key] for key, name in names.items() if found.get(key) is not None}
    return {**named, **({"do_sample": named["temperature"] != 0} if "temperature" in named else {})}


def _standard_error(values: list[float], mean: float) -> float | str:
    """The standard error of the mean, from the sample's variance (n - 1), as the harness has it; "N/A" of one value."""
    if len(values) < 2:
        return "N/A"
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
