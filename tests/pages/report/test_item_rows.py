"""Spans and ranked texts held against the expected ones: which are the same, missing and added, in linear time."""

import json
import random
import time
from dataclasses import replace

import pytest

from sevenllm_bench.encoder_tasks.encoder_task import Item
from sevenllm_bench.pages.report.item_rows import _compared, _found_texts
from sevenllm_bench.runs.encoder_records import ItemSample


def sample(expected, answer):
    return ItemSample("sevenllm-en-entities", Item(1, "x", "own", {"text": "a b", "spans": expected}), answer, {})


@pytest.mark.parametrize(
    ("expected", "answer", "same", "missing", "added"),
    [
        ([[0, 1, "A"]], [[0, 1, "A"]], [[0, 1, "A"]], [], []),
        ([[0, 1, "A"], [0, 1, "A"]], [[0, 1, "A"]], [[0, 1, "A"]], [[0, 1, "A"]], []),
        ([[0, 1, "A"]], [[2, 3, "B"], [0, 1, "A"], [0, 1, "A"]], [[0, 1, "A"]], [], [[2, 3, "B"], [0, 1, "A"]]),
        ([1, True, 1.0, "1", None], [True, "x", {"a": []}], [True], [1, 1.0, "1", None], ["x", {"a": []}]),
        ([], [[0, 1, "A"]], [], [], [[0, 1, "A"]]),
        ([[0, 1, "A"]], None, [], [[0, 1, "A"]], []),
        ("no list", {"no": "list"}, [], [], []),
    ],
)
def test_spans_are_held_against_each_other_one_for_one(expected, answer, same, missing, added):
    assert _texts(_compared(sample(expected, answer))) == _texts((same, [], missing, added))


def _texts(parts):
    """As JSON texts, in which 1, 1.0 and true differ."""
    return [[json.dumps(span) for span in part] for part in parts]


@pytest.mark.parametrize("seed", range(50))
def test_any_spans_are_told_apart_as_by_looking_at_each_pair(seed):
    chance = random.Random(seed)
    expected, answer = (
        [[chance.randint(0, 2), chance.randint(3, 4), chance.choice("AB")] for _ in range(chance.randint(0, 9))] for _ in range(2)
    )
    left, same, missing = list(answer), [], []
    for span in expected:
        (same if span in left else missing).append(span)
        if span in left:
            left.remove(span)
    assert _compared(sample(expected, answer)) == (same, [], missing, left)


def test_forty_thousand_spans_on_either_side_take_no_seconds():
    """Each pair looked at took 16 seconds."""
    expected, answer = ([[place, place + more, "A"] for place in range(40_000)] for more in (1, 2))
    start = time.process_time()
    _, _, missing, added = _compared(sample(expected, answer))
    assert time.process_time() - start < 3
    assert len(missing) == len(added) == 40_000


def test_found_texts_are_marked_whatever_the_list_of_relevant_ones_holds():
    found = ItemSample("sevenllm-en-retrieval", Item(1, "x", "own", {}), {"ranked": [[7, 0.9], [8, 0.5], [9, 0.25]]}, {})
    relevant = [[7], {"8": 8}, None, "9", 9.0, 100]
    assert _found_texts(replace(found, item=Item(1, "x", "own", {"relevant": relevant}))) == (
        "1. text of row 7, 0.9\n2. text of row 8, 0.5\n3. text of row 9, 0.25 (right)"
    )


def test_many_relevant_texts_take_no_seconds():
    """Each ranked text held against each of the relevant ones took as many seconds."""
    ranked = [[place, 1.0 / (1 + place)] for place in range(1_000)]
    item = Item(1, "x", "own", {"relevant": list(range(10_000, 310_000))})
    start = time.process_time()
    assert "(right)" not in _found_texts(ItemSample("sevenllm-en-retrieval", item, {"ranked": ranked}, {}))
    assert time.process_time() - start < 1
