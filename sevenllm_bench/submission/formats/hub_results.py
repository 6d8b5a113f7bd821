"""The Hub's `.eval_results/*.yaml` for a model's repository, through `huggingface_hub`'s own classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sevenllm_bench.data.hub import REVISION
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.figures.run_figures import Figure, dig, for_the_hub
from sevenllm_bench.submission.layout import HUB_RESULTS, safe_part


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
                task_id=figure.task_id,
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
    """How the run was made, in one line: shots, prompt, chat template, versions, and what the submitter adds."""
    task = _first_task(manifest)
    template = manifest["settings"]["chat_template"]
    parts = [
        f"{task.get('num_fewshot')}-shot",
        f"prompt {dig(task, 'prompt', 'name')} {dig(task, 'prompt', 'version')}",
        "no chat template" if template is None else f"chat template {str(template)[:12]}",
        f"lm-eval {manifest['settings']['lm_eval']}",
        f"sevenllm-bench {dig(task, 'signature', 'sevenllm_bench')}, task version {task.get('version')}",
    ]
    if manifest["model"]["source"] == "sevenllm-replay":
        parts.append("answers replayed from a file")
    notes = manifest["submission"]["notes"]
    return "; ".join([*parts, notes] if notes else parts)


def _first_task(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(iter(manifest["tasks"].values()), {})


def hub_path(manifest: Mapping[str, Any]) -> str:
    """Where the file stands in a bundle: one name for each way to run, since each has its own file in the repository."""
    task = _first_task(manifest)
    prompt, shots = dig(task, "prompt", "name"), task.get("num_fewshot")
    variant = "" if (prompt, shots) == ("alpaca", 0) else f"-{safe_part(str(prompt))}-{safe_part(str(shots))}shot"
    return f"{HUB_RESULTS}/sevenllm-bench{variant}.yaml"


def as_yaml(content: Any) -> str:
    """YAML as our files have it."""
    import yaml

    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1_000)
