"""Twins: what changes, what doesn't, and that two groups change equally often."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenllm_bench.data.embedded import load_embedded
from sevenllm_bench.memorisation.twins import CHANGE_KINDS, names_in, shares_for, site_rates, sites_of, twin_of

ALL = dict.fromkeys(CHANGE_KINDS, 1.0)
ENGLISH = "On 3 May 2021 the crew Redfox used CVE-2021-44228 and mail from evil[.]example to steal data; Redfox took 40 files."
CHINESE = "2021年5月3日，攻击者利用CVE-2021-44228漏洞入侵了40台主机，植入Redfox木马。"


def _twin(text, language="en", names=("Bluebird",), seed=0, **more):
    return twin_of(text, language, names, ALL, np.random.default_rng(seed), **more)


def test_english_sites_are_those_that_a_reader_finds():
    assert {(site.kind, site.old, len(site.spans)) for site in sites_of(ENGLISH, "en")} == {
        ("name", "Redfox", 2),
        ("number", "3", 1),
        ("date", "May", 1),
        ("date", "2021", 1),
        ("word", "used", 1),
        ("word", "steal", 1),
        ("word", "data", 1),
        ("number", "40", 1),
    }


def test_chinese_dates_numbers_words_and_names_change_and_indicators_stay():
    twin = _twin(CHINESE, "zh")
    assert twin.changes == {"date": 3, "number": 1, "name": 1, "word": 3}
    assert "CVE-2021-44228" in twin.text
    assert "Bluebird" in twin.text
    assert "入侵者" in twin.text
    assert "2021年" not in twin.text
    assert "Redfox" not in twin.text


def test_months_and_days_stay_in_the_calendar():
    for seed in range(50):
        text = _twin("1月2日", "zh", seed=seed).text
        month, day = text.removesuffix("日").split("月")
        assert 1 <= int(month) <= 12
        assert 1 <= int(day) <= 28
        assert (month, day) != ("1", "2")


def test_words_in_an_order_are_exchanged():
    assert _twin("logs cables and routers here").text == "logs routers and cables here"
    assert _twin("涉及、路由、网关、主机。", "zh").changes["order"] >= 1


def test_what_comes_before_can_be_copied_and_does_not_change():
    twin = _twin("They took 40 of 73 files.", after="There were 40 files.")
    assert "40" in twin.text
    assert "73" not in twin.text


def test_the_seed_decides():
    assert _twin(ENGLISH, seed=1) == _twin(ENGLISH, seed=1)
    assert len({_twin(ENGLISH, seed=seed).text for seed in range(10)}) > 1


def test_a_share_of_0_changes_nothing():
    nothing = twin_of(ENGLISH, "en", (), dict.fromkeys(CHANGE_KINDS, 0.0), np.random.default_rng(0))
    assert nothing.text == ENGLISH
    assert nothing.changes == {}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_two_groups_change_equally_often_by_character(language):
    groups = [sorted({row.input for row in load_embedded(language, split)}) for split in ("test", "train")]
    rates = [site_rates(texts, language) for texts in groups]
    changed = []
    for place, texts in enumerate(groups):
        shares, names = shares_for(rates[place], rates[1 - place]), names_in(texts, language)
        assert all(0 <= share <= 1 for share in shares.values())
        counts = Counter()
        for number, text in enumerate(texts):
            counts.update(twin_of(text, language, names, shares, np.random.default_rng(number)).changes)
        changed.append(counts.total() / sum(map(len, texts)))
    assert changed[0] == pytest.approx(changed[1], rel=0.2)


@given(st.text(max_size=120), st.sampled_from(["en", "zh"]))
@settings(max_examples=25, deadline=None)
def test_any_text_has_a_twin(text, language):
    twin = _twin(text, language)
    assert (twin.text == text) or twin.changes
    assert all(kind in CHANGE_KINDS for kind in twin.changes)
