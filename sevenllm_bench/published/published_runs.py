"""Published models as runs, which everything that compares or shows runs can take: scores of all rows, without answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sevenllm_bench.answers.reading import Reading
from sevenllm_bench.catalog import LEAVES, TASK_VERSION
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError, unknown_name
from sevenllm_bench.metrics.signature import signature
from sevenllm_bench.published.score_file import PublishedScores, published_scores, row_digest
from sevenllm_bench.runs.records import LeafRun, Model, Run, Sample, Settings

#: What distinguishes a published model's label from that of a run of the same model.
_MARK = " (published)"
_ROWS_IN_NAME = re.compile(r"-(\d+)$")


def published_names() -> tuple[str, ...]:
    """The names of the published models, in the order in which they are shown."""
    return tuple(published_scores().models)


def published_runs(names: Sequence[str] = (), rows: Iterable[Row] = ()) -> list[Run]:
    """Published models as runs.

    Args:
        names: Which; none: all of them. A name that comes twice counts once.
        rows: Rows of the runs that they are compared with. Those that are the official ones, by their digest, become the
            published runs' rows; all others are rows without texts, which no run's row is equal to.

    Returns:
        Runs with a label that ends in "(published)", all rows, no answers, and notes on how the answers came about.

    Raises:
        ConfigError: A name is unknown; the nearest one is named.
        DataError: The scores are out of date, see `published_scores`.
    """
    scores = published_scores()
    for name in names:
        if name not in scores.models:
            raise ConfigError(unknown_name("published model", name, scores.models))
    digests = {scored.id: scored.digest for scored in scores.rows}
    texts = {row.id: row for row in rows if row_digest(row) == digests.get(row.id)}
    found = [texts.get(scored.id, scored.blank) for scored in scores.rows]
    chosen = dict.fromkeys(names or scores.models)
    return [_run(name, scores, found) for name in chosen]


def _run(name: str, scores: PublishedScores, rows: Sequence[Row]) -> Run:
    order = {leaf.name: place for place, leaf in enumerate(LEAVES)}
    model = scores.models[name]
    samples = []
    for place, (row, how) in enumerate(zip(rows, model.how, strict=True)):
        values = {metric: value for metric, column in model.metrics.items() if (value := column[place]) is not None}
        samples.append(Sample(row.leaf.name, row, None, None, values, values, Reading(row.kind, "", how)))
    label = label_of(name)
    return Run(
        label=label,
        model=Model(label, "published"),
        settings=Settings(limit=None),
        leaves=_leaves(rows, scores),
        samples=tuple(sorted(samples, key=lambda sample: (order[sample.task], sample.id))),
        origin="published",
        notes=tuple(notes_on(name, scores)),
    )


def _leaves(rows: Sequence[Row], scores: PublishedScores) -> dict[str, LeafRun]:
    """The leaves; prompt, shots and generation are unknown: the authors published the answers without them."""
    counts = Counter(row.leaf.name for row in rows)
    return {
        leaf.name: LeafRun(
            leaf.name,
            leaf,
            version=TASK_VERSION,
            rows=counts[leaf.name],
            rows_in_all=counts[leaf.name],
            output_type="generate_until",
            signature=_signature(signature(leaf.kind, leaf.language, dict(scores.data)), scores),
        )
        for leaf in LEAVES
        if leaf.name in counts
    }


def _signature(of_package: Mapping[str, object], scores: PublishedScores) -> dict[str, object]:
    """The signature with the metrics that the file has, and the libraries with which they were computed."""
    metrics = of_package["metrics"]
    assert isinstance(metrics, Mapping)
    known = {name: version for name, version in metrics.items() if name in scores.versions}
    return {**of_package, "metrics": known, **{name: value for name, value in scores.libraries.items() if name in of_package}}


def label_of(name: str) -> str:
    """What tables call a published model."""
    return f"{name}{_MARK}"


def notes_on(name: str, scores: PublishedScores) -> Iterable[str]:
    """What a reader of its figures must know of how they came about, a sentence each."""
    repository, commit = scores.source
    yield (
        f"answers that the benchmark's authors published ({repository} at {commit[:12]}), scored by this package; the authors' "
        "prompts and generation settings for them are not known"
    )
    if name.endswith("-cot"):
        yield "-cot: the model was asked for a thought before its answer, by the authors' own prompt"
    if match := _ROWS_IN_NAME.search(name):
        yield f"tuned on {int(match[1]):,} rows of the training data only"
