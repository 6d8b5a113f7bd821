"""ROUGE-L against the packages that define it: `rouge` 1.0.1 for the paper's figure, `rouge-score` for the standard one."""

import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge import Rouge
from rouge_score.rouge_scorer import RougeScorer

from sevenllm_bench.metrics.rouge import rouge_l, rouge_l_paper
from sevenllm_bench.text.segment import cut_chinese, words
from sevenllm_bench.text.sentences import split_chinese

ROUGE = Rouge(metrics=["rouge-l"])


def by_package(first: str, second: str) -> float:
    """`rouge`'s F; the authors hand it the reference as the hypothesis."""
    return ROUGE.get_scores(second, first)[0]["rouge-l"]["f"]


TEXT = st.lists(st.sampled_from(["a", "b", "c", "d", "the", "x.", "y.", "."]), min_size=1, max_size=40).map(" ".join)


@settings(max_examples=400, deadline=None)
@given(TEXT, TEXT)
def test_english_paper_figure_is_that_of_rouge(prediction, reference):
    try:
        wanted = by_package(prediction, reference)
    except ValueError:  # no sentence in one of them: the package raises, we say 0
        wanted = 0.0
    assert rouge_l_paper([prediction], [reference], "en") == pytest.approx([wanted], abs=1e-12)


def test_english_paper_figure_on_long_random_texts():
    chance = random.Random(5)
    for _ in range(60):
        texts = [" ".join(chance.choices("abcdefghij", k=chance.randint(30, 90))) for _ in range(2)]
        assert rouge_l_paper(texts[:1], texts[1:], "en") == pytest.approx([by_package(*texts)], abs=1e-12)


def test_the_walk_back_is_that_of_rouge_where_paths_differ():
    """Two longest common subsequences with different sets of words: the tie must be broken as in the package."""
    pairs = [("a b a c", "b a c a"), ("a a b", "b a a"), ("c a b c", "a c b a"), ("b c b a", "c b c b")]
    swapped = [(b, a) for a, b in pairs]
    for prediction, reference in pairs + swapped:
        assert rouge_l_paper([prediction], [reference], "en")[0] == pytest.approx(by_package(prediction, reference), abs=1e-12)


def test_chinese_paper_figure_is_the_mean_of_the_best_sentences():
    prediction = "攻击者利用漏洞入侵服务器。随后窃取了数据！没有人发现。"
    reference = "攻击者通过漏洞入侵了服务器。数据随后被窃取。"
    segmented = [[" ".join(cut_chinese(s)) for s in split_chinese(text)] for text in (prediction, reference)]
    wanted = [max(by_package(candidate, sentence) for candidate in segmented[0]) for sentence in segmented[1]]
    assert rouge_l_paper([prediction], [reference], "zh") == pytest.approx([sum(wanted) / 2])


def test_identical_chinese_is_one_and_different_chinese_is_not():
    """`rouge-score` untokenised says 0 for the first, and 1 for the second, which shares only an indicator."""
    same, other = "黑客入侵了服务器CVE-2021-44228。", "用户更新了软件CVE-2021-44228。"
    assert rouge_l([same], [same]) == [1.0]
    assert rouge_l([other], [same])[0] < 0.5


class _Ours:
    def tokenize(self, text):
        return words(text)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab c.攻击者漏洞。", max_size=60), st.text(alphabet="ab c.攻击者漏洞。", max_size=60))
def test_rouge_l_is_that_of_rouge_score_with_our_segmenter(prediction, reference):
    wanted = RougeScorer(["rougeL"], tokenizer=_Ours()).score(reference, prediction)["rougeL"].fmeasure
    if not words(prediction) or not words(reference):
        wanted = float(prediction.strip() == reference.strip() != "")
    assert rouge_l([prediction], [reference]) == pytest.approx([wanted])


def test_repetition_is_forgiven_by_the_paper_and_not_by_rouge_l():
    """PEERS: reference plus 20 repeats of its first 20 words scores 1.0 in the authors' figure."""
    reference = " ".join(f"word{n}" for n in range(100))
    repeated = reference + " " + " ".join(reference.split()[:20] * 20)
    assert rouge_l_paper([repeated], [reference], "en")[0] > 0.999
    assert rouge_l([repeated], [reference])[0] == pytest.approx(2 * 100 / (500 + 100))


@pytest.mark.parametrize("metric", [lambda p, r: rouge_l_paper(p, r, "en"), lambda p, r: rouge_l_paper(p, r, "zh"), rouge_l])
@pytest.mark.parametrize("text", ["...", "Hello. . Bye.", "", " ", "。", "！？。", "\x00", "a" * 10_000])
def test_texts_without_sentences_score_0_or_more_and_never_raise(metric, text):
    assert 0.0 <= metric([text], ["The attacker moved laterally."])[0] < 0.5
    assert 0.0 <= metric(["The attacker moved laterally."], [text])[0] < 0.5


def test_a_thousand_words_without_a_stop_need_no_recursion():
    text = " ".join(f"w{n}" for n in range(1_000))
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    try:
        assert rouge_l_paper([text], [text], "en")[0] == pytest.approx(1.0)
    finally:
        sys.setrecursionlimit(limit)


def test_yes_equals_yes():
    assert rouge_l(["Yes."], ["Yes."]) == [1.0]
    assert rouge_l_paper(["Yes."], ["Yes."], "en")[0] == pytest.approx(1.0)
