"""`sevenllm-bench encoders` with wrong words, files and folders: one message and exit code 2, before anything is run."""

import pytest
from encoders.tiny_encoders import make_encoder, make_text_classifier, make_token_classifier

from sevenllm_bench.cli.main import main

pytest.importorskip("sentence_transformers")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    return {
        "ner": make_token_classifier(folder / "ner"),
        "cls": make_text_classifier(folder / "cls"),
        "mlm": make_encoder(folder / "mlm"),
    }


def refused(words, capsys):
    assert main([str(word) for word in words]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("sevenllm-bench: error:")]
    return line.removeprefix("sevenllm-bench: error: ")


def run_of(model, folder, *further):
    return ["encoders", "run", model, "--dataset", "embedded", "--limit", "2", "-o", folder, *further]


@pytest.mark.parametrize("place", ["/proc/x", "file/x"])
def test_a_folder_that_cant_be_written_to_is_refused_before_the_run(folders, place, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sevenllm_bench.cli.encoders_run.run_encoder", lambda *_: pytest.fail("it ran"))
    message = refused(run_of(folders["ner"], place), capsys)
    assert message.startswith(f"--output {place}: can't be written to (")


@pytest.mark.parametrize(
    ("kind", "option", "message"),
    [
        ("cls", ("--labels", "map.yaml"), "--labels: {} is a text-classifier, and this is for a token-classifier"),
        ("ner", ("--vulnerable-label", "x"), "--vulnerable-label: {} is a token-classifier, and this is for a text-classifier"),
        ("ner", ("--code", ""), "--code: {} is a token-classifier, and functions are for a text-classifier"),
        ("cls", ("--code", ""), "an empty path was given"),
        ("ner", ("--labels", ""), "an empty path was given"),
    ],
)
def test_options_without_effect_are_refused(folders, kind, option, message, tmp_path, capsys):
    assert refused(run_of(folders[kind], tmp_path / "run", *option), capsys) == message.format(folders[kind])


@pytest.mark.parametrize("name", ["", " ", "@", " @main"])
def test_an_empty_name_of_a_model(name, tmp_path, capsys):
    assert refused(run_of(name, tmp_path / "run"), capsys) == "no model named: a local folder or a Hub id"


def test_a_pipeline_with_an_empty_name_does_not_run_without_that_stage(tmp_path, capsys):
    words = ["encoders", "pipeline", "--dataset", "embedded", "-o", tmp_path / "run", "--bi-encoder", ""]
    assert refused(words, capsys) == "no model named: a local folder or a Hub id"
