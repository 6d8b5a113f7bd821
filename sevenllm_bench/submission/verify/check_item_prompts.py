"""The prompts that causal models were sent in encoder tasks, against those that the package generates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoder_tasks.stress import row_of
from sevenllm_bench.encoder_tasks.task_scoring import items_of, rotated_row
from sevenllm_bench.encoder_tasks.vulnerable_code import vulnerable_option
from sevenllm_bench.prompts import STYLES, PromptStyle, entity_prompt, render, render_code, render_entities
from sevenllm_bench.runs.encoder_records import EncoderTaskRun, ItemSample
from sevenllm_bench.runs.records import Run
from sevenllm_bench.submission.verify.check_rows import Benchmarks, source_of
from sevenllm_bench.submission.verify.findings import Finding, some, unconfirmed

#: An item's id and the number of its document: the rotation of a question in several, 0 for others.
_Key = tuple[int, int]


def check_item_prompts(run: Run, benchmarks: Benchmarks, system: str | None = None) -> Iterator[Finding]:
    """Every prompt of the encoder tasks that lm-eval ran.

    Without a chat template and examples they are known to the last character; with them, the generated prompt must be in what
    was sent, and what stands around it can't be confirmed.

    Args:
        run: The run.
        benchmarks: The rows by source.
        system: The system instruction, where the results have its text.
    """
    for name, task in run.encoder_tasks.items():
        samples = [sample for sample in run.item_samples if sample.task == name]
        if (task.output_type == "encoder" and "encoder" in task.entry.output_types) or not samples:
            continue
        style = style_of(task.entry, task.prompt)
        if style is None:
            named = f"prompt {task.prompt.get('name')!r}, version {task.prompt.get('version')!r}" if task.prompt else "no prompt"
            yield unconfirmed("prompts", name, "prompts", f"the results name {named}, which this package can't generate")
        else:
            wanted = _prompts(task.entry, benchmarks[source_of(task)], style, task.signature)
            is_whole = task.num_fewshot == 0 and run.settings.chat_template is None
            sent = {key: prompt for key, prompt in _sent(samples).items() if key in wanted}
            yield _compared(task, sent, wanted, system or "", is_whole)


def style_of(entry: EncoderTask, said: Mapping[str, Any]) -> PromptStyle | None:
    """The style of prompt that results name; None for one that this package doesn't have.

    Args:
        entry: The task.
        said: `prompt` of the task.
    """

    def named(style: PromptStyle) -> Mapping[str, Any]:
        if entry.kind == "entities":
            return entity_prompt(str(entry.language), style)
        return {"name": style.name, "version": style.version, "sha256": style.sha256}

    return next((style for style in STYLES.values() if all(said.get(key) == own for key, own in named(style).items())), None)


def _prompts(entry: EncoderTask, benchmark: Benchmark, style: PromptStyle, signature: Mapping[str, Any]) -> dict[_Key, str]:
    """Item's id and rotation (0 where there is one document only) to the prompt."""

    def prompt(item: Item, rotation: int) -> str:
        if entry.documents_per_item > 1:
            return render(rotated_row(item, rotation), style)
        if entry.kind == "entities":
            return render_entities(item.document["text"], str(entry.language), style)
        if entry.kind == "vulnerable-code":
            return render_code(item.document["func"], style, vulnerable_first=vulnerable_option(item) == 0)
        if entry.kind == "stress":
            return render(row_of(item) or benchmark.by_id[item.id], style)
        return render(benchmark.by_id[item.id], style)

    items = items_of(entry, benchmark, signature)
    return {(item.id, number): prompt(item, number) for item in items for number in range(entry.documents_per_item)}


def _sent(samples: Sequence[ItemSample]) -> dict[_Key, str | None]:
    """Item's id and rotation to what was sent."""
    return {
        (sample.id, number): prompt for sample in samples for number, prompt in (sample.rotations or {0: sample.prompt}).items()
    }


def _compared(
    task: EncoderTaskRun, sent: Mapping[_Key, str | None], wanted: Mapping[_Key, str], system: str, is_whole: bool
) -> Finding:
    unknown = [key for key, prompt in sent.items() if prompt is None]
    changed = [key for key, prompt in sent.items() if prompt is not None and not _is_of(prompt, wanted[key], system, is_whole)]
    if changed:
        ids = list(dict.fromkeys(number for number, _ in changed))
        return Finding("prompts", task.task, "differs", f"{len(changed)} prompts are not the generated ones: items {some(ids)}")
    if unknown:
        return unconfirmed("prompts", task.task, "prompts", f"{len(unknown)} samples have no prompt")
    if not is_whole:
        why = "what stands around it can't be confirmed (examples or a chat template)"
        return unconfirmed("prompts", task.task, "prompts", f"{len(sent)} prompts contain the generated one; {why}")
    return Finding("prompts", task.task, "confirmed", f"{len(sent)} prompts")


def _is_of(prompt: str, own: str, system: str, is_whole: bool) -> bool:
    if not is_whole:
        return own.strip() in prompt
    return prompt in {own, *(system + between + own for between in ("", "\n", "\n\n"))} if system else prompt == own
