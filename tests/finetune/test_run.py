"""Whole runs on tiny models: what is written, what is learned, what is resumed, what is refused."""

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import finetune_runs
import pytest
import torch
from finetune_runs import QUICK

from sevenllm_bench.cli.main import main
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.finetune.run import finetune
from sevenllm_bench.finetune.settings.config_file import read_config


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    return finetune_runs.make_base(tmp_path_factory.mktemp("base") / "model")


@pytest.fixture(scope="session")
def tuned(base, tmp_path_factory):
    """A finished run, and the lines it said."""
    output = tmp_path_factory.mktemp("tuned") / "out"
    said: list[str] = []
    finished = finetune(read_config("demo", [f"model.base={base}", f"output={output}", *QUICK]), said.append)
    return finished, said


def left_behind(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# What is written


def test_the_checkpoint_is_a_standard_one(tuned):
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    output = tuned[0].output
    names = {path.name for path in output.iterdir()}
    assert {"config.json", "model.safetensors", "generation_config.json", "tokenizer.json", "README.md"} <= names
    assert not {"training", "unfinished"} & names
    tokenizer = AutoTokenizer.from_pretrained(output)
    model = AutoModelForCausalLM.from_pretrained(output)
    assert model.dtype == torch.float32
    assert GenerationConfig.from_pretrained(output).eos_token_id == tokenizer.eos_token_id
    chat = tokenizer.apply_chat_template([{"role": "user", "content": "Q"}], tokenize=False, add_generation_prompt=True)
    assert chat == "Q"  # trained without a chat format, so it is asked without one


def test_the_card_says_what_it_was_made_from(tuned):
    from huggingface_hub import ModelCard

    finished = tuned[0]
    card = ModelCard.load(finished.output / "README.md")
    assert card.data.library_name == "transformers"
    assert card.data.language == ["en"]
    rows = [row for row in embedded_split("train") if row.language == "en"]
    chosen = {"Time Element Acquisition", "Summary Generation", "Attack Tool Identification", "Risk Assessment"}
    of_tasks = [row for row in rows if row.category in chosen]
    data = json.loads((finished.output / "training_data.json").read_text(encoding="utf-8"))
    assert data["of the languages and tasks"] == len(of_tasks)
    assert data["chosen"] + data["held out"] == len(of_tasks)
    assert data["training"]["examples"] == data["chosen"]
    for wanted in (data["sha256"], f"| of the languages and tasks | {len(of_tasks)} |", "held-out", "transformers 5", "loss_en"):
        assert wanted.casefold() in card.text.casefold(), wanted


def test_held_out_loss_falls_and_is_that_of_a_plain_forward(tuned, base):
    """The loss over held-out rows, computed row by row with the model's own loss."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from sevenllm_bench.corpus.selection import split_held_out
    from sevenllm_bench.finetune.encoding.example_encoder import ExampleEncoder, Fitting
    from sevenllm_bench.prompts import style_by_name

    run = tuned[0].report["run"]
    assert run["held-out after"]["loss"] < run["held-out before"]["loss"] - 0.2
    data = tuned[0].report["data"]
    config = read_config("demo", ["model.base=x", *QUICK])
    rows = [row for row in embedded_split("train") if row.language == "en" and row.category in config.data.tasks]
    _, held_out = split_held_out(rows, 0.2, config.training.seed)
    assert len(held_out) == data["held out"] > 0
    encoder = ExampleEncoder(AutoTokenizer.from_pretrained(base), style_by_name("alpaca"), 768)
    for folder, figures in ((base, run["held-out before"]), (tuned[0].output, run["held-out after"])):
        model = AutoModelForCausalLM.from_pretrained(folder).eval()
        total = count = 0
        for example in encoder.encode(held_out, Fitting()):
            labels = torch.tensor([example.labels])
            with torch.no_grad():
                loss = model(input_ids=torch.tensor([example.input_ids]), labels=labels).loss
            tokens = int((labels[:, 1:] != -100).sum())
            total, count = total + float(loss) * tokens, count + tokens
        assert figures["loss"] == pytest.approx(total / count, rel=1e-4)
        assert figures["loss_en"] == figures["loss"]


def test_lm_eval_loads_what_was_written(tuned, tmp_path):
    from harness_tools import evaluate
    from lm_eval.models.huggingface import HFLM

    model = HFLM(pretrained=str(tuned[0].output), device="cpu", batch_size=4)
    results = evaluate(model, "sevenllm_en_mcq", gen_kwargs="max_gen_toks=4", limit=2)
    assert results["results"]["sevenllm_en_mcq"]["sample_len"] == 2


# Recipes


def test_the_papers_recipe_runs_at_tiny_size(tmp_path):
    """Thought and answer, bf16, checkpointed layers; only sharding needs several GPUs."""
    base = finetune_runs.make_base(tmp_path / "base", dtype="bfloat16")
    changes = (*QUICK, "data.source=embedded", "data.leak_guard=embedded", "training.sharding=none", "training.epochs=1")
    config = read_config("paper", [f"model.base={base}", f"output={tmp_path / 'out'}", *changes])
    finished = finetune(config, lambda _: None)
    card = (finished.output / "README.md").read_text(encoding="utf-8")
    assert "--metadata prompt=cot" in card
    assert "thought+answer" in card
    saved = finetune_runs.weights(finished.output)
    assert {tensor.dtype for tensor in saved.values()} == {torch.bfloat16}  # the base's own type
    assert any(not torch.equal(tensor, saved[name]) for name, tensor in finetune_runs.weights(base).items())


def test_the_lora_recipe_runs_at_tiny_size_and_merges(base, tmp_path, capsys):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    before = finetune_runs.weights(base)
    changes = (*QUICK, "data.source=embedded", "data.leak_guard=embedded", "lora.rank=4", "training.accumulation=2")
    changes += ("training.learning_rate=1e-2", "evaluation.metrics_rows=4", "evaluation.max_new_tokens=8")
    config = read_config("lora-8b", [f"model.base={base}", f"output={tmp_path / 'out'}", *changes])
    finished = finetune(config, lambda _: None)
    assert (finished.output / "adapter_config.json").is_file()
    assert not (finished.output / "config.json").exists()
    assert all(torch.equal(tensor, before[name]) for name, tensor in finetune_runs.weights(base).items())
    metrics = [name for name in finished.report["run"]["held-out after"] if name.startswith("metrics_en_")]
    assert "metrics_en_understanding_value_f1" in metrics
    card = (finished.output / "README.md").read_text(encoding="utf-8")
    assert f"pretrained={base},peft=ADAPTERS,tokenizer=ADAPTERS,enable_thinking=False" in card
    assert "--apply_chat_template" in card

    assert main(["merge", str(finished.output), "-o", str(tmp_path / "merged")]) == 0
    printed = capsys.readouterr().out
    ids = torch.tensor([AutoTokenizer.from_pretrained(tmp_path / "merged").encode("Which tool was used?")])
    plain = AutoModelForCausalLM.from_pretrained(base)
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")(ids).logits
    untuned = plain(ids).logits
    adapted = PeftModel.from_pretrained(plain, str(finished.output))(ids).logits
    assert torch.allclose(merged, adapted, atol=1e-4)
    assert not torch.allclose(merged, untuned, atol=1e-2)
    command = "lm_eval --model hf --model_args pretrained={},enable_thinking=False --tasks sevenllm --apply_chat_template "
    assert command.format(tmp_path / "merged") in printed
    assert command.format("THIS_FOLDER") in (tmp_path / "merged" / "README.md").read_text(encoding="utf-8")
    kept = [json.loads((folder / "evaluation.json").read_text()) for folder in (finished.output, tmp_path / "merged")]
    assert [content["base"] for content in kept] == [str(base), None]
    assert {(content["prompt"], content["chat"]) for content in kept} == {("alpaca", True)}
    assert kept[1]["command"].startswith(command.format("FOLDER").strip())


@pytest.fixture(scope="session")
def adapters(base, tmp_path_factory):
    """Adapters of a rank of 2 that were not trained, as `finetune` lays them down, with a card that is no UTF-8."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = tmp_path_factory.mktemp("adapters") / "adapters"
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=2, target_modules="all-linear"))
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    (folder / "README.md").write_bytes(b"caf\xe9")
    return folder


