"""What a build would take, before any model is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict

from sevenllm_bench.catalog import GENERATION, UNDERSTANDING, Kind
from sevenllm_bench.llm.types import Reply, Request
from sevenllm_bench.select_instruct.corpus_records import Excerpt, SourceText, TaskChoice
from sevenllm_bench.select_instruct.generate.asking_step import in_chunks
from sevenllm_bench.select_instruct.generate.model_calls import ModelCalls
from sevenllm_bench.select_instruct.generate.quotas import most_per_text, spread
from sevenllm_bench.select_instruct.generate.row_request import writing
from sevenllm_bench.select_instruct.generate.selecting import Selecting, picked_by, selecting
from sevenllm_bench.select_instruct.settings.build_config import CorpusConfig, SelectSection

#: About as long as a thought on a task; stands for those that aren't there yet.
_THOUGHT = {"en": "Why it fits, and which facts of the text to look at. " * 5, "zh": "为何适合，以及应看原文的哪些事实。" * 6}
_TEXTS_AT_ONCE = 200


class CallEstimate(BaseModel):
    """What a build takes; repeated questions, repairs and a critic come on top.

    Attributes:
        texts: Texts to be asked about.
        excerpts: Parts that they are cut into.
        rows: Rows that will be asked for, at most.
        calls: Calls, at most.
        cached: Calls among them that earlier runs made.
        tokens_in: Tokens of the prompts of the others, about.
        tokens_out: Tokens of their replies, at most.
        usd: US dollars for these, at most; None where no price is given.
    """

    model_config = ConfigDict(frozen=True)

    texts: int
    excerpts: int
    rows: int
    calls: int
    cached: int
    tokens_in: int
    tokens_out: int
    usd: float | None


def estimate_calls(texts: Sequence[SourceText], config: CorpusConfig, folder: str) -> CallEstimate:
    """What asking about these texts would take; nothing is asked.

    Tasks that an earlier run picked count as they are. Elsewhere each text is taken to get the most rows, of the tasks with
    the longest definitions.
    """
    excerpts = rows = calls_due = cached = tokens_in = 0
    usd: float | None = 0.0
    with ModelCalls(config.model, folder) as calls:
        for chunk in in_chunks(texts, _TEXTS_AT_ONCE):
            groups = [selecting(text, config.select, calls) for text in chunk]
            questions = [one.request for group in groups for one in group]
            writings = _row_requests(groups, config, calls)
            estimate = calls.estimate([*questions, *writings])
            excerpts, rows = excerpts + len(questions), rows + len(writings)
            calls_due, cached = calls_due + estimate.calls + estimate.cached, cached + estimate.cached
            tokens_in += estimate.tokens_in
            usd = None if usd is None or estimate.usd is None else usd + estimate.usd
    return CallEstimate(
        texts=len(texts),
        excerpts=excerpts,
        rows=rows,
        calls=calls_due,
        cached=cached,
        tokens_in=tokens_in,
        tokens_out=(calls_due - cached) * config.model.max_tokens,
        usd=usd,
    )


def _row_requests(groups: Sequence[Sequence[Selecting]], config: CorpusConfig, calls: ModelCalls) -> list[Request]:
    kept = calls.kept([one.request for group in groups for one in group])
    replies = iter([kept.get(place) for place in range(sum(map(len, groups)))])
    return [
        writing(excerpt, choice, calls, config.seed).request
        for group in groups
        for excerpt, choice in _expected(group, [next(replies) for _ in group], config.select)
    ]


def _expected(
    group: Sequence[Selecting], replies: Sequence[Reply | None], select: SelectSection
) -> Iterator[tuple[Excerpt, TaskChoice]]:
    """The rows of a text: of the tasks that were picked, or else the most that it may get, spread over its excerpts."""
    if all(replies):
        picked = [picked_by(one, reply.text or "").choices for one, reply in zip(group, replies, strict=True) if reply]
        for one, choices in zip(group, spread(picked, select), strict=True):
            yield from ((one.excerpt, choice) for choice in choices)
        return
    kinds = [kind for kind, most in most_per_text(select).items() for _ in range(most)]
    for number, kind in enumerate(kinds):
        excerpt, names = group[number % len(group)].excerpt, _longest_first(kind)
        task = names[kinds[:number].count(kind) % len(names)]
        yield excerpt, TaskChoice(kind=kind, task=task, thought=_THOUGHT[excerpt.language])


def _longest_first(kind: Kind) -> list[str]:
    group = GENERATION if kind == "generation" else UNDERSTANDING
    return [task.name for task in sorted(group, key=lambda task: -len(task.definition))]
