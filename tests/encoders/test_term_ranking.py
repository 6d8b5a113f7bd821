import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenllm_bench.encoders.term_ranking import largest_joint_scores, rank_of


def plain_rank(rows, tokens):
    """All sequences of the length, by a loop."""

    def joint(sequence):
        total = 0.0
        for row, token in zip(rows, sequence, strict=True):
            total += row[token]
        return total

    own = joint(tokens)
    larger = sum(joint(sequence) > own for sequence in itertools.product(*(range(len(row)) for row in rows)))
    return larger + 1 if larger < 10 else None


@st.composite
def sequences(draw):
    length, vocabulary = draw(st.integers(1, 3)), draw(st.integers(1, 12))
    values = st.sampled_from([-9.5, -4.25, -2.0, -1.0, -0.5]) | st.floats(-20, 0)  # with ties
    rows = [[draw(values) for _ in range(vocabulary)] for _ in range(length)]
    return rows, [draw(st.integers(0, vocabulary - 1)) for _ in range(length)]


@given(sequences())
@settings(max_examples=200, deadline=None)
def test_the_rank_equals_a_plain_loop(case):
    rows, tokens = case
    assert rank_of([row[token] for row, token in zip(rows, tokens, strict=True)], rows) == plain_rank(rows, tokens)


def test_by_hand():
    rows = [[math.log(0.6), math.log(0.3), math.log(0.1)], [math.log(0.5), math.log(0.25), math.log(0.25)]]
    assert rank_of([rows[0][0], rows[1][0]], rows) == 1
    # 0.30; 0.15 three times: (0, 1), (0, 2), (1, 0).
    assert rank_of([rows[0][0], rows[1][1]], rows) == rank_of([rows[0][0], rows[1][2]], rows) == 2
    assert rank_of([], []) is None
    assert largest_joint_scores(rows, 1) == pytest.approx([math.log(0.3)])


def test_only_the_best_of_each_position_are_needed():
    chance = np.random.default_rng(1)
    rows = np.log(chance.dirichlet(np.ones(200), size=2))
    best = np.sort(rows, axis=1)[:, ::-1][:, :10]
    order = sorted(itertools.product(range(200), repeat=2), key=lambda pair: -(rows[0][pair[0]] + rows[1][pair[1]]))
    for place, (first, second) in enumerate(order[:15]):
        wanted = place + 1 if place < 10 else None
        assert rank_of([float(rows[0][first]), float(rows[1][second])], best.tolist()) == wanted
