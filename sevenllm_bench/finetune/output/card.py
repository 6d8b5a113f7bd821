"""The model card of a finished checkpoint: what it was made from, how, and the results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from sevenllm_bench.corpus.leaks import NOT_FOUND
from sevenllm_bench.corpus.source.sources import INSTRUCT
from sevenllm_bench.data.hub import REPO_ID
from sevenllm_bench.finetune.encoding.source_account import SOURCE_COLUMNS, source_table
from sevenllm_bench.finetune.kernels.kernel_check import described
from sevenllm_bench.finetune.output.evaluation import Evaluation
from sevenllm_bench.finetune.output.run_folder import CARD
from sevenllm_bench.finetune.output.shown_paths import without_folders
from sevenllm_bench.finetune.settings.config import FinetuneConfig


def write_card(folder: Path, config: FinetuneConfig, report: Mapping[str, Any]) -> None:
    """Write README.md with the Hub's metadata.

    Args:
        folder: The checkpoint.
        config: The run.
        report: "data" (of `prepare`), "attention" (of `settle_attention`), "run" (steps, losses, metrics, versions).
    """
    (folder / CARD).write_text("\n".join(_card(config, report)) + "\n", encoding="utf-8")


def merged_card(card: str, of_adapters: Evaluation, trust_remote_code: bool = False) -> str:
    """The card of adapters, as that of the model that they were merged into.

    Args:
        card: The adapters' card.
        of_adapters: How the adapters are evaluated.
        trust_remote_code: Whether the one who merged them allowed code of the base's repository.
    """
    merged = of_adapters.merged(trust_remote_code)
    text = card.replace("base_model_relation: adapter", "base_model_relation: finetune").replace(f"{_FOLDER_NOTE}\n", "")
    text = text.replace("library_name: peft", "library_name: transformers").replace(_ADAPTER_NOTE, _MERGED_NOTE)
    return text.replace(of_adapters.command(_ADAPTERS), merged.command(_THIS_FOLDER))


_THIS_FOLDER, _ADAPTERS = "THIS_FOLDER", "ADAPTERS"
_ADAPTER_NOTE = "These are LoRA adapters, to be used with their base."
_MERGED_NOTE = "LoRA adapters, merged into their base."
_FOLDER_NOTE = (
    "ADAPTERS is a folder: download the adapters first, since lm-eval would look for a repository at the base's revision."
)
_COMMAND = "## Evaluate it\n"


def _card(config: FinetuneConfig, report: Mapping[str, Any]) -> Iterator[str]:
    data, run = report["data"], report["run"]
    yield from _metadata(config, data)
    yield f"# {Path(config.output).name}\n"
    yield from (f"> **{warning}.**\n" for warning in run["warnings"])
    base = without_folders(config.model.base)
    yield f"Fine-tuned from `{base}`{_revision(config)} for cyber threat intelligence on {data['corpus']}."
    if config.training.method != "full":
        yield _ADAPTER_NOTE
    if config.model.adapter:
        earlier = without_folders(config.model.adapter)
        yield f"They were trained further from the adapters in `{earlier}`, with the rank and targets of those."
    if config.model.gguf_file:
        yield f"The base's weights were read from `{without_folders(config.model.gguf_file)}`."
    if data["origin"] == "embedded":
        yield "The training rows are a small set of sevenllm-bench's own writing: a demonstration, not a useful model."
    yield f"\n{_COMMAND}"
    yield from _how_to_evaluate(config)
    yield "\n## Training data\n"
    yield from _data(data)
    yield "\n## Training\n"
    yield from _training(config, run)
    yield f"- {described(report['attention'])}"
    yield "\n## Held-out loss and metrics\n"
    yield from _results(run)
    yield "\n## Configuration\n"
    yield from folded("All keys", f"```yaml\n{yaml.safe_dump(run['config'], allow_unicode=True, sort_keys=False)}```")
    yield "\n## Versions\n"
    yield ", ".join(f"{name} {number}" for name, number in run["versions"].items())


def _metadata(config: FinetuneConfig, data: Mapping[str, Any]) -> Iterator[str]:
    local = Path(config.model.base).expanduser().is_dir()
    from huggingface_hub import ModelCardData

    content = ModelCardData(
        library_name="transformers" if config.training.method == "full" else "peft",
        pipeline_tag="text-generation",
        language=list(config.data.languages),
        tags=["cybersecurity", "cyber-threat-intelligence", "sevenllm-bench"],
        base_model=None if local else config.model.base,
        base_model_relation=None if local else "finetune" if config.training.method == "full" else "adapter",
        datasets=datasets_of(data),
    )
    yield f"---\n{content.to_yaml()}\n---\n"


def datasets_of(data: Mapping[str, Any]) -> list[str] | None:
    """Data sets of the Hub that were trained on."""
    trained = [source for source in data["sources"] if source["role"] == "train" and source["origin"] == "hub"]
    return [REPO_ID if source["source"] == INSTRUCT else source["source"] for source in trained] or None


def _revision(config: FinetuneConfig) -> str:
    return f" (revision {config.model.revision})" if config.model.revision else ""


def _how_to_evaluate(config: FinetuneConfig) -> Iterator[str]:
    command = Evaluation.of(config).command(_THIS_FOLDER if config.training.method == "full" else _ADAPTERS)
    chat = "in its chat format" if config.data.chat else "without a chat format"
    yield f"```\n{command}\n```"
    yield f"\nIt was trained on the prompt `{config.data.style.name}`, {chat}."
    if config.training.method != "full":
        yield _FOLDER_NOTE


def _data(data: Mapping[str, Any]) -> Iterator[str]:
    yield f"{data['corpus']} ({data['origin']}), sha256 `{data['sha256']}`. The full account is in `training_data.json`.\n"
    yield "| | rows |\n|---|---:|"
    yield f"| lines in the file | {data['lines']:,} |"
    for name, count in data.items():
        if isinstance(count, int) and name != "lines":
            yield f"| {name} | {count:,} |"
    for part, title in (("fitting", ""), ("held-out fitting", "held out, ")):
        for name, entry in data[part].items():
            yield f"| {title}{name} | {entry['rows']:,} |"
    yield ""
    yield guard_note(data)
    sizes = data["training"]
    yield f"\n{sizes['examples']:,} examples, {sizes['tokens']:,} tokens, {sizes['label tokens']:,} of them with loss.\n"
    if len(data["sources"]) > 1:
        yield from _sources(data["sources"])
    if others := data.get("other languages"):
        what = "left out" if "in other languages, left out" in data else "trained on, too"
        counts = ", ".join(f"{language} {count:,}" for language, count in others.items())
        yield f"In other languages than English and Chinese, {what}: {counts}.\n"
    cells = ["| language/task | rows | as trained |\n|---|---:|---:|"]
    for cell, count in data["cells"].items():
        cells.append(f"| {cell} | {data['cells before balancing'].get(cell, 0):,} | {count:,} |")
    yield from folded("Rows of each language and task", "\n".join(cells))


def folded(title: str, content: str) -> Iterator[str]:
    """What is long and read by few: the Hub shows its title alone until it is opened."""
    yield f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def _sources(sources: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield f"| {' | '.join(SOURCE_COLUMNS)} |\n|---|{'---:|' * (len(SOURCE_COLUMNS) - 1)}"
    yield from (f"| {' | '.join(line)} |" for line in source_table(sources))
    yield ""


def guard_note(data: Mapping[str, Any]) -> str:
    """What the training rows were kept apart from; of the report "leak guard" and "benchmark sha256"."""
    if data["leak guard"] == "off":
        return "**The leak guard was off**: rows of the benchmark may be among the training rows."
    if data["leak guard"] == "embedded":
        return f"Kept apart from sevenllm-bench's embedded test rows only, not from the official benchmark. {NOT_FOUND}"
    return f"Kept apart from SEvenLLM-Bench (sha256 `{data['benchmark sha256']}`) and from the embedded test rows. {NOT_FOUND}"


def _training(config: FinetuneConfig, run: Mapping[str, Any]) -> Iterator[str]:
    training = config.training
    yield f"- objective: {config.data.objective}; loss on the completion only, the end of sequence included"
    yield f"- method: {_method(config)}, {run['steps']:,} steps over {run['epochs']:.3g} epochs"
    batch = training.batch_size * training.accumulation * run["processes"]
    packed = "packed sequences" if config.data.packing else "examples"
    yield f"- {batch:,} {packed} of at most {config.data.max_length:,} tokens per step, processes: {run['processes']}"
    yield f"- learning rate {training.learning_rate:g}, {training.scheduler}, warm-up {training.warmup:g}, seed {training.seed}"
    last, published = run["training loss"], run["published"]
    if last is not None:
        over = f"mean of the last {last['steps']:,} steps, {last['label tokens']:,} label tokens"
        yield f"- training loss: {last['mean']:.4f} nats per label token ({over})"
    yield f"- published: step {published['step']:,}, {published['why']}"
    if run["tokens per second"]:
        yield f"- {run['tokens per second']:,.0f} tokens per second on {run['processes']} x {run['device']}, {_peak(run)}"


def _method(config: FinetuneConfig) -> str:
    """With the adapters' settings, where they are those of the configuration."""
    lora, method = config.lora, config.training.method
    if method == "full" or config.model.adapter:
        return method
    variants = [name for name, is_on in (("DoRA", lora.dora), ("rsLoRA", lora.rslora)) if is_on]
    return f"{method} ({', '.join([*variants, f'rank {lora.rank}', f'alpha {lora.alpha:g}'])})"


def _peak(run: Mapping[str, Any]) -> str:
    memory = "the GPU's memory" if run["device"] == "cuda" else "memory"
    return f"at most {run['peak memory GiB']:.2f} GiB of {memory} in a process"


def _results(run: Mapping[str, Any]) -> Iterator[str]:
    before, after = run["held-out before"], run["held-out after"]
    if not after:
        yield "No rows were held out."
        return
    yield "Loss is in nats per label token. The benchmark itself was not looked at in training.\n"
    yield "| | before | after |\n|---|---:|---:|"
    for name, value in after.items():
        earlier = f"{before[name]:.4f}" if name in before else ""
        yield f"| {name} | {earlier} | {value:.4f} |"
