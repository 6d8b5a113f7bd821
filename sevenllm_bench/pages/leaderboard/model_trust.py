"""The section "Can it be trusted?" of a submission's page."""

from __future__ import annotations

from collections.abc import Iterator

from sevenllm_bench.catalog import LANGUAGES
from sevenllm_bench.comparison.circular_figures import LetterPreference
from sevenllm_bench.data.rows import LETTERS
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask
from sevenllm_bench.figures.anchors import BEST_LETTER, CHANCE_MCQ, LONGEST_OPTION, REFERENCE_GROUNDED, REFERENCE_INVENTED
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.figures.rounding import NO_FIGURE, p_value, shown, shown_difference, shown_interval, shown_range
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES, PROBE_NAMES
from sevenllm_bench.memorisation.probe_result import PROBES
from sevenllm_bench.pages.leaderboard.entry import Entry, Value
from sevenllm_bench.pages.leaderboard.model_figures import interval_of
from sevenllm_bench.pages.leaderboard.trust_cells import RECORDED, drop_interval
from sevenllm_bench.pages.leaderboard.trust_figures import CIRCULAR_TASKS, NoiseDrop
from sevenllm_bench.pages.trust.trust_part import TrustPart
from sevenllm_bench.pages.trust.trust_words import (
    GROUNDING_HEADS,
    GROUNDING_SENTENCES,
    GROUNDING_TITLE,
    KNOWLEDGE_SENTENCES,
    audit_sentences,
)
from sevenllm_bench.text.display import plain

_OWN = "this submission"
#: Letters of a reason, which is a file's.
_MOST_OF_A_REASON = 240
_OF_PREFERRED = "A letter is preferred where the interval, in brackets there, is above 0; figures.csv has it of every letter."
_INTERVALS = "In brackets: 95 % intervals, 1.96 standard errors on each side."
_AS_RECORDED = "What is as recorded is the submitter's word: the submission doesn't have the answers."


def model_trust_parts(entry: Entry) -> list[TrustPart]:
    """The parts of the section; none for a submission that has nothing of it.

    Args:
        entry: The submission.
    """
    found = (_knowledge(entry), _grounded(entry), _letters(entry), _noise(entry), _probe(entry), _audited(entry))
    return [part for part in found if part]


def _whole(entry: Entry, name: str) -> str:
    """A figure over all rows, with its interval where there is one."""
    value = entry.figures.get(name)
    return NO_FIGURE if value is None or value.partial else _with_interval(value)


def _with_interval(value: Value) -> str:
    low, high = interval_of(value)
    return shown(value.mean) + (f" ({shown_interval(low, high)})" if low is not None else "")


def _knowledge(entry: Entry) -> TrustPart | None:
    own = [_whole(entry, f"{language}_mcq.acc") for language in LANGUAGES]
    if set(own) == {NO_FIGURE}:
        return None
    letters = [BEST_LETTER[language] for language in LANGUAGES]
    rows = (
        ("one letter, always", *(f"{shown(share)} ({letter})" for letter, share in letters)),
        ("the longest option", *(shown(LONGEST_OPTION[language]) for language in LANGUAGES)),
        ("chance", *(shown(CHANCE_MCQ) for _ in LANGUAGES)),
        (_OWN, *own),
    )
    columns = ("Answered by", *(LANGUAGE_NAMES[language] for language in LANGUAGES))
    return TrustPart("Multiple choice without knowledge", (*KNOWLEDGE_SENTENCES, _INTERVALS), columns, rows)


def _grounded(entry: Entry) -> TrustPart | None:
    names = [f"{language}_understanding.grounded" for language in LANGUAGES]
    names += [f"{language}_generation.invented_indicators" for language in LANGUAGES]
    own = [_whole(entry, name) for name in names]
    if set(own) == {NO_FIGURE}:
        return None
    references = [shown(share[language]) for share in (REFERENCE_GROUNDED, REFERENCE_INVENTED) for language in LANGUAGES]
    titles = [f"{what}, {LANGUAGE_NAMES[language]}" for what in GROUNDING_HEADS.values() for language in LANGUAGES]
    sentences = (*GROUNDING_SENTENCES.values(), "docs/grounding.md has both.", _INTERVALS)
    return TrustPart(GROUNDING_TITLE, sentences, ("Answers", *titles), (("the references", *references), (_OWN, *own)))


