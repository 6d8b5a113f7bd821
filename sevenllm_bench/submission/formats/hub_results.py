"""The Hub's `.eval_results/*.yaml` for a model's repository, through `huggingface_hub`'s own classes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from sevenllm_bench.catalog import KINDS, LANGUAGES, LEAVES
from sevenllm_bench.data.hub import REVISION
from sevenllm_bench.data.official import SHA256, SHA256_LF
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.figures.cells import ENCODER_LEVELS, HEADLINE_NAME
from sevenllm_bench.figures.figures import Figure
from sevenllm_bench.metrics.registry import ADDED_LATER, METRICS, OPTIONAL_FOR, SEMANTIC_METRICS
from sevenllm_bench.runs.inspect_record import SOURCE
from sevenllm_bench.runs.model_name import Identity, identity_of
from sevenllm_bench.runs.protocol import harness_words
from sevenllm_bench.runs.untrusted import dig
from sevenllm_bench.submission.layout import HUB_RESULTS, safe_part

#: lm-eval's model types that load a checkpoint as it is. Others may quantise or convert it, as openvino does.
_USUAL = frozenset({"hf", "hf-auto", "huggingface", "sevenllm-replay", SOURCE})


def hub_results(manifest: Mapping[str, Any], figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """The entries, one for each headline or section figure; empty where none qualifies (see `for_the_hub`).

    Args:
        manifest: The bundle's manifest.
        figures: All figures of the run.

    Raises:
        ConfigError: The installed huggingface_hub doesn't know the format, or refuses an entry.
    """
    try:
        from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml
    except ImportError:
        raise ConfigError("this huggingface_hub has no EvalResultEntry; pip install --upgrade huggingface_hub") from None
    declared = manifest["submission"]
    setup = setup_line(manifest)
    try:
        entries = [
            EvalResultEntry(
                dataset_id=declared["benchmark"],
                task_id=task_id(figure),
                value=figure.value,
                dataset_revision=REVISION if declared["benchmark"] == default_benchmark() else None,
                date=None if manifest["date"] == "unknown" else manifest["date"],
                source_url=declared["source_url"],
                notes=f"n={figure.rows}; {setup}",
            )
            for figure in for_the_hub(figures, manifest["tasks"])[0]
        ]
    except ValueError as error:
        raise ConfigError(f"huggingface_hub refuses an entry: {error}") from None
    return eval_result_entries_to_yaml(entries)


def default_benchmark() -> str:
    """The dataset that holds the benchmark, the authors' own."""
    from sevenllm_bench.data.hub import REPO_ID

    return REPO_ID


def setup_line(manifest: Mapping[str, Any]) -> str:
    """How the run was made, in one line: shots, prompt, chat template, what was done to the model, versions, notes."""
    task = _first_task(manifest)
    template = manifest["settings"]["chat_template"]
    parts = [
        f"{task.get('num_fewshot')}-shot",
        f"prompt {dig(task, 'prompt', 'name')} {dig(task, 'prompt', 'version')}",
        "no chat template" if template is None else f"chat template {str(template)[:12]}",
        *([] if manifest["model"]["source"] in _USUAL else [f"lm-eval model {manifest['model']['source']}"]),
        *([noted] if (noted := model_identity(manifest).noted) else []),
        harness_words(manifest["settings"]["lm_eval"]),
        f"sevenllm-bench {dig(task, 'signature', 'sevenllm_bench')}, task version {task.get('version')}",
    ]
    if manifest["model"]["source"] == "sevenllm-replay":
        parts.append("answers replayed from a file")
    notes = manifest["submission"]["notes"]
    return "; ".join([*parts, notes] if notes else parts)


def model_identity(manifest: Mapping[str, Any]) -> Identity:
    """What identifies the model, with the arguments that make another model of it."""
    return identity_of(dig(manifest, "model", "name"), dig(manifest, "model", "arguments"))


def model_name(manifest: Mapping[str, Any]) -> str:
    """The model's repository, or the name that it has in the run, each with what makes another model of it."""
    repository = manifest["submission"]["repository"]
    identity = model_identity(manifest)
    return identity.named(repository) if repository else identity.name


