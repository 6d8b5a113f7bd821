"""Answers to scores, by the same reading and metrics as in the harness, and the figures of tasks and sections."""

from __future__ import annotations

from collections.abc import Callable

from inspect_ai.scorer import SampleScore, Score, Scorer, Target, metric, scorer
from inspect_ai.solver import TaskState

from sevenllm_bench.answers.final_text import with_reasoning_marked, with_thought_marked
from sevenllm_bench.catalog import leaf_by_name
from sevenllm_bench.data.document import from_document
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.runs.inspect_record import DOCUMENT_KEY, TASK_KEY
from sevenllm_bench.scoring import RowScore, score_rows
from sevenllm_bench.text.unicode import encodable

_HEADLINE = "headline"
_OF_SECTION = "of_section"


@metric
def figures() -> Callable[[list[SampleScore]], dict[str, float]]:
    """The headline where all six sections are there, each section's figures, then each task's.

    Sections hold each row as what it asks for, tasks the rows that ask for what the task is about: so the figures are those
    of `sevenllm-bench score`, and of `report` for a run of the harness.
    """

    def of(scores: list[SampleScore]) -> dict[str, float]:
        values: dict[str, list[float]] = {}
        for score in scores:
            details = score.score.metadata or {}
            own = dict(details[_OF_SECTION])
            names = [details["section"], *([details[TASK_KEY]] if details["asks_for_its_task"] else [])]
            for name in names:
                for metric_name, value in own.items():
                    values.setdefault(f"{name}.{metric_name}", []).append(value)
        means = {name: sum(found) / len(found) for name, found in values.items()}
        return _ordered(means)

    return of


def _ordered(means: dict[str, float]) -> dict[str, float]:
    """The headline, sections, tasks."""
    wanted = [f"{language}_{kind}.{name}" for language in ("en", "zh") for kind, name in HEADLINE.items()]
    known = [means[name] for name in wanted if name in means]
    headline = {_HEADLINE: sum(known) / len(known)} if len(known) == len(wanted) else {}
    sections = {name: value for name, value in means.items() if not name.startswith("sevenllm_")}
    return {**headline, **sections, **means}


@scorer(metrics=[figures()], name="sevenllm")
def sevenllm_metrics(reasoning_end: str = "") -> Scorer:
    """The metrics of the row's task.

    Args:
        reasoning_end: What ends the model's reasoning, for a form that isn't known.

    Returns:
        A scorer whose value is metric name to value in [0, 1]. No answer raises: what is missing, empty or unreadable
        scores 0.
    """

    async def score(state: TaskState, target: Target) -> Score:
        row = from_document(state.metadata[DOCUMENT_KEY], f"sample {state.sample_id}")
        leaf = leaf_by_name(state.metadata[TASK_KEY])
        assert leaf is not None
        prompt = state.input_text
        answer = with_reasoning_marked(prompt, state.output.completion or "", reasoning_end)
        answer = encodable(with_thought_marked(prompt, answer))
        scored = score_rows([row], [answer], leaf.kind)[0]
        asked = scored if row.kind == leaf.kind else score_rows([row], [answer])[0]
        return Score(
            value=dict(scored.metrics), answer=answer, metadata=_details(asked, leaf.name, row.kind == leaf.kind, scored)
        )

    return score


def _details(asked: RowScore, task: str, asks_for_its_task: bool, scored: RowScore) -> dict[str, object]:
    return {
        TASK_KEY: task,
        "section": asked.row.section,
        "asks_for_its_task": asks_for_its_task,
        "read_as": scored.reading.how,
        "looks_cut_off": scored.reading.cut,
        _OF_SECTION: asked.metrics,
    }
