"""Answer ranking by encoders: the same values as through lm-eval, and as sentence-transformers computes them."""

import json

import pytest
from encoders import tiny_encoders
from harness_tools import evaluate, figures

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_runs.ranking_run import run_answer_ranking, run_bm25_ranking
from sevenllm_bench.encoder_tasks.answer_ranking import items, query_of, score
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.harness.encoder_model import EncoderLM

SOME = 3
TASK = encoder_task_by_name("sevenllm-en-answer-ranking")


@pytest.fixture(scope="module")
def some_items():
    return items(TASK, load_benchmark("embedded"))[:SOME]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Encoders that read a question whole."""
    folder = tmp_path_factory.mktemp("encoders")
    return {
        "bi-encoder": tiny_encoders.make_bi_encoder(folder / "bi", 2048),
        "cross-encoder": tiny_encoders.make_cross_encoder(folder / "cross", 2048),
        "masked-lm": tiny_encoders.make_encoder(folder / "masked", limit=64),  # in windows: one pass for each token
        "token-classifier": tiny_encoders.make_token_classifier(folder / "labels"),
    }


def test_a_bi_encoders_scores_are_the_cosines_of_sentence_transformers(checkpoints, some_items):
    from sentence_transformers import SentenceTransformer

    outcome = run_answer_ranking(TASK, some_items, EncoderChoice(str(checkpoints["bi-encoder"]), device="cpu"))
    model = SentenceTransformer(str(checkpoints["bi-encoder"]), device="cpu")
    for item, answer in zip(some_items, outcome.answers, strict=True):
        wanted = model.similarity(model.encode(query_of(item.document)), model.encode(item.document["candidates"]))
        assert answer == pytest.approx(wanted[0].tolist(), abs=1e-6)
    assert outcome.method["scores"] == "as given"
    distinct = {text for item in some_items for text in (query_of(item.document), *item.document["candidates"])}
    assert outcome.cost["texts"] == len(distinct), "each text is read once"


def test_a_cross_encoders_scores_are_those_of_sentence_transformers(checkpoints, some_items):
    from sentence_transformers import CrossEncoder

    outcome = run_answer_ranking(TASK, some_items, EncoderChoice(str(checkpoints["cross-encoder"]), device="cpu"))
    model = CrossEncoder(str(checkpoints["cross-encoder"]), device="cpu")
    for item, answer in zip(some_items, outcome.answers, strict=True):
        wanted = model.predict([(query_of(item.document), text) for text in item.document["candidates"]])
        assert answer == pytest.approx(wanted.tolist(), abs=1e-5)


@pytest.mark.parametrize(
    ("kind", "language"), [("bi-encoder", "en"), ("bi-encoder", "zh"), ("cross-encoder", "zh"), ("masked-lm", "zh")]
)
def test_the_values_are_those_through_lm_eval(kind, language, checkpoints):
    task = encoder_task_by_name(f"sevenllm-{language}-answer-ranking")
    some = items(task, load_benchmark("embedded"))[: 1 if kind == "masked-lm" else SOME]
    outcome = run_answer_ranking(task, some, EncoderChoice(str(checkpoints[kind]), device="cpu"))
    results = evaluate(EncoderLM(str(checkpoints[kind]), device="cpu"), task.name, limit=len(some), log_samples=True)
    samples = results["samples"][task.name]
    assert [sample["doc"]["id"] for sample in samples] == [item.id for item in some]
    values = score(some, outcome.answers)
    assert values == [{name: sample[name] for name in task.metrics} for sample in samples]
    means = {name: sum(value[name] for value in values) / len(values) for name in task.metrics}
    assert figures(results, task.name) == pytest.approx(means)
    method = results["configs"][task.name]["metadata"]["sevenllm"]["signature"]["method"]
    assert method["scores"] == outcome.method["scores"] == ("log-likelihood per byte" if kind == "masked-lm" else "as given")
    for item, answer, sample in zip(some, outcome.answers, samples, strict=True):
        lengths = [len(text.encode()) if kind == "masked-lm" else 1 for text in item.document["candidates"]]
        through = [float(value) / length for (value, _), length in zip(sample["filtered_resps"], lengths, strict=True)]
        assert answer == pytest.approx(through, abs=1e-6)


def test_another_kind_of_encoder_is_refused(checkpoints, some_items):
    with pytest.raises(ConfigError, match="token-classifier"):
        run_answer_ranking(TASK, some_items, EncoderChoice(str(checkpoints["token-classifier"]), device="cpu"))


def test_bm25_is_the_baseline(some_items):
    outcome = run_bm25_ranking(TASK, some_items)
    assert [len(answer) for answer in outcome.answers] == [10] * SOME
    assert outcome.method["kind"] == "bm25"
    assert json.dumps(outcome.answers)


@pytest.mark.data
def test_bm25_on_official_rows(data_dir):
    """The negatives are those that BM25 scores highest, and it still finds most references: they quote their incident."""
    benchmark = load_benchmark("official", data_dir)
    for language, wanted in (("en", 0.967), ("zh", 0.982)):
        task = encoder_task_by_name(f"sevenllm-{language}-answer-ranking")
        outcome = run_bm25_ranking(task, items(task, benchmark))
        values = score(outcome.items, outcome.answers)
        assert sum(value["ranking_acc"] for value in values) / 600 == pytest.approx(wanted, abs=5e-4)
