"""BM25 against the formula by hand; Chinese, indicators, hostile texts."""

import math

import pytest

from sevenllm_bench.data.embedded import load_embedded
from sevenllm_bench.encoder_runs.bm25_search import WordSearch
from sevenllm_bench.errors import ConfigError


def test_scores_by_hand():
    found = WordSearch().search(["worm port"], [(1, "worm spreads worm"), (2, "port scan"), (3, "nothing here at all")], 10)
    idf = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    length = 9 / 3

    def part(count, words):
        return idf * count / (count + 1.5 * (1 - 0.75 + 0.75 * words / length))

    (ranked,) = found
    assert [document for document, _ in ranked] == [1, 2], "a document without a word of the query isn't found"
    assert dict(ranked) == pytest.approx({1: part(2, 3), 2: part(1, 2)}, abs=1e-5)


def test_chinese_words_and_indicators_are_found_whole():
    documents = [
        (1, "攻击者利用钓鱼邮件投递远控木马"),
        (2, "漏洞编号为CVE-2030-0001的缺陷已修复"),
        (3, "样本回连198.51.100[.]7"),
        (4, "样本回连 198.51.100.70"),
    ]
    found = WordSearch().search(["钓鱼邮件", "CVE-2030-0001", "198.51.100.7"], documents, 10)
    assert [[document for document, _ in ranked] for ranked in found] == [[1], [2], [3]]


def test_hostile_texts():
    texts = ["", " \n", "\0", "\ud800", "שלום עולם", "z" + "\u0301" * 5_000, "word " * 50_000]
    found = WordSearch().search([*texts, "word"], list(enumerate(texts, 1)), 5)
    assert len(found) == 8
    assert found[0] == found[1] == []
    assert [document for document, _ in found[7]] == [7]
    assert WordSearch().search(["a"], [], 5) == [[]]
    assert WordSearch().search(["a"], [(1, "")], 5) == [[]]
    assert WordSearch().search([], [(1, "a")], 5) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_text_finds_itself(language):
    texts = {row.input: row.id for row in load_embedded(language, "test")}
    documents = [(number, text) for text, number in texts.items()]
    search = WordSearch()
    found = search.search([text for _, text in documents], documents, 3)
    assert [ranked[0][0] for ranked in found] == [number for number, _ in documents]
    assert all(len(ranked) <= 3 for ranked in found)
    assert search.texts == 2 * len(documents)
    assert search.seconds > 0


def test_without_bm25s_the_error_gives_the_install_line(monkeypatch):
    monkeypatch.setattr("sevenllm_bench.encoder_runs.bm25_search.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r'pip install "sevenllm-bench\[encoders\]"'):
        WordSearch()
