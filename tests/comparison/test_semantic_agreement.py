"""Two embedding models on the same answers: rank correlation as scipy has it, and the rows that they see differently."""

import numpy as np
import pytest

from sevenllm_bench.comparison import semantic_agreement as agreement
from sevenllm_bench.comparison.semantic_agreement import semantic_agreement
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.runs.predictions import Predictions


class LetterEmbedder:
    """Counts of letters as unit vectors, with a weight for vowels: two models that see texts differently."""

    def __init__(self, weight):
        self.weight = weight
        self.texts = self.texts_cut = 0

    def encode(self, texts, cached=()):
        found = {}
        for text in {*texts, *cached}:
            counts = (
                np.array([text.count(letter) * (self.weight if letter in "aeiou" else 1) for letter in "aeiounrst的一"], float)
                + 0.01
            )
            found[text] = counts / np.linalg.norm(counts)
        return found

    def count(self, texts):
        self.texts += len(texts)


@pytest.fixture(scope="module")
def found():
    benchmark = load_benchmark("embedded")
    rows = [row for row in benchmark.rows if row.kind != "mcq"]
    answers = {row.id: row.reference_text if row.id % 3 else rows[place - 1].reference_text for place, row in enumerate(rows)}
    return benchmark, answers, semantic_agreement(benchmark, Predictions(answers), LetterEmbedder(1), LetterEmbedder(4))


def test_every_section_with_answers_has_a_line(found):
    _, answers, parts = found
    assert [part.section for part in parts] == ["en_understanding", "zh_understanding", "en_generation", "zh_generation"]
    assert sum(part.rows for part in parts) == len(answers)
    for part in parts:
        assert part.difference == pytest.approx(part.means[1] - part.means[0])


def test_rank_correlation_of_hand():
    # Ranks 1, 2, 3, 4 and 2, 1, 4, 3: 1 - 6 · 4 / (4 · 15) = 0.6.
    part = agreement._of_section("en_generation", [1, 2, 3, 4], [0.1, 0.2, 0.3, 0.4], [0.2, 0.1, 0.9, 0.8])
    assert part.spearman == pytest.approx(0.6)


def test_one_value_for_all_rows_has_no_correlation():
    part = agreement._of_section("en_generation", [1, 2], [0.5, 0.5], [0.1, 0.9])
    assert part.spearman is None


def test_rows_furthest_apart_come_first():
    part = agreement._of_section("en_generation", [7, 8, 9], [0.1, 0.2, 0.3], [0.2, 0.25, 0.9])
    # Differences 0.1, 0.05, 0.6 with mean 0.25: they are 0.15, 0.2 and 0.35 from it.
    assert [row for row, _, _ in part.apart] == [9, 8, 7]
