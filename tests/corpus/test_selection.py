import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenllm_bench.corpus.selection import balance, cell_of, counts_by_cell, deduplicate, sample, split_held_out
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.data.rows import Row

TASKS = ("Threat Analysis", "Vulnerability Exploitation Analysis", "Other")


def _row(row_id, text="", category=TASKS[0], language="en", kind="generation", instruction="Summarise."):
    return Row(row_id, category, instruction, text, "", "x", language, kind, "instruct")


def _text(number, language="en"):
    """An incident text of its own."""
    letters = "abcdefghijklmnopqrstuvwxyz" if language == "en" else "攻击者使用钓鱼邮件窃取服务器数据漏洞木马病毒网络安全威胁情报"
    return "".join(random.Random(f"{language}{number}").choices(letters, k=120))


@st.composite
def _corpora(draw):
    """Up to 60 rows about up to 15 incidents, ids in any order."""
    ids = draw(st.lists(st.integers(0, 10_000), max_size=60, unique=True))
    kinds = st.tuples(st.integers(0, 14), st.sampled_from(TASKS), st.sampled_from(["en", "zh"]), st.booleans())
    return [
        _row(row_id, _text(number, language), task, language, "mcq" if mcq else "generation")
        for row_id, (number, task, language, mcq) in ((row_id, draw(kinds)) for row_id in ids)
    ]


def _ids(rows):
    return [row.id for row in rows]


# --- duplicates ------------------------------------------------------------------------------------------------------


def test_deduplicate_drops_what_was_asked_before():
    mcq = {"question": "Which one?", "choice": {"A": "a", "B": "b", "C": "c", "D": "d"}}
    rows = [
        _row(5, "The attacker came."),
        _row(1, "the ATTACKER, came"),
        _row(2, "The attacker came.", instruction="List the tools."),
        _row(3, "Another came."),
        replace(_row(4, "The attacker came."), instruction="summarise", output="y", category="Other"),
        _row(6, kind="mcq", instruction=mcq),
        _row(7, kind="mcq", instruction={**mcq, "choice": {**mcq["choice"], "D": "e"}}),
        _row(8, kind="mcq", instruction={**mcq, "question": "WHICH ONE"}),
        _row(9, "。", instruction="?"),
        _row(10, "!", instruction="?"),
    ]
    kept, dropped = deduplicate(rows)
    assert _ids(kept) == [5, 2, 3, 6, 7, 9, 10]
    assert dropped == [(1, 5), (4, 5), (8, 6)]


@given(_corpora())
def test_deduplicate_loses_nothing(rows):
    kept, dropped = deduplicate(rows)
    assert sorted(_ids(kept) + [row_id for row_id, _ in dropped]) == sorted(_ids(rows))
    assert {first for _, first in dropped} <= set(_ids(kept))
    assert {(row.instruction, row.input) for row in kept} == {(row.instruction, row.input) for row in rows}
    assert deduplicate(kept) == (kept, [])


# --- held-out rows ---------------------------------------------------------------------------------------------------


@given(_corpora(), st.sampled_from([0.0, 0.01, 0.3, 0.9]), st.integers(0, 3), st.randoms(use_true_random=False))
def test_split_parts_incidents_in_any_order(rows, share, seed, shuffler):
    training, held_out = split_held_out(rows, share, seed)
    assert sorted(_ids(training) + _ids(held_out)) == sorted(_ids(rows))
    assert not {row.input for row in training} & {row.input for row in held_out}
    shuffled = list(rows)
    shuffler.shuffle(shuffled)
    again = split_held_out(shuffled, share, seed)
    assert [set(_ids(side)) for side in again] == [set(_ids(training)), set(_ids(held_out))]
    for language in {row.language for row in rows}:
        incidents = {row.input for row in rows if row.language == language}
        held = {row.input for row in held_out if row.language == language}
        assert len(held) < len(incidents)
        assert held or len(incidents) < 2 or len(incidents) * share < 1


def test_share_nothing_holds_nothing_out():
    rows = embedded_split("train")
    assert split_held_out(rows, 0, 1) == (list(rows), [])


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_about_the_share_is_held_out(share):
    """2,000 incidents: the standard error of the share is 0.005 and 0.011."""
    rows = [_row(n, _text(n)) for n in range(2000)]
    one, other = (set(_ids(split_held_out(rows, share, seed)[1])) for seed in (1, 2))
    assert len(one) / 2000 == pytest.approx(share, abs=0.04)
    assert len(one & other) / 2000 == pytest.approx(share**2, abs=0.04)


