"""Multiple choice with its options in every order, for the section "Can it be trusted?"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sevenllm_bench.comparison.circular_figures import CircularFigures, circular_figures
from sevenllm_bench.data.rows import LETTERS
from sevenllm_bench.figures.circular_baselines import circular_baselines_of
from sevenllm_bench.figures.rounding import NO_FIGURE, shown, shown_difference, shown_range
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES
from sevenllm_bench.pages.report.with_interval import with_interval
from sevenllm_bench.pages.trust.trust_part import TrustPart
from sevenllm_bench.runs.records import Run
from sevenllm_bench.stats.resampling import Draws

_COLUMNS = ("Run", "Language", "Questions", "Right in every order", "Right on average", "Letters it prefers", *LETTERS)
_SENTENCES = (
    "Each question is asked four times, and its options move on by one letter each time. A model that knows the answer is right "
    "every time; one that guesses is right every time in 1 of 256 questions, and on average in a quarter of the orders.",
    "The first lines are programs that read neither text nor question. The longest option is the same text in every order; of "
    "equally long ones the program takes one by chance, once for a question.",
    "A letter's own column has the share of the answers on it less a quarter, with its 95 % interval: +0.100 is one more answer "
    "in ten. A letter is preferred where the interval is above 0. docs/robustness.md says how it is computed.",
)
_OF_PARTIAL = "Questions that weren't asked in every order count in the average alone."


def letters_parts(runs: Sequence[Run], draws: Draws) -> list[TrustPart]:
    """The accuracy of each run in every order of the options, and the letters that it prefers; no part without such tasks.

    Args:
        runs: The runs of the report, in the order in which they are shown.
        draws: Source of chance of the accuracy's interval.
    """
    found = [(run.label, own) for run in runs for own in circular_figures(run, draws)]
    if not found:
        return []
    sentences = (*_SENTENCES, *([_OF_PARTIAL] if any(own.partial for _, own in found) else []))
    rows = (*_without_knowledge(runs), *(_line(label, own) for label, own in found))
    return [TrustPart("Multiple choice with the options in every order", sentences, _COLUMNS, rows)]


def _without_knowledge(runs: Sequence[Run]) -> Iterator[tuple[str, ...]]:
    """A line per language and program, over the questions that any run has."""
    for own in circular_baselines_of(runs):
        for name, in_every, mean in own.rows():
            language = LANGUAGE_NAMES[own.language]
            yield name, language, f"{own.questions:,}", shown(in_every), shown(mean), *[NO_FIGURE] * (1 + len(LETTERS))


def _line(label: str, own: CircularFigures) -> tuple[str, ...]:
    language = LANGUAGE_NAMES[own.task.language or "en"]
    way = ", by log-likelihood" if own.task.kind.endswith("-logprob") else ""
    return (
        label,
        f"{language}{way}",
        f"{own.questions:,}",
        with_interval(own.circular_acc, own.interval),
        shown(own.acc),
        _preferred(own),
        *(_preference(own, letter) for letter in LETTERS),
    )


def _preferred(own: CircularFigures) -> str:
    if not any(letter.low is not None for letter in own.preferences):
        return NO_FIGURE
    return ", ".join(one.letter for one in own.preferred) or "none for certain"


def _preference(own: CircularFigures, letter: str) -> str:
    """The preference for a letter with its interval: "+0.210 (+0.150 to +0.270)"."""
    one = next((one for one in own.preferences if one.letter == letter), None)
    if one is None:
        return NO_FIGURE
    return shown_difference(one.mean) + (f" ({shown_range(one.low, one.high)})" if one.low is not None else "")
