import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from encoders.tiny_encoders import (
    make_bi_encoder,
    make_cross_encoder,
    make_encoder,
    make_text_classifier,
    make_token_classifier,
)

from sevenllm_bench.encoders.bi_encoder import BiEncoder
from sevenllm_bench.encoders.checkpoint_kind import kind_of, require_kind
from sevenllm_bench.encoders.cross_encoder import PairScorer
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.masked_lm import MaskedLanguageModel
from sevenllm_bench.encoders.token_classifier import TokenClassifier
from sevenllm_bench.errors import ConfigError


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    return {
        "bi-encoder": make_bi_encoder(folder / "bi"),
        "cross-encoder": make_cross_encoder(folder / "cross"),
        "masked-lm": make_encoder(folder / "mlm"),
        "token-classifier": make_token_classifier(folder / "ner"),
        "text-classifier": make_text_classifier(folder / "classes"),
        "bare": make_encoder(folder / "bare", ""),
    }


def choice(folder, **further):
    return EncoderChoice(str(folder), device="cpu", **further)


@pytest.mark.parametrize("kind", ["bi-encoder", "cross-encoder", "masked-lm", "token-classifier", "text-classifier"])
def test_the_kind_is_read_from_the_checkpoint(checkpoints, kind):
    assert kind_of(choice(checkpoints[kind])) == kind
    assert kind_of(choice(checkpoints[kind], kind="masked-lm")) == "masked-lm", "what the user says comes first"


def test_a_model_without_a_head_is_a_bi_encoder_with_mean_pooling(checkpoints):
    assert kind_of(choice(checkpoints["bare"])) == "bi-encoder"
    assert BiEncoder(choice(checkpoints["bare"])).describe()["pooling"] == "mean, assumed"
    assert BiEncoder(choice(checkpoints["bi-encoder"])).describe()["pooling"] == "as in the checkpoint"


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({"architectures": ["BertForSequenceClassification"], "id2label": {"0": "LABEL_0"}}, "cross-encoder"),
        ({"architectures": ["BertForSequenceClassification"], "num_labels": 1}, "cross-encoder"),
        ({"architectures": ["BertForSequenceClassification"], "id2label": {"0": "a", "1": "b"}}, "text-classifier"),
        ({"architectures": ["BertForSequenceClassification"]}, "text-classifier"),  # transformers' default is two labels
        (
            {
                "architectures": ["BertForSequenceClassification"],
                "id2label": {"0": "a", "1": "b", "2": "c"},
                "sentence_transformers": {"version": "4.0"},
            },
            "cross-encoder",
        ),
        ({"architectures": ["RobertaForTokenClassification"]}, "token-classifier"),
        ({"architectures": ["BertForPreTraining"]}, "masked-lm"),
        ({"architectures": ["XLMRobertaModel"]}, "bi-encoder"),
    ],
)
def test_kinds_of_configurations(tmp_path, config, kind):
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert kind_of(choice(tmp_path)) == kind


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no config.json"),
        ({"config.json": "[1]"}, "not a JSON object"),
        ({"config.json": "{"}, "can't be read"),
        ({"config.json": "[" * 200_000}, "can't be read"),
        ({"config.json": '{"architectures": ["LlamaForCausalLM"]}'}, "--model hf --model_args pretrained="),
        ({"config.json": '{"architectures": ["GPT2LMHeadModel"]}'}, "--model hf --model_args pretrained="),
        ({"config.json": '{"architectures": ["BertForQuestionAnswering"]}'}, "say what it is with kind="),
        ({"config.json": '{"architectures": 7, "model_type": "bert"}'}, "names no architecture"),
        ({"adapter_config.json": "{}"}, "sevenllm-bench merge"),
        ({"modules.json": '[{"type": "custom_st.Transformer"}]'}, "code of its own"),
        ({"modules.json": "{"}, "no list of modules"),
        ({"modules.json": '{"a": 1}'}, "no list of modules"),
        ({"modules.json": "[]", "config_sentence_transformers.json": '{"model_type": "SparseEncoder"}'}, "SparseEncoder"),
    ],
)
def test_what_is_no_encoder_is_one_message(tmp_path, files, message):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=message) as error:
        kind_of(choice(tmp_path))
    assert len(str(error.value).splitlines()) == 1


def test_a_wrong_kind_names_both(checkpoints):
    with pytest.raises(ConfigError, match="is a masked-lm; a bi-encoder or cross-encoder is needed here"):
        require_kind(choice(checkpoints["masked-lm"]), "bi-encoder", "cross-encoder")
    with pytest.raises(ConfigError, match="is a token-classifier; a cross-encoder is needed"):
        PairScorer(choice(checkpoints["token-classifier"]))


