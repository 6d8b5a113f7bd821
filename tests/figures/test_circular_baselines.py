"""What multiple choice in every rotation scores without knowledge, by hand and by programs that answer every rotation."""

from fractions import Fraction
from itertools import product

from sevenllm_bench.encoder_tasks.encoder_task import Item
from sevenllm_bench.encoder_tasks.mcq_circular import rotated, score
from sevenllm_bench.figures.circular_baselines import circular_baselines


def item(number, right, *texts):
    document = {"input": "", "question": "Which of them is it?", "choices": list(texts), "answer": right, "category": "c"}
    return Item(number, "mcq", "embedded", document)


ITEMS = [
    item(1, "B", "aa", "aaaa", "a", "a"),  # the longest is right
    item(2, "B", "aaa", "bbb", "a", "a"),  # one of two longest
    item(3, "D", "aaaa", "a", "a", "a"),
    item(4, "A", "aa", "bb", "cc", "dd"),  # one of four
]


def test_by_hand():
    """(1 + 1/2 + 0 + 1/4) / 4 = 0.4375; a guess is right in four rotations in 1 of 256 questions."""
    found = circular_baselines("en", ITEMS)
    assert found.rows() == [("one letter, always", 0.0, 0.25), ("longest option", 0.4375, 0.4375), ("chance", 1 / 256, 0.25)]
    assert found.words == (
        "Without knowledge, multiple choice in every rotation in English scores, as circular_acc and acc: one letter, always "
        "0.000 and 0.250, longest option 0.438 and 0.438, chance 0.004 and 0.250 (4 questions)."
    )


def test_the_same_by_answering_every_rotation():
    """Scored as a model's answers are: one letter always; each of the longest texts, wherever it is; all 256 guesses."""
    constant = score(ITEMS, [["C"] * 4] * 4)
    assert [(own["circular_acc"], own["acc"]) for own in constant] == [(0.0, 0.25)] * 4
    longest = []
    for question in ITEMS:
        texts = question.document["choices"]
        tied = [text for text in texts if len(text) == max(map(len, texts))]
        answers = [[_letter_of(text, rotated(question, rotation).choices) for rotation in range(4)] for text in tied]
        scores = score([question] * len(tied), answers)
        assert all(own["circular_acc"] == own["acc"] for own in scores)
        longest.append(sum(own["acc"] for own in scores) / len(tied))
    assert sum(longest) / 4 == circular_baselines("en", ITEMS).longest
    guesses = score([ITEMS[0]] * 256, [list(letters) for letters in product("ABCD", repeat=4)])
    assert Fraction(int(sum(own["circular_acc"] for own in guesses)), 256) == Fraction(1, 256)
    assert sum(own["acc"] for own in guesses) / 256 == 0.25


def _letter_of(text, choices):
    (letter,) = (letter for letter, own in choices.items() if own == text)
    return letter


def test_damaged_items_are_left_out_and_nothing_has_none():
    bad = Item(9, "mcq", "embedded", {"question": "Which?", "input": "", "category": "c", "answer": ["x"], "choices": 3})
    assert circular_baselines("en", [bad]) is None
    assert circular_baselines("en", [*ITEMS, bad]).questions == 4
    assert circular_baselines("en", []) is None
