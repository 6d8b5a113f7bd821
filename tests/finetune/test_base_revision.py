"""A base on the Hub: the commit that it was trained at travels, and nothing is joined to another one."""

import json
import shutil

import finetune_runs
import pytest
import torch
from finetune_runs import QUICK, make_base
from hub_server import ModelHub, serve
from safetensors.torch import load_file, save_file

from sevenllm_bench.cli.main import main
from sevenllm_bench.finetune.output.evaluation import read_evaluation
from sevenllm_bench.finetune.run import finetune
from sevenllm_bench.finetune.settings.config_file import read_config

FIRST, SECOND = "a1" * 20, "b2" * 20
REPOSITORY = "an-org/a-model"


@pytest.fixture(scope="session")
def commits(tmp_path_factory):
    """Two commits of one model whose weights differ."""
    folder = tmp_path_factory.mktemp("commits")
    first = make_base(folder / "first")
    second = folder / "second"
    shutil.copytree(first, second)
    tensors = {name: tensor * 1.5 for name, tensor in load_file(first / "model.safetensors").items()}
    save_file(tensors, second / "model.safetensors", metadata={"format": "pt"})
    return {FIRST: first, SECOND: second}


@pytest.fixture
def hub(commits, tmp_path, monkeypatch):
    """The first commit is tagged v1 and, at the beginning, main."""
    from transformers.utils import hub as of_transformers

    monkeypatch.setattr(of_transformers, "_hf_api", None, raising=False)  # made once, with the endpoint of that moment
    found = ModelHub(repository=REPOSITORY, revisions={"v1": FIRST, "main": FIRST}, commits=commits)
    with serve(tmp_path / "cache", monkeypatch, found):
        yield found


def tune(output, *changes):
    words = [f"model.base={REPOSITORY}", f"output={output}", *QUICK, "training.epochs=1", "data.languages=[en]"]
    words += ["training.method=lora", "lora.rank=2", "lora.dropout=0.0", "data.held_out=0", "training.max_steps=2"]
    return finetune(read_config("demo", [*words, "training.learning_rate=0.01", *changes]), lambda _: None).output


def logits(folder):
    from transformers import AutoModelForCausalLM

    with torch.no_grad():
        return AutoModelForCausalLM.from_pretrained(folder)(torch.tensor([[3, 700, 41, 5]])).logits


@pytest.mark.parametrize("named", [(), ("model.revision=v1",)], ids=["newest", "tag"])
def test_adapters_stay_with_the_commit_that_they_were_trained_on(named, hub, commits, tmp_path, capsys):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    output = tune(tmp_path / "out", *named)
    hub.revisions["main"] = SECOND  # the author goes on
    settings = json.loads((output / "adapter_config.json").read_text())
    assert (settings["base_model_name_or_path"], settings["revision"]) == (REPOSITORY, FIRST)
    evaluation = read_evaluation(output)
    assert (evaluation.base, evaluation.revision) == (REPOSITORY, FIRST)
    card = (output / "README.md").read_text(encoding="utf-8")
    for wanted in (
        f"(revision {FIRST})",
        f"pretrained={REPOSITORY},revision={FIRST},peft=ADAPTERS,tokenizer=ADAPTERS",
        f"base_model: {REPOSITORY}",
        "base_model_relation: adapter",
    ):
        assert wanted in card, wanted

    assert main(["merge", str(output), "-o", str(tmp_path / "merged")]) == 0
    assert "nothing shows" not in capsys.readouterr().out
    expected = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(commits[FIRST]), str(output))
    assert torch.allclose(logits(tmp_path / "merged"), expected(torch.tensor([[3, 700, 41, 5]])).logits, atol=1e-5)
    merged_card = (tmp_path / "merged" / "README.md").read_text(encoding="utf-8")
    assert "base_model_relation: finetune" in merged_card
    assert "pretrained=THIS_FOLDER --tasks" in merged_card
    assert "ADAPTERS" in card
    assert "ADAPTERS" not in merged_card
    if named:
        return
    # Another commit has other weights, and is refused unless that is wanted.
    words = ["merge", str(output), "-o", str(tmp_path / "other"), "--revision", "main"]
    assert main(words) == 2
    assert "trained on other weights" in capsys.readouterr().err
    assert main([*words, "--allow-other-weights"]) == 0
    assert not torch.allclose(logits(tmp_path / "other"), logits(tmp_path / "merged"), atol=1e-2)


