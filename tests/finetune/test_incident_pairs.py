"""Pairs of queries and texts, their hard negatives, and batches: none has a text of a query's own incident as a negative."""

import json
from collections import Counter

import numpy as np
import pytest
from encoders import tiny_encoders
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.corpus.conversation import Conversation, Turn
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.errors import DataError
from sevenllm_bench.finetune.encoder_training.hard_negatives import mined
from sevenllm_bench.finetune.encoder_training.incident_batches import IncidentBatches
from sevenllm_bench.finetune.encoder_training.incident_pairs import Pair, pairs_of
from sevenllm_bench.finetune.encoder_training.pass_number import PassNumber

ALL = ("question", "analysis", "values")


def conversation(number, question, answer):
    return Conversation(number, (Turn("user", question), Turn("assistant", answer)), "en", "general")


def test_rows_give_their_question_analysis_or_values():
    rows = embedded_split("train")
    pairs = pairs_of(rows, ALL)
    assert len(pairs) == len(rows) == 184
    assert len(pairs_of(rows, ("question",))) == sum(row.kind == "mcq" for row in rows) == 16
    by_query = {pair.query: pair for pair in pairs}
    for row in rows:
        if row.kind == "generation":
            assert by_query[row.output].text == row.input


def test_rows_of_one_text_are_of_one_incident():
    pairs = pairs_of(embedded_split("train"), ALL)
    assert len({pair.incident for pair in pairs}) == len({pair.text for pair in pairs}) == 18


def test_conversations_with_the_same_answer_are_of_one_incident():
    records = [
        conversation(1, "Who?", "The group."),
        conversation(2, "Which?", "The group."),
        conversation(3, "When?", "In May."),
    ]
    who, which, when = (pair.incident for pair in pairs_of(records, ALL))
    assert who == which != when


@pytest.fixture(scope="module")
def pairs():
    return pairs_of(embedded_split("train"), ALL)


@pytest.fixture(scope="module")
def miner(tmp_path_factory):
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(tiny_encoders.make_bi_encoder(tmp_path_factory.mktemp("miner"))), device="cpu")


@pytest.mark.parametrize("by", ["bm25", "model"])
def test_no_negative_is_of_the_querys_incident_or_in_another_language(by, pairs, miner, tmp_path):
    found = mined(pairs, 3, miner if by == "model" else None, 0.05, 1, tmp_path / "negatives.json")
    of_text = {pair.text: pair for pair in pairs}
    for pair, negatives in zip(pairs, found, strict=True):
        assert len(set(negatives)) == 3
        assert all(of_text[text].incident != pair.incident for text in negatives)
        assert {of_text[text].language for text in negatives} == {pair.language}


def test_a_models_negatives_are_its_nearest_texts_below_the_margin(pairs, miner, tmp_path):
    """By a plain loop over the cosines."""
    found = mined(pairs, 2, miner, 0.05, 1, tmp_path / "negatives.json")
    texts = sorted({pair.text for pair in pairs if pair.language == "en"})
    incident = {pair.text: pair.incident for pair in pairs}
    vectors = dict(zip(texts, miner.encode(texts, normalize_embeddings=True), strict=True))
    checked = 0
    for pair, negatives in zip(pairs, found, strict=True):
        if pair.language != "en":
            continue
        query = miner.encode([pair.query], normalize_embeddings=True)[0]
        similarity = {text: float(query @ vectors[text]) for text in texts}
        limit = similarity[pair.text] - 0.05 * abs(similarity[pair.text])
        below = [text for text in texts if incident[text] != pair.incident and similarity[text] < limit - 1e-6]
        wanted = sorted(below, key=similarity.__getitem__, reverse=True)[:2]
        assert [similarity[text] for text in negatives[: len(wanted)]] == pytest.approx(
            [similarity[text] for text in wanted], abs=1e-5
        )
        checked += len(wanted)
    assert checked > 20


def test_what_was_mined_is_kept_for_the_same_pairs_only(pairs, tmp_path):
    cache = tmp_path / "negatives.json"
    found = mined(pairs, 1, None, 0.05, 1, cache)
    content = json.loads(cache.read_text())
    content["negatives"][0] = ["changed"]
    cache.write_text(json.dumps(content))
    assert mined(pairs, 1, None, 0.05, 1, cache)[0] == ["changed"]
    assert mined(pairs[:-1], 1, None, 0.05, 1, cache) == found[:-1]
    cache.write_text("{broken")
    assert mined(pairs, 1, None, 0.05, 1, cache) == found


def test_one_incident_has_no_negatives(tmp_path):
    with pytest.raises(DataError, match=r"set pairs\.negatives=0"):
        mined([Pair("q", "text", "a", "en")], 1, None, 0.05, 1, tmp_path / "negatives.json")


def test_few_texts_are_taken_again(tmp_path):
    pairs = [Pair("q", "one text", "a", "en"), Pair("r", "another text", "b", "en")]
    assert mined(pairs, 2, None, 0.05, 1, tmp_path / "negatives.json") == [["another text"] * 2, ["one text"] * 2]


INCIDENTS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40)


@given(INCIDENTS, st.integers(1, 8), st.integers(0, 3), st.integers(1, 3), st.integers(0, 5))
def test_batches_hold_no_false_negative(incidents, size, count, processes, number):
    others = {name: [other for other in sorted(set(incidents)) if other != name][:count] for name in incidents}
    negatives = [others[name] for name in incidents]
    batches = IncidentBatches(incidents, negatives, size, 7, PassNumber(number), processes)
    found = list(batches)
    assert len(found) == len(batches)
    assert len(found) % processes == 0
    for batch in found:
        asked = Counter(incidents[place] for place in batch)
        assert set(asked.values()) == {1}
        assert len(batch) <= size
        assert not {name for place in batch for name in negatives[place]} & set(asked)


def test_each_pair_comes_once_in_a_pass_and_the_order_differs():
    incidents = [f"incident {number % 10}" for number in range(40)]
    passes = PassNumber()
    batches = IncidentBatches(incidents, [()] * 40, 5, 3, passes)
    first = list(batches)
    assert sorted(place for batch in first for place in batch) == list(range(40))
    assert first == list(batches)
    passes.number = 1
    assert sorted(np.concatenate(list(batches)).tolist()) == list(range(40))
    assert list(batches) != first
