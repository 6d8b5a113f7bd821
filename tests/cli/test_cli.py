"""The command line as a user meets it: output, exit codes, and one readable message for a mistake."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import MODELS
from submission_files import copied, read_lines, write_lines, zipped

from sevenllm_bench.cli.main import main
from sevenllm_bench.data.embedded import embedded_split


def fails(capsys, *words) -> str:
    """Run a command that must end with exit code 2 and one message; returns the message."""
    assert main([str(word) for word in words]) == 2
    error = capsys.readouterr().err
    assert error.startswith("sevenllm-bench: error: ")
    assert "Traceback" not in error
    return error


@pytest.fixture
def gold_file(tmp_path):
    file = tmp_path / "gold.jsonl"
    file.write_text(
        "\n".join(json.dumps({"id": row.id, "output": row.output}, ensure_ascii=False) for row in embedded_split("test"))
    )
    return file


def test_score_prints_every_metric_and_writes_json(gold_file, tmp_path, capsys):
    assert main(["score", str(gold_file), "--dataset", "embedded", "--json", str(tmp_path / "out.json")]) == 0
    table = capsys.readouterr().out
    for word in (
        "value_f1_norm",
        "rouge_l_paper",
        "answered",
        "Chinese, understanding",
        "English, multiple choice",
        "256 of 256 rows (100.0 %)",
    ):
        assert word in table
    content = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert content["sections"] == pytest.approx(dict.fromkeys(content["sections"], 1.0), abs=1e-8)
    assert len(content["items"]) == len(content["rows"]) == 256
    assert content["metrics"]["zh_mcq"] == {"rows": 16, "acc": 1.0, "answered": 1.0}
    assert content["coverage"]["missing"] == []
    assert content["signatures"]["en_generation"]["data"]["name"] == "sevenllm-bench embedded"


@pytest.mark.predictions
@pytest.mark.parametrize("model", MODELS)
def test_score_gives_the_authors_figures_in_their_form(model, data_dir, predictions_dir, expected, capsys):
    assert main(["score", str(predictions_dir / f"{model}.jsonl"), "--data-dir", str(data_dir), "--json", "-"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert set(content["items"]) == set(expected[model]["items"])
    assert set(content["sections"]) == set(expected[model]["sections"])
    differing = {key for key, value in content["items"].items() if abs(value - expected[model]["items"][key]) > 1e-6}
    assert differing == ({"1223"} if model == "llama2-13b-cot" else set())


def test_score_counts_missing_rows_as_0_unless_partial(gold_file, tmp_path, capsys):
    half = tmp_path / "half.jsonl"
    half.write_text("\n".join(gold_file.read_text(encoding="utf-8").split("\n")[:128]))
    assert main(["score", str(half), "--dataset", "embedded", "--json", "-"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["sections"]["zh_understanding"] == 0.0
    assert len(content["coverage"]["missing"]) == 128
    assert main(["score", str(half), "--dataset", "embedded", "--partial", "--json", "-"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert set(content["sections"]) == {"en_understanding", "en_generation", "en_mcq"}
    assert content["sections"]["en_mcq"] == 1.0
    assert content["coverage"]["partial"]
    assert main(["score", str(half), "--dataset", "embedded", "--partial"]) == 0
    assert "not comparable" in capsys.readouterr().out


def test_score_needs_no_lm_eval_and_no_torch(gold_file):
    code = (
        "import sys; from sevenllm_bench.cli.main import main\n"
        f"assert main(['score', {str(gold_file)!r}, '--dataset', 'embedded']) == 0\n"
        "print([name for name in ('lm_eval', 'torch', 'transformers', 'datasets') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_score_mistakes(gold_file, tmp_path, capsys):
    assert "no such file" in fails(capsys, "score", tmp_path / "nothing.jsonl")
    assert "doesn't exist" in fails(capsys, "score", gold_file, "--data-dir", tmp_path / "nowhere")
    assert "can't be written" in fails(
        capsys, "score", gold_file, "--dataset", "embedded", "--json", tmp_path / "no" / "such.json"
    )
    (tmp_path / "other.jsonl").write_text('{"id": 5, "output": "x"}')
    assert "so add --dataset official" in fails(capsys, "score", tmp_path / "other.jsonl", "--dataset", "embedded")


def test_unknown_words_exit_2_with_usage(capsys):
    for words in (["scor"], ["score"], ["tasks", "sho"]):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 2
        assert "usage: sevenllm-bench" in capsys.readouterr().err


def test_tasks_list_shows_all(capsys):
    assert main(["tasks", "list"]) == 0
    out = capsys.readouterr().out
    assert out.count("sevenllm_en_") == out.count("sevenllm_zh_") == 29
    for word in ("漏洞信息抽取", "sevenllm-complement", "sevenllm-zh-mcq-logprob", "210"):
        assert word in out


@pytest.mark.parametrize("name", ["Threat Analysis", "threat_analysis", "威胁分析"])
def test_tasks_show_a_task_in_both_languages(name, capsys):
    assert main(["tasks", "show", name]) == 0
    out = capsys.readouterr().out
    assert "sevenllm_en_threat_analysis" in out
    assert "sevenllm_zh_threat_analysis" in out
    assert "rouge_l_paper" in out


def test_tasks_show_a_leaf_with_its_prompt(capsys):
    assert main(["tasks", "show", "sevenllm_zh_mcq", "--prompt", "paper"]) == 0
    assert "{'question':" in capsys.readouterr().out


def test_tasks_mistakes(capsys):
    assert "did you mean 'Threat Analysis'" in fails(capsys, "tasks", "show", "Threat Analysys")
    assert "did you mean 'sevenllm_en_mcq'" in fails(capsys, "tasks", "show", "sevenllm_en_mqc")
    assert "did you mean 'paper'" in fails(capsys, "tasks", "show", "sevenllm_en_mcq", "--prompt", "papr")


def test_tasks_path_check_and_generate(tmp_path, capsys):
    assert main(["tasks", "path"]) == 0
    assert Path(capsys.readouterr().out.strip()).name == "task_yamls"
    assert main(["tasks", "check"]) == 0
    assert main(["tasks", "check", str(tmp_path)]) == 1
    assert "sevenllm.yaml: missing" in capsys.readouterr().out
    assert main(["tasks", "generate", str(tmp_path)]) == 0
    assert main(["tasks", "check", str(tmp_path)]) == 0


def test_eval_is_lm_evals_command_line_with_our_model(gold_file, tmp_path):
    words = [
        "eval", "--model", "sevenllm-replay", "--model_args", f"predictions={gold_file}", "--tasks", "sevenllm_*",
        "--metadata", "dataset=embedded", "--output_path", str(tmp_path / "out"), "--log_samples",
    ]  # fmt: skip
    command = [sys.executable, "-m", "sevenllm_bench.cli.main", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "|sevenllm_en_mcq (embedded rows)" in done.stdout
    # What lm-eval wrote can be scored again.
    assert main(["score", str(tmp_path / "out"), "--dataset", "embedded", "--json", str(tmp_path / "again.json")]) == 0
    again = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert again["sections"] == pytest.approx(dict.fromkeys(again["sections"], 1.0), abs=1e-8)


@pytest.fixture
def evaluate(monkeypatch):
    """`sevenllm-bench eval` in this process: what it rebinds is put back. Gives the exit code."""
    import lm_eval.__main__
    import lm_eval.tasks

    for owner, name in ((lm_eval.tasks, "TaskManager"), (lm_eval.__main__, "HarnessCLI"), (sys, "argv")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    for logger in (logging.getLogger(), logging.getLogger("lm_eval")):  # to which lm-eval adds handlers of this test's streams
        monkeypatch.setattr(logger, "handlers", list(logger.handlers))
        monkeypatch.setattr(logger, "level", logger.level)

    def run(*words):
        try:
            return main(["eval", *words])
        except SystemExit as ended:
            return ended.code or 0

    return run


def test_eval_lists_our_tasks_and_validates_them(evaluate, capsys):
    assert evaluate("ls", "subtasks") == 0
    assert capsys.readouterr().out.count("|sevenllm_") == 58
    assert evaluate("validate", "--tasks", "sevenllm_en_mcq,sevenllm-complement") == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "sevenllm-replay", "--tasks", "sevenllm_en_mcq"], "it takes --model_args predictions=FILE"),
        (
            ["--model", "sevenllm-replay", "--model_args", "predictions=/no/p.jsonl", "--tasks", "sevenllm_en_mcq"],
            "/no/p.jsonl: no such file",
        ),
        (
            ["--model", "dummy", "--tasks", "sevenllm_en_mcq", "--metadata", "data_dir=/nowhere"],
            "the data folder /nowhere doesn't exist",
        ),
        (["--model", "dummy", "--tasks", "sevenllm_en_mcq", "--metadata", "dataset=embeded"], "did you mean 'embedded'"),
        (["rn", "--model", "dummy"], "did you mean run?"),
        (["validat"], "did you mean validate?"),
    ],
)
def test_eval_mistakes_end_with_one_message(evaluate, words, message, capsys):
    assert evaluate(*words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_plain_lm_eval_ends_with_one_message_too():
    """lm-eval's own command line lets exceptions through; ours print no traceback there either."""
    from sevenllm_bench.harness.yamls import yaml_folder

    command = [
        sys.executable,
        "-m",
        "lm_eval",
        "--model",
        "dummy",
        "--tasks",
        "sevenllm_en_mcq",
        "--include_path",
        str(yaml_folder()),
    ]
    done = subprocess.run([*command, "--metadata", "data_dir=/nowhere"], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "the data folder /nowhere doesn't exist" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["score", "{}"],
        ["compare", "{}", "{}"],
        ["report", "{}", "-o", "{}.pages"],
        ["judge", "--model", "m", "{}"],
        ["judge", "--model", "m", "--calibrate", "{}"],
        ["submit", "{}", "-o", "{}.zip"],
    ],
)
def test_a_bundle_where_a_run_is_expected_is_named_as_one(original, tmp_path, capsys, monkeypatch, words):
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    path = zipped(original, tmp_path / "bundle.zip")
    assert main([word.replace("{}", str(path)) for word in words]) == 2
    error = capsys.readouterr().err
    assert f"{path}: a submission's bundle; unpack it, and give its folder `run`" in error
    assert len(error.splitlines()) == 1


