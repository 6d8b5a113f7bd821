"""Which tests a probe can't give: refused by name; every result of the statistics, whatever the values, is taken."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from sevenllm_bench.errors import ResultsError
from sevenllm_bench.memorisation.possible_probe import why_impossible
from sevenllm_bench.memorisation.probe_file import probe_as_json, read_probe
from sevenllm_bench.memorisation.probe_result import ProbeResult, ProbeTest
from sevenllm_bench.stats.one_sided import OneSided, first_of_orders, greater_mean

#: Three tests of the untrained checkpoint of the demo on the official rows, 9,999 draws, as docs/memorisation.md describes.
TOKENS = ProbeTest("incident-tokens", "zh", 636, 18, 0.03455, 0.01052, 0.05856, 0.0036, 0.01223)
ORDER = ProbeTest("row-order", "en", 83, 0, -0.0561, -0.2637, 0.1514, 0.696, 0.10976426)
TEXT = ProbeTest("incident-completion", "en", 615, 18, 0.00151, -6.1e-05, 0.00383, 0.0062, 0.00102)
NOT_MADE = ProbeTest("option-completion", "en", 50, 0, None, None, None, None, None, "0 units; this test needs 10")
DRAWS = 9_999


def read(test, tmp_path, resamples=DRAWS):
    content = probe_as_json(
        ProbeResult("0.1.0", 0, resamples, {"name": "m"}, {}, {}, 0, (NOT_MADE, replace(test, language="zh")))
    )
    path = tmp_path / "probe.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return read_probe(path)


@pytest.mark.parametrize("test", [TOKENS, ORDER, TEXT, NOT_MADE])
def test_a_real_test_is_taken(test, tmp_path):
    assert read(test, tmp_path).tests[1] == replace(test, language="zh")


@pytest.mark.parametrize(
    ("test", "change", "words"),
    [
        (TOKENS, {"effect": 0.06}, "an effect of 0.06 outside its interval, 0.0105 to 0.0586"),
        (TOKENS, {"effect": -0.5}, "outside its interval"),
        (ORDER, {"effect": 0.16}, "outside its interval"),
        (TOKENS, {"low": 0.05856, "high": 0.01052}, "low end is above its high end"),
        (TOKENS, {"p": 0.00001}, "p is 1e-05; 9,999 draws give a whole number of 10,000ths"),
        (TOKENS, {"p": 0.00015}, "p is 0.00015"),
        (TOKENS, {"p": 0.0}, "p is 0"),
        (TOKENS, {"p": 1.0001}, "p is 1"),
        (TOKENS, {"p": 1e300}, "p is 1e[+]300"),
        (TOKENS, {"p": -0.5}, "p is -0.5"),
        (TOKENS, {"high": 2e6, "details": {"high": 0.0}}, "high is 2e[+]06"),
        (TOKENS, {"left_out": {"a\nb\u202e": -1}}, "a.*b.*: a whole number of 0 or more"),
        (TOKENS, {"error": 1e300}, "error is 1e[+]300, and can't be above 1,000,000 in size"),
        (TOKENS, {"effect": -2e6, "low": -2e6}, "effect is -2e[+]06"),
        (TOKENS, {"high": 2e6}, "high is 2e[+]06"),
        (TOKENS, {"error": -0.1}, "an error of -0.1"),
        (TOKENS, {"details": {"official_mean": -1e9}}, "official_mean is -1e[+]09"),
        (NOT_MADE, {"details": {"official_mean": 1e9}}, "official_mean is 1e[+]09"),
        (TEXT, {"effect": 3.5, "high": 4.0}, "effect is 3.5, and can't be above 3 in size"),
        (ORDER, {"effect": 6.5, "high": 7.0}, "effect is 6.5, and can't be above 6 in size"),
        (ORDER, {"error": 0.01}, "an error of 0.01; 83 units give 0.11 to 0.316"),
        (ORDER, {"error": 0.5}, "an error of 0.5; 83 units"),
        (TOKENS, {"error": None}, "an effect, an error and a p-value, or none of them"),
        (TOKENS, {"high": None}, "both ends, or none"),
        (TOKENS, {"low": None, "high": None}, "without its interval"),
        (NOT_MADE, {"low": -0.1, "high": 0.1}, "an interval of a test that was not made"),
        (NOT_MADE, {"why_not": ""}, "or a reason why it was not made"),
        (TOKENS, {"why_not": "no rows"}, "or a reason why it was not made"),
        (TOKENS, {"units": 9}, "9 units; a test is made from 10 on"),
        (TOKENS, {"controls": 9}, "9 controls; a test is made from 10 on"),
        (ORDER, {"controls": 18}, "controls of a test that needs none"),
    ],
)
def test_what_no_probe_gives_is_refused_by_name(test, change, words, tmp_path):
    with pytest.raises(ResultsError, match=words) as caught:
        read(replace(test, **change), tmp_path)
    assert f"probe.json, test 2 ({test.name}, zh)" in str(caught.value)
    assert str(caught.value).isprintable()


def test_the_least_p_value_is_that_of_no_draw_that_reaches_the_effect():
    """(0 + 1) / (draws + 1), by definition; with 19 draws 0.05, and nothing smaller."""
    assert why_impossible(replace(TOKENS, p=0.05), 19) == ""
    assert why_impossible(replace(TOKENS, p=0.049), 19) != ""
    assert why_impossible(replace(TOKENS, p=1.0), 19) == ""


def test_few_draws_may_all_lie_on_one_side_of_the_effect():
    """With one draw, the interval is that draw. Never is it hundreds of errors away."""
    assert why_impossible(replace(TOKENS, low=0.05, high=0.05, p=0.5), 1) == ""
    assert why_impossible(replace(TOKENS, low=5.0, high=5.0, p=0.5), 1) != ""


def test_a_test_of_orders_may_have_no_interval():
    """Where every unit has its written order first, all values are alike."""
    values = [np.array([1.0, 0.0]) for _ in range(12)]
    found = first_of_orders(values, 0, 99)
    assert (found.effect, found.interval.low, found.error) == (1.0, None, pytest.approx(1 / math.sqrt(12)))
    assert why_impossible(_of(found, "row-order", 12, 0), 99) == ""


def _of(found: OneSided, name, units, controls):
    ends = found.interval.low, found.interval.high
    return ProbeTest(name, "en", units, controls, found.effect, *ends, found.p, found.error, found.why_not)


def _values(rng, size):
    """Normal, skewed, all but one alike, all alike, heavy to the left, nearly alike."""
    kinds = (
        lambda: rng.normal(size=size),
        lambda: rng.lognormal(0, 2.5, size).clip(max=1e4),
        lambda: np.where(np.arange(size) == 3, rng.normal() * 100, 0.0),
        lambda: np.full(size, rng.normal()),
        lambda: -rng.pareto(0.6, size).clip(max=1e5),
        lambda: 0.1 + 1e-7 * rng.normal(size=size),
    )
    return kinds[rng.integers(len(kinds))]()


def _orders(rng):
    number = int(rng.choice([2, 6, 24]))
    values = rng.normal(size=number) if rng.random() < 0.5 else rng.lognormal(0, 3, number)
    if rng.random() < 0.3:
        values = np.sort(values)[::-1]  # the written order is the best
    return values * rng.choice([1e-3, 1.0, 1e3]) + rng.choice([0.0, 1e3])


@pytest.mark.parametrize("seed", range(60))
def test_whatever_the_statistics_give_is_possible(seed):
    rng = np.random.default_rng(seed)
    draws = int(rng.choice([1, 2, 5, 19, 40, 99, 100, 999]))
    ours, theirs = (_values(rng, int(rng.integers(9, 60))) for _ in range(2))
    found = greater_mean(ours, theirs, seed, draws)
    assert why_impossible(_of(found, "reference-tokens", len(ours), len(theirs)), draws) == ""
    units = [_orders(rng) for _ in range(rng.integers(9, 60))]
    assert why_impossible(_of(first_of_orders(units, seed, draws), "row-order", len(units), 0), draws) == ""
