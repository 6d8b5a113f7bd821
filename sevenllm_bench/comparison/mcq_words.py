"""What to know of multiple choice beside its accuracy, in words: what needs no knowledge, and which letters a model prefers."""

from __future__ import annotations

from collections.abc import Sequence

from sevenllm_bench.data.rows import LETTERS, Row
from sevenllm_bench.encoder_tasks.mcq_circular import figures, preferred
from sevenllm_bench.figures.mcq_baselines import baselines_by_language
from sevenllm_bench.figures.rounding import shown_difference, shown_range
from sevenllm_bench.figures.vocabulary import task_name
from sevenllm_bench.runs.records import Run


def mcq_lines(runs: Sequence[Run]) -> list[str]:
    """The baselines without knowledge over the questions that any run has, then every run's preferences for letters."""
    rows: dict[int, Row] = {}
    for run in runs:
        for sample in run.samples:
            if sample.kind == "mcq":
                rows.setdefault(sample.id, sample.row)
    return [*(baselines.words for baselines in baselines_by_language(list(rows.values()))), *preference_lines(runs)]


def preference_lines(runs: Sequence[Run]) -> list[str]:
    """Of every circular task of every run, the preference for each letter with its interval."""
    lines = []
    for run in runs:
        for name, task in run.encoder_tasks.items():
            samples = [sample for sample in run.item_samples if sample.task == name]
            if task.entry.documents_per_item == 1 or not samples:
                continue
            found = figures([sample.item for sample in samples], [sample.answer for sample in samples])
            position = found["position"]
            parts = [
                f"{letter} {shown_difference(own['preference'])} ({shown_range(own['low'], own['high'])})"
                for letter in LETTERS
                if (own := position[letter])["preference"] is not None
            ]
            letters = " and ".join(preferred(found))
            verdict = f"prefers {letters}" if letters else "no letter is preferred with certainty"
            partial = f"; {found['partial']} questions without all rotations" if found["partial"] else ""
            lines.append(f"{run.label}, {task_name(name)}: {verdict}; share of answers less 1/4: {', '.join(parts)}{partial}.")
    return lines