def test_an_unpacked_bundle_is_a_run(original, capsys):
    assert main(["score", str(original / "run"), "--dataset", "embedded"]) == 0
    assert main(["score", str(original), "--dataset", "embedded"]) == 0
    assert "answers: 48 of 256 rows" in capsys.readouterr().out


def test_score_takes_a_results_file_and_says_what_is_odd(original, tmp_path, capsys):
    run = copied(original / "run", tmp_path / "run")
    path = next(run.glob("samples_sevenllm_en_mcq_*"))
    first, second, *rest = read_lines(path)
    write_lines(path, [{**first, "resps": [[None]]}, {**second, "resps": [["A", "B"]]}, *rest])
    assert (
        main(["score", str(next(run.glob("results_*.json"))), "--dataset", "embedded", "--json", str(tmp_path / "s.json")]) == 0
    )
    out = capsys.readouterr().out
    assert f"no response (null), which counts as an empty answer: 1 ({first['doc']['id']})" in out
    assert f"several responses to one row (repeats), the first counts: 1 ({second['doc']['id']})" in out
    coverage = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))["coverage"]
    assert (coverage["empty"], coverage["repeated"]) == ([first["doc"]["id"]], [second["doc"]["id"]])


@pytest.mark.parametrize("command", ["score", "judge"])
def test_results_without_samples_are_told_so(original, tmp_path, capsys, monkeypatch, command):
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    run = copied(original / "run", tmp_path / "run")
    for file in run.glob("samples_*"):
        file.unlink()
    for path in (run, next(run.glob("results_*"))):
        assert main([command, str(path), *(["--model", "m"] if command == "judge" else [])]) == 2
        assert capsys.readouterr().err.count("--log_samples") == 1
