"""One way to the items, scores and figures of every kind of encoder task."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.data.rows import Row
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, EncoderTaskKind, Item


class KindOfTask(Protocol):
    """What the module of a kind of task offers."""

    def items(self, task: EncoderTask, benchmark: Benchmark) -> tuple[Item, ...]:
        """The items of a task, in the order of their ids."""

    def score(self, items: Sequence[Item], answers: Sequence[Any]) -> list[dict[str, float]]:
        """Metric to value of each item. Answers are JSON values as in samples files; None where there is none. None raises."""

    def figures(self, items: Sequence[Item], answers: Sequence[Any]) -> dict[str, Any]:
        """Figures that are no mean over items: by type, by group, counts of ties; a JSON object."""


def kind_of_task(kind: EncoderTaskKind) -> KindOfTask:
    """The module of a kind of task."""
    name = kind.removesuffix("-logprob").replace("-", "_")
    return cast(KindOfTask, importlib.import_module(f"sevenllm_bench.encoder_tasks.{name}"))


def items_of(task: EncoderTask, benchmark: Benchmark, signature: Mapping[str, Any] | None = None) -> tuple[Item, ...]:
    """The items of a task over a benchmark's rows.

    Args:
        task: The task.
        benchmark: The rows.
        signature: The signature of a run, where the items depend on how it was made: the seed of the noise. None: the default.
    """
    if task.kind == "stress":
        from sevenllm_bench.encoder_tasks import stress

        return stress.items(task, benchmark, stress.seed_of(signature or {}))
    return kind_of_task(task.kind).items(task, benchmark)


def score_items(task: EncoderTask, items: Sequence[Item], answers: Sequence[Any]) -> list[dict[str, float]]:
    """Metric to value of each item, of the task's own metrics.

    Args:
        task: The task.
        items: n items.
        answers: n answers as in samples files; None where there is none, which scores the least.
    """
    values = kind_of_task(task.kind).score(items, answers)
    return [{name: value for name, value in own.items() if name in task.metrics} for own in values]


def further_figures(task: EncoderTask, items: Sequence[Item], answers: Sequence[Any]) -> Mapping[str, Any]:
    """Figures that are no mean over items."""
    return kind_of_task(task.kind).figures(items, answers)


def merged_answers(answers: Sequence[tuple[int, Any]]) -> Any:
    """The answer to a question from what was chosen in its rotations.

    Args:
        answers: Rotation and letter ("" where none could be read), in any order; of a rotation that comes twice the first counts.
    """
    from sevenllm_bench.encoder_tasks import mcq_circular

    return mcq_circular.merged(answers)


def rotated_row(item: Item, rotation: int) -> Row:
    """A question with its options in one rotation, see `mcq_circular.rotated`."""
    from sevenllm_bench.encoder_tasks import mcq_circular

    return mcq_circular.rotated(item, rotation)


def letter_of_rotation(item: Item, rotation: int, response: Any, values: Any) -> str:
    """The letter that a model chose in one rotation of a question, "" for none.

    Args:
        item: The question.
        rotation: From 0 to 3.
        response: What the model wrote; None for log-likelihoods.
        values: The value of `filtered_resps`, for log-likelihoods.
    """
    from sevenllm_bench.encoder_tasks import mcq_circular

    return mcq_circular.likeliest(values) if response is None else mcq_circular.letter_in(item, rotation, response)


def answer_from_text(item: Item, text: str) -> Any:
    """What a causal model wrote about an item with entities, as an answer."""
    from sevenllm_bench.encoder_tasks import entities

    return entities.answer_from_text(item, text)


def option_answer(item: Item, responses: Any) -> Any:
    """What lm-eval wrote of a model's values for the options of a question about a function, as an answer."""
    from sevenllm_bench.encoder_tasks import vulnerable_code

    return vulnerable_code.answer_from_responses(item, responses)


def answer_from_responses(item: Item, responses: Any, per_byte: bool) -> Any:
    """What lm-eval wrote of a model's values for an item's candidates, as an answer.

    Args:
        item: The item.
        responses: The value of `filtered_resps`.
        per_byte: Whether the values are divided by the candidates' lengths.
    """
    from sevenllm_bench.encoder_tasks import answer_ranking

    return answer_ranking.answer_from_responses(item, responses, per_byte)