def _letters(entry: Entry) -> TrustPart | None:
    rows = tuple(_letter_rows(entry))
    if not rows:
        return None
    sentences = [
        "Each question is asked four times, and its options move on by one letter each time. A letter's figure is the share of "
        "the answers on it less a quarter, with its 95 % interval: 0 for a model without a preference. docs/robustness.md has "
        "more.",
        *([_AS_RECORDED] if any(own.recorded for own in entry.trust.letters.values()) else []),
    ]
    columns = ("Language", "Right in every order", "Right on average", "Letters it prefers", *LETTERS)
    return TrustPart("Multiple choice with the options in every order", (*sentences, _OF_PREFERRED), columns, rows)


def _letter_rows(entry: Entry) -> Iterator[tuple[str, ...]]:
    for task in CIRCULAR_TASKS:
        own = entry.trust.letters.get(task.name)
        if own is None:
            continue
        values = [entry.figures.get(f"{task.name}.{metric}") for metric in task.metrics[:2]]
        partial = next((value.partial for value in values if value and value.partial), "")
        remarks = [f"partial: {partial}" if partial else "", RECORDED if own.recorded else ""]
        words = "; ".join(filter(None, remarks))
        preferred = ", ".join(f"{one.letter} {_preference(one)}" for one in own.preferred)
        means = {one.letter: one.mean for one in own.preferences}
        yield (
            f"{_language(task)} ({words})" if words else _language(task),
            *(shown(value.mean if value else None) for value in values),
            preferred or ("none for certain" if own.preferences else NO_FIGURE),
            *(shown_difference(means.get(letter)) for letter in LETTERS),
        )


def _language(task: EncoderTask) -> str:
    """The language of a task in words, and that it goes by log-likelihoods."""
    name = LANGUAGE_NAMES[task.language] if task.language else task.name
    return f"{name}, log-likelihood" if task.kind == "mcq-circular-logprob" else name


def _preference(own: LetterPreference) -> str:
    return f"{shown_difference(own.mean)} ({shown_range(own.low, own.high)})"


def _noise(entry: Entry) -> TrustPart | None:
    trust = entry.trust
    named = {LANGUAGE_NAMES[language]: drop for language, drop in trust.drops.items()}
    named |= {"Both": trust.drop} if trust.drop else {}
    if not named and not trust.no_drop:
        return None
    sentences = [
        "The score over extraction and analysis without noise, and over the same rows with the noise of real reports in their "
        "texts, and the first less the second. A model that doesn't read the text has a drop of 0. docs/robustness.md has more.",
        *([_AS_RECORDED] if any(drop.recorded for drop in named.values()) else []),
        *([f"The rows with noise aren't compared with those without: {'; '.join(trust.no_drop)}."] if trust.no_drop else []),
    ]
    columns = ("Language", "Rows", "Without noise", "With noise", "Drop", "95 % interval")
    return TrustPart(
        "Incident texts with noise", tuple(sentences), columns if named else (), tuple(map(_noise_row, named, named.values()))
    )


def _noise_row(name: str, drop: NoiseDrop) -> tuple[str, ...]:
    rows = NO_FIGURE if drop.rows is None else f"{drop.rows:,}"
    return name, rows, shown(drop.clean), shown(drop.noisy), shown_difference(drop.mean), drop_interval(drop) or NO_FIGURE


def _probe(entry: Entry) -> TrustPart | None:
    probe = entry.trust.probe
    if probe is None:
        return None
    rows = tuple(
        (
            PROBE_NAMES[test.name],
            LANGUAGE_NAMES[test.language],
            plain(probe.finding(place), _MOST_OF_A_REASON),
            shown_difference(test.effect),
            shown_range(test.low, test.high),
            PROBES[test.name].unit,
            NO_FIGURE if (p := probe.corrected[place]) is None else p_value(p),
        )
        for place, test in enumerate(probe.tests)
    )
    sentences = (
        probe.summary,
        "This is the submitter's word: only the model can give these figures again. No test shows that a model has not seen the "
        "rows. docs/memorisation.md has the tests.",
        *filter(None, [probe.caution]),
    )
    columns = ("Test", "Language", "What it found", "Effect", "95 % interval", "Unit of the effect", "p (Holm)")
    return TrustPart("Has the model seen the rows?", sentences, columns if rows else (), rows)


def _audited(entry: Entry) -> TrustPart | None:
    own, whole = entry.trust.audited, _whole(entry, HEADLINE_NAME)
    if own is None or whole == NO_FIGURE:
        return None
    columns = ("Score", "All rows", "Audited rows", "Rows")
    audited = _with_interval(Value(own.mean, own.error, own.rows))
    return TrustPart("On audited rows", (*audit_sentences(), _INTERVALS), columns, ((_OWN, whole, audited, f"{own.rows:,}"),))
