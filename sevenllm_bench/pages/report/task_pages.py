"""The pages of tasks: a task's figures, and its rows with every run's answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sevenllm_bench.catalog import KINDS, LANGUAGES, Leaf
from sevenllm_bench.encoder_tasks.encoder_task import ENCODER_TASKS, ITEM_TASKS, EncoderTask
from sevenllm_bench.figures.circular_baselines import circular_baselines_of
from sevenllm_bench.figures.mcq_baselines import baselines_by_language
from sevenllm_bench.figures.vocabulary import KIND_NAMES, LANGUAGE_NAMES, leaf_title, task_title
from sevenllm_bench.io.progress import tracked
from sevenllm_bench.metrics.registry import HEADLINE, LOWER_IS_BETTER
from sevenllm_bench.pages.report.explorer import MARGIN, PAGE_OF_ROWS, Explorer, key_of
from sevenllm_bench.pages.report.item_rows import ItemsByTask, explore_items, item_samples_by_task
from sevenllm_bench.pages.report.score_views import Figures
from sevenllm_bench.pages.report.task_rows import SamplesByTask, explore_task, samples_by_task
from sevenllm_bench.pages.report.trust_section import trust_parts
from sevenllm_bench.pages.site import Site
from sevenllm_bench.runs.records import LeafRun, Run


@dataclass(frozen=True, slots=True)
class WrittenTasks:
    """What was written.

    Attributes:
        pages: Number of pages.
        size: Bytes.
        left_out: Rows without a place in a page.
    """

    pages: int
    size: int
    left_out: int


def write_task_pages(
    site: Site, runs: Sequence[Run], tasks: Sequence[LeafRun], most: int | None, shared: Mapping[str, Any]
) -> WrittenTasks:
    """Write a page for each task, and for each task of encoders.

    Args:
        site: Where to write.
        runs: The runs of the report.
        tasks: The tasks, see `tasks_of`.
        most: Rows in a page at most; None for all.
        shared: What all templates of the report are given.
    """
    pages = size = left_out = 0
    found = chain(_row_pages(runs, tasks, most, shared["figures"]), _item_pages(runs, most))
    names = [*(leaf.task for leaf in tasks), *(task.name for task in encoder_pages_of(runs))]
    site.expect(f"tasks/{name}.{ending}" for name in names for ending in ("js", "html"))
    for name, template, explorer, values in tracked(found, "writing the tasks' pages", len(names)):
        pages, left_out = pages + 1, left_out + explorer.in_all - len(explorer.rows)
        # The texts first: a page never lacks them.
        size += site.write_bytes(f"tasks/{name}.js", explorer.script())
        trust = trust_parts(runs, shared["comparison"], name)
        size += site.page(f"tasks/{name}.html", template, **{**shared, **_of_explorer(explorer, name), **values, "trust": trust})
    return WrittenTasks(pages, size, left_out)


#: A page to write: its name, its template, its rows, what else the template shows.
_Page = tuple[str, str, Explorer, dict[str, Any]]


def _row_pages(runs: Sequence[Run], tasks: Sequence[LeafRun], most: int | None, figures: Figures) -> Iterator[_Page]:
    by_run = [samples_by_task(run) for run in runs]
    for place, leaf in enumerate(tasks):
        explorer = explore_task(by_run, leaf.task, leaf.leaf, most)
        name, name_zh = title_of(leaf.leaf)
        first = next((own[leaf.task] for own in by_run if own.get(leaf.task)), {})
        yield (
            leaf.task,
            "task.html",
            explorer,
            {
                "title": f"{name}, {LANGUAGE_NAMES[leaf.leaf.language]}",
                "name": name,
                "name_zh": name_zh,
                "leaf": leaf,
                "language_names": LANGUAGE_NAMES,
                "kind_name": KIND_NAMES[leaf.leaf.kind],
                "metrics": figures.metrics("task", leaf.task),
                "lower_is_better": LOWER_IS_BETTER,
                "counts": _counts(runs, by_run, leaf.task),
                "counted": _counted(runs, by_run, leaf, figures),
                "without_knowledge": _without_knowledge(by_run, leaf.task),
                "own_rows": any(sample.row.source == "embedded" for sample in first.values()),
                **_neighbours([(one.task, f"{title_of(one.leaf)[0]}, {one.leaf.language}") for one in tasks], place),
            },
        )


def _item_pages(runs: Sequence[Run], most: int | None) -> Iterator[_Page]:
    by_run = [item_samples_by_task(run) for run in runs]
    tasks = encoder_pages_of(runs)
    for place, task in enumerate(tasks):
        yield (
            task.name,
            "encoder_task.html",
            explore_items(by_run, task, most),
            {
                "title": task_title(task),
                "task": task,
                "encoders_can": task in ENCODER_TASKS,
                "metrics": task.metrics,
                "counts": _counts(runs, by_run, task.name),
                "without_knowledge": [own.words for own in circular_baselines_of(runs, task.name)],
                **_neighbours([(one.name, task_title(one)) for one in tasks], place),
            },
        )


def _without_knowledge(by_run: Sequence[SamplesByTask], task: str) -> list[str]:
    """What programs without knowledge score on a task's multiple choice, as `score` says it; nothing for other tasks."""
    rows = {sample.id: sample.row for own in by_run for sample in own.get(task, {}).values() if sample.kind == "mcq"}
    return [baselines.words for baselines in baselines_by_language(list(rows.values()))]


def _counts(runs: Sequence[Run], by_run: Sequence[SamplesByTask | ItemsByTask], task: str) -> list[int | None]:
    """Each run's number of samples of a task; None where it didn't run it."""
    return [len(own.get(task, ())) if task in run.tasks else None for run, own in zip(runs, by_run, strict=True)]


def _counted(runs: Sequence[Run], by_run: Sequence[SamplesByTask], leaf: LeafRun, figures: Figures) -> int | None:
    """Rows behind the figures of a task in the runs that have all of its rows; None where no run has a figure."""
    counts = _counts(runs, by_run, leaf.task)
    scores = [figures.get(run.label, "task", leaf.task, HEADLINE[leaf.leaf.kind]) for run in runs]
    return max((score.rows for score, count in zip(scores, counts, strict=True) if score and count), default=None)


def _neighbours(tasks: Sequence[tuple[str, str]], place: int) -> dict[str, tuple[str, str] | None]:
    """The tasks, by file and title, that a page leads to."""
    return {"before": tasks[place - 1] if place else None, "after": tasks[place + 1] if place + 1 < len(tasks) else None}


def _of_explorer(explorer: Explorer, name: str) -> dict[str, Any]:
    """What the explorer's part of a page is given."""
    return {"explorer": explorer, "margin": MARGIN, "page_of_rows": PAGE_OF_ROWS, "key_of": key_of, "data_file": f"{name}.js"}


def encoder_pages_of(runs: Sequence[Run]) -> list[EncoderTask]:
    """The tasks of encoders that a run has, each of which has a page."""
    return [task for task in ITEM_TASKS if any(task.name in run.encoder_tasks for run in runs)]


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
    return leaf_title(leaf)
