import json
import os
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from sevenllm_bench.encoders.sentence_embedder import (
    DEFAULT_MODEL,
    DEFAULT_REVISION,
    EmbeddingCache,
    EmbeddingModel,
    SentenceEmbedder,
    embedder_for,
    is_available,
    model_from,
)
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io import sqlite_cache


@pytest.fixture(scope="module")
def small_model(tmp_path_factory):
    """A sentence-transformers model of a few thousand parameters, made on the spot, that reads 16 tokens."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("bert")
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *"abcdefghijklmnopqrstuvwxyz",
        *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz"),
    ]
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
    )
    torch.manual_seed(0)
    BertModel(config).save_pretrained(folder)
    transformer = Transformer(str(folder), max_seq_length=16)
    target = tmp_path_factory.mktemp("sentence-model")
    SentenceTransformer(modules=[transformer, Pooling(16)]).save(str(target))
    return EmbeddingModel(str(target))


def test_every_text_once_as_unit_vectors(small_model):
    encoder = SentenceEmbedder(small_model)
    vectors = encoder.encode(["abc", "abc", "x"], cached=["x", "y"])
    assert set(vectors) == {"abc", "x", "y"}
    assert all(np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5) for vector in vectors.values())
    assert encoder.calls == 1


def test_texts_beyond_the_limit_are_counted(small_model):
    encoder = SentenceEmbedder(small_model)
    assert encoder.limit == 16
    encoder.count(["a b c", "a " * 14, "a " * 15, "a " * 500])
    assert (encoder.texts, encoder.texts_cut) == (4, 2)


def test_references_are_kept_on_disk_by_model_and_text(small_model, tmp_path):
    cache = EmbeddingCache(tmp_path / "deep" / "embeddings.sqlite")
    first = SentenceEmbedder(small_model, cache)
    vectors = first.encode(["answer"], cached=["reference"])
    second = SentenceEmbedder(small_model, EmbeddingCache(tmp_path / "deep" / "embeddings.sqlite"))
    again = second.encode([], cached=["reference"])
    assert second.calls == 0
    assert again["reference"] == pytest.approx(vectors["reference"])
    second.encode(["answer"])
    assert second.calls == 1, "answers are not kept"
    assert cache.get("another model", ["reference"]) == {}


def test_a_broken_cache_costs_time_not_the_run(small_model, tmp_path, caplog):
    (tmp_path / "embeddings.sqlite").write_bytes(b"no database" * 100)
    encoder = SentenceEmbedder(small_model, EmbeddingCache(tmp_path / "embeddings.sqlite"))
    assert set(encoder.encode([], cached=["a"])) == {"a"}
    assert set(encoder.encode([], cached=["b"])) == {"b"}
    assert sum("can't be used" in record.getMessage() for record in caplog.records) == 1


def test_a_locked_cache_is_waited_for_once(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(sqlite_cache, "_WAIT", 0.1)
    path = tmp_path / "embeddings.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    cache = EmbeddingCache(path)
    assert cache.get("m", ["a"]) == {}
    other.close()
    cache.put("m", {"a": np.zeros(2)})
    assert cache.get("m", ["a"]) == {}
    assert len(caplog.records) == 1
    with sqlite_cache.SqliteCache(path, "embeddings") as unused:
        assert len(unused) == 0


@pytest.mark.parametrize(
    ("value", "model"),
    [
        ("none", None),
        ("default", EmbeddingModel(DEFAULT_MODEL, DEFAULT_REVISION)),
        (DEFAULT_MODEL, EmbeddingModel(DEFAULT_MODEL, DEFAULT_REVISION)),
        ("org/name", EmbeddingModel("org/name")),
        ("org/name@abc", EmbeddingModel("org/name", "abc")),
    ],
)
def test_the_model_that_an_option_names(value, model):
    assert model_from(value) == model


def test_the_environment_names_it_too(monkeypatch):
    monkeypatch.setenv("SEVENLLM_SEMANTIC_MODEL", "org/other")
    assert model_from() == EmbeddingModel("org/other")
    assert model_from("none") is None
    monkeypatch.delenv("SEVENLLM_SEMANTIC_MODEL")
    assert model_from() == EmbeddingModel(DEFAULT_MODEL, DEFAULT_REVISION), (
        "the default, where sentence-transformers is installed"
    )


def test_english_only_models_are_refused_for_chinese():
    model = EmbeddingModel("cisco-ai/SecureBERT2.0-biencoder")
    model.check_language("en")
    model.check_language("zh", force=True)
    with pytest.raises(ConfigError, match="knows English only"):
        model.check_language("zh")


def test_a_model_that_cannot_be_loaded(monkeypatch, tmp_path):
    with pytest.raises(ConfigError, match="semantic_model=none"):
        SentenceEmbedder(EmbeddingModel(str(tmp_path / "nothing" / "here")))
    assert not is_available(EmbeddingModel("org/certainly-not-here", "0" * 40))
    assert is_available(EmbeddingModel(str(tmp_path)))


def test_without_sentence_transformers_the_error_gives_the_install_line(monkeypatch):
    from sevenllm_bench.encoders import sentence_embedder as embedding

    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r'pip install "sevenllm-bench\[semantic\]"'):
        SentenceEmbedder(EmbeddingModel("org/name"))
    monkeypatch.delenv("SEVENLLM_SEMANTIC_MODEL")
    assert model_from() is None


def test_a_cached_value_that_is_no_vector_is_one_warning(tmp_path, caplog):
    import sqlite3

    from sevenllm_bench.encoders.sentence_embedder import _key

    path = tmp_path / "embeddings.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table embeddings(key PRIMARY KEY, value, created)")
        connection.execute("insert into embeddings values(?, 5, 1)", (_key("m", "text"),))
    connection.close()
    cache = EmbeddingCache(path)
    assert cache.get("m", ["text"]) == {}
    assert cache.get("m", ["text"]) == {}
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def exchange_weights(folder, sign=-1.0):
    """Other weights of the same size, under the same name and with the same time of change."""
    from safetensors.numpy import load_file, save_file

    file = next(Path(folder).rglob("model.safetensors"))
    times = file.stat()
    chance = np.random.default_rng(3)
    weights = {name: chance.normal(size=value.shape).astype(value.dtype) * sign for name, value in load_file(file).items()}
    save_file(weights, file, metadata={"format": "pt"})
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (times.st_size, times.st_mtime_ns)


def exchange_tokenizer(folder):
    file = next(Path(folder).rglob("tokenizer.json"))
    content = json.loads(file.read_text())
    vocabulary = content["model"]["vocab"]
    vocabulary["a"], vocabulary["z"] = vocabulary["z"], vocabulary["a"]
    file.write_text(json.dumps(content))


def exchange_pooling(folder):
    file = next(file for file in Path(folder).rglob("config.json") if "Pooling" in str(file))
    file.write_text(
        file.read_text()
        .replace('"mean"', '"cls"')
        .replace('"pooling_mode_mean_tokens": true', '"pooling_mode_mean_tokens": false')
    )


@pytest.mark.parametrize("exchange", [exchange_weights, exchange_tokenizer, exchange_pooling])
def test_exchanged_files_of_a_local_model_are_noticed(small_model, tmp_path, exchange):
    model = EmbeddingModel(str(shutil.copytree(small_model.name, tmp_path / "model")))
    cache = tmp_path / "embeddings.sqlite"
    before = SentenceEmbedder(model, EmbeddingCache(cache)).encode([], cached=["a b"])
    exchange(model.name)
    right = SentenceEmbedder(model).encode(["a b"])
    assert float(before["a b"] @ right["a b"]) < 0.999, "the exchange changes the vector"
    after = SentenceEmbedder(model, EmbeddingCache(cache)).encode([], cached=["a b"])
    assert after["a b"] == pytest.approx(right["a b"], abs=1e-6)


def test_a_process_that_goes_on_notices_exchanged_weights_too(small_model, tmp_path, monkeypatch):
    monkeypatch.setenv("SEVENLLM_CACHE_DIR", str(tmp_path / "cache"))
    model = EmbeddingModel(str(shutil.copytree(small_model.name, tmp_path / "model")))
    first = embedder_for(model)
    assert embedder_for(model) is first
    (Path(model.name) / "README.md").write_text("another model card")
    assert embedder_for(model) is first, "which changes no vector"
    exchange_weights(model.name)
    assert embedder_for(model).encode([], cached=["a"])["a"] == pytest.approx(
        SentenceEmbedder(model).encode(["a"])["a"], abs=1e-6
    )


def test_a_copy_of_a_model_shares_its_vectors(small_model, tmp_path):
    cache = tmp_path / "embeddings.sqlite"
    SentenceEmbedder(small_model, EmbeddingCache(cache)).encode([], cached=["a"])
    copy = SentenceEmbedder(EmbeddingModel(str(shutil.copytree(small_model.name, tmp_path / "model"))), EmbeddingCache(cache))
    copy.encode([], cached=["a"])
    assert copy.calls == 0


@pytest.mark.parametrize(
    "value",
    [
        np.full(16, np.nan, np.float32).tobytes(),
        np.zeros(16, np.float32).tobytes(),
        np.full(16, 1e30, np.float32).tobytes(),
        np.full(8, 8**-0.5, np.float32).tobytes(),  # of length 1, but another model's size
        b"12345",
        b"",
        5,
    ],
    ids=["not a number", "zeros", "huge", "too short", "half a number", "empty", "no bytes"],
)
def test_damaged_vectors_are_computed_again(small_model, tmp_path, caplog, value):
    path = tmp_path / "embeddings.sqlite"
    encoder = SentenceEmbedder(small_model, EmbeddingCache(path))
    right = encoder.encode([], cached=["a", "b"])
    with sqlite3.connect(path) as connection:
        connection.execute("update embeddings set value = ?", (value,))
    connection.close()
    again = SentenceEmbedder(small_model, EmbeddingCache(path))
    assert again.encode([], cached=["a"])["a"] == pytest.approx(right["a"], abs=1e-5)
    assert again.encode([], cached=["b"])["b"] == pytest.approx(right["b"], abs=1e-5)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    again.encode([], cached=["a", "b"])
    assert again.calls == 2, "the damaged ones were replaced"


def test_a_model_of_damaged_weights_is_refused(small_model, tmp_path):
    model = EmbeddingModel(str(shutil.copytree(small_model.name, tmp_path / "model")))
    exchange_weights(model.name, sign=np.nan)
    with pytest.raises(ConfigError, match="not numbers"):
        SentenceEmbedder(model)


def test_folders_with_odd_names(small_model, tmp_path, monkeypatch):
    folder = str(tmp_path / "model@v2")
    shutil.copytree(small_model.name, folder)
    assert model_from(folder) == EmbeddingModel(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert model_from("~/model@v2") == EmbeddingModel(folder)
    for name in ("~nobody-of-that-name/model", "~\0"):
        with pytest.raises(ConfigError, match="not a usable path"):
            model_from(name)
    for name in ("x" * 5_000, "a\0b", "a\nb", "\ud800"):
        assert not is_available(EmbeddingModel(name))
