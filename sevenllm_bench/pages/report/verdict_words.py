"""What can be said of the runs in one or two sentences: the first words of a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sevenllm_bench.comparison.compare_runs import ComparedFigure, Comparison, Score, Verdict
from sevenllm_bench.comparison.compatibility import Difference, differences
from sevenllm_bench.figures.cells import EMBEDDED, HEADLINE_NAME
from sevenllm_bench.figures.rounding import p_words, shown, shown_difference, shown_interval, shown_range
from sevenllm_bench.figures.vocabulary import cell_name
from sevenllm_bench.pages.report.best_run import Standing
from sevenllm_bench.pages.report.published_beside import PublishedBeside
from sevenllm_bench.pages.report.run_order import OrderedRuns
from sevenllm_bench.runs.records import Run

#: Names in one sentence at most; the others are counted.
_MOST_NAMES = 4
#: Verdicts after a count, where they are called otherwise.
_COUNTED: Mapping[str, str] = {"cannot tell": "can't be told apart"}
#: What `differences` names that is nothing in which runs were made differently.
_NO_DIFFERENCE = ("older runs", "samples", "answer cache")
#: Sources of runs whose answers come from files.
_REPLAYED = ("sevenllm-replay", "predictions")


@dataclass(frozen=True, slots=True)
class Named:
    """A run in a sentence, by its label."""

    label: str


#: A sentence as texts and the names in it.
Sentence = tuple[str | Named, ...]


def single_verdict(ordered: OrderedRuns) -> list[Sentence]:
    """What one run is."""
    run = ordered.runs[0]
    score = ordered.scores.get(run.label)
    if score is None:
        return [(Named(run.label), " has no figure here.")]
    words = f" scores {_with_interval(score)} over {score.rows:,} {_unit(ordered)}{_where(ordered)}."
    return [(Named(run.label), words), *_cautions(ordered)]


def pair_verdict(ordered: OrderedRuns, comparison: Comparison) -> list[Sentence]:
    """What can be said of a run against the baseline."""
    finding = _widest(comparison)
    other, baseline = Named(finding.run), Named(finding.baseline)
    size = f"{shown_difference(finding.paired.difference)} ({_range(finding)})"
    p = "" if finding.p is None else f", {p_words(finding.p)}"
    apart = differing(comparison.differences, comparison.runs)
    if finding.verdict == "cannot tell":
        words: Sentence = ("It can't be told whether ", other, " is better or worse than ", baseline)
        why = "" if finding.p is not None else f" ({finding.reason})"
        first = (*words, f"{_where(ordered, finding)}: {size}{p}{why}; {apart}.")
    else:
        first = (other, f" is {finding.verdict} than ", baseline, f"{_where(ordered, finding)}: {size}{p}; {apart}.")
    return [first, *_cautions(ordered)]


def many_verdict(ordered: OrderedRuns, found: Standing, comparison: Comparison) -> list[Sentence]:
    """What can be said of three or more runs: the best, those like it, and how the others stand to the baseline."""
    best = ordered.scores[found.best]
    first: Sentence
    if found.level:
        tail = " can't be told apart from it" + ("; the others are worse by test." if found.worse else ".")
        first = (Named(found.best), f" has the highest score, {_with_interval(best)}, but ", *_names(found.level), tail)
    else:
        first = (Named(found.best), f" is the best, {_with_interval(best)}: the others are worse by test.")
    counts = _counts(comparison.at("overall"))
    against = ", ".join(f"{count} {_COUNTED.get(word, word)}" for word, count in counts.items())
    baseline = comparison.runs[0].label
    told = against and baseline != found.best  # otherwise the first sentence says it
    second: list[Sentence] = [("Against the baseline ", Named(baseline), f": {against}.")] if told else []
    apart = differing(comparison.differences, comparison.runs)
    return [first, *second, (f"{apart[0].upper()}{apart[1:]}.",), *_cautions(ordered)]


def published_verdict(published: PublishedBeside) -> list[Sentence]:
    """Where a run stands among published models, by test; nothing where they can't be compared."""
    found = [line.finding for line in published.lines if line.finding]
    if not found:
        return []
    if len(found) == 1:
        verb = "can't be told apart from" if found[0].verdict == "cannot tell" else f"is {found[0].verdict} than"
        return [("The published model ", Named(found[0].run), f" {verb} ", Named(published.run), " by test.")]
    counts = _counts(found)
    words = [f"{count} {_COUNTED.get(word) or ('is ' if count == 1 else 'are ') + word}" for word, count in counts.items()]
    return [("By tests against ", Named(published.run), f", of {len(found)} published models {_and(words)}.")]


def _counts(findings: Sequence[ComparedFigure]) -> dict[Verdict, int]:
    """How many have each verdict, those that none has left out."""
    verdicts: tuple[Verdict, ...] = ("better", "worse", "cannot tell")
    counts = {verdict: sum(finding.verdict == verdict for finding in findings) for verdict in verdicts}
    return {verdict: count for verdict, count in counts.items() if count}


