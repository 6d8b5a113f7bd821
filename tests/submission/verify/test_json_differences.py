"""Differences of JSON values in words; every expected line is written out by hand."""

import pytest

from sevenllm_bench.submission.verify.json_differences import differences


@pytest.mark.parametrize(
    ("wanted", "found", "lines"),
    [
        ([1, 2], [1, 2], []),
        ([1, 2], [1, 3], ["x[1]: 3, expected 2"]),
        ([1, 2], [1], ["x: 1 entries, expected 2"]),
        ([[1]], [[2]], ["x[0][0]: 2, expected 1"]),
        (1.0, 1.0 + 9e-7, []),
        (1.0, 1.0 + 1.1e-6, ["x: 1.0000011, expected 1.0"]),
        (1, True, ["x: true, expected 1"]),
        (None, 0, ["x: 0, expected null"]),
        ({}, [], ["x: list, expected dict"]),
        ("a", "a", []),
        (float("nan"), 1.0, ["x: 1.0, expected NaN"]),
    ],
)
def test_differences_of_json_values(wanted, found, lines):
    assert list(differences(wanted, found, "x")) == lines


def test_long_keys_and_values_are_cut():
    found, wanted = f'"{"f" * 58}…', f'"{"w" * 58}…'
    assert list(differences("w" * 100, "f" * 100, "x")) == [f"x: {found}, expected {wanted}"]
    key, shown = "k" * 100, "k" * 79 + "…"
    assert list(differences({key: 1}, {}, "x")) == [f"x.{shown}: missing"]
    assert list(differences({}, {key: 1}, "x")) == [f"x.{shown}: unexpected"]
    assert list(differences({key: 1}, {key: 2}, "x")) == [f"x.{shown}: 2, expected 1"]


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}])
def test_sixty_levels_are_compared_and_no_more(wrap):
    def nested(levels, value):
        for _ in range(levels):
            value = wrap(value)
        return value

    assert list(differences(nested(60, 1), nested(60, 1), "x")) == []
    assert len(list(differences(nested(60, 1), nested(60, 2), "x"))) == 1
    (line,) = differences(nested(61, 1), nested(61, 1), "x")
    assert line.endswith(": too deep")
