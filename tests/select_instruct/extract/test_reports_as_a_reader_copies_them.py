"""Extraction of the example reports against what a reader would copy from each page, written by hand before the pages were."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from sevenllm_bench.corpus.spoken_language import language_of_prose
from sevenllm_bench.select_instruct.extract.any_file import ReadingTask, reports_in
from sevenllm_bench.select_instruct.extract.found_text import FoundText

REPORTS = Path(__file__).parents[3] / "examples" / "corpus" / "reports"
CLEAN = Path(__file__).parent / "clean"
KNOWN = json.loads((CLEAN / "known.json").read_text(encoding="utf-8"))
TYPES = {
    ".html": "text/html",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".pdf": "application/pdf",
    ".jsonl": "application/jsonl",
}
#: What the pages have beside their reports: banners, navigation, ads, related articles, comments, newsletters, bars for sharing.
AROUND = [
    "We use cookies", "Accept all", "Careers", "Related articles", "backups start",
    "newsletter", "Share this", "CloudShield", "Privacy policy", "Great write-up",
    "Skip to content", "On this page", "Print this page", "GitLab", "Cookie改善", "全部接受",
    "加入我们", "相关文章", "邮件通讯", "分享本文", "云盾专业版", "隐私政策", "写得很好", "跳到正文", "本页目录", "隱私權",
    "電子報", "雲盾",
]  # fmt: skip
#: What they hide, each in several ways.
HIDDEN = [
    "cache node 7",
    "before the next issue",
    "七号缓存节点",
    "更换题图",
    "七號快取節點",
    "更換題圖",
    "printed in white",
    "白色印刷",
]


def extracted(name: str) -> FoundText:
    path, _, number = name.partition("#")
    file = REPORTS / path
    found = list(reports_in(file.read_bytes(), ReadingTask(TYPES[file.suffix])))[int(number or 0)]
    assert isinstance(found, FoundText), found
    return found


def words(text: str, language: str) -> Counter:
    if language == "zh":
        import jieba

        parts = jieba.lcut(text)
    else:
        parts = re.findall(r"\w+", text)
    return Counter(part for part in parts if re.search(r"\w", part))


def f1(text: str, expected: str, language: str) -> float:
    one, other = words(text, language), words(expected, language)
    return 2 * (one & other).total() / (one.total() + other.total())


def test_there_are_enough_reports_of_each_kind():
    kinds = Counter((entry["language"], Path(name.partition("#")[0]).suffix) for name, entry in KNOWN.items())
    assert sum(count for (language, _), count in kinds.items() if language == "en") >= 12
    assert sum(count for (language, _), count in kinds.items() if language == "zh") >= 12
    assert {suffix for _, suffix in kinds} == set(TYPES)
    files = {path.relative_to(REPORTS).as_posix() for path in REPORTS.rglob("*.*")}
    assert files == {name.partition("#")[0] for name in KNOWN}


@pytest.mark.parametrize("name", KNOWN)
def test_text_is_what_a_reader_would_copy(name):
    expected = (CLEAN / KNOWN[name]["clean"]).read_text(encoding="utf-8")
    least = 0.95 if name.endswith(".html") else 0.99
    assert f1(extracted(name).text, expected, KNOWN[name]["language"]) >= least


def test_web_pages_on_the_average():
    pages = [name for name in KNOWN if name.endswith(".html")]
    figures = [
        f1(extracted(name).text, (CLEAN / KNOWN[name]["clean"]).read_text(encoding="utf-8"), KNOWN[name]["language"])
        for name in pages
    ]
    assert len(figures) >= 12
    assert sum(figures) / len(figures) >= 0.98


@pytest.mark.parametrize("name", KNOWN)
def test_indicators_are_as_written(name):
    text = extracted(name).text
    assert len(KNOWN[name]["indicators"]) >= 4
    assert [indicator for indicator in KNOWN[name]["indicators"] if indicator not in text] == []


@pytest.mark.parametrize("name", KNOWN)
def test_title_date_and_language(name):
    found, entry = extracted(name), KNOWN[name]
    assert (found.title, found.published) == (entry["title"], entry["published"])
    assert language_of_prose(found.text.split("\n\n")) == entry["language"]


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_around_the_report_is_left_out(name):
    text = extracted(name).text
    assert [words for words in AROUND if words in text] == []


@pytest.mark.parametrize("name", [name for name in KNOWN if name.endswith((".html", ".pdf"))])
def test_hidden_text_is_kept_apart(name):
    found = extracted(name)
    assert [words for words in HIDDEN if words in found.text] == []
    if "gray-heron" not in name and "dianli" not in name:  # their pages hide nothing
        assert any(words in piece for piece in found.hidden for words in HIDDEN)