def _first_task(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(iter(manifest["tasks"].values()), {})


def hub_path(manifest: Mapping[str, Any]) -> str:
    """Where the file is in a bundle: one name for each way to run, since each has its own file in the repository."""
    task = _first_task(manifest)
    prompt, shots = dig(task, "prompt", "name"), task.get("num_fewshot")
    variant = "" if (prompt, shots) == ("alpaca", 0) else f"-{safe_part(str(prompt))}-{safe_part(str(shots))}shot"
    if changed := model_identity(manifest).variant:
        short = (
            safe_part(changed) if len(changed) <= 60 else f"{safe_part(changed[:50])}-{sha256(changed.encode()).hexdigest()[:8]}"
        )
        variant += f"-{short}"
    return f"{HUB_RESULTS}/sevenllm-bench{variant}.yaml"


def as_yaml(content: Any) -> str:
    """YAML as our files have it."""
    import yaml

    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1_000)


def task_id(figure: Figure) -> str:
    """The task id of a figure on the Hub, e.g. "en_mcq_acc", and "headline"."""
    return figure.id.replace(".", "_")


def hub_task_ids() -> tuple[str, ...]:
    """Every task id that can occur on the Hub: fixed, since a leaderboard keeps one ranking for each, the highest first."""
    ranked = {kind: tuple(name for name in METRICS[kind] if name not in ADDED_LATER) for kind in KINDS}
    kinds = {kind: (*ranked[kind], *(SEMANTIC_METRICS if kind in OPTIONAL_FOR else ())) for kind in KINDS}
    sections = [f"{language}_{kind}_{metric}" for kind in KINDS for language in LANGUAGES for metric in kinds[kind]]
    return (HEADLINE_NAME, *sections)


def for_the_hub(figures: Iterable[Figure], tasks: Mapping[str, Any]) -> tuple[list[Figure], dict[str, str]]:
    """Which figures enter the formats of the Hub, and why others don't.

    Headline and sections enter, over every official row, in [0, 1]; encoder tasks have no id there. A task id stands for
    one thing: semantic similarity enters with the default embedding model alone, and `judge`, whose scale is 1 to 5 and
    which depends on the judge, never.

    Args:
        figures: All figures.
        tasks: `tasks` of the manifest.

    Returns:
        The figures, and the id of each headline or section figure left out with the reason.
    """
    ids, own = set(hub_task_ids()), _official_tasks(tasks)
    why_none, semantic = _why_none(own), _has_default_embedding(own)
    chosen, left = [], {}
    for figure in figures:
        if figure.level != "task" and figure.level not in ENCODER_LEVELS:
            why = why_none or figure.why_partial or ("" if task_id(figure) in ids else "not on a fixed scale from 0 to 1")
            if not why and figure.metric in SEMANTIC_METRICS and not semantic:
                why = "not with the default embedding model"
            if figure.metric in ADDED_LATER:
                why = "no ranking there"
            if why:
                left[figure.id] = why
            else:
                chosen.append(figure)
    return chosen, left


def _official_tasks(tasks: Mapping[str, Any]) -> dict[str, Any]:
    official = {leaf.name: leaf.kind for leaf in LEAVES if leaf.is_official}
    return {name: task for name, task in tasks.items() if name in official}


def _why_none(tasks: Mapping[str, Any]) -> str:
    """Why no figure of the run can stand under a fixed task id."""
    if not tasks:
        return "no task with official rows was run"
    if any(dig(task, "signature", "data", "sha256") not in (SHA256, SHA256_LF) for task in tasks.values()):
        return "not run on the genuine data file"
    settings = {json.dumps([task.get("num_fewshot"), task.get("prompt"), task.get("version")]) for task in tasks.values()}
    return "its tasks differ in prompt, few-shot examples or version" if len(settings) > 1 else ""


def _has_default_embedding(tasks: Mapping[str, Any]) -> bool:
    from sevenllm_bench.encoders.sentence_embedder import DEFAULT_MODEL, DEFAULT_REVISION

    used = [dig(task, "signature", "embedding") for name, task in tasks.items() if not name.endswith("_mcq")]
    return bool(used) and all((dig(e, "model"), dig(e, "revision")) == (DEFAULT_MODEL, DEFAULT_REVISION) for e in used)
