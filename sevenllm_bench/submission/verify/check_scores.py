"""Every score that can be computed from an answer, computed again and compared with what a bundle says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.answers.reading import Reading, read_answer
from sevenllm_bench.catalog import TASK_VERSION, Kind
from sevenllm_bench.data.rows import Row
from sevenllm_bench.metrics.registry import ADDED_LATER, LEXICAL, METRIC_VERSIONS, READING_VERSION, SEMANTIC_METRICS
from sevenllm_bench.runs.records import LeafRun, Run, Sample
from sevenllm_bench.runs.untrusted import dig
from sevenllm_bench.scoring import score_readings
from sevenllm_bench.submission.verify.check_manifest import claim_of
from sevenllm_bench.submission.verify.check_rows import Benchmarks, samples_by_task, source_of
from sevenllm_bench.submission.verify.findings import TOLERANCE, Finding, figure_finding, some, unconfirmed
from sevenllm_bench.submission.verify.json_differences import differences

#: Of all answers as they are read, without reasoning. More are not scored here, so that a bundle can't keep a leaderboard's
#: machine busy for hours: the slowest text takes some 20 seconds a million. 1,300 answers of 2,000 tokens have 13 million.
MOST_CHARACTERS = 20_000_000


@dataclass(frozen=True, slots=True)
class Rescored:
    """A run's samples, scored again.

    Attributes:
        samples: The samples with the true values of lexical metrics, against the true rows; other metrics as they were.
        too_long: Ids of rows by task that were not scored again, since the answers together are too long; they keep the
            values that the bundle has for them.
    """

    samples: tuple[Sample, ...]
    too_long: Mapping[str, list[int]]


def rescore(run: Run, benchmarks: Benchmarks) -> Rescored:
    """Score all answers again."""
    found: list[Sample] = []
    too_long: dict[str, list[int]] = {}
    characters = 0
    for task, samples in samples_by_task(run).items():
        rows = benchmarks[source_of(run.leaves[task])].by_id
        scored = []
        for sample in samples:
            characters += len(sample.reading.text)
            if characters > MOST_CHARACTERS:
                too_long.setdefault(task, []).append(sample.id)
                found.append(sample)
            else:
                scored.append(_with_true_row(sample, rows.get(sample.id, sample.row)))
        found += _rescored(scored, run.leaves[task])
    return Rescored(tuple(found), too_long)


def _with_true_row(sample: Sample, row: Row) -> Sample:
    """The sample about the benchmark's row. Its answer is read again only where the row in the bundle was altered."""
    same = (sample.row.kind, sample.row.choices) == (row.kind, row.choices)
    return replace(sample, row=row, reading=sample.reading if same else read_answer(sample.response, row.kind, row.choices))


def _rescored(samples: Sequence[Sample], leaf: LeafRun) -> list[Sample]:
    if leaf.output_type == "multiple_choice":
        return [_by_likelihood(sample) for sample in samples]
    kind = leaf.leaf.kind
    as_leaf = _lexical(samples, kind)
    other = [sample for sample in samples if sample.row.kind != kind]
    as_row = dict(zip([sample.id for sample in other], _lexical(other, None), strict=True))
    left_out = ADDED_LATER if _is_before_added_metrics(samples, leaf) else frozenset()
    return [
        replace(
            sample,
            reported=_exchanged(sample.reported, task, left_out),
            metrics=_exchanged(sample.metrics, as_row.get(sample.id, task), left_out),
        )
        for sample, task in zip(samples, as_leaf, strict=True)
    ]


def _lexical(samples: Sequence[Sample], kind: Kind | None) -> list[dict[str, float]]:
    readings = [s.reading if kind in (None, s.row.kind) else read_answer(s.response, kind) for s in samples]
    return [score.metrics for score in score_readings([sample.row for sample in samples], readings)]


def _by_likelihood(sample: Sample) -> Sample:
    """The accuracy of the likeliest letter; the log-likelihoods themselves are taken as they are."""
    values = {"acc": float(sample.reading.letter == sample.row.output)}
    return replace(sample, reported=values, metrics=values)


