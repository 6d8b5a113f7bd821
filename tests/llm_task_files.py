"""Adds multiple choice in every rotation, and rows with noise, to the files of a run as lm-eval 0.4.13 writes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from run_files import STAMP
from submission_files import GENERATION, task_hash, with_hashes, write_lines

from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.data.rows import Row
from sevenllm_bench.encoder_tasks.encoder_task import ENCODER_TASK_VERSION, EncoderTask, Item, encoder_task_by_name
from sevenllm_bench.encoder_tasks.item_document import to_item_document
from sevenllm_bench.encoder_tasks.mcq_circular import rotated
from sevenllm_bench.encoder_tasks.stress import row_of
from sevenllm_bench.encoder_tasks.task_scoring import further_figures, items_of, score_items
from sevenllm_bench.metrics.registry import READING_VERSION
from sevenllm_bench.metrics.signature import encoder_signature
from sevenllm_bench.prompts import STYLES, render

#: A rotation as a row to the letter of the answer; a row with noise to the answer.
Answer = Callable[[Row], str]


def add_llm_tasks(results: Path, benchmark: Benchmark, letter: Answer | None, text: Answer | None) -> Path:
    """Add the tasks of both languages; returns the results file.

    Args:
        results: The results file of a run.
        benchmark: The rows.
        letter: Answers of multiple choice; None for a run without it.
        text: Answers to rows with noise; None for a run without them.
    """
    content = json.loads(results.read_text(encoding="utf-8"))
    for language in ("en", "zh"):
        for kind, answer in (("mcq-circular", letter), ("stress", text)):
            task = encoder_task_by_name(f"sevenllm-{language}-{kind}")
            assert task is not None
            if answer:
                _add(content, results.parent, task, benchmark, answer)
    results.write_text(json.dumps(content), encoding="utf-8")
    return results


def _add(content: dict[str, Any], folder: Path, task: EncoderTask, benchmark: Benchmark, answer: Answer) -> None:
    parts = {"stress": {"version": 1, "seed": 0}} if task.kind == "stress" else {}
    style = STYLES["alpaca"]
    signature = encoder_signature(task.metrics, task.language, benchmark.description, **parts)
    signature |= {"reading": READING_VERSION, "prompt": {"name": style.name, "version": style.version, "sha256": style.sha256}}
    items = items_of(task, benchmark, signature)
    asked = [_rows(task, item) for item in items]
    replies = [[answer(row) for row in rows] for rows in asked]
    answers = [own if task.documents_per_item > 1 else own[0] for own in replies]
    lines = [
        _line(task, item, rotation, row, reply)
        for item, rows, own in zip(items, asked, replies, strict=True)
        for rotation, (row, reply) in enumerate(zip(rows, own, strict=True))
    ]
    write_lines(folder / f"samples_{task.name}_{STAMP}.jsonl", lines)
    values = score_items(task, items, answers)
    figures = {name: [own[name] for own in values if name in own] for name in task.metrics}
    block = {"signature": signature, "further": dict(further_figures(task, items, answers))}
    content["results"][task.name] = {f"{name},none": sum(own) / len(own) for name, own in figures.items() if own}
    content["configs"][task.name] = {
        "task": task.name,
        "num_fewshot": 0,
        "output_type": "generate_until",
        "generation_kwargs": GENERATION,
        "repeats": 1,
        "metadata": {"version": ENCODER_TASK_VERSION, "sevenllm": block},
    }
    content["versions"][task.name], content["n-shot"][task.name] = ENCODER_TASK_VERSION, 0
    content["n-samples"][task.name] = {"original": len(lines), "effective": len(lines)}
    content["task_hashes"][task.name] = task_hash(lines)


def _rows(task: EncoderTask, item: Item) -> Sequence[Row]:
    """What an item asks: its four rotations, or its row with noise."""
    if task.documents_per_item > 1:
        return [rotated(item, rotation) for rotation in range(task.documents_per_item)]
    row = row_of(item)
    assert row is not None
    return [row]


def _line(task: EncoderTask, item: Item, rotation: int, row: Row, reply: str) -> dict[str, Any]:
    """A line of a samples file; of a rotation, `circular_acc` is whether it is right."""
    circular = task.documents_per_item > 1
    right = float(reply == row.output)
    values = {"circular_acc": right, "acc": right, "answered": 1.0} if circular else score_items(task, [item], [reply])[0]
    doc = to_item_document(item) | ({"rotation": rotation} if circular else {})
    return with_hashes(
        {
            "doc_id": item.id,
            "doc": doc,
            "target": row.reference_text,
            "arguments": {"gen_args_0": {"arg_0": render(row, STYLES["alpaca"]), "arg_1": GENERATION}},
            "resps": [[reply]],
            "filtered_resps": [reply],
            "filter": "none",
            "metrics": list(values),
            **values,
        }
    )
