"""Stages one after the other: each against the library that it is of; fusion by hand; stages that make no pipeline."""

import numpy as np
import pytest
from encoders import tiny_encoders

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_runs.bm25_search import WordSearch
from sevenllm_bench.encoder_runs.pipeline import PipelineStages, run_pipeline
from sevenllm_bench.encoder_runs.vector_search import fused
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask
from sevenllm_bench.encoder_tasks.retrieval import corpus, items, score
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.errors import ConfigError

pytest.importorskip("mteb")
TASK = EncoderTask("retrieval", "en")


@pytest.fixture(scope="module")
def embedded():
    return load_benchmark("embedded")


@pytest.fixture(scope="module")
def asked(embedded):
    return items(TASK, embedded)[60:80]


@pytest.fixture(scope="module")
def texts(embedded):
    return dict(corpus(TASK, embedded))


@pytest.fixture(scope="module")
def bi_encoder(tmp_path_factory):
    return EncoderChoice(str(tiny_encoders.make_bi_encoder(tmp_path_factory.mktemp("bi"))), long_texts="cut")


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory):
    return EncoderChoice(str(tiny_encoders.make_cross_encoder(tmp_path_factory.mktemp("cross"))), long_texts="cut")


def ids(answers):
    return [[document for document, _ in answer["ranked"]] for answer in answers]