# Stopping and going on


def test_killed_and_resumed_equals_undisturbed(base, tmp_path, capsys):
    changes = ["demo", f"model.base={base}", *QUICK, "training.epochs=12", "training.save_every=4", "data.max_length=512"]
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    done = finetune_runs.forked(*changes, f"output={undisturbed}")
    assert done.returncode == 0, done.stderr
    process = finetune_runs.begin(*changes, f"output={killed}")
    while not list((killed / "training").glob("checkpoint-*/complete.json")):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.finish().returncode == -signal.SIGKILL
    assert not (killed / "config.json").exists()
    newest = max((killed / "training").glob("checkpoint-*/complete.json"), key=lambda path: path.stat().st_mtime).parent
    # A later checkpoint that was never finished, and one that lost a file.
    shutil.copytree(newest, killed / "training" / "checkpoint-998", ignore=shutil.ignore_patterns("complete.json"))
    shutil.copytree(newest, killed / "training" / "checkpoint-999")
    (killed / "training" / "checkpoint-999" / "optimizer.pt").unlink()

    assert main(["finetune", *changes, f"output={killed}"]) == 2
    assert "resume=auto" in capsys.readouterr().err
    assert main(["finetune", *changes, f"output={killed}", "resume=auto", "training.learning_rate=1e-4"]) == 2
    assert "training.learning_rate: 0.0" in capsys.readouterr().err
    scheduler = newest / "scheduler.pt"
    content = scheduler.read_bytes()
    scheduler.write_bytes(bytes(len(content)))
    assert main(["finetune", *changes, f"output={killed}", "resume=auto"]) == 2
    assert f"{newest}: can't be gone on with" in capsys.readouterr().err
    scheduler.write_bytes(content)
    spelled = (f"model.base={base.parent}/../{base.parent.name}/{base.name}/", f"output={killed}/", "training.save_every=5")
    resumed = finetune_runs.forked(*changes, *spelled, "resume=auto")
    assert resumed.returncode == 0, resumed.stderr
    assert f"resuming from {newest.name}" in resumed.stdout
    assert finetune_runs.losses(killed) == finetune_runs.losses(undisturbed)
    expected = finetune_runs.weights(undisturbed)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in finetune_runs.weights(killed).items())
    assert not (killed / "training").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_says_what_is_left(base, tmp_path, number):
    words = ["demo", f"model.base={base}", *QUICK, "training.epochs=50", f"output={tmp_path / 'out'}"]
    process = finetune_runs.begin(*words, "training.save_every=1000")
    while "\nstep 2 " not in process.said():
        assert process.poll() is None, "it ended before it could be stopped"
        time.sleep(0.005)
    process.send_signal(number)
    done = process.finish()
    assert done.returncode == 128 + number
    assert "stopped, before the first checkpoint: nothing is left" in done.stdout
    assert left_behind(tmp_path) == []


