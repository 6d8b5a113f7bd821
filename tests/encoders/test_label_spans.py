import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import BILOU, Entities

from sevenllm_bench.encoders.label_spans import parts_of_label, spans_of_labels

#: Words of one letter with a space after each: token n is at 2n.
LABELS = ["O", "B-A", "I-A", "B-B", "I-B"]


def spans(labels, text=None, offsets=None, words=None):
    text = "x " * len(labels) if text is None else text
    offsets = [(2 * n, 2 * n + 1) for n in range(len(labels))] if offsets is None else offsets
    return spans_of_labels(labels, offsets, text, list(range(len(labels))) if words is None else words)


@settings(deadline=None)
@given(st.lists(st.sampled_from(LABELS), min_size=1))
def test_bio_equals_seqeval(labels):
    wanted = [(2 * first, 2 * last + 1, kind) for kind, first, last in get_entities(labels)]
    assert spans(labels) == wanted


@settings(deadline=None)
@given(st.lists(st.sampled_from(["O", "U-A", "B-A I-A L-A", "B-B L-B", "U-B"])))
def test_bilou_equals_seqeval(groups):
    labels = [label for group in groups for label in group.split()]
    found = Entities([labels], BILOU).entities[0] if labels else []
    assert spans(labels) == [(2 * entity.start, 2 * entity.end - 1, entity.tag) for entity in found]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["O", "I-A", "I-B"]), min_size=1))
def test_labels_without_b(labels):
    assert spans(labels) == [(2 * first, 2 * last + 1, kind) for kind, first, last in get_entities(labels)]


def test_labels_without_marks_are_types():
    assert spans(["A", "A", "O", "B"]) == [(0, 3, "A"), (6, 7, "B")]


def test_pieces_of_a_word_follow_its_first_one():
    # "Gla ss Tur" is one word; what its later pieces are labelled doesn't count.
    text, offsets, words = "GlassTur fell", [(0, 3), (3, 5), (5, 8), (9, 13)], [0, 0, 0, 1]
    assert spans(["B-Malware", "O", "B-System", "O"], text, offsets, words) == [(0, 8, "Malware")]
    assert spans(["O", "B-Malware", "I-Malware", "O"], text, offsets, words) == []


def test_a_word_of_writing_without_spaces_is_a_character():
    # A byte-level tokenizer takes the run for one word; the second character has two tokens.
    text, offsets = "攻击软件x", [(0, 1), (1, 2), (1, 2), (2, 4), (4, 5)]
    assert spans(["B-A", "O", "B-A", "B-B", "B-A"], text, offsets, [0] * 5) == [(0, 1, "A"), (2, 4, "B"), (4, 5, "A")]


def test_spaces_are_left_out():
    # A byte-level token holds the space before its word.
    assert spans(["O", "B-A", "I-A"], "at GlassTur kit", [(0, 2), (2, 11), (11, 15)]) == [(3, 15, "A")]
    assert spans(["B-A"], "   ", [(0, 3)]) == []
    assert spans([], "") == []


@pytest.mark.parametrize(
    ("label", "parts"),
    [
        ("B-Malware", ("B", "Malware")),
        ("I-a-b", ("I", "a-b")),
        ("E_Tool", ("E", "Tool")),
        ("Tool-S", ("S", "Tool")),
        ("O", ("O", "")),
        ("", ("O", "")),
        ("LABEL_1", ("I", "LABEL_1")),
        ("B", ("I", "B")),
        ("S-1", ("S", "1")),
    ],
)
def test_parts_of_labels(label, parts):
    assert parts_of_label(label) == parts
