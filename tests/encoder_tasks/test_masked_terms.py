"""Items, scores and figures of masked terms; expected values by hand."""

import json
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.catalog import LANGUAGES
from sevenllm_bench.data.benchmark import Benchmark, load_benchmark
from sevenllm_bench.data.rows import Row
from sevenllm_bench.encoder_tasks import masked_terms
from sevenllm_bench.encoder_tasks.encoder_task import Item, encoder_task_by_name
from sevenllm_bench.encoder_tasks.item_document import from_item_document, to_item_document
from sevenllm_bench.text.segment import cut_chinese


def items_of(language, benchmark):
    return masked_terms.items(encoder_task_by_name(f"sevenllm-{language}-masked-terms"), benchmark)


def benchmark_of(*texts, language="en"):
    rows = [Row(n, "Threat Analysis", "Explain", text, "", "x", language, "generation") for n, text in enumerate(texts, 1)]
    return Benchmark("official", tuple(rows), "0")


def an_item(number=1, group="one word", **document):
    return Item(number, group, "own", {"term": "worm", "class": "malware", **document})


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lists_hold_some_hundred_terms_each_once(language):
    terms = masked_terms.terms(language)
    assert 500 <= len(terms) <= 600
    assert set(terms.values()) == {
        *("technique", "malware", "protocol", "product", "vulnerability", "defence", "actor", "action")
    }
    assert all(term == " ".join(term.split()).lower() for term in terms)


@pytest.mark.parametrize(("language", "items", "texts"), [("en", 24, 12), ("zh", 24, 12)])
def test_embedded_texts_have_two_items_each(language, items, texts):
    found = items_of(language, load_benchmark("embedded"))
    assert (len(found), len({item.document["row"] for item in found})) == (items, texts)
    check(found, language, load_benchmark("embedded"))


@pytest.mark.data
@pytest.mark.parametrize(("language", "items", "texts", "terms"), [("en", 1160, 613, 421), ("zh", 1259, 631, 450)])
def test_official_counts(language, items, texts, terms, data_dir):
    """Counted once over the pinned file; 644 and 633 distinct texts."""
    benchmark = load_benchmark("official", data_dir)
    found = items_of(language, benchmark)
    assert (len(found), len({item.document["row"] for item in found})) == (items, texts)
    assert len({item.document["term"] for item in found}) == terms
    check(found, language, benchmark)


def check(found, language, benchmark):
    used = Counter(item.document["term"] for item in found)
    assert max(used.values()) <= 10
    assert [item.id for item in found] == sorted({item.id for item in found})
    for item in found:
        document = item.document
        text, start, end = document["text"], document["start"], document["end"]
        assert text in benchmark.by_id[document["row"]].input
        assert " ".join(text[start:end].lower().split()) == document["term"]
        assert text.lower().count(document["term"]) == 1, "a model can't copy it"
        assert document["class"] == masked_terms.terms(language)[document["term"]]
        assert from_item_document(to_item_document(item), "here") == item
        if language == "en":
            assert len(text.split()) <= 100
            assert not text[:start][-1:].isalnum()
            assert not text[end:][:1].isalnum()
            assert item.group == ("several words" if " " in document["term"] else "one word")
        else:
            assert len([word for word in cut_chinese(text) if word.strip()]) <= 105, "words at the edges may be cut again"


def test_english_terms_end_where_words_do_and_the_longest_counts():
    text = "The web server ran Exploits; exploit-like re-exploit tools use Remote  Access\nTrojan and trojans, VPN."
    found = [text[term.start : term.end] for term in masked_terms.find_terms(text, "en")]
    assert found == ["web server", "Exploits", "Remote  Access\nTrojan", "VPN"]


def test_chinese_terms_end_where_segmentation_separates_words():
    """jieba gives 网络 / 钓鱼 / 邮件 ; the longest of the list's terms that begins there counts."""
    text = "攻击者发送钓鱼邮件,植入木马。"
    found = [term.term for term in masked_terms.find_terms(text, "zh")]
    assert found == ["攻击者", "发送", "钓鱼邮件", "植入", "木马"]
    assert all(text[term.start : term.end] == term.term for term in masked_terms.find_terms(text, "zh"))
    assert masked_terms.find_terms("不可控制性", "en") == []


def test_a_term_that_comes_twice_in_its_window_is_not_masked():
    (item,) = items_of("en", benchmark_of("The worm met another worm near the firewall."))
    assert item.document["term"] == "firewall"
    assert item.document["text"] == "The worm met another worm near the firewall."
    assert items_of("en", benchmark_of("A worm and a bookworm ate.")) == ()
    assert items_of("en", benchmark_of("", "\0\u202e", "nothing to find here")) == ()


