"""The pages of tasks: a task's figures, and its rows with every run's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.catalog import KINDS, LANGUAGES, Leaf
from sevenllm_bench.figures.vocabulary import KIND_NAMES, LANGUAGE_NAMES
from sevenllm_bench.io.progress import tracked
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.pages.report.answer_examples import examples, main_value
from sevenllm_bench.pages.report.score_views import Figures
from sevenllm_bench.pages.site import Site
from sevenllm_bench.runs.records import LeafRun, Run


@dataclass(frozen=True, slots=True)
class WrittenTasks:
    """What was written.

    Attributes:
        size: Bytes.
        left_out: Rows without a place in a page, see `examples`.
    """

    size: int
    left_out: int


def write_task_pages(
    site: Site, runs: Sequence[Run], tasks: Sequence[LeafRun], most_examples: int, shared: Mapping[str, Any]
) -> WrittenTasks:
    """Write a page for each task.

    Args:
        site: Where to write.
        runs: The runs of the report.
        tasks: The tasks, see `tasks_of`.
        most_examples: Rows in a page.
        shared: What all templates of the report are given.
    """
    size = left_out = 0
    for place, leaf in enumerate(tracked(tasks, "writing the tasks' pages")):
        found = examples(runs, leaf.task, most_examples)
        left_out += found.in_all - len(found.shown)
        around: dict[str, Any] = {
            "before": tasks[place - 1] if place else None,
            "after": tasks[place + 1] if place + 1 < len(tasks) else None,
        }
        values = _task_values(leaf, shared["figures"])
        size += site.page(f"tasks/{leaf.task}.html", "task.html", **shared, **around, **values, found=found)
    return WrittenTasks(size, left_out)


def tasks_of(runs: Sequence[Run]) -> list[LeafRun]:
    """Every task that a run has, in the catalogue's order."""
    first: dict[str, LeafRun] = {}
    for run in runs:
        for name, leaf in run.leaves.items():
            first.setdefault(name, leaf)
    kinds, languages = list(KINDS), list(LANGUAGES)

    def place(leaf: LeafRun) -> tuple[Any, ...]:
        of = leaf.leaf
        return (
            not leaf.is_default,
            languages.index(of.language),
            kinds.index(of.kind),
            of.task.number if of.task else 0,
            leaf.task,
        )

    return sorted(first.values(), key=place)


def title_of(leaf: Leaf) -> tuple[str, str]:
    """English and Chinese title of a leaf."""
    return (leaf.task.name, leaf.task.name_zh) if leaf.task else ("Multiple choice", "选择题")


def _task_values(leaf: LeafRun, figures: Figures) -> dict[str, Any]:
    name, name_zh = title_of(leaf.leaf)
    return {
        "title": f"{name}, {LANGUAGE_NAMES[leaf.leaf.language]}",
        "name": name,
        "name_zh": name_zh,
        "leaf": leaf,
        "title_of": title_of,
        "language_names": LANGUAGE_NAMES,
        "kind_name": KIND_NAMES[leaf.leaf.kind],
        "main": HEADLINE[leaf.leaf.kind],
        "main_value": main_value,
        "metrics": figures.metrics("task", leaf.task),
    }
