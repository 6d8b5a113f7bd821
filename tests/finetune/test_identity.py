"""What a run may be resumed with: other spellings and other looks, not other weights, rows or settings."""

import os
import shutil
from pathlib import Path

import pytest

from sevenllm_bench.finetune.encoding.dataset import Prepared
from sevenllm_bench.finetune.runtime import resolve
from sevenllm_bench.finetune.settings.config import FinetuneConfig
from sevenllm_bench.finetune.settings.config_file import read_config
from sevenllm_bench.finetune.settings.identity import IGNORED, content_hash, folder_hash, identity

datasets = pytest.importorskip("datasets")
pytest.importorskip("transformers")

ROWS = {"input_ids": [[1, 2, 3], [4, 5]], "labels": [[-100, 2, 3], [-100, 5]]}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder, which is the working folder too, with a base model and a corpus in it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_text("{}")
    (tmp_path / "base" / "model.safetensors").write_bytes(os.urandom(5 << 20))
    (tmp_path / "train.jsonl").write_text("{}\n")
    (tmp_path / "ds.json").write_text("{}")
    return tmp_path


def of(*changes, rows=None, base="base"):
    config = read_config("paper", [f"model.base={base}", "output=out", "data.source=train.jsonl", *changes])
    prepared = Prepared(datasets.Dataset.from_dict(rows or ROWS), None, {})
    return identity(config, resolve(config), prepared)


def differing(one, other):
    return {key for key in {*one, *other} if one.get(key) != other.get(key)}


@pytest.mark.parametrize(
    "changes",
    [
        ["output=./out/", "resume=auto"],
        ["output={home}/out", "data.source={home}/train.jsonl"],
        ["data.source=~/train.jsonl"],
        ["training.save_every=7", "training.keep_checkpoints=5", "training.log_every=1", "training.report_to=[wandb]"],
        ["evaluation.batch_size=1", "data.data_dir=/elsewhere", "data.allow_modified=true"],
        ["training.device=cpu", "model.weights=fp32"],
    ],
)
def test_what_does_not_matter(home, changes):
    """On a machine without a GPU "auto" is the CPU, and the weights of full fine-tuning are in fp32."""
    assert differing(of(), of(*(change.format(home=home) for change in changes))) == set()


def test_the_base_is_its_content_wherever_it_lies(home):
    before = of()
    for spelling in ("base/", "./base", "~/base", str(home / "base"), f"../{home.name}/base"):
        assert differing(before, of(base=spelling)) == set()
    shutil.copytree(home / "base", home / "moved")
    assert differing(before, of(base="moved")) == set()
    with (home / "base" / "model.safetensors").open("r+b") as file:  # weights that were trained on, in a file of the same size
        file.write(os.urandom(5 << 20))
    assert differing(before, of()) == {"model.base"}


def test_another_hub_model_or_commit():
    prepared = Prepared(datasets.Dataset.from_dict(ROWS), None, {})

    def of_commit(name, commit):
        run = read_config("paper", [f"model.base={name}", "output=out", f"model.revision={commit}"])
        return identity(run, resolve(run), prepared)

    assert differing(of_commit("a/b", "a" * 40), of_commit("a/b", "b" * 40)) == {"model.base"}
    assert differing(of_commit("a/b", "a" * 40), of_commit("a/c", "a" * 40)) == {"model.base"}


def test_other_adapters_to_begin_with(home):
    for name in ("one", "two"):
        (home / name).mkdir()
        (home / name / "adapter_model.safetensors").write_bytes(name.encode())
    shutil.copytree(home / "one", home / "copy")
    lora = ("training.method=lora", "training.sharding=none")
    of_folders = [of(*lora, f"model.adapter={name}") for name in ("one", "copy", "two")]
    assert differing(*of_folders[:2]) == set()
    assert differing(*of_folders[1:]) == {"model.adapter"}


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("training.learning_rate=1e-4", "training.learning_rate"),
        ("training.epochs=4", "training.epochs"),
        ("training.seed=1", "training.seed"),
        ("training.batch_size=3", "training.batch_size"),
        ("training.gradient_checkpointing=false", "training.gradient_checkpointing"),
        ("training.precision=fp32", "training.precision"),
        ("training.trainer={adam_beta2: 0.9}", "training.trainer"),
        ("evaluation.every=3", "evaluation.every"),
        ("data.packing=false", "data.packing"),
        ("data.max_length=100", "data.max_length"),
        ("lora.rank=3", "lora.rank"),
    ],
)
def test_what_matters_is_named(home, change, key):
    assert key in differing(of(), of(change))


def test_a_deepspeed_file_is_what_is_in_it(home):
    words = ("training.sharding=none", "training.deepspeed={}")
    first, moved = (of(words[0], words[1].format(name)) for name in ("ds.json", str(home / "ds.json")))
    assert differing(first, moved) == set()
    (home / "ds.json").write_text('{"zero_optimization": {"stage": 3}}')
    assert differing(first, of(words[0], words[1].format("ds.json"))) == {"training.deepspeed"}


@pytest.mark.parametrize(
    "rows",
    [
        {"input_ids": [[1, 2], [3, 4, 5]], "labels": ROWS["labels"]},  # the same tokens, cut elsewhere
        {"input_ids": ROWS["input_ids"], "labels": [[-100, -100, 3], [-100, 5]]},
        {name: list(reversed(values)) for name, values in ROWS.items()},
        {name: values[:1] for name, values in ROWS.items()},
    ],
    ids=["cut", "labels", "order", "fewer"],
)
def test_other_rows(home, rows):
    assert differing(of(), of(rows=rows)) == {"training rows, encoded"}


def test_how_rows_lie_in_memory_does_not_matter():
    parts = [datasets.Dataset.from_dict({name: values[n : n + 1] for name, values in ROWS.items()}) for n in (0, 1)]
    assert content_hash(datasets.concatenate_datasets(parts)) == content_hash(datasets.Dataset.from_dict(ROWS))


def test_hidden_files_of_a_folder_and_folders_in_it_do_not_matter(home):
    before = folder_hash(Path("base"))
    (home / "base" / ".cache").mkdir()
    (home / "base" / ".DS_Store").write_text("x")
    assert folder_hash(Path("base")) == before
    (home / "base" / "tokenizer.json").write_text("{}")
    assert folder_hash(Path("base")) != before


def test_every_key_that_is_ignored_exists():
    keys = set()
    for name, section in FinetuneConfig.model_fields.items():
        inner = getattr(section.annotation, "model_fields", None)
        keys |= {f"{name}.{key}" for key in inner} if inner else {name}
    assert set(IGNORED) <= keys
