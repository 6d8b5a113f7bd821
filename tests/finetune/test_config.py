"""Configurations: recipes, files, changes, and every mistake as one `ConfigError` that says what to write instead."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from recipe_bases import ENCODER_RECIPES

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.encoder_training.encoder_sections import EncoderConfig
from sevenllm_bench.finetune.encoder_training.run_config_file import read_run_config
from sevenllm_bench.finetune.settings import config_file
from sevenllm_bench.finetune.settings.config import FinetuneConfig
from sevenllm_bench.finetune.settings.config_file import read_config
from sevenllm_bench.finetune.settings.recipe_files import recipe_names
from sevenllm_bench.io.configuration import ConfigReader

BASE = "model:\n  base: some/model\noutput: out\n"


def write(tmp_path, text):
    path = tmp_path / "run.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(config, *changes) -> str:
    with pytest.raises(ConfigError) as caught:
        read_config(config, changes)
    return str(caught.value)


# --- recipes ---------------------------------------------------------------------------------------------------------


def test_each_recipe_parses():
    for name in recipe_names():
        assert isinstance(read_run_config(name), EncoderConfig if name in ENCODER_RECIPES else FinetuneConfig)


def test_the_papers_recipe_has_the_papers_settings():
    """arXiv 2405.03446, section 4: 3 epochs, 2e-5, cosine, warm-up 3 %, no weight decay; loss on thought and answer."""
    config = read_config("paper")
    training = config.training
    assert (training.epochs, training.learning_rate, training.scheduler, training.warmup) == (3, 2e-5, "cosine", 0.03)
    assert (training.weight_decay, training.precision, training.method, training.sharding) == (0, "bf16", "full", "full")
    assert (config.data.objective, config.data.style.name, config.data.max_length) == ("thought+answer", "cot", 4096)


@pytest.mark.parametrize("name", [name for name in recipe_names() if name.startswith("lora-")])
def test_recipes_of_adapters_ask_without_thinking(name):
    data = read_config(name).data
    assert (data.chat, data.chat_template_arguments, data.style.name) == (True, {"enable_thinking": False}, "alpaca")


# --- changes ---------------------------------------------------------------------------------------------------------


def test_changes_are_yaml_values_and_the_last_one_counts():
    config = read_config(
        "paper",
        [
            "training.epochs=1",
            "training.learning_rate=1e-4",
            "training.epochs=0.5",
            "data.tasks=[Threat Analysis, Other]",
            "data.chat_template_arguments.enable_thinking=false",
            "data.chat_template_arguments={depth: 2}",
            "data.chat_template_arguments.more.than=[1, a=b]",
            "data.language_temperature=.inf",
            "data.max_rows=null",
            "training.max_steps=",
            "model.revision='2024'",
            "lora={rank: 8}",
            "lora.alpha=16",
            "training.trainer.adam_epsilon=1e-7",
            "output=runs/2024-05-01",
        ],
    )
    assert (config.training.epochs, config.training.learning_rate, config.training.max_steps) == (0.5, 1e-4, None)
    assert config.data.tasks == ("Threat Analysis", "Other")
    assert config.data.chat_template_arguments == {"depth": 2, "more": {"than": [1, "a=b"]}}
    assert config.data.language_temperature == math.inf
    assert config.data.max_rows is None
    assert (config.model.revision, config.output) == ("2024", "runs/2024-05-01")
    assert (config.lora.rank, config.lora.alpha) == (8, 16)
    assert config.training.trainer == {"adam_epsilon": 1e-7}


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("data.leak_guard=off", "off"),
        ("data.source=no", "no"),
        ("output=12:30:45", "12:30:45"),
        ("output=2024-05-01", "2024-05-01"),
        ("output=007", "007"),
        ("output=1_000", "1_000"),
    ],
)
def test_texts_that_yaml_1_1_took_for_something_else(change, value):
    section, _, key = change.partition("=")[0].rpartition(".")
    config = read_config("paper", [change])
    assert getattr(getattr(config, section) if section else config, key) == value


@pytest.mark.parametrize("change", ["epochs", "=3", ".=3", "training.=3", "training..epochs=1", " =1", ""])
def test_a_change_that_is_none(change):
    assert "a change is written section.key=value" in refused("paper", change)


def test_a_change_below_a_value_and_one_that_is_no_yaml():
    assert "epochs is no section" in refused("paper", "training.epochs.x=1")
    for value in (
        "[1",
        "{a: 1",
        "a: b: c",
        "!!python/name:os.system",
        "&a [*a]",
        "!!binary aGk=",
        "!!set {a}",
        '"\\ud800"',
        "{a: 1, a: 2}",
    ):
        assert "no YAML" in refused("paper", f"training.trainer={value}"), value


# --- unknown keys ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "suggestion"),
    [
        ("trainng.epochs=1", "did you mean training?"),
        ("training.epoch=1", "did you mean training.epochs?"),
        ("training.bath_size=1", "did you mean training.batch_size?"),
        ("evaluation.bath_size=1", "did you mean evaluation.batch_size?"),
        ("training.gradient_accumulation_steps=1", "did you mean training.accumulation?"),
        ("lora.lora_alpha=1", "did you mean lora.alpha?"),
        ("epochs=1", "did you mean training.epochs?"),
        ("data.epochs=1", "did you mean training.epochs?"),
        ("model.max_length=1", "did you mean data.max_length?"),
        ("lora.batch_size=1", "did you mean training.batch_size or evaluation.batch_size?"),
        ("model.learningrate=1", "did you mean training.learning_rate?"),
        ("data.output=x", "did you mean output?"),
        ("training.lr=1", "did you mean training.learning_rate?"),
        ("lora.r=1", "did you mean lora.rank?"),
        ("lora_target_modules=x", "did you mean lora.targets?"),
        ("data.cutoff_len=1", "did you mean data.max_length?"),
        ("training.micro_batch_size=1", "did you mean training.batch_size?"),
        ("per_device_train_batch_size=1", "did you mean training.batch_size?"),
        ("val_set_size=1", "did you mean data.held_out?"),
    ],
)
def test_an_unknown_key_gives_the_known_one(change, suggestion):
    message = refused("paper", change)
    assert "unknown key " in message
    assert message.endswith(suggestion)


def test_keys_of_other_tools_lead_to_keys_that_exist():
    known = set(ConfigReader(FinetuneConfig).key_names())
    assert set(config_file._ELSEWHERE) <= known
    names = [name for names in config_file._ELSEWHERE.values() for name in names]
    assert len(names) == len(set(names))
    assert not known & set(names), "a key of ours is never unknown"


def test_an_unknown_key_like_nothing():
    assert refused("paper", "data.zzz=1").endswith("unknown key data.zzz")


def test_all_problems_are_listed_at_once():
    message = refused(
        "paper",
        "data.max_length=3",
        "training.method=adapter",
        "lora.rank=0",
        "data.tasks=[Threat Analyss, Threat Analysis, Foo]",
        "outptu=x",
        "evaluation.every=-1",
    )
    lines = message.splitlines()[1:]
    assert len(lines) == 7, message
    for key in ("data.max_length", "training.method", "lora.rank", "data.tasks.0", "data.tasks.2", "outptu", "evaluation.every"):
        assert sum(key in line for line in lines) == 1, key
    assert "did you mean 'Threat Analysis'" in message


def test_what_is_missing(tmp_path):
    message = refused(write(tmp_path, "data: {source: embedded}"))
    assert "model is missing" in message
    assert "output is missing" in message
    assert "model.base is missing" in refused(write(tmp_path, "model:\n  revision: main\noutput: out"))


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        *(f"training.epochs={value}" for value in ("-1", "0", ".nan", ".inf", "true", "'3'", "[1]", "{a: 1}", "null", "1e9")),
        *(f"training.learning_rate={value}" for value in ("-1e-4", "0", ".nan", ".inf", "1e999", "high")),
        *(f"training.batch_size={value}" for value in ("0", "-1", "1.5", "true", "1" + "0" * 100)),
        *(f"training.seed={value}" for value in ("-1", "4294967296", "1.0")),
        *(f"training.weight_decay={value}" for value in ("-0.1", ".inf", ".nan")),
        *(f"training.warmup={value}" for value in ("-1", "1.5", ".nan", ".inf", "1e300")),
        *(f"training.save_every={value}" for value in ("0", "2.5", ".nan")),
        *(f"training.packing={value}" for value in ("1",)),
        *(f"data.packing={value}" for value in ("1", "no", "null", "[]")),
        *(f"data.held_out={value}" for value in ("1", "-0.1", ".nan", "true")),
        *(f"data.task_temperature={value}" for value in ("0", "-1", ".nan", "-.inf")),
        *(f"data.languages={value}" for value in ("[]", "en", "[fr]", "null", "{en: zh}")),
        *(f"data.tasks={value}" for value in ("[]", "Threat Analysis", "[1]", "['']")),
        *(f"data.max_length={value}" for value in ("15", "1e3", "-1")),
        *(f"lora.targets={value}" for value in ("[]", "q_proj", "[1]", "['']", "null", "{a: 1}")),
        *(f"model.base={value}" for value in ("''", "' '", "null", "3", "[a]")),
        *(f"output={value}" for value in ("", "''", "'  '", "null", "3")),
        *(f"{section}={value}" for section in ("model", "data", "lora") for value in ("3", "text", "[1]")),
        "model.attention=flash",
        "training.precision=fp16",
        "training.trainer=[1]",
        "training.keep_checkpoints=1",
        "resume=yes",
    ],
)
def test_a_value_that_does_not_fit(change):
    message = refused("paper", change)
    assert change.partition("=")[0] in message
    assert len(message.splitlines()) == 2, message


def test_a_text_that_looks_like_a_number_is_to_be_quoted():
    assert "goes in quotes" in refused("paper", "model.revision=1234567")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["data.prompt=alpaca"], "needs a prompt that asks for a thought (cot), not 'alpaca'"),
        (["data.prompt=paper"], "not 'paper'"),
        (["training.deepspeed=ds.json"], "exclude each other"),
        (["training.method=qlora"], "qlora doesn't go with sharding"),
        (["evaluation.metrics_rows=5"], "needs whole weights"),
    ],
)
def test_keys_that_do_not_go_together(changes, words):
    assert words in refused("paper", *changes)


def test_the_objectives_prompt():
    assert read_config("paper", ["data.objective=answer"]).data.style.name == "alpaca"
    assert read_config("paper", ["data.objective=answer", "data.prompt=cot"]).data.style.name == "cot"


def test_a_section_of_comments_is_one_of_defaults(tmp_path):
    config = read_config(write(tmp_path, f"{BASE}training:\n  # epochs: 2\nlora: null\n"), ["training.batch_size=2"])
    assert (config.training.epochs, config.training.batch_size, config.lora.rank) == (3.0, 2, 64)
    assert "model is missing" not in refused(write(tmp_path, "model:\noutput: x"), "model.revision=a")


def test_values_do_not_change_after_validation():
    with pytest.raises(ValidationError):
        read_config("paper").training.epochs = 5


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_in_any_form(tmp_path):
    for text in (
        BASE,
        "\ufeff" + BASE,
        BASE.replace("\n", "\r\n"),
        BASE.strip(),
        '{"model": {"base": "some/model"}, "output": "out"}',
    ):
        config = read_config(write(tmp_path, text))
        assert (config.model.base, config.output) == ("some/model", "out")


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(12)
)
MERGE_BOMB = "a: &a {k: v}\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} {{<<: [{', '.join(['*' + chr(97 + n)] * 10)}]}}\n" for n in range(12)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a configuration is a mapping of model, data"),
        ("- 1\n- 2", "is a mapping"),
        ("just text", "is a mapping"),
        ("a: b: c", "broken YAML"),
        ("\tmodel: x", "broken YAML"),
        (BASE + "output: again\n", "the key 'output' comes twice"),
        ("training: {epochs: 1, epochs: 2}", "the key 'epochs' comes twice"),
        ("1: 2", "a key is no text"),
        ("training:\n  trainer: {1: 2}", "a key is no text"),
        ("[1]: 2", "broken YAML"),
        ("x: !!python/object/apply:os.system [ls]", "broken YAML"),
        ("x: !!int ''", "broken YAML"),
        ("x: !!float ''", "broken YAML"),
        ("x: !!bool maybe", "broken YAML"),
        ("x: !!timestamp no", "broken YAML"),
        ("x: " + "9" * 5000, "broken YAML"),
        ("x: &x [*x]", "broken YAML"),
        ("x: " + "[" * 5_000, "deeper than 50 levels"),
        ("x: " + "[" * 51 + "]" * 51, "deeper than 50 levels"),
        (b"model: \xff\xfe", "not UTF-8 at byte 7"),
        (BASE.encode("utf-16"), "not UTF-8 at byte 0"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "broken YAML"),
        (b"#" * 200_001, "are no configuration"),
        (BOMB, "more than 100,000 values"),
        (MERGE_BOMB, "more than 100,000 values"),
        ("a: &a {x: 1}\nb: {<<: *a}\n" + BASE, "unknown key b"),
    ],
)
def test_a_file_that_is_no_configuration(tmp_path, text, words):
    assert words in refused(write(tmp_path, text))


def test_files_that_are_not_there(tmp_path):
    message = refused(tmp_path / "missing.yaml")
    assert "no configuration file" in message
    assert f"come with the package: {', '.join(recipe_names())}" in message
    assert "did you mean paper?" in refused("papr")
    assert "is a folder" in refused(tmp_path)
    for path in ("", " ", "a\0b", "x" * 5000, "~nobody-of-this-name/x"):
        assert refused(path)


NODE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["training.epochs", "data.tasks", "data.chat_template_arguments", "lora", "lora.targets", "output", "x.y"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(KEYS, NODE.map(repr) | st.text(max_size=20)), max_size=4))
def test_any_change_is_taken_or_refused(changes):
    try:
        read_config("paper", [f"{key}={value}" for key, value in changes])
    except ConfigError as error:
        assert any(key.partition(".")[0] in str(error) for key, _ in changes)  # noqa: PT017  (nothing else may be raised)


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=60) | st.text("{}[]:-&*!<>|'\"#,? \n\tab1.", max_size=60).map(str.encode))
def test_any_file_is_taken_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    assert refused(path), "no such file names a model and an output"
