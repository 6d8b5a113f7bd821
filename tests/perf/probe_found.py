"""Which tests of the probe find a tiny model that was trained on official rows, and not its twin (docs/memorisation.md).

    SEVENLLM_DATA_DIR=FOLDER python tests/perf/probe_found.py [references] [incidents] [order] [completions] [continuations]

`references`: trained on the references of 40 incidents of each language; its twin on those of 40 others. Both are tested on the
    first 40, and neither has read the controls, 40 more.
`incidents`: the same of the incident texts.
`order`: trained on neighbouring rows in the order of the file, as a crawl of it would be read; its twin on the same rows, the
    groups of neighbours each in an order drawn at random.
`completions`: over-trained on 25 multiple-choice questions of each language, question and options alone; its twin on the same
    questions, the options of each in an order drawn at random that leaves A and the right one in their places.
`continuations`: over-trained on the texts of 40 incidents of each language, of which it is given the first half (at most
    352 tokens); its twin on those of 40 others.

Some minutes of one core each, `continuations` ten. Every model is a Llama of two layers, 64 wide, trained from scratch.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "memorisation"))
from trained_on_rows import train_on

from sevenllm_bench.catalog import LANGUAGES, Language
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.rows import LETTERS, Row
from sevenllm_bench.harness.lm_for_probe import LmForProbe, open_model
from sevenllm_bench.memorisation.order_tests import (
    _joined,
    _listed,
    _question,
    neighbours,
    option_completion_test,
    option_orders,
    row_order_test,
)
from sevenllm_bench.memorisation.probe_result import ProbeName, ProbeTest
from sevenllm_bench.memorisation.twin_tests import twin_test

INCIDENTS, GROUPS, QUESTIONS, RESAMPLES = 40, 16, 25, 9_999


def trained_on(texts: Iterable[str], epochs: int, window: int) -> LmForProbe:
    """A tiny model that has read some texts, as lm-eval loads it."""
    folder = train_on(Path(tempfile.mkdtemp()), texts, epochs, window=window)
    return open_model("hf", f"pretrained={folder}", batch_size=16, device="cpu")


def show(model: str, test: ProbeTest) -> None:
    """A line."""
    found = f"not made: {test.why_not}" if test.p is None else f"effect {test.effect:.3f}, p {test.p:.4f}"
    print(f"{model}, {test.name}, {test.language}: {test.units} units, {found}", flush=True)


def thirds(language: Language) -> list[list[Row]]:
    """Three times 40 generation rows of a language, each of an incident of its own: read, read by the twin, controls."""
    rows = list(
        {
            row.input: row for row in load_benchmark("official").rows if (row.kind, row.language) == ("generation", language)
        }.values()
    )
    order = np.random.default_rng(0).permutation(len(rows))
    return [[rows[place] for place in order[start : start + INCIDENTS]] for start in range(0, 3 * INCIDENTS, INCIDENTS)]


def twins(name: ProbeName, epochs: int = 8, window: int = 128) -> None:
    """A test with controls, of the model and of its twin."""
    found = {language: thirds(language) for language in LANGUAGES}
    for which, place in (("trained", 0), ("its twin", 1)):
        rows = [row for language in LANGUAGES for row in found[language][place]]
        texts = [row.reference_text if name == "reference-tokens" else row.input for row in rows]
        model = trained_on(texts, epochs, window)
        for language in LANGUAGES:
            seen, _, control = found[language]
            show(which, twin_test(model, name, language, seen, control, 0, RESAMPLES))


def order(epochs: int = 40) -> None:
    """The test of the rows' order, of the model and of its twin."""
    rows = load_benchmark("official").rows
    for language in LANGUAGES:
        groups = list(neighbours([row for row in rows if row.language == language]))[:GROUPS]
        asked = [row for group in groups for row in group]
        for which, read in (("trained", groups), ("its twin", shuffled(groups))):
            texts = ["".join(_joined(*pair)) for group in read for pair in itertools.pairwise(group)]
            show(which, row_order_test(trained_on(texts, epochs, window=511), language, asked, 0, RESAMPLES))


def completions(epochs: int = 100) -> None:
    """The test of completed options, of a model that has learnt the questions by heart and of its twin."""
    rows = [row for row in load_benchmark("official").rows if row.kind == "mcq"]
    places, rng = np.random.default_rng(0).permutation(50)[:QUESTIONS], np.random.default_rng(1)
    asked = [row for language in LANGUAGES for row in _at(places, [row for row in rows if row.language == language])]
    read = [option_orders(row, LETTERS[1:]) for row in asked]
    for which, chosen in (("trained", [0] * len(read)), ("its twin", [rng.integers(len(orders)) for orders in read])):
        texts = [f"{_question(row)}\n{_listed(orders[place])}" for row, orders, place in zip(asked, read, chosen, strict=True)]
        model = trained_on(texts, epochs, window=256)
        for language in LANGUAGES:
            show(which, option_completion_test(model, language, asked, 0, RESAMPLES))


def _at(places: Iterable[int], rows: Sequence[Row]) -> list[Row]:
    return [rows[place] for place in places]


def shuffled(groups: Sequence[Sequence[Row]]) -> list[list[Row]]:
    """The groups, each in an order drawn at random."""
    rng = np.random.default_rng(0)
    return [[group[place] for place in rng.permutation(len(group))] for group in groups]


if __name__ == "__main__":
    measured: dict[str, Callable[[], None]] = {
        "references": lambda: twins("reference-tokens"),
        "incidents": lambda: twins("incident-tokens"),
        "order": order,
        "completions": completions,
        "continuations": lambda: twins("incident-completion", epochs=100, window=511),
    }
    for wanted in sys.argv[1:] or measured:
        measured[wanted]()