def test_nobody_reading_any_more_stops_no_run(base, tmp_path):
    words = finetune_runs.command("demo", f"model.base={base}", *QUICK, "training.epochs=1", f"output={tmp_path / 'out'}")
    process = subprocess.Popen(words, env=finetune_runs.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.stdout.close()
    error = process.stderr.read()
    assert process.wait() == 0, error
    assert (tmp_path / "out" / "README.md").is_file()


@pytest.mark.parametrize(
    ("name", "content"), [("adapter_model.safetensors", b"\xff" * 9), ("adapter_config.json", b"[1]")], ids=["weights", "config"]
)
def test_damaged_adapters_are_not_merged(adapters, tmp_path, capsys, name, content):
    shutil.copytree(adapters, tmp_path / "adapters")
    (tmp_path / "adapters" / name).write_bytes(content)
    assert main(["merge", str(tmp_path / "adapters"), "-o", str(tmp_path / "deep" / "merged")]) == 2
    assert "can't be joined with their base" in capsys.readouterr().err
    assert not (tmp_path / "deep").exists()


def test_merging_into_the_working_folder(adapters, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert main(["merge", str(adapters), "-o", "."]) == 0
    assert (tmp_path / "empty" / "config.json").is_file()
    assert not list((tmp_path / "empty").glob(".unfinished*"))


# Several processes


@pytest.fixture(scope="session")
def one_process(base, tmp_path_factory):
    output = tmp_path_factory.mktemp("one") / "out"
    done = finetune_runs.forked(
        "demo", f"model.base={base}", *QUICK, f"output={output}", "training.accumulation=2", "data.max_length=512"
    )
    assert done.returncode == 0, done.stderr
    return output


def test_two_processes_equal_one_with_twice_the_accumulation(base, one_process, tmp_path):
    output = tmp_path / "two"
    done = finetune_runs.run(
        "demo",
        f"model.base={base}",
        *QUICK,
        f"output={output}",
        "training.accumulation=1",
        "data.max_length=512",
        launcher=finetune_runs.torchrun(2),
    )
    assert done.returncode == 0, done.stderr
    card = (output / "README.md").read_text(encoding="utf-8")
    assert "of at most 512 tokens per step, processes: 2" in card
    assert len(finetune_runs.losses(output)) >= 4
    assert finetune_runs.losses(output) == pytest.approx(finetune_runs.losses(one_process), rel=1e-4)
    held_out = [
        [entry["eval_loss"] for entry in finetune_runs.log(folder) if "eval_loss" in entry] for folder in (output, one_process)
    ]
    assert held_out[0] == pytest.approx(held_out[1], rel=1e-4)
    assert done.stdout.count("written:") == 1  # one process speaks


def test_full_sharding_saves_what_lm_eval_loads(base, one_process, tmp_path):
    """FSDP2 on two CPU processes: the weights of the run without shards, in a checkpoint like any other."""
    from harness_tools import evaluate
    from lm_eval.models.huggingface import HFLM

    output = tmp_path / "sharded"
    script = Path(__file__).parent / "fsdp_on_cpu.py"
    words = ["demo", f"model.base={base}", *QUICK, f"output={output}", "training.sharding=full", "data.max_length=512"]
    done = finetune_runs.forked(*words, processes=2, script=script)
    assert done.returncode == 0, done.stderr
    assert finetune_runs.losses(output) == pytest.approx(finetune_runs.losses(one_process), rel=1e-4)
    expected = finetune_runs.weights(one_process)
    saved = finetune_runs.weights(output)
    assert {name: tensor.shape for name, tensor in saved.items()} == {name: tensor.shape for name, tensor in expected.items()}
    assert all(torch.allclose(tensor, expected[name], atol=1e-4) for name, tensor in saved.items())
    results = evaluate(HFLM(pretrained=str(output), device="cpu"), "sevenllm_en_mcq", gen_kwargs="max_gen_toks=2", limit=1)
    assert results["results"]["sevenllm_en_mcq"]["sample_len"] == 1


# What is refused


REFUSED = {
    "wrong base": (["model.base=./nowhere"], "model.base=./nowhere"),
    "empty corpus": (["data.source={empty}"], "no usable row"),
    "no such corpus": (["data.source={tmp}/gone.jsonl"], "doesn't exist"),
    "unknown key": (["training.lerning_rate=1"], "did you mean training.learning_rate"),
    "unknown trainer key": (["training.trainer={{adam_beta: 0.9}}"], "did you mean adam_beta"),
    "cuda": (["training.device=cuda"], "no CUDA device"),
    "sharding alone": (["training.sharding=full"], "sharding"),
    "qlora without its package": (["training.method=qlora"], "bitsandbytes"),
    "nothing fits": (["data.max_length=16"], "data.max_length"),
    "unknown optimizer": (["training.optimizer=adamw_nowhere"], "adamw_nowhere"),
    "unknown tracker": (["training.report_to=[nowhere]"], "nowhere"),
    "lora target": (["training.method=lora", "lora.targets=[nowhere]"], "nowhere"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_one_message_and_leaves_nothing(name, base, tmp_path, capsys):
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    (inputs / "empty.jsonl").write_text("\n\n", encoding="utf-8")
    changes, message = REFUSED[name]
    changes = [change.format(tmp=tmp_path, empty=inputs / "empty.jsonl") for change in changes]
    words = ["finetune", "demo", f"model.base={base}", f"output={tmp_path / 'deep' / 'out'}", *QUICK, *changes]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert left_behind(tmp_path) == ["inputs", "inputs/empty.jsonl"]


def test_a_full_disk_is_said_and_nothing_is_left(base, tmp_path):
    done = finetune_runs.on_a_full_disk("demo", f"model.base={base}", *QUICK, f"output={tmp_path / 'out'}")
    assert done.returncode == 2, done.stderr
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert left_behind(tmp_path) == []


def test_too_little_space_is_said_before_anything_starts(base, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1000, 999, 1))
    assert main(["finetune", "demo", f"model.base={base}", f"output={tmp_path / 'out'}", *QUICK]) == 2
    assert "GiB are free" in capsys.readouterr().err
    assert left_behind(tmp_path) == []


def test_one_overlong_row_is_shortened_and_counted(base, tmp_path, capsys):
    row = next(row for row in embedded_split("train") if row.language == "en" and row.kind == "generation")
    record = {name: getattr(row, name) for name in ("id", "category", "instruction", "input", "thought", "output")}
    long = {**record, "id": 7, "input": " ".join(f"Host {n} was scanned." for n in range(4000))}
    corpus = tmp_path / "train.jsonl"
    corpus.write_text("".join(json.dumps(each) + "\n" for each in (record, long)), encoding="utf-8")
    words = [f"model.base={base}", f"output={tmp_path / 'out'}", f"data.source={corpus}", "data.leak_guard=embedded"]
    words += ["data.held_out=0", "training.epochs=1"]
    assert main(["finetune", "demo", *words]) == 0
    assert "incident text shortened" in capsys.readouterr().out
    data = json.loads((tmp_path / "out" / "training_data.json").read_text(encoding="utf-8"))
    assert data["fitting"] == {"incident text shortened": {"rows": 1, "ids": [7]}}
    assert data["training"]["examples"] == 2


def test_a_dry_run_writes_nothing(base, tmp_path, capsys):
    words = ["finetune", "demo", f"model.base={base}", f"output={tmp_path / 'out'}", *QUICK, "training.accumulation=1"]
    assert main([*words, "--dry-run"]) == 0
    planned = capsys.readouterr().out
    assert left_behind(tmp_path) == []
    assert main(words) == 0
    trained = capsys.readouterr().out
    steps = next(line.split()[-1] for line in planned.splitlines() if line.strip().startswith("steps"))
    assert f"({steps} steps;" in trained
    assert main([*words, "--dry-run", "--processes", "8", "--gpu", "a100", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["duration"]["assumed"] == "8 x A100, 35% of 312 TFLOPS each"
    assert plan["duration"]["tokens"] == pytest.approx(plan["steps"] * plan["tokens_per_step"])
    assert main([*words, "--dry-run", "--gpu", "tpu"]) == 2
    assert "--gpu tpu: not known" in capsys.readouterr().err
    assert main([*words, "--json"]) == 2
