import pytest

from sevenllm_bench.metrics.values import normalise, value_f1, value_f1_norm
from sevenllm_bench.text.leaf_values import leaf_values


def f1(prediction, reference, metric=value_f1):
    return metric([leaf_values(prediction)], [leaf_values(reference)])[0]


def test_leaf_values_walk_in_order_and_ignore_keys():
    assert leaf_values({"a": "x", "b": [{"c": 1}, [True, None]], "d": {}, "e": 2.5}) == ["x", "1", "True", "None", "2.5"]


@pytest.mark.parametrize(
    ("prediction", "reference", "by_hand"),
    [
        ({"a": "x"}, {"a": "x"}, 1.0),
        ({"a": "x"}, {"other": ["x"]}, 1.0),
        ({"attacker": "x", "victim": "y"}, {"attacker": "y", "victim": "x"}, 1.0),
        (["y", "x"], ["x", "y"], 1.0),
        (["x", "x", "x"], ["x"], 0.5),  # 2 * 1 / (3 + 1)
        (["x"], ["x", "x"], 2 / 3),
        (["x", "z"], ["x", "y", "w"], 0.4),  # 2 * 1 / (2 + 3)
        ({"a": "N/A"}, {"a": "x"}, 0.0),
        ({}, {}, 1.0),
        ({"a": "x"}, {}, 0.0),
        ({}, {"a": "x"}, 0.0),
        (True, {"a": True}, 1.0),
        (7, {"a": "7"}, 1.0),
    ],
)
def test_value_f1_by_hand(prediction, reference, by_hand):
    assert f1(prediction, reference) == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        ("FIN7", "fin7"),
        ("x ", "x"),
        ("Ｘ", "x"),
        ("a，b", "a,b"),
        ("hxxp://evil[.]com", "http://evil.com"),
        (True, "true"),
        (6, 6.0),
        ("a  b", "a b"),
    ],
)
def test_normalised_equal_where_strict_is_not(prediction, reference):
    assert f1(prediction, reference) == 0.0
    assert f1(prediction, reference, value_f1_norm) == 1.0


def test_normalising_keeps_what_differs():
    assert len({normalise(text) for text in ("6.5", "65", "6.0.1", "a.b", "ab", "")}) == 6


def test_huge_numbers_print():
    assert len(leaf_values([10**5000])[0]) > 4000


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        value_f1([[], []], [[]])
