"""How often the probe's tests give evidence where a model has seen nothing: the table of docs/memorisation.md.

    python tests/perf/probe_false_alarms.py [statistics] [untrained] [trained] [order] [style]

`statistics`: both tests on drawn numbers without an effect, skewed, of unequal spread, at the sizes of the benchmark.
`untrained`: a tiny model with other random weights for each seed, on other twins for each seed.
`trained`: a tiny model that was trained on some rows, on others, divided by incident in another way for each seed.
`order`: word overlap of rows, and lengths of options, in place of a model, on the official rows (SEVENLLM_DATA_DIR): whether
    the file's orders by themselves give evidence.
`style`: a tiny model that was trained on one half of the official rows, tested on the other half, which it has not seen, with
    the embedded controls: what a model of the same style of text gives.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "memorisation"))
from trained_on_rows import make_tokenizer, tiny_model, train

from sevenllm_bench.catalog import LANGUAGES
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.embedded import load_embedded
from sevenllm_bench.harness.lm_for_probe import LmForProbe, open_model
from sevenllm_bench.memorisation.order_tests import option_order_test, row_order_test
from sevenllm_bench.memorisation.twin_tests import twin_test
from sevenllm_bench.memorisation.twins import CHANGE_KINDS, names_in, twin_of
from sevenllm_bench.stats.intervals import wilson
from sevenllm_bench.stats.one_sided import first_of_orders, greater_mean
from sevenllm_bench.text.segment import words

SEEDS = 200
RESAMPLES = 999


def show(name: str, p_values: list[float | None]) -> None:
    """The share of p-values up to 0.05, with Wilson's interval."""
    made = [p for p in p_values if p is not None]
    found = sum(p <= 0.05 for p in made)
    interval = wilson(found, len(made))
    print(f"{name}: {found} of {len(made)} = {found / len(made):.3f} [{interval.low:.3f}, {interval.high:.3f}]", flush=True)


def statistics() -> None:
    """Numbers without an effect, of the sizes of the benchmark."""
    rng, found = np.random.default_rng(0), {}
    for seed in range(SEEDS):
        for name, first, second in (
            ("groups of 600 and 95, skewed", rng.gamma(2, 1, 600), rng.gamma(2, 1, 95)),
            ("groups of 600 and 95, spread 1 and 2", rng.normal(0, 1, 600), rng.normal(0, 2, 95)),
            ("groups of 640 and 18, skewed", rng.gamma(2, 1, 640), rng.gamma(2, 1, 18)),
            ("groups of 640 and 18, spread 1 and 2", rng.normal(0, 1, 640), rng.normal(0, 2, 18)),
        ):
            found.setdefault(name, []).append(greater_mean(first, second, seed, RESAMPLES).p)
        for name, units, orders in (("50 questions of 6 orders", 50, 6), ("83 groups of 2 to 24 orders", 83, 24)):
            values = [rng.gamma(0.5, 1, orders if unit % 2 else 2) for unit in range(units)]
            found.setdefault(name, []).append(first_of_orders(values, seed, RESAMPLES).p)
    for name, p_values in found.items():
        show(f"statistics, {name}", p_values)


def _texts(language: str, *splits: str) -> list:
    return [row for split in splits for row in load_embedded(language, split)]


def untrained() -> None:
    """Random weights: a reference of each incident, divided at random into two halves, and 16 questions, in each language."""
    from lm_eval.models.huggingface import HFLM

    tokenizer, found = make_tokenizer(Path(tempfile.mkdtemp())), {}
    for seed in range(SEEDS):
        weights = HFLM(pretrained=tiny_model(tokenizer, seed, hidden=16), tokenizer=tokenizer, batch_size=32, device="cpu")
        model = LmForProbe(weights)
        for language in LANGUAGES:
            rows = list({row.input: row for row in _texts(language, "test", "fewshot", "train") if row.kind != "mcq"}.values())
            chosen, half = np.random.default_rng(seed).permutation(len(rows)), len(rows) // 2
            some, others = ([rows[place] for place in places] for places in (chosen[:half], chosen[half:]))
            for test in (
                twin_test(model, "reference-tokens", language, some, others, seed, RESAMPLES),
                option_order_test(model, language, _texts(language, "test"), seed, RESAMPLES),
            ):
                found.setdefault(f"{test.name}, {language}", []).append(test.p)
    for name, p_values in found.items():
        show(f"untrained, {name}", p_values)