def _is_before_added_metrics(samples: Sequence[Sample], leaf: LeafRun) -> bool:
    """Whether a task was run before the metrics of `ADDED_LATER`: neither its signature nor any of its rows has one.

    A task that has one for some rows only isn't: its figure would be that of chosen rows.
    """
    versions = dig(leaf.signature, "metrics")
    named = versions.keys() if isinstance(versions, dict) else ()
    return not (ADDED_LATER.intersection(named) or any(ADDED_LATER & sample.reported.keys() for sample in samples))


def _exchanged(old: Mapping[str, float], new: Mapping[str, float], left_out: frozenset[str]) -> dict[str, float]:
    kept = {name: value for name, value in old.items() if name not in LEXICAL}
    return {**kept, **{name: value for name, value in new.items() if name not in left_out}}


def check_scores(run: Run, again: Rescored) -> Iterator[Finding]:
    """The scores of every row and the means of every task, metric by metric."""
    recomputed = {(sample.task, sample.id): sample for sample in again.samples}
    for task, samples in samples_by_task(run).items():
        leaf = run.leaves[task]
        yield from _versions(leaf)
        true = [recomputed[task, sample.id] for sample in samples]
        metrics = {name: None for sample in (*samples, *true) for name in sample.reported} | dict.fromkeys(leaf.metrics)
        for metric in [name for name in METRIC_VERSIONS if name in metrics]:
            yield from _metric(leaf, metric, samples, true, again.too_long.get(task, []))


def _versions(leaf: LeafRun) -> Iterator[Finding]:
    """Figures of another version can't be expected to agree; they are compared all the same."""
    if leaf.version != TASK_VERSION:
        why = f"task version {leaf.version}, this package has {TASK_VERSION}"
        yield unconfirmed("scores", leaf.task, "settings", why)
    reading = dig(leaf.signature, "reading")
    if leaf.signature and reading != READING_VERSION:
        why = f"answers read by version {reading or 1!r}, this package has {READING_VERSION}"
        yield unconfirmed("scores", leaf.task, "settings", why)
    versions = dig(leaf.signature, "metrics")
    for name, version in versions.items() if isinstance(versions, dict) else ():
        if METRIC_VERSIONS.get(name) != version:
            why = f"version {version!r}, this package has {METRIC_VERSIONS.get(name)}"
            yield unconfirmed("scores", f"{leaf.task} {name}", "settings", why)


def _metric(
    leaf: LeafRun, metric: str, samples: Sequence[Sample], true: Sequence[Sample], too_long: Sequence[int]
) -> Iterator[Finding]:
    name = f"{leaf.task} {metric}"
    claimed = leaf.metrics.get(metric)
    if metric in LEXICAL:
        differing = [_in_words(old, new, metric) for old, new in zip(samples, true, strict=True) if _differ(old, new, metric)]
        if differing:
            yield Finding("scores", name, "differs", f"{len(differing)} of {len(samples)} rows differ: {some(differing, 3)}")
    values = [sample.reported[metric] for sample in true if metric in sample.reported]
    mean = figure_finding("task figures", name, claimed, sum(values) / len(values) if values else None)
    if mean.status == "differs" or (metric in LEXICAL and not too_long):
        yield mean
    elif metric in LEXICAL:
        yield with_long_answers(mean, too_long)
    else:
        yield from _impossible(name, metric, true)
        yield replace(mean, status="unconfirmed", claim=claim_of(metric), detail=_needs(leaf, metric))


def with_long_answers(mean: Finding, too_long: Sequence[int]) -> Finding:
    """A mean that agrees with its values, some of which were not computed again.

    Args:
        mean: That it agrees.
        too_long: Ids of the rows that were not scored again, see `Rescored`.
    """
    why = f"answers of more than {MOST_CHARACTERS:,} characters together; not scored again: rows {some(too_long)}"
    return replace(mean, status="unconfirmed", claim="length", detail=why)