def test_the_window_is_a_hundred_words_around_the_term():
    before, after = [f"b{n}" for n in range(150)], [f"a{n}" for n in range(150)]
    (item,) = items_of("en", benchmark_of(" ".join([*before, "worm", *after])))
    assert item.document["text"].split() == [*before[-50:], "worm", *after[:49]]
    (item,) = items_of("en", benchmark_of(" ".join(["worm", *after])))
    assert item.document["text"].split() == ["worm", *after[:99]]
    (item,) = items_of("en", benchmark_of(" ".join([*before, "worm"])))
    assert item.document["text"].split() == [*before[-99:], "worm"]


def test_terms_that_were_used_less_come_first_and_none_comes_more_than_ten_times():
    texts = [f"Case {n}: the firewall stopped a worm." for n in range(30)] + ["Case x: a firewall, a worm and a botnet."]
    found = items_of("en", benchmark_of(*texts))
    assert Counter(item.document["term"] for item in found) == {"firewall": 10, "worm": 10, "botnet": 1}


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ({"rank": 1, "pseudo_log_likelihood": -0.5, "tokens": 1}, (1, 1, 1, -0.5)),
        ({"rank": 5, "pseudo_log_likelihood": -3, "tokens": 2}, (0, 1, 1, -3.0)),
        ({"rank": 10, "pseudo_log_likelihood": -100.0, "tokens": 2}, (0, 0, 1, -100.0)),
        ({"rank": None, "pseudo_log_likelihood": -250.0, "tokens": 9}, (0, 0, 0, -100.0)),
        ({"rank": None, "pseudo_log_likelihood": -math.inf, "tokens": 9}, (0, 0, 0, -100.0)),
        ({"rank": 0, "pseudo_log_likelihood": 0.5, "tokens": 1}, (0, 0, 0, -100.0)),
        ({"rank": True, "pseudo_log_likelihood": math.nan, "tokens": 1}, (0, 0, 0, -100.0)),
        ({"rank": 1.0, "pseudo_log_likelihood": "-1", "tokens": 1}, (0, 0, 0, -100.0)),
        ({"rank": 1, "pseudo_log_likelihood": -(10**400), "tokens": 1}, (1, 1, 1, -100.0)),
        ({"rank": 1, "pseudo_log_likelihood": 0.0, "tokens": 0}, (0, 0, 0, -100.0)),
        ({"rank": 1, "pseudo_log_likelihood": -1.0}, (0, 0, 0, -100.0)),
        ({}, (0, 0, 0, -100.0)),
        ([1, 2], (0, 0, 0, -100.0)),
        ("rank", (0, 0, 0, -100.0)),
        (None, (0, 0, 0, -100.0)),
    ],
)
def test_scores(answer, wanted):
    names = ("top_1", "top_5", "top_10", "pseudo_log_likelihood")
    assert masked_terms.score([an_item()], [answer]) == [dict(zip(names, wanted, strict=True))]


@given(
    st.none()
    | st.text()
    | st.dictionaries(
        st.sampled_from(["rank", "pseudo_log_likelihood", "tokens"]),
        st.none() | st.floats() | st.integers() | st.booleans() | st.lists(st.integers()),
    )
)
def test_any_answer_is_scored_within_bounds(answer):
    (value,) = masked_terms.score([an_item()], [answer])
    assert value["top_1"] <= value["top_5"] <= value["top_10"] <= 1
    assert -100 <= value["pseudo_log_likelihood"] <= 0
    assert json.dumps(masked_terms.figures([an_item()], [answer]))


def test_figures_are_means_by_tokens_groups_and_classes():
    items = [
        an_item(1),
        an_item(2, "several words", term="web shell"),
        an_item(3, **{"class": "actor", "term": "apt"}),
        an_item(4),
    ]
    answers = [
        {"rank": 1, "pseudo_log_likelihood": -1.0, "tokens": 1},
        {"rank": 7, "pseudo_log_likelihood": -8.0, "tokens": 6},
        {"rank": None, "pseudo_log_likelihood": -120.0, "tokens": 1},
        None,
    ]
    found = masked_terms.figures(items, answers)
    assert (found["terms"], found["unusable"], found["below_least"]) == (3, 1, 1)
    assert found["tokens"] == {
        "1": {"items": 2, "top_1": 0.5, "top_5": 0.5, "top_10": 0.5, "pseudo_log_likelihood": -50.5},
        "4 or more": {"items": 1, "top_1": 0.0, "top_5": 0.0, "top_10": 1.0, "pseudo_log_likelihood": -8.0},
        "unknown": {"items": 1, "top_1": 0.0, "top_5": 0.0, "top_10": 0.0, "pseudo_log_likelihood": -100.0},
    }
    assert {name: part["items"] for name, part in found["groups"].items()} == {"one word": 3, "several words": 1}
    assert {name: part["items"] for name, part in found["classes"].items()} == {"malware": 3, "actor": 1}
