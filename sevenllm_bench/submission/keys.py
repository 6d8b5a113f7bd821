"""Keys in samples, which are never altered: in a prompt they are the evaluator's, in an answer mostly the incident's."""

from __future__ import annotations

from collections.abc import Iterable

from sevenllm_bench.io.secrets import keys_in
from sevenllm_bench.runs.records import Sample


def rows_with_keys(samples: Iterable[Sample]) -> tuple[list[int], list[int]]:
    """Rows whose prompt, and rows whose answer, has what looks like a key that is not in the row's own text.

    Args:
        samples: The samples.
    """
    prompts, answers = [], []
    for sample in samples:
        row = sample.row
        own = {key for text in (row.input, str(row.instruction), row.thought, row.reference_text) for key in keys_in(text)}
        if not own.issuperset(keys_in(sample.prompt or "")):
            prompts.append(sample.id)
        if not own.issuperset(keys_in(sample.response or "")):
            answers.append(sample.id)
    return prompts, answers