def cosines(choice, asked, texts):
    """By sentence-transformers alone."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(choice.name, device="cpu")
    queries = model.encode_query([item.document["query"] for item in asked], normalize_embeddings=True)
    return np.asarray(queries, np.float64) @ np.asarray(model.encode_document(list(texts.values())), np.float64).T


def test_bm25_alone(embedded, asked, texts):
    outcome = run_pipeline(TASK, asked, embedded, PipelineStages(bm25_depth=5))
    found = WordSearch().search([item.document["query"] for item in asked], list(texts.items()), 5)
    assert ids(outcome.answers) == [[document for document, _ in ranked] for ranked in found]
    assert outcome.method["stages"][0]["kind"] == "bm25"
    (stage,) = outcome.cost["stages"]
    assert (stage["stage"], stage["texts"]) == ("bm25", 12 + 20)
    assert 0 < stage["handed_on"] <= 5


@pytest.mark.parametrize("way", ["cut", "max"])
def test_a_bi_encoder_orders_what_bm25_hands_on(embedded, asked, texts, bi_encoder, way):
    choice = EncoderChoice(bi_encoder.name, long_texts=way)
    stages = PipelineStages(bm25_depth=6, bi_encoder=choice, bi_encoder_depth=3)
    outcome = run_pipeline(TASK, asked, embedded, stages)
    first = ids(run_pipeline(TASK, asked, embedded, PipelineStages(bm25_depth=6)).answers)
    for answer, handed_on in zip(outcome.answers, first, strict=True):
        assert len(answer["ranked"]) == min(3, len(handed_on))
        assert {document for document, _ in answer["ranked"]} <= set(handed_on)
    if way == "cut":
        by_library = cosines(bi_encoder, asked, texts)
        columns = list(texts)
        for row, ranked, handed_on in zip(by_library, ids(outcome.answers), first, strict=True):
            expected = sorted(handed_on, key=lambda document: -row[columns.index(document)])
            assert ranked == expected[:3]
    assert outcome.cost["texts"] == sum(stage["texts"] for stage in outcome.cost["stages"])
    read = {document for ranked in first for document in ranked}
    assert outcome.cost["stages"][1]["texts"] == len(read) + 20, "only what BM25 handed on, each once"


def test_a_bi_encoder_alone_searches_all(embedded, asked, texts, bi_encoder):
    outcome = run_pipeline(TASK, asked, embedded, PipelineStages(bm25=False, bi_encoder=bi_encoder))
    columns = np.array(list(texts))
    expected = [columns[np.argsort(-row)].tolist() for row in cosines(bi_encoder, asked, texts)]
    assert ids(outcome.answers) == expected
    assert "bm25_depth" not in outcome.method


def test_three_stages(embedded, asked, texts, bi_encoder, cross_encoder):
    from sentence_transformers import CrossEncoder

    some = asked[:5]
    stages = PipelineStages(bi_encoder=bi_encoder, bi_encoder_depth=4, cross_encoder=cross_encoder)
    outcome = run_pipeline(TASK, some, embedded, stages)
    two = run_pipeline(TASK, some, embedded, PipelineStages(bi_encoder=bi_encoder, bi_encoder_depth=4))
    model = CrossEncoder(cross_encoder.name, device="cpu")
    for item, ranked, handed_on in zip(some, ids(outcome.answers), ids(two.answers), strict=True):
        scores = model.predict([(item.document["query"], texts[document]) for document in handed_on])
        assert ranked == [handed_on[place] for place in np.argsort(-scores)]
    assert [stage["stage"] for stage in outcome.cost["stages"]] == ["bm25", "bi-encoder", "cross-encoder"]
    assert all(stage["seconds"] > 0 for stage in outcome.cost["stages"])
    assert outcome.cost["seconds"] == pytest.approx(sum(stage["seconds"] for stage in outcome.cost["stages"]))
    assert any("pairs" in note and "cut off" in note for note in outcome.notes)


def test_fusion_by_hand():
    found = fused([[[(1, 9.0), (2, 8.0)]], [[(2, 0.5), (3, 0.4)]]], 3)
    assert found == [[(2, pytest.approx(1 / 61 + 1 / 62)), (1, pytest.approx(1 / 61)), (3, pytest.approx(1 / 62))]]
    assert fused([[[(5, 1.0)]], [[(70, 1.0)]]], 1) == [[(70, pytest.approx(1 / 61))]], "ties by id as text, descending"


def test_fusion_of_bm25_and_a_bi_encoder(embedded, asked, bi_encoder):
    outcome = run_pipeline(TASK, asked, embedded, PipelineStages(bi_encoder=bi_encoder, fusion=True))
    words = run_pipeline(TASK, asked, embedded, PipelineStages())
    vectors = run_pipeline(TASK, asked, embedded, PipelineStages(bm25=False, bi_encoder=bi_encoder))
    for ranked, one, other in zip(ids(outcome.answers), ids(words.answers), ids(vectors.answers), strict=True):
        scores = {d: sum(1 / (61 + ranks.index(d)) for ranks in (one, other) if d in ranks) for d in {*one, *other}}
        assert ranked == sorted(scores, key=lambda d: (np.float32(scores[d]), str(d)), reverse=True)
    assert outcome.method["fusion"] == "reciprocal rank, constant 60"
    assert len(score(asked, outcome.answers)) == len(asked)


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (PipelineStages(bm25=False), "begins with BM25 or a bi-encoder"),
        (PipelineStages(bm25=False, cross_encoder=EncoderChoice("x")), "begins with BM25 or a bi-encoder"),
        (PipelineStages(bm25_depth=0), "bm25_depth=0: a whole number from 1 to 1,000"),
        (PipelineStages(bi_encoder_depth=1_001), "bi_encoder_depth=1001"),
        (PipelineStages(bm25_depth=True), "bm25_depth=True"),
        (PipelineStages(fusion=True), "fusion needs BM25 and a bi-encoder"),
    ],
)
def test_stages_that_make_no_pipeline(embedded, asked, stages, message):
    with pytest.raises(ConfigError, match=message):
        run_pipeline(TASK, asked, embedded, stages)


def test_a_stage_of_another_kind(embedded, asked, bi_encoder, cross_encoder):
    with pytest.raises(ConfigError, match="is a cross-encoder; a bi-encoder is needed"):
        run_pipeline(TASK, asked, embedded, PipelineStages(bi_encoder=cross_encoder))
    with pytest.raises(ConfigError, match="is a bi-encoder; a cross-encoder is needed"):
        run_pipeline(TASK, asked, embedded, PipelineStages(cross_encoder=bi_encoder))
