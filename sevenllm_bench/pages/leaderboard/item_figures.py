"""What the items of the tasks beside the benchmark give: letters of every rotation, and scores of rows with noise."""

from __future__ import annotations

from sevenllm_bench.catalog import SECTION_ROWS
from sevenllm_bench.comparison.circular_figures import letter_preferences
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, encoder_task_by_name
from sevenllm_bench.encoder_tasks.task_scoring import further_figures, score_items
from sevenllm_bench.metrics.registry import OPTIONAL_FOR
from sevenllm_bench.pages.leaderboard.trust_figures import CIRCULAR_TASKS, STRESS_TASKS, LetterFigures
from sevenllm_bench.runs.records import Run
from sevenllm_bench.submission.verify.findings import TOLERANCE


def official_items(task: EncoderTask) -> int:
    """Official items of a task of multiple choice in every rotation, or of rows with noise.

    Args:
        task: One of `LLM_TASKS`.
    """
    kinds = OPTIONAL_FOR if task.kind == "stress" else ("mcq",)
    return sum(SECTION_ROWS[f"{task.language}_{kind}"] for kind in kinds)


def letters_of(run: Run) -> dict[str, LetterFigures]:
    """Task to letters, of the tasks of multiple choice in every rotation that a run has samples of."""
    found = {}
    for task in CIRCULAR_TASKS:
        samples = [sample for sample in run.item_samples if sample.task == task.name]
        if samples:
            figures = further_figures(task, [sample.item for sample in samples], [sample.answer for sample in samples])
            found[task.name] = LetterFigures(letter_preferences(figures))
    return found


def wrong_letters(run: Run) -> list[str]:
    """Of each task of multiple choice in every rotation, how many questions have other scores than their letters give."""
    wrong = []
    for task in CIRCULAR_TASKS:
        samples = [sample for sample in run.item_samples if sample.task == task.name]
        again = score_items(task, [sample.item for sample in samples], [sample.answer for sample in samples])
        differ = sum(
            any(abs(value - own.get(name, value)) > TOLERANCE for name, value in sample.metrics.items())
            for sample, own in zip(samples, again, strict=True)
        )
        if differ:
            wrong.append(f"{task.name}: {differ:,} questions have other scores than their answers")
    return wrong


def noisy_scores(run: Run) -> dict[str, dict[int, float]]:
    """Section to row id to `stress_score`, of the rows with noise that a run has; as `row_scores` of those without."""
    stress = {task.name for task in STRESS_TASKS if task.name in run.encoder_tasks}
    found: dict[str, dict[int, float]] = {}
    for sample in run.item_samples:
        asks, value = sample.item.document.get("asks"), sample.metrics.get("stress_score")
        if sample.task in stress and sample.item.source == run.source and asks in OPTIONAL_FOR and value is not None:
            entry = encoder_task_by_name(sample.task)
            assert entry is not None
            found.setdefault(f"{entry.language}_{asks}", {}).setdefault(sample.id, value)
    return found