def spoil(folder: Path, target: Path, *gone: str) -> Path:
    shutil.copytree(folder, target)
    for pattern in gone:
        for file in target.rglob(pattern):
            file.unlink()
    return target


@pytest.mark.parametrize(
    ("kind", "load"), [("bi-encoder", BiEncoder), ("cross-encoder", PairScorer), ("masked-lm", MaskedLanguageModel)]
)
def test_missing_files_are_one_message(checkpoints, tmp_path, kind, load):
    with pytest.raises(ConfigError, match="has no tokenizer"):
        load(choice(spoil(checkpoints[kind], tmp_path / "a", "tokenizer*")))
    with pytest.raises(ConfigError, match="has no weights"):
        load(choice(spoil(checkpoints[kind], tmp_path / "b", "*.safetensors")))
    cut = spoil(checkpoints[kind], tmp_path / "c")
    weights = cut / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ConfigError, match="can't be loaded"):
        load(choice(cut))


def edit_weights(folder: Path, change) -> None:
    from safetensors.numpy import load_file, save_file

    file = folder / "model.safetensors"
    save_file({name: change(value) for name, value in load_file(file).items()}, file, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("kind", "load"), [("bi-encoder", BiEncoder), ("cross-encoder", PairScorer), ("masked-lm", MaskedLanguageModel)]
)
def test_damaged_weights_are_refused(checkpoints, tmp_path, kind, load):
    folder = spoil(checkpoints[kind], tmp_path / "nan")
    edit_weights(folder, lambda value: np.full_like(value, np.nan))
    with pytest.raises(ConfigError, match="not numbers"):
        load(choice(folder))


def test_a_head_that_would_start_at_random_is_refused(checkpoints, caplog):
    for kind, load in (("token-classifier", TokenClassifier), ("cross-encoder", PairScorer)):
        with pytest.raises(ConfigError, match=r"lack \d+ weights .*classifier"):
            load(choice(checkpoints["masked-lm"], kind=kind))
    assert caplog.records == []


def test_a_device_that_is_not_there(checkpoints):
    for name in ("cuda:77", "no-device", "cpu:x"):
        with pytest.raises(ConfigError, match="finds no such device"):
            BiEncoder(EncoderChoice(str(checkpoints["bi-encoder"]), device=name))


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"batch_size": True}, {"long_texts": "middle"}, {"kind": "decoder"}])
def test_impossible_options(checkpoints, options):
    with pytest.raises(ConfigError, match=r"batch_size|treatment of long texts|kind of encoder"):
        BiEncoder(choice(checkpoints["bi-encoder"], **options))


@pytest.mark.parametrize("name", ["an-org/a-model", "certainly-no-model", "nowhere/at/all", "", "a\0b", "\ud800"])
def test_an_offline_hub_is_one_message(tmp_path, monkeypatch, name):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ConfigError, match="the encoder") as error:
        kind_of(EncoderChoice(name, "0" * 40))
    assert len(str(error.value).splitlines()) == 1
    assert "Hub" in str(error.value)


def test_a_model_of_the_hub_at_its_revision(checkpoints, tmp_path, monkeypatch):
    from hub_server import ModelHub, serve

    commit = "b" * 40
    with serve(tmp_path / "cache", monkeypatch, ModelHub()) as hub:
        hub.revisions["v1"] = commit
        hub.commits[commit] = checkpoints["masked-lm"]
        found = MaskedLanguageModel(EncoderChoice(hub.repository, "v1", device="cpu"))
        with pytest.raises(ConfigError, match="an-org/a-model@v9: "):
            kind_of(EncoderChoice(hub.repository, "v9"))
    assert found.describe()["identity"] == f"{hub.repository}@{commit}"
    local = MaskedLanguageModel(choice(checkpoints["masked-lm"]))
    assert found.pseudo_log_likelihoods(["a text"]) == local.pseudo_log_likelihoods(["a text"])


def test_a_limit_of_the_tokenizer_that_is_no_number(checkpoints, tmp_path):
    folder = shutil.copytree(checkpoints["masked-lm"], tmp_path / "damaged")
    file = folder / "tokenizer_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "model_max_length": "many"}))
    with pytest.raises(ConfigError, match=r"model_max_length in tokenizer_config.json is no number \('many'\)"):
        MaskedLanguageModel(choice(folder))
