import itertools

import numpy as np
import pytest
from encoders.tiny_encoders import make_cross_encoder, make_text_classifier
from sentence_transformers import CrossEncoder

from sevenllm_bench.encoders.cross_encoder import MOST_WINDOWS, PairScorer
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.errors import ConfigError

PAIRS = [
    ("Who paid?", "A wholesaler paid 486,000 euros."),
    ("谁付款?", "批发商支付了款项"),
    ("", ""),
    ("a", ""),
    ("مرحبا", "The kit kept the session cookie. " * 3),
]
LONG = "Behind it ran GlassTurnstile, a rented phishing kit. " * 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(make_cross_encoder(tmp_path_factory.mktemp("cross")))


@pytest.fixture(scope="module")
def library(folder):
    return CrossEncoder(folder, device="cpu")


def scorer_of(folder, **options):
    return PairScorer(EncoderChoice(folder, device="cpu", **options))


@pytest.mark.parametrize("batch_size", [1, 32])
def test_scores_equal_sentence_transformers(folder, library, batch_size):
    found = scorer_of(folder, batch_size=batch_size).scores(PAIRS)
    assert found.dtype == np.float64
    assert found == pytest.approx(library.predict(PAIRS), abs=1e-6)
    assert len(set(found)) > 1


def windows(library, text, size):
    offsets = library.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, truncation=False)["offset_mapping"]
    step = size - size // 4
    starts = [*range(0, len(offsets) - size, step), len(offsets) - size]
    return [text[offsets[start][0] : offsets[start + size - 1][1]] for start in starts]


def test_the_longer_text_is_read_in_windows(folder, library):
    query = "Who paid?"
    size = 128 - 3 - len(library.tokenizer(query, add_special_tokens=False)["input_ids"])
    wanted = library.predict([(query, part) for part in windows(library, LONG, size)])
    assert len(wanted) > 3
    assert scorer_of(folder, long_texts="max").scores([(query, LONG)]) == pytest.approx([wanted.max()], abs=1e-6)
    assert scorer_of(folder, long_texts="mean").scores([("x", "y"), (query, LONG)])[1] == pytest.approx(wanted.mean(), abs=1e-6)
    cut = scorer_of(folder, long_texts="cut")
    assert cut.scores([(query, LONG)]) == pytest.approx(library.predict([(query, LONG)]), abs=1e-6)
    assert cut.cost.long_texts == 1
    reverse = library.predict([(part, query) for part in windows(library, LONG, size)])
    assert scorer_of(folder).scores([(LONG, query)]) == pytest.approx([reverse.max()], abs=1e-6)


def test_two_long_texts_are_both_read_in_windows(folder, library):
    first, second = LONG[:900], LONG[7:]
    parts = [windows(library, text, 62) for text in (first, second)]  # half of 128 less three special tokens
    wanted = library.predict(list(itertools.product(*parts)))
    assert scorer_of(folder).scores([(first, second)]) == pytest.approx([wanted.max()], abs=1e-6)


def test_two_huge_texts_have_a_bound_that_is_counted(folder):
    scorer = scorer_of(folder)
    assert np.isfinite(scorer.scores([(LONG * 4, LONG * 4)])).all()
    assert scorer.cost.passes <= MOST_WINDOWS
    assert scorer.thinned == 1


def test_each_pair_is_read_once(folder):
    scorer = scorer_of(folder)
    found = scorer.scores(PAIRS * 3)
    assert scorer.cost.texts == scorer.cost.passes == len(PAIRS)
    assert np.array_equal(found[:5], found[5:10])
    assert scorer.scores([]).shape == (0,)


def test_hostile_pairs(folder):
    texts = ["", "\0", "\ud800", "a" * 5_000, "‮" * 9]
    assert np.isfinite(scorer_of(folder).scores(list(itertools.product(texts, texts)))).all()


def test_several_labels_are_no_score(tmp_path):
    folder = make_text_classifier(tmp_path / "classes")
    with pytest.raises(ConfigError, match="has 2 labels for a pair"):
        scorer_of(str(folder), kind="cross-encoder")


def test_what_describes_it(folder):
    described = scorer_of(folder).describe()
    assert (described["kind"], described["max_tokens"], described["activation"]) == ("cross-encoder", 128, "Sigmoid")
