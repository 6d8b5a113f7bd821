"""The model card of a trained encoder: what it was made from, how, and the results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from sevenllm_bench.finetune.encoder_training.encoder_sections import EncoderConfig
from sevenllm_bench.finetune.encoder_training.encoder_trainee import EncoderTrainee
from sevenllm_bench.finetune.output.card import datasets_of, folded, guard_note
from sevenllm_bench.finetune.output.run_folder import CARD
from sevenllm_bench.finetune.output.shown_paths import without_folders

#: What a kind of run makes, in words.
_MADE = {
    "encoder-mlm": "a masked language model, pre-trained further",
    "bi-encoder": "a bi-encoder: vectors of queries and texts, compared by cosine",
    "cross-encoder": "a cross-encoder: a score for a query and a text",
    "ner": "a tagger of entities",
    "code-classifier": "a classifier of functions",
}
#: How the checkpoint is loaded.
_LOADED = {
    "encoder-mlm": "from transformers import AutoModelForMaskedLM\n\nmodel = AutoModelForMaskedLM.from_pretrained(FOLDER)",
    "bi-encoder": "from sentence_transformers import SentenceTransformer\n\nmodel = SentenceTransformer(FOLDER)",
    "cross-encoder": "from sentence_transformers import CrossEncoder\n\nmodel = CrossEncoder(FOLDER)",
    "ner": (
        'from transformers import pipeline\n\ntagger = pipeline("token-classification", FOLDER, aggregation_strategy="simple")'
    ),
    "code-classifier": 'from transformers import pipeline\n\nclassifier = pipeline("text-classification", FOLDER)',
}


def write_encoder_card(folder: Path, config: EncoderConfig, trainee: EncoderTrainee[Any], report: Mapping[str, Any]) -> None:
    """Write README.md with the Hub's metadata.

    Args:
        folder: The checkpoint.
        config: The run.
        trainee: What was trained.
        report: "data" (sources, files, leak guard, counts) and "run" (steps, losses, figures, versions).
    """
    lines = [*_metadata(config, trainee, report["data"]), *_card(config, trainee, report)]
    (folder / CARD).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _metadata(config: EncoderConfig, trainee: EncoderTrainee[Any], data: Mapping[str, Any]) -> Iterator[str]:
    from huggingface_hub import ModelCardData

    local = config.model.place.is_folder
    content = ModelCardData(
        library_name=trainee.library,
        pipeline_tag=trainee.pipeline,
        language=list(config.data.languages) if config.kind != "code-classifier" else None,
        tags=["cybersecurity", "cyber-threat-intelligence", "sevenllm-bench"],
        base_model=None if local else config.model.base,
        base_model_relation=None if local else "finetune",
        datasets=datasets_of(data),
    )
    yield f"---\n{content.to_yaml()}\n---\n"


def _card(config: EncoderConfig, trainee: EncoderTrainee[Any], report: Mapping[str, Any]) -> Iterator[str]:
    data, run = report["data"], report["run"]
    yield f"# {Path(config.output).name}\n"
    yield from (f"> **{warning}.**\n" for warning in run["warnings"])
    commit = f" (revision {trainee.base.model.revision})" if trainee.base.model.revision else ""
    yield f"Trained from `{without_folders(config.model.base)}`{commit} for cyber threat intelligence: {_MADE[config.kind]}."
    if data.get("origin") == "embedded":
        yield "The training rows are a small set of sevenllm-bench's own writing: a demonstration, not a useful model."
    yield f"\n## Use it\n\n```python\n{_LOADED[config.kind]}\n```"
    yield f"\nIt reads {config.data.max_length:,} tokens."
    yield "\n## Training data\n"
    yield from _data(data)
    yield "\n## Training\n"
    yield from _training(config, run)
    yield "\n## Held-out examples\n"
    yield from _results(run)
    yield "\n## Licence\n"
    yield "The weights derive from the base and the data named above: their licences hold for it. None is given here."
    yield "\n## Configuration\n"
    yield from folded("All keys", f"```yaml\n{yaml.safe_dump(run['config'], allow_unicode=True, sort_keys=False)}```")
    yield "\n## Versions\n"
    yield ", ".join(f"{name} {number}" for name, number in run["versions"].items())


def _data(data: Mapping[str, Any]) -> Iterator[str]:
    if "corpus" in data:
        yield f"{data['corpus']} ({data['origin']}), sha256 `{data['sha256']}`. The full account is in `training_data.json`.\n"
    if "records of files" in data:
        files = data["records of files"]
        yield f"Files: {', '.join(files['files'])}, sha256 `{files['sha256']}`.\n"
    yield "| | |\n|---|---:|"
    for name, count in data_counts(data):
        yield f"| {name} | {count:,} |"
    yield f"\n{guard_note(data)}"


def data_counts(data: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """What was counted of the rows, the records of files and the examples, in words."""
    yield from ((f"rows: {name}", count) for name, count in data.items() if isinstance(count, int))
    files = data.get("records of files", {})
    yield from ((f"records of files: {name}", count) for name, count in files.items() if isinstance(count, int))
    yield from data["examples"].items()


def _training(config: EncoderConfig, run: Mapping[str, Any]) -> Iterator[str]:
    training = config.training
    batch = training.batch_size * training.accumulation * run["processes"]
    yield f"- {run['parameters']:,} parameters, {run['steps']:,} steps over {run['epochs']:.3g} epochs"
    yield f"- {batch:,} examples per step at most"
    yield f"- learning rate {training.learning_rate:g}, {training.scheduler}, warm-up {training.warmup:g}, seed {training.seed}"
    if run["training loss"] is not None:
        yield f"- training loss: {run['training loss']['mean']:.4f} (mean of the last {run['training loss']['steps']:,} steps)"
    yield f"- {run['processes']} x {run['device']}, at most {run['peak memory GiB']:.2f} GiB of memory in a process"


def _results(run: Mapping[str, Any]) -> Iterator[str]:
    before, after = run["held-out before"], run["held-out after"]
    if not after:
        yield "No examples were held out."
        return
    yield "Of incidents that were not trained on. The benchmark itself was not looked at in training.\n"
    yield "| | before | after |\n|---|---:|---:|"
    for name, value in after.items():
        yield f"| {name} | {before[name]:.4f} | {value:.4f} |" if name in before else f"| {name} | | {value:.4f} |"
