"""What a build would ask a model, before it asks: calls, tokens, price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sevenllm_bench.catalog import GENERATION, UNDERSTANDING, Kind
from sevenllm_bench.select_instruct.corpus_records import Excerpt, SourceText, TaskChoice
from sevenllm_bench.select_instruct.generate.model_calls import ModelCalls
from sevenllm_bench.select_instruct.generate.quotas import most_per_text, spread
from sevenllm_bench.select_instruct.generate.row_request import writing
from sevenllm_bench.select_instruct.generate.selecting import Selecting, picked_by, selecting
from sevenllm_bench.select_instruct.settings.build_config import CorpusConfig, SelectSection

#: Stands for a thought of the model, which goes into the next prompt.
_THOUGHT = {"en": "word " * 40, "zh": "字" * 60}


@dataclass(frozen=True, slots=True)
class CallEstimate:
    """What asking about some texts would take; repeated calls, repairs and a critic come on top.

    Attributes:
        texts: How many texts.
        excerpts: Parts that they are cut into.
        rows: Rows that the model is asked for, at most.
        calls: Calls to make, at most.
        cached: Calls whose reply is there already.
        tokens_in: About how many tokens their prompts have.
        tokens_out: Tokens of their replies, at most.
        usd: US dollars, at most; None without a price.
    """

    texts: int
    excerpts: int
    rows: int
    calls: int
    cached: int
    tokens_in: int
    tokens_out: int
    usd: float | None


def estimate_calls(texts: Sequence[SourceText], config: CorpusConfig, folder: str) -> CallEstimate:
    """What asking about `texts` would take.

    Where the model was asked already which tasks fit a text, its choices count; elsewhere the most that it may pick.

    Args:
        texts: The texts.
        config: Of the build.
        folder: Of its calls.
    """
    with ModelCalls(config.model, folder) as calls:
        groups = [selecting(text, config.select, calls) for text in texts]
        questions = [one.request for group in groups for one in group]
        rows = [
            writing(excerpt, choice, calls, config.seed).request
            for group in groups
            for excerpt, choice in _choices(group, config.select, calls)
        ]
        estimates = [calls.estimate(requests) for requests in (questions, rows)]
        known = [estimate.usd for estimate in estimates if estimate.usd is not None]
        return CallEstimate(
            texts=len(texts),
            excerpts=len(questions),
            rows=len(rows),
            calls=sum(estimate.calls for estimate in estimates),
            cached=sum(estimate.cached for estimate in estimates),
            tokens_in=sum(estimate.tokens_in for estimate in estimates),
            tokens_out=sum(estimate.calls for estimate in estimates) * config.model.max_tokens,
            usd=sum(known) if len(known) == len(estimates) else None,
        )


def _choices(group: Sequence[Selecting], select: SelectSection, calls: ModelCalls) -> Iterator[tuple[Excerpt, TaskChoice]]:
    """The choices of a text, with their excerpts: those of kept replies, or as many as there may be."""
    kept = calls.kept([one.request for one in group])
    if len(kept) == len(group):
        picked = [picked_by(one, kept[place].text or "").choices for place, one in enumerate(group)]
        for one, choices in zip(group, spread(picked, select), strict=True):
            yield from ((one.excerpt, choice) for choice in choices)
        return
    for place, (kind, task) in enumerate(_most(select)):
        excerpt = group[place % len(group)].excerpt
        yield excerpt, TaskChoice(kind=kind, task=task, thought=_THOUGHT[excerpt.language])


def _most(select: SelectSection) -> Iterator[tuple[Kind, str]]:
    pools = {"understanding": UNDERSTANDING, "generation": GENERATION, "mcq": (*UNDERSTANDING, *GENERATION)}
    for kind, most in most_per_text(select).items():
        yield from ((kind, task.name) for task in pools[kind][:most])
