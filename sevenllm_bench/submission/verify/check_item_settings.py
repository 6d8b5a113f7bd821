"""What results say of an encoder task beside its figures: who answered, its configuration, the versions of what made it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sevenllm_bench.data.hub import REPO_ID, REVISION
from sevenllm_bench.encoder_tasks.encoder_task import ENCODER_TASK_VERSION, LLM_TASKS
from sevenllm_bench.encoder_tasks.stress import noise_of
from sevenllm_bench.metrics.registry import ITEM_METRIC_VERSIONS, READING_VERSION
from sevenllm_bench.runs.encoder_records import EncoderTaskRun, ItemSample
from sevenllm_bench.runs.model_name import ENCODER_RUN_MODEL
from sevenllm_bench.runs.unknown import Unknown
from sevenllm_bench.runs.untrusted import dig
from sevenllm_bench.submission.verify.check_rows import source_of
from sevenllm_bench.submission.verify.findings import Finding, some, unconfirmed
from sevenllm_bench.submission.verify.json_differences import differences
from sevenllm_bench.text.display import printable


def check_item_settings(
    task: EncoderTaskRun, samples: Sequence[ItemSample], source: str | Unknown, results: Mapping[str, Any]
) -> Iterator[Finding]:
    """Everything of one task.

    Args:
        task: The task.
        samples: Its samples.
        source: lm-eval's type of the run's model.
        results: The results file.
    """
    yield from _output_type(task, source)
    yield from _configuration(task, samples, results)
    yield from _versions(task)


def _output_type(task: EncoderTaskRun, source: str | Unknown) -> Iterator[Finding]:
    """By whom it was answered: answers of encoders have no responses beside them that could be read again."""
    if task.output_type not in task.entry.output_types:
        why = f"{printable(task.output_type, 40)}, this task has {' or '.join(task.entry.output_types)}"
        yield Finding("results", task.task, "differs", f"configuration.output_type: {why}")
    elif task.output_type == "encoder" and source != ENCODER_RUN_MODEL:
        yield Finding("results", task.task, "differs", f"answers of an encoder, in a run of {printable(source, 40)}")


def _configuration(task: EncoderTaskRun, samples: Sequence[ItemSample], results: Mapping[str, Any]) -> Iterator[Finding]:
    """What the results say again of a task: its configuration, its name, and its number of documents."""
    config, row = dig(results, "configs", task.task), dig(results, "results", task.task)
    wanted: dict[str, Any] = {"task": task.task, "repeats": 1, "description": "", "num_fewshot": task.num_fewshot}
    if source_of(task) == "official" and task.entry.kind != "vulnerable-code":
        wanted |= {"dataset_path": REPO_ID, "dataset_kwargs": {"revision": REVISION}}
    wrong = [
        f"configuration.{key}"
        for key, own in wanted.items()
        if isinstance(config, dict) and key in config and list(differences(own, config[key], key))
    ]
    documents = sum(len(sample.rotations) or 1 for sample in samples)
    said = {"name": task.task, "sample_len": documents}
    wrong += [key for key, own in said.items() if isinstance(row, dict) and key in row and list(differences(own, row[key], key))]
    if isinstance(row, dict) and str(row.get("alias", task.task)).strip(" -") not in (task.task, f"{task.task} (embedded rows)"):
        wrong.append("alias")
    if wrong:
        yield Finding("results", task.task, "differs", f"not as in this package, or not as in the samples: {some(wrong, 6)}")


def _versions(task: EncoderTaskRun) -> Iterator[Finding]:
    if task.version != ENCODER_TASK_VERSION:
        why = f"task version {task.version}, this package has {ENCODER_TASK_VERSION}"
        yield unconfirmed("scores", task.task, "settings", why)
    versions = dig(task.signature, "metrics")
    for metric in task.entry.metrics:
        version = versions.get(metric) if isinstance(versions, dict) else None
        if version != ITEM_METRIC_VERSIONS[metric]:
            why = f"version {version!r}, this package has {ITEM_METRIC_VERSIONS[metric]}"
            yield unconfirmed("scores", f"{task.task} {metric}", "settings", why)
    for name, own in _settings_of(task).items():
        said = task.signature.get(name)
        if list(differences(own, said, name)):
            why = f"{name} {printable(said, 60)}, this package has {printable(own, 60)}"
            yield unconfirmed("scores", task.task, "settings", why)


def _settings_of(task: EncoderTaskRun) -> dict[str, Any]:
    """What the signature of a task for causal models must say of how answers are read and rows are made."""
    if task.entry not in LLM_TASKS:
        return {}
    found: dict[str, Any] = {"reading": READING_VERSION}
    if task.entry.kind == "stress":
        found["stress"] = noise_of(task.signature)
    return found