def test_the_tokenizer_and_the_weights_are_of_one_commit(hub, tmp_path, monkeypatch):
    """The author pushes between the reading of the configuration and that of the weights."""
    from sevenllm_bench.finetune import run

    load = run.load_share

    def load_later(*arguments):
        hub.revisions["main"] = SECOND
        return load(*arguments)

    monkeypatch.setattr(run, "load_share", load_later)
    tune(tmp_path / "out")
    fetched = {path.split("/resolve/")[1] for path in hub.requests if path.startswith("GET") and "/resolve/" in path}
    assert f"{FIRST}/model.safetensors" in fetched
    assert not any(name.startswith((SECOND, "main/model")) for name in fetched)


def test_a_folder_has_no_revision(commits, tmp_path, capsys):
    words = ["finetune", "demo", f"model.base={commits[FIRST]}", "model.revision=v1", f"output={tmp_path / 'out'}", *QUICK]
    assert main(words) == 2
    assert "which has no revisions; leave out model.revision=v1" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_revision_that_does_not_exist_is_said(hub, tmp_path, capsys):
    words = ["finetune", "demo", f"model.base={REPOSITORY}", "model.revision=v9", f"output={tmp_path / 'out'}", *QUICK]
    assert main(words) == 2
    assert f"model.base={REPOSITORY}: can't be loaded" in capsys.readouterr().err


def test_a_full_checkpoint_says_its_bases_commit(hub, tmp_path):
    output = tune(tmp_path / "out", "training.method=full")
    card = (output / "README.md").read_text(encoding="utf-8")
    assert f"(revision {FIRST})" in card
    assert "base_model_relation: finetune" in card
    assert "pretrained=THIS_FOLDER --tasks" in card
    assert finetune_runs.weights(output)


OWN_CODE = """
from transformers import LlamaConfig, LlamaForCausalLM

class OwnConfig(LlamaConfig):
    model_type = "own"

class OwnCausalLM(LlamaForCausalLM):
    config_class = OwnConfig
"""


def test_code_of_the_repository_travels_only_by_the_users_word(commits, tmp_path, capsys):
    """Refused without; with it, the commands say it, and a checkpoint of all weights brings the code along."""
    base = tmp_path / "base"
    shutil.copytree(commits[FIRST], base)
    content = json.loads((base / "config.json").read_text())
    names = {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnCausalLM"}
    (base / "config.json").write_text(json.dumps({**content, "model_type": "own", "auto_map": names}))
    (base / "own.py").write_text(OWN_CODE)
    words = ["finetune", "demo", f"model.base={base}", f"output={tmp_path / 'out'}", *QUICK, "data.held_out=0"]
    words += ["training.max_steps=1"]
    assert main(words) == 2
    assert "let it run with model.trust_remote_code=true" in capsys.readouterr().err

    assert main([*words, "model.trust_remote_code=true"]) == 0
    assert f"pretrained={tmp_path / 'out'},trust_remote_code=True" in capsys.readouterr().out
    assert "pretrained=THIS_FOLDER,trust_remote_code=True" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "own.py").is_file()

    words[3] = f"output={tmp_path / 'lora'}"
    assert main([*words, "model.trust_remote_code=true", "training.method=lora", "lora.rank=2"]) == 0
    printed = capsys.readouterr().out
    assert f"merge {tmp_path / 'lora'} -o MERGED --trust-remote-code" in printed
    assert f"peft={tmp_path / 'lora'},tokenizer={tmp_path / 'lora'},trust_remote_code=True" in printed