def test_nearly_equal_texts_stay_together():
    rows = []
    for n in range(200):
        text = _text(n)
        variants = (text, text.upper(), text[:-10], f"{text} (updated)")
        rows += [_row(4 * n + place, variant) for place, variant in enumerate(variants)]
    training, held_out = split_held_out(rows, 0.3, 7)
    assert {row.id // 4 for row in training}.isdisjoint(row.id // 4 for row in held_out)
    assert len({row.id // 4 for row in held_out}) == pytest.approx(60, abs=26)


def test_a_split_stays_when_rows_are_added():
    rows = [_row(n, _text(n)) for n in range(300)]
    few, many = (split_held_out(part, 0.2, 3) for part in (rows[:200], rows))
    assert set(_ids(few[0])) <= set(_ids(many[0]))
    assert set(_ids(few[1])) <= set(_ids(many[1]))


def test_rows_without_a_text_are_told_apart_by_their_question():
    rows = [_row(n, "", instruction=_text(n // 2)) for n in range(200)]
    training, held_out = split_held_out(rows, 0.3, 1)
    assert 20 < len(held_out) < 110
    assert {row.id // 2 for row in training}.isdisjoint(row.id // 2 for row in held_out)


def test_each_language_has_rows_on_both_sides():
    rows = embedded_split("train")
    for seed in range(20):
        for side in split_held_out(rows, 0.12, seed):  # 9 incidents in each language: one at least
            assert {row.language for row in side} == {"en", "zh"}


# --- samples ---------------------------------------------------------------------------------------------------------


@given(_corpora(), st.integers(0, 70), st.integers(0, 70), st.integers(0, 3), st.randoms(use_true_random=False))
def test_samples_are_nested_in_any_order(rows, one, other, seed, shuffler):
    small, large = sorted((one, other))
    shuffled = list(rows)
    shuffler.shuffle(shuffled)
    first, second = sample(rows, small, seed), sample(shuffled, large, seed)
    assert (len(first), len(second)) == (min(small, len(rows)), min(large, len(rows)))
    assert set(_ids(first)) <= set(_ids(second))
    assert _ids(first) == [row.id for row in rows if row in first]


def test_samples_are_even():
    """Every row is in about a tenth of the samples: 400 seeds, standard deviation 6."""
    rows = [_row(n) for n in range(50)]
    counts = Counter(row_id for seed in range(400) for row_id in _ids(sample(rows, 5, seed)))
    assert all(10 <= counts[n] <= 75 for n in range(50))


# --- balance ---------------------------------------------------------------------------------------------------------


def _groups(sizes):
    """Rows of the given number by (language, task)."""
    pairs = [pair for pair, size in sizes.items() for _ in range(size)]
    return [_row(n, category=task, language=language) for n, (language, task) in enumerate(pairs)]


def test_shares_by_temperature():
    """90 and 10 rows: at T = 2, sqrt(90) : sqrt(10) = 3 : 1; at infinity 1 : 1."""
    rows = _groups({("en", TASKS[0]): 90, ("zh", TASKS[0]): 10})
    for temperature, wanted in ((1, (90, 10)), (2, (75, 25)), (float("inf"), (50, 50)), (0.5, (99, 1))):
        assert tuple(Counter(row.language for row in balance(rows, temperature, 1, 0)).values()) == wanted


def test_shares_of_tasks_within_each_language():
    """64 and 4 of 68 English rows at T = 3: 4 : 1.587, so 48.68 and 19.32; of 10 Chinese ones 9 and 1: 6.75 and 3.25."""
    rows = _groups({("en", TASKS[0]): 64, ("en", TASKS[1]): 4, ("zh", TASKS[0]): 9, ("zh", TASKS[2]): 1})
    assert counts_by_cell(balance(rows, 1, 3, 0)) == {
        "en/Threat Analysis": 49,
        "en/Vulnerability Exploitation Analysis": 19,
        "zh/Other": 3,
        "zh/Threat Analysis": 7,
    }
    equal = counts_by_cell(balance(rows, float("inf"), float("inf"), 0))
    assert list(equal.values()) == [20, 19, 20, 19] or list(equal.values()) == [20, 19, 19, 20]


TEMPERATURES = st.sampled_from([0.01, 0.5, 1, 1.5, 4, float("inf")])


@given(_corpora(), TEMPERATURES, TEMPERATURES, st.integers(0, 3), st.randoms(use_true_random=False))
def test_balance_keeps_the_total_and_repeats_evenly(rows, languages, tasks, seed, shuffler):
    balanced = balance(rows, languages, tasks, seed)
    assert len(balanced) == len(rows)
    times = Counter(_ids(balanced))
    if languages >= 1:
        assert {row.language for row in balanced} == {row.language for row in rows}
    for cell in {cell_of(row) for row in rows}:
        own = [times[row.id] for row in rows if cell_of(row) == cell]
        assert max(own) - min(own) <= 1
    shuffled = list(rows)
    shuffler.shuffle(shuffled)
    assert Counter(_ids(balance(shuffled, languages, tasks, seed))) == times


@given(_corpora(), st.integers(0, 3))
def test_temperature_one_leaves_the_rows_as_they_are(rows, seed):
    assert balance(rows, 1, 1, seed) == rows


def test_another_seed_repeats_others():
    rows = _groups({("en", TASKS[0]): 90, ("zh", TASKS[0]): 20})
    assert balance(rows, 2, 1, 0) == balance(rows, 2, 1, 0)
    assert Counter(_ids(balance(rows, 2, 1, 0))) != Counter(_ids(balance(rows, 2, 1, 1)))


# --- all of it -------------------------------------------------------------------------------------------------------


def test_cells_of_rows():
    rows = [_row(1), _row(2, language="zh", kind="mcq"), _row(3, category="Other"), _row(4)]
    assert counts_by_cell(rows) == {"en/Other": 1, "en/Threat Analysis": 2, "zh/mcq": 1}
    assert list(counts_by_cell(rows)) == sorted(counts_by_cell(rows))


def test_the_same_rows_in_every_process():
    code = """
from sevenllm_bench.corpus.selection import balance, sample, split_held_out
from sevenllm_bench.data.embedded import embedded_split
training, held_out = split_held_out(embedded_split("train"), 0.2, 5)
print([row.id for row in (*held_out, *balance(sample(training, 60, 5), 2, 2, 5))])
"""
    outputs = {
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in "123"
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 300


@settings(max_examples=20)
@given(st.integers(1, 30))
def test_language_of_one_incident_stays_in_training(count):
    rows = [_row(n, "one and the same incident text") for n in range(count)]
    assert split_held_out(rows, 0.99, 0) == (rows, [])
