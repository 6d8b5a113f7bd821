"""What comparing two entries in the page needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sevenllm_bench.catalog import KINDS, LANGUAGES, LEAVES
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.figures.vocabulary import section_name, task_title
from sevenllm_bench.metrics.registry import HEADLINE, METRICS
from sevenllm_bench.pages.leaderboard.entry import ENCODER_FIGURES, Entry, Facts
from sevenllm_bench.text.display import plain

LOGPROB = tuple(f"sevenllm-{language}-mcq-logprob.acc" for language in LANGUAGES)


def pair_data(entries: Sequence[Entry]) -> dict[str, Any]:
    """What comparing two entries in the page needs: figures in the order of `ids`, as integers of ten-thousandths."""
    ids = [
        HEADLINE_NAME,
        *(f"{language}_{kind}.{metric}" for kind in KINDS for language in LANGUAGES for metric in METRICS[kind]),
    ]
    ids += [f"{leaf.name}.{HEADLINE[leaf.kind]}" for leaf in LEAVES] + list(LOGPROB) + list(ENCODER_FIGURES)
    present = [name for name in ids if any(name in entry.figures for entry in entries)]
    return {
        "ids": present,
        "titles": [figure_title(name) for name in present],
        "entries": [_compact_entry(entry, present) for entry in entries],
    }


def _compact_entry(entry: Entry, ids: Sequence[str]) -> dict[str, Any]:
    values = [entry.figures.get(name) for name in ids]
    return {
        "name": plain(entry.name, 80),
        "about": plain(
            ", ".join(
                part
                for part in (
                    _size(entry.facts),
                    entry.facts.licence,
                    entry.protocol,
                    entry.date,
                    entry.revision[:12],
                    *entry.marks,
                )
                if part
            ),
            200,
        ),
        "command": plain(entry.command, 1_000),
        "mean": [None if v is None else round(v.mean * 1e4) for v in values],
        "error": [None if v is None or not v.has_interval else round((v.error or 0.0) * 1e4) for v in values],
        "rows": [None if v is None else v.rows for v in values],
    }


def _size(facts: Facts) -> str:
    return "" if facts.parameters is None else f"{facts.parameters:g} B"


def figure_title(name: str) -> list[str]:
    """Level, title and metric of a figure."""
    scope, _, metric = name.partition(".")
    if name == HEADLINE_NAME:
        return ["overall", "Headline", ""]
    if task := encoder_task_by_name(scope):
        return ["encoder task", task_title(task), metric]
    leaf = next((leaf for leaf in LEAVES if leaf.name == scope), None)
    if leaf is None:
        return ["section", section_name(scope) if scope.startswith(LANGUAGES) else scope, metric]
    return ["task", f"{leaf.task.name if leaf.task else 'Multiple choice'}, {leaf.language}", metric]
