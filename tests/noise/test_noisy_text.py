"""Noise in incident texts: what it changes and what it must not, by the seed, over the embedded rows and texts made here."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.noise.chance import Chance
from sevenllm_bench.noise.character_noise import ZERO_WIDTH
from sevenllm_bench.noise.noisy_text import NO_NOISE, NOISES, describe_noise, noisy_row, noisy_text
from sevenllm_bench.noise.text_places import indicators, words
from sevenllm_bench.text.indicators import refang

TEXTS = {
    "en": (
        "On 3 May the operators of Plumfrost sent a burning invoice to several modern clinics. The loader called "
        "http://update.bad-host.example/a.php and 203.0.113.7:8080 before it wrote svchost32.exe under the temporary "
        "directory, and mailed a summary to ops@bad-host.example afterwards. CVE-2099-12345 was exploited earlier."
    ),
    "zh": (
        "五月三日，攻击者未经授权进入目标网站，日志中已有人员账号被盗的记录。木马连接update.bad-host.example与203.0.113.7，"
        "随后向ops@bad-host.example发送数据，利用的漏洞为CVE-2099-12345，主机上的文件名为svchost32.exe，间隔约十天。"
    ),
}


@pytest.fixture(scope="module")
def rows():
    return [row for row in load_benchmark("embedded").rows if row.kind != "mcq"]


@pytest.fixture(scope="module")
def noisy(rows):
    return [(row, noisy_row(row, seed)) for seed in (0, 7) for row in rows]


def test_only_the_text_changes_and_its_indicators_stay(noisy):
    assert {found.noise for _, found in noisy} == set(NOISES)
    for row, found in noisy:
        assert replace(found.row, input="") == replace(row, input="")
        assert found.row.input != row.input
        assert indicators(found.row.input) == indicators(row.input)


def test_a_seed_gives_the_same_text_and_another_seed_another(rows, noisy):
    again = {row.id: noisy_row(row, 7) for row in rows[:30]}
    second = {row.id: found for row, found in noisy[len(rows) :]}
    first = {row.id: found for row, found in noisy[: len(rows)]}
    assert all(second[number] == found for number, found in again.items())
    assert sum(first[number].noise != second[number].noise for number in first) > len(rows) / 2
    assert describe_noise(7) == {"version": 1, "seed": 7}


def test_the_text_of_version_1_stays_as_it_is():
    """A change of these moves STRESS_VERSION: runs of one version are compared with each other."""
    row = next(row for row in load_benchmark("embedded").rows if row.id == 100001)
    assert [noisy_row(row, seed).noise for seed in range(6)] == PINNED_NOISES
    assert [Chance("1:0:1").below(1000), Chance("1:0:2").below(1000)] == PINNED_NUMBERS


PINNED_NOISES = ["ocr", "ocr", "cookie-banner", "cookie-banner", "ocr", "ocr"]
PINNED_NUMBERS = [435, 515]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("noise", list(NOISES))
def test_every_kind_changes_a_text_that_has_all(language, noise):
    text = TEXTS[language]
    for name in "abc":
        found = noisy_text(text, language, noise, name)
        assert found != text
        assert indicators(found) == indicators(text)
        assert noisy_text(text, language, noise, name) == found


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_was_put_in_can_be_taken_out(language):
    text = TEXTS[language]
    for name in map(str, range(8)):
        invisible = noisy_text(text, language, "zero-width", name)
        assert re.sub(f"[{ZERO_WIDTH}]", "", invisible) == text
        paged = noisy_text(text, language, "page-breaks", name)
        page = r"\n\n(?:Page \d+ of \d+|第 \d+ 页 共 \d+ 页)\n\f\n"
        assert re.sub(page, "", paged).replace("-\n", "") == text
        assert text in noisy_text(text, language, "cookie-banner", name)
        joined = noisy_text(text, language, "line-ends", name)
        assert re.sub(r"\s", "", joined) == re.sub(r"\s", "", text)
        lines = noisy_text(text, language, "watermark", name).split("\n")
        assert "".join(lines[::2]) == text
        assert re.sub(r"\d+", "", lines[1]) == re.sub(r"\d+", "", lines[-1])
        assert refang(noisy_text(text, language, "defanging", name)) == refang(text)


def test_defanging_leaves_files_numbers_and_paths_alone():
    text = "It reads /etc/ld.so.preload, drops run.exe and T1059.001 notes, then asks c2.bad.example and 10.0.0.9."
    for name in "abcdef":
        found = noisy_text(text, "en", "defanging", name)
        assert all(kept in found for kept in ("/etc/ld.so.preload", "run.exe", "T1059.001"))
        assert "c2.bad.example" not in found
        assert "10.0.0.9" not in found


def test_text_recognition_changes_few_words_and_no_value():
    text = TEXTS["en"]
    plain = {text[start:end] for start, end in words(text)}
    assert {"burning", "several", "modern", "clinics"} <= plain
    assert not plain & {"svchost32", "example", "http", "update"}
    found = noisy_text(text, "en", "ocr", "a").split()
    changed = [(old, new) for old, new in zip(text.split(), found, strict=True) if old != new]
    assert 1 <= len(changed) <= 5
    assert all(not re.search(r"\d", old) for old, _ in changed)


def test_chinese_confusions_keep_the_length():
    text = TEXTS["zh"]
    found = noisy_text(text, "zh", "ocr", "a")
    assert len(found) == len(text)
    assert 1 <= sum(one != other for one, other in zip(text, found, strict=True)) <= 8


@pytest.mark.parametrize("text", ["", " ", "\u200b", "A", "。", "1.2.3.4", "[.](.){", "\ud800", "x" * 30_000, "a.b" * 5_000])
def test_texts_without_a_place_for_noise_are_no_error(text):
    row = replace(next(row for row in load_benchmark("embedded").rows if row.kind == "generation"), input=text)
    found = noisy_row(row)
    assert found.noise in {*NOISES, NO_NOISE}
    assert indicators(found.row.input) == indicators(text)


def test_chance_is_even():
    chance = Chance("a name")
    counts = Counter(chance.below(4) for _ in range(4_000))
    # The standard deviation of each count is 27.
    assert all(abs(counts[value] - 1_000) < 5 * 28 for value in range(4))
    assert chance.some([1, 2, 3], 0.0)
    assert not chance.some([], 1.0)