def listed_verdict(ordered: OrderedRuns) -> list[Sentence]:
    """Runs that can be compared, though not by one headline: the highest figure, without a test."""
    run = ordered.runs[0]
    score = ordered.scores.get(run.label)
    if score is None:
        return [("These runs share no figure.",)]
    return [
        ("The highest figure", f"{_where(ordered)} is that of ", Named(run.label), f", {_with_interval(score)}. "),
        ("Which differences are real is tested below.",),
        *_cautions(ordered),
    ]


def refusal_verdict(ordered: OrderedRuns) -> list[Sentence]:
    """Why runs can't be compared."""
    forbidden = [found for found in differences(ordered.runs) if found.weight == "forbids"]
    names = _few(dict.fromkeys(found.setting for found in forbidden))
    why = f": they differ in {names}" if names else ""
    first: Sentence = (f"These runs can't be compared{why}. Their figures stand side by side, but nothing is tested.",)
    return [first, *_cautions(ordered)]


def differing(found: Iterable[Difference], runs: Sequence[Run]) -> str:
    """In what else runs differ, in a few words; that nothing does only where nothing is known or unknown to differ.

    Args:
        found: In what they differ.
        runs: The runs: of answers that were replayed from files, what was set when the model wrote them is on no record.
    """
    relevant = [one for one in found if one.setting not in _NO_DIFFERENCE and not one.setting.startswith("problem in ")]
    known = dict.fromkeys(one.setting for one in relevant if one.weight != "unknown")
    unknown = dict.fromkeys(one.setting for one in relevant if one.weight == "unknown")
    words = [f"they also differ in {_few(known)}"] if known else []
    verb = "was" if len(unknown) == 1 else "were"
    words += [f"the files don't say whether {_few(unknown)} {verb} the same"] if unknown else []
    replayed = sum(run.model.source in _REPLAYED for run in runs)
    if replayed and not unknown:  # else the files' silence is said already
        whose = "all answers were" if replayed == len(runs) else f"the answers of {replayed} of {len(runs)} runs were"
        words.append(f"{whose} replayed from files, which don't say how the models were run")
    return "; ".join(words) or "their recorded settings are the same"


def _few(names: Iterable[str], most: int = 3) -> str:
    """The first names, and how many more: "a, b and 3 more"."""
    all_names = list(names)
    if len(all_names) <= most + 1:
        return _and(all_names)
    return f"{', '.join(all_names[:most])} and {len(all_names) - most} more"


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def _names(labels: Sequence[str]) -> Sentence:
    """Names with commas; the last ones only counted where there are many."""
    named = list(labels) if len(labels) <= _MOST_NAMES + 1 else list(labels[:_MOST_NAMES])
    parts: list[str | Named] = []
    for place, label in enumerate(named):
        last = place == len(named) - 1 and len(named) == len(labels)
        parts += ["" if not place else " and " if last else ", ", Named(label)]
    more = len(labels) - len(named)
    return tuple(part for part in [*parts, f" and {more} more" if more else ""] if part)


def _cautions(ordered: OrderedRuns) -> list[Sentence]:
    """Which runs are no runs of the whole benchmark."""
    own = [run.label for run in ordered.runs if _on_own_rows(run, ordered.partial[run.label])]
    part = [run.label for run in ordered.runs if ordered.partial[run.label] and run.label not in own]
    why = f" ({ordered.partial[part[0]]})" if len(part) == 1 else ""
    found = [
        _caution(ordered, own, " ran on this project's own rows, which are not the benchmark."),
        _caution(ordered, part, f" ran a part of the rows{why}, so that this is not the benchmark's score."),
    ]
    return [sentence for sentence in found if sentence]


def _on_own_rows(run: Run, partial: str) -> bool:
    return partial == EMBEDDED or (not run.samples and any(sample.item.source == "embedded" for sample in run.item_samples))


def _caution(ordered: OrderedRuns, labels: Sequence[str], words: str) -> Sentence:
    """A sentence about some of the runs; empty for none."""
    if not labels:
        return ()
    if len(labels) == len(ordered.runs):
        return ("It" if len(labels) == 1 else "All of them", words)
    return (*_names(labels), words)


def _widest(comparison: Comparison) -> ComparedFigure:
    """The finding over the most: the headline where both runs have it."""
    return comparison.findings[0]


def _where(ordered: OrderedRuns, finding: ComparedFigure | None = None) -> str:
    """What a figure is of, where it isn't the headline."""
    cell = (str(finding.cell.level), finding.cell.name, finding.cell.metric) if finding else ordered.cell
    if cell is None or cell[1] == HEADLINE_NAME:
        return ""
    metric = "" if cell[2] == HEADLINE_NAME else f" ({cell[2]})"
    return f" in {cell_name(cell[0], cell[1])}{metric}"


def _unit(ordered: OrderedRuns) -> str:
    return "items" if ordered.cell and ordered.cell[0].startswith("encoder") else "rows"


def _with_interval(score: Score) -> str:
    low, high = score.interval.low, score.interval.high
    return shown(score.mean) + ("" if low is None else f" ({shown_interval(low, high)})")


def _range(finding: ComparedFigure) -> str:
    found = finding.paired.interval
    return "no interval" if found.low is None else shown_range(found.low, found.high)
