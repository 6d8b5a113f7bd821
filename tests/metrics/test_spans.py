import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nervaluate import Evaluator
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

from sevenllm_bench.metrics.spans import (
    SpanCounts,
    partial_counts,
    partial_counts_any_type,
    strict_counts,
    summed,
)

TYPES = ("Indicator", "Malware", "Organization", "System", "Vulnerability")
SIZE = 30


def random_spans(draw, size=SIZE):
    """Spans without overlap."""
    spans, place = [], 0
    while place < size:
        start = place + draw.randint(0, 4)
        end = start + draw.randint(1, 5)
        if end > size:
            break
        spans.append((start, end, draw.choice(TYPES)))
        place = end
    return spans


def changed(draw, spans, size=SIZE):
    """Predictions as a model's: some right, some with other bounds or another type, some missing; without overlap."""
    made, place = [], 0
    for start, end, kind in spans:
        act = draw.random()
        if act < 0.2:
            continue
        if act < 0.5:
            start, end = max(place, start + draw.randint(-2, 2)), min(size, end + draw.randint(-2, 2))
        if 0.4 < act < 0.6:
            kind = draw.choice(TYPES)
        if place <= start < end:
            made.append((start, end, kind))
            place = end
    return made


def as_iob2(spans, size=SIZE):
    tags = ["O"] * size
    for start, end, kind in spans:
        tags[start:end] = [f"B-{kind}", *[f"I-{kind}"] * (end - start - 1)]
    return tags


def as_dicts(spans):
    return [{"label": kind, "start": start, "end": end - 1} for start, end, kind in spans]  # its ends are included


def texts(seed, number=40):
    draw = random.Random(seed)
    gold = [random_spans(draw) for _ in range(number)]
    return gold, [changed(draw, spans) for spans in gold]


def by_type(count, gold, predicted):
    counts = [count(true, found) for true, found in zip(gold, predicted, strict=True)]
    return {kind: summed(part[kind] for part in counts if kind in part) for kind in TYPES}


@pytest.mark.parametrize("seed", range(10))
def test_strict_is_seqevals(seed):
    gold, predicted = texts(seed)
    report = classification_report(
        [as_iob2(spans) for spans in gold],
        [as_iob2(spans) for spans in predicted],
        mode="strict",
        scheme=IOB2,
        output_dict=True,
        zero_division=0,
    )
    counts = by_type(strict_counts, gold, predicted)
    for kind in TYPES:
        expected = report[kind]
        assert counts[kind].as_json() == pytest.approx(
            {"precision": expected["precision"], "recall": expected["recall"], "f1": expected["f1-score"]}, abs=1e-12
        )
        assert counts[kind].gold == expected["support"]
    micro = summed(counts.values())
    assert micro.f1 == pytest.approx(report["micro avg"]["f1-score"], abs=1e-12)
    assert micro.precision == pytest.approx(report["micro avg"]["precision"], abs=1e-12)
    assert 0.2 < micro.f1 < 0.9, "the cases are neither trivial nor hopeless"


@pytest.mark.parametrize("seed", range(10))
def test_partial_is_nervaluates(seed):
    gold, predicted = texts(seed)
    evaluator = Evaluator([as_dicts(s) for s in gold], [as_dicts(s) for s in predicted], list(TYPES), loader="dict")
    found = evaluator.evaluate()
    counts = by_type(partial_counts, gold, predicted)
    for kind in TYPES:
        expected = found["entities"][kind]["partial"]
        assert counts[kind].correct == expected.correct + expected.partial / 2
        assert (counts[kind].predicted, counts[kind].gold) == (expected.actual, expected.possible)
        assert counts[kind].as_json() == pytest.approx(
            {"precision": expected.precision, "recall": expected.recall, "f1": expected.f1}, abs=1e-12
        )
    overall = found["overall"]["partial"]
    any_type = summed(partial_counts_any_type(true, said) for true, said in zip(gold, predicted, strict=True))
    assert any_type.as_json() == pytest.approx(
        {"precision": overall.precision, "recall": overall.recall, "f1": overall.f1}, abs=1e-12
    )
    strict = summed(by_type(strict_counts, gold, predicted).values())
    assert strict.correct == found["overall"]["strict"].correct


spans = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 300), st.sampled_from(TYPES[:2])).map(lambda s: (s[0], s[0] + s[1], s[2])),
    max_size=8,
    unique=True,
).map(sorted)


@given(spans, spans)
def test_spans_that_overlap_and_long_ones_are_counted_as_nervaluate_counts_them(gold, predicted):
    """A true span of more than 100 characters isn't overlapped by one character of it: the share is below 1 percent."""
    result = Evaluator([as_dicts(gold)], [as_dicts(predicted)], list(TYPES), loader="dict").evaluate()["overall"]["partial"]
    counts = partial_counts_any_type(gold, predicted)
    assert counts.correct == result.correct + result.partial / 2
    assert (counts.predicted, counts.gold) == (len(predicted), len(gold))


def test_by_hand():
    gold = [(0, 4, "Malware"), (10, 20, "System")]
    predicted = [(0, 4, "Malware"), (12, 20, "System"), (30, 31, "Malware")]
    assert strict_counts(gold, predicted) == {"Malware": SpanCounts(1, 2, 1), "System": SpanCounts(0, 1, 1)}
    assert partial_counts(gold, predicted) == {"Malware": SpanCounts(1, 2, 1), "System": SpanCounts(0.5, 1, 1)}
    assert summed(partial_counts(gold, predicted).values()).f1 == pytest.approx(3 / 5)
    assert partial_counts_any_type([(0, 4, "Malware")], [(0, 4, "System")]) == SpanCounts(1, 1, 1)
    assert partial_counts([(0, 4, "Malware")], [(0, 4, "System")])["System"] == SpanCounts(0, 1, 0)


def test_nothing_to_find():
    assert SpanCounts().f1_of_item == 1.0
    assert SpanCounts().f1 == SpanCounts().precision == SpanCounts().recall == 0.0
    assert SpanCounts(0, 3, 0).f1_of_item == 0.0