def trained(twins: int = 2) -> None:
    """A model trained on some references of `train`; other references, incidents kept together, in two parts."""
    rows = [row for language in LANGUAGES for row in _texts(language, "train")[::3]]
    model = open_model(
        "hf", f"pretrained={train(Path(tempfile.mkdtemp()), rows, 5, incidents=False)}", batch_size=16, device="cpu"
    )
    everything = dict.fromkeys(CHANGE_KINDS, 1.0)
    for language in LANGUAGES:
        unseen = [row for row in _texts(language, "test", "fewshot", "train") if row.kind != "mcq" and row not in rows][::3]
        names = names_in([row.reference_text for row in unseen], language)
        rng = np.random.default_rng(0)
        pairs = []
        for row in unseen:
            texts = [
                row.reference_text,
                *(twin_of(row.reference_text, language, names, everything, rng).text for _ in range(twins)),
            ]
            pairs += [("", text) for text in texts]
        scores = np.array(model.token_scores(pairs)).reshape(len(unseen), twins + 1)
        incidents = sorted({row.input for row in unseen})
        p_values = []
        for seed in range(SEEDS):
            rng = np.random.default_rng(seed)
            first = set(rng.permutation(len(incidents))[: len(incidents) // 2])
            differences = scores[:, 0] - scores[np.arange(len(unseen)), rng.integers(1, twins + 1, len(unseen))]
            by_incident = [differences[[row.input == incident for row in unseen]].mean() for incident in incidents]
            ours = np.isin(np.arange(len(incidents)), list(first))
            means = np.array(by_incident)
            p_values.append(greater_mean(means[ours], means[~ours], seed, RESAMPLES).p)
        show(f"trained on other rows, reference-tokens, {language}", p_values)


class _Overlap:
    """Word overlap of two texts as the log-likelihood of the second after the first."""

    def log_likelihoods(self, pairs: list[tuple[str, str]]) -> list[float]:
        """The share of the second text's words that are in the first."""
        found = []
        for context, text in pairs:
            one, two = set(words(context)), set(words(text))
            found.append(len(one & two) / max(1, len(two)))
        return found


class _Lengths:
    """A liking for long options early, or late, as the log-likelihood of options."""

    def __init__(self, sign: int) -> None:
        self._sign = sign

    def log_likelihoods(self, pairs: list[tuple[str, str]]) -> list[float]:
        """The lengths of the lines, weighed by their places."""
        return [float(sum(self._sign * place * len(line) for place, line in enumerate(text.split("\n")))) for _, text in pairs]


def order() -> None:
    """The orders of the official file, without a model."""
    rows = load_benchmark("official").rows
    for language in LANGUAGES:
        for name, model, test in (
            ("long options early", _Lengths(-1), option_order_test),
            ("long options late", _Lengths(1), option_order_test),
            ("word overlap", _Overlap(), row_order_test),
        ):
            found = test(model, language, rows, 0, 9999)
            print(
                f"order, {found.name}, {name}, {language}: {found.units} units, effect {found.effect:.3f}, p {found.p:.3f}",
                flush=True,
            )


def style(rows_read: int = 40) -> None:
    """Half of some official rows are read, the other half is tested: same style, not the same rows."""
    rows = load_benchmark("official").rows
    halves: Counter[str] = Counter()
    read, tested = [], []
    for row in np.random.default_rng(0).permutation(np.array(rows, dtype=object)):
        if row.kind == "generation" and halves[row.language] < 2 * rows_read:
            (read if halves[row.language] < rows_read else tested).append(row)
            halves[row.language] += 1
    for name, texts in (
        (f"{rows_read} official rows", read),
        ("embedded rows", [r for x in LANGUAGES for r in _texts(x, "train")[::2]]),
    ):
        folder = train(Path(tempfile.mkdtemp()), texts, 8, incidents=False)
        model = open_model("hf", f"pretrained={folder}", batch_size=16, device="cpu")
        for language in LANGUAGES:
            control = [row for row in _texts(language, "test", "fewshot") if row.kind == "generation"]
            found = twin_test(model, "reference-tokens", language, tested, control, 0, RESAMPLES)
            print(
                f"style, trained on {name}, {language}: effect {found.effect:.3f} (s.e. {found.error:.3f}), p {found.p:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    for name in sys.argv[1:] or ("statistics", "untrained", "trained", "order", "style"):
        {"statistics": statistics, "untrained": untrained, "trained": trained, "order": order, "style": style}[name]()
