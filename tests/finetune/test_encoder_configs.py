"""Configurations of encoder runs: the key `kind` says which keys there are."""

import pytest

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.encoder_training.run_config_file import read_run_config
from sevenllm_bench.finetune.settings.config import FinetuneConfig

pytest.importorskip("trl")

KINDS = {
    "encoder-mlm": "encoder-mlm",
    "biencoder": "bi-encoder",
    "cross-encoder": "cross-encoder",
    "ner": "ner",
    "code-classifier": "code-classifier",
    "securebert2": "encoder-mlm",
}


@pytest.mark.parametrize(("recipe", "kind"), KINDS.items())
def test_each_recipe_has_its_kind(recipe, kind):
    config = read_run_config(recipe)
    assert config.kind == kind
    assert config.model.base == "answerdotai/ModernBERT-base"
    assert config.output == f"sevenllm-{recipe}"


def test_a_configuration_without_a_kind_tunes_a_causal_model():
    assert isinstance(read_run_config("demo"), FinetuneConfig)


@pytest.mark.parametrize(
    ("recipe", "change", "message"),
    [
        ("ner", "kind=nerd", "unknown kind 'nerd'; did you mean 'ner'?"),
        ("ner", "masking.share=0.2", "unknown key masking"),
        ("biencoder", "contrast.scal=3", "unknown key contrast.scal; did you mean contrast.scale"),
        ("biencoder", "data.packing=true", "unknown key data.packing"),
        ("biencoder", "training.method=lora", "unknown key training.method"),
        ("biencoder", "lr=0.1", "did you mean training.learning_rate"),
        ("biencoder", "data.files=[pairs.jsonl]", "a bi-encoder takes pairs from data.source"),
        ("cross-encoder", "pairs.queries=[title]", "pairs.queries"),
        ("encoder-mlm", "masking.share=1.0", "masking.share"),
        ("code-classifier", "data.files=[]", "data.files is missing"),
        ("code-classifier", "data.source=embedded", "rows hold no functions"),
        ("ner", "entities.types=[A-B]", "entities.types"),
        ("ner", "kind=[1]", "unknown kind"),
    ],
)
def test_what_does_not_fit_is_named(recipe, change, message):
    with pytest.raises(ConfigError) as caught:
        read_run_config(recipe, [change])
    assert message in str(caught.value)


def test_only_files_are_read_where_only_files_are_named():
    assert read_run_config("encoder-mlm", ["data.files=a.txt"]).data.entries == ()
    both = read_run_config("encoder-mlm", ["data.files=a.txt", "data.source=embedded"]).data
    assert [entry.source for entry in both.entries] == ["embedded"]


def test_files_are_kept_apart_from_the_official_rows_by_default():
    assert read_run_config("encoder-mlm", ["data.files=a.txt"]).data.guard == "official"
    assert read_run_config("encoder-mlm", ["data.files=a.txt", "data.leak_guard=embedded"]).data.guard == "embedded"
    assert read_run_config("encoder-mlm", ["data.source=embedded"]).data.guard == "embedded"
