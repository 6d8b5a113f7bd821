"""Encoders' answers as a results file with samples, in the layout of lm-eval, so that every command reads them as a run."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.encoder_runs.task_outcome import TaskOutcome
from sevenllm_bench.encoder_tasks.encoder_task import ENCODER_TASK_VERSION
from sevenllm_bench.encoder_tasks.item_document import to_item_document
from sevenllm_bench.encoder_tasks.task_scoring import further_figures, score_items
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.secrets import without_secrets
from sevenllm_bench.metrics.signature import encoder_signature
from sevenllm_bench.runs.model_name import ENCODER_RUN_MODEL, local_arguments
from sevenllm_bench.runs.run_block import KEY, RunBlock


@dataclass(frozen=True, slots=True)
class EncoderRun:
    """What ran.

    Attributes:
        model: Name of the model, or of the models of a pipeline in their order.
        arguments: What was asked of it: "pretrained", "revision", "kind", "long_texts" …
        sha: Commit of the checkpoint, where it is known.
        limit: Items per task that the run was cut to; None for all.
        outcomes: What it answered, by task.
        items_in_all: Task name to the number of its items without limit.
        began: Seconds since 1970.
        further: Further parts of the results file: probes, MTEB's own results.
    """

    model: str
    arguments: Mapping[str, Any]
    sha: str | None
    limit: int | None
    outcomes: Sequence[TaskOutcome]
    items_in_all: Mapping[str, int]
    began: float
    further: Mapping[str, Any] = field(default_factory=dict)


def write_run(run: EncoderRun, benchmark: Benchmark, folder: Path) -> Path:
    """Write the results file and a samples file per task into a folder.

    Args:
        run: What ran.
        benchmark: The rows that its items are of.
        folder: Made where it isn't there.

    Returns:
        The results file.

    Raises:
        ConfigError: The folder can't be written to.
    """
    stamp = datetime.fromtimestamp(run.began, UTC).strftime("%Y-%m-%dT%H-%M-%S.%f")
    scored = [(outcome, score_items(outcome.task, outcome.items, outcome.answers)) for outcome in run.outcomes]
    results = folder / f"results_{stamp}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for outcome, values in scored:
            with (folder / f"samples_{outcome.task.name}_{stamp}.jsonl").open("w", encoding="utf-8", newline="\n") as file:
                for record in _samples(outcome, values):
                    file.write(json.dumps(record, ensure_ascii=True, allow_nan=False) + "\n")
        content = json.dumps(_results(run, benchmark, scored), ensure_ascii=True, indent=2, allow_nan=False)
        results.write_text(content + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{folder}: the results can't be written ({error.strerror or error})") from None
    return results


def _samples(outcome: TaskOutcome, values: Sequence[Mapping[str, float]]) -> Iterator[dict[str, Any]]:
    for place, (item, answer, own) in enumerate(zip(outcome.items, outcome.answers, values, strict=True)):
        yield {"doc_id": place, "doc": to_item_document(item), "answer": answer, "metrics": list(own), **own}


def _results(
    run: EncoderRun, benchmark: Benchmark, scored: Sequence[tuple[TaskOutcome, Sequence[Mapping[str, float]]]]
) -> dict[str, Any]:
    names = [outcome.task.name for outcome, _ in scored]
    arguments = without_secrets({key: value for key, value in run.arguments.items() if value is not None})
    return {
        "results": {outcome.task.name: _figures(outcome, values) for outcome, values in scored},
        "group_subtasks": {},
        "configs": {outcome.task.name: _config(outcome, benchmark, arguments) for outcome, _ in scored},
        "versions": dict.fromkeys(names, ENCODER_TASK_VERSION),
        "n-shot": dict.fromkeys(names, 0),
        "higher_is_better": {outcome.task.name: dict.fromkeys(outcome.task.metrics, True) for outcome, _ in scored},
        "n-samples": {
            outcome.task.name: {"original": run.items_in_all[outcome.task.name], "effective": len(outcome.items)}
            for outcome, _ in scored
        },
        "config": {
            "model": ENCODER_RUN_MODEL,
            "model_args": arguments,
            "model_revision": run.arguments.get("revision"),
            "model_sha": run.sha or "",
            "limit": run.limit,
            "bootstrap_iters": 0,
        },
        "date": run.began,
        "system_instruction": None,
        "system_instruction_sha": None,
        "fewshot_as_multiturn": None,
        "chat_template": None,
        "chat_template_sha": None,
        "model_source": ENCODER_RUN_MODEL,
        "model_name": run.model,
        "sevenllm_bench_version": __version__,
        "transformers_version": version("transformers"),
        "total_evaluation_time_seconds": str(time.time() - run.began),
        **run.further,
    }


def _figures(outcome: TaskOutcome, values: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": outcome.task.name, "alias": outcome.task.name, "sample_len": len(values)}
    for metric in outcome.task.metrics:
        column = [own[metric] for own in values if metric in own]
        if column:
            mean = math.fsum(column) / len(column)
            found[f"{metric},none"] = mean
            found[f"{metric}_stderr,none"] = _error(column, mean)
    return found


def _error(column: Sequence[float], mean: float) -> float | str:
    """Standard error of the mean; "N/A" for one item, as lm-eval writes it."""
    if len(column) < 2:
        return "N/A"
    return math.sqrt(math.fsum((value - mean) ** 2 for value in column) / (len(column) - 1) / len(column))


def _config(outcome: TaskOutcome, benchmark: Benchmark, arguments: Mapping[str, Any]) -> dict[str, Any]:
    task = outcome.task
    signature = encoder_signature(task.metrics, task.language, benchmark.description, method=dict(outcome.method))
    further = further_figures(outcome.task, outcome.items, outcome.answers)
    block = RunBlock(signature, local=local_arguments(arguments), cost=outcome.cost, notes=outcome.notes, further=further)
    metadata = {"version": ENCODER_TASK_VERSION, KEY: block.as_json()}
    listed = [{"metric": metric, "aggregation": "mean", "higher_is_better": True} for metric in outcome.task.metrics]
    return {"task": outcome.task.name, "output_type": "encoder", "metric_list": listed, "num_fewshot": 0, "metadata": metadata}