def _impossible(name: str, metric: str, samples: Sequence[Sample]) -> Iterator[Finding]:
    """Values that no model gives: similarity without an answer, marks that are not whole, a mark without being scored."""

    def wrong(sample: Sample) -> bool:
        value = sample.reported.get(metric)
        if metric in SEMANTIC_METRICS:
            return bool(value) and sample.reading.how == "empty"
        if metric == "judge_scored":
            return value != float("judge" in sample.reported)
        return value is not None and value not in (1, 2, 3, 4, 5)

    rows = [sample.id for sample in samples if wrong(sample)]
    if rows:
        yield Finding("scores", name, "differs", f"{len(rows)} values that can't be: rows {some(rows)}")


def _differ(old: Sample, new: Sample, metric: str) -> bool:
    claimed, found = old.reported.get(metric), new.reported.get(metric)
    return claimed is not found if None in (claimed, found) else abs(claimed - found) > TOLERANCE  # type: ignore[operator]


def check_readings(run: Run, results: Mapping[str, Any], samples: Sequence[Sample]) -> Iterator[Finding]:
    """How answers were read, as the results count it; a run of several processes counts those of one.

    Args:
        run: The run.
        results: The results file.
        samples: The samples scored again.
    """
    for task, leaf in run.leaves.items():
        claimed = dig(results, "configs", task, "metadata", "sevenllm", "answers")
        if isinstance(claimed, dict) and dig(leaf.signature, "sevenllm_bench") == __version__:
            yield from wrong_counts(task, claimed, [_read_as_leaf(sample, leaf) for sample in samples if sample.task == task])


def wrong_counts(task: str, claimed: Mapping[str, Any], own: Sequence[Reading]) -> Iterator[Finding]:
    """Counts of how the answers to a task were read that its answers don't give.

    Args:
        task: Its name.
        claimed: What the results count.
        own: The answers as they are read here.
    """
    read_as = dict(Counter(reading.how for reading in own))
    cut, suspect = sum(reading.cut for reading in own), sum(reading.is_suspect for reading in own)
    wanted = {"read_as": read_as, "look_cut_off": cut, "look_like_reasoning": suspect}
    if _counts_some(claimed.get("read_as"), read_as):
        yield Finding("answers", task, "note", "the results count how answers were read for some of them only")
        return
    found = list(differences({name: value for name, value in wanted.items() if name in claimed}, claimed, "answers"))
    if found:
        yield Finding("answers", task, "differs", f"not as they are read here: {some(found, 3)}")


def _counts_some(claimed: Any, counts: Mapping[str, int]) -> bool:
    """Whether the counts are of some of the answers: fewer of them, and none more often than it is there."""
    said = {how: _count(number) for how, number in claimed.items()} if isinstance(claimed, dict) else {}
    fewer = sum(said.values()) < sum(counts.values())
    return fewer and bool(said) and all(number <= counts.get(how, 0) for how, number in said.items())


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _read_as_leaf(sample: Sample, leaf: LeafRun) -> Reading:
    """The answer as the harness read it: as an answer to the leaf's kind of row."""
    if sample.kind == leaf.leaf.kind:
        return sample.reading
    return read_answer(sample.response, leaf.leaf.kind, sample.row.choices)


def _in_words(old: Sample, new: Sample, metric: str) -> str:
    claimed = old.reported.get(metric)
    found = new.reported.get(metric)
    said, computed = ("no value" if value is None else f"{value:.6f}" for value in (claimed, found))
    return f"row {new.id} claims {said}, recomputed {computed}"


def _needs(leaf: LeafRun, metric: str) -> str:
    """Why a figure can't be confirmed though it is the mean of its rows' values."""
    if metric.startswith("semantic"):
        needed = f"the embedding model {dig(leaf.signature, 'embedding', 'model')}"
    else:
        needed = f"the judge {dig(leaf.signature, 'judge', 'model')}"
    return f"the mean of its rows' values, which can't be confirmed (needs {needed})"
