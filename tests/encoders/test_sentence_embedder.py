import sqlite3

import numpy as np
import pytest

from sevenllm_bench.encoders.sentence_embedder import (
    DEFAULT_MODEL,
    DEFAULT_REVISION,
    EmbeddingCache,
    EmbeddingModel,
    SentenceEmbedder,
    is_available,
    model_from,
)
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io import sqlite_cache


@pytest.fixture(scope="module")
def small_model(tmp_path_factory):
    """A sentence-transformers model of a few thousand parameters, made on the spot, that reads 16 tokens."""
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
