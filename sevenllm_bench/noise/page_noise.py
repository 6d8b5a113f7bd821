"""What pages leave in a text: page breaks and hyphens, watermarks and footers, cookie banners, lost line ends."""

from __future__ import annotations

from sevenllm_bench.noise.chance import Chance
from sevenllm_bench.noise.text_places import Span, gaps, han, replaced, words

_PAGE = {"en": "\n\nPage {page} of {pages}\n\f\n", "zh": "\n\n第 {page} 页 共 {pages} 页\n\f\n"}
_MARKS = {
    "en": (
        "CONFIDENTIAL - FOR INTERNAL USE ONLY",
        "DRAFT - NOT FOR DISTRIBUTION",
        "TLP:AMBER - limited distribution",
        "Threat Research | Weekly Report | Subscriber copy",
        "(c) Security Research Team. All rights reserved.",
    ),
    "zh": (
        "内部资料 请勿外传",
        "仅供订阅用户阅读 翻印必究",
        "安全研究周报 第 {page} 页",
        "版权所有 未经许可不得转载",
        "草稿 仅供内部讨论",
    ),
}
_BANNERS = {
    "en": (
        "We use cookies to make this site work and to measure how it is used. [Accept all] [Reject all] [Settings]\n\n",
        "This website stores data such as cookies. By going on you agree to our privacy policy. OK | Learn more\n"
        "Home > Blog > Research\nShare  Print  Save\n\n",
        "Skip to content\nMenu\nYour privacy matters to us and our partners. Manage choices | Agree\n\n",
    ),
    "zh": (
        "本网站使用Cookie以保障正常运行并统计访问情况。【全部接受】【全部拒绝】【设置】\n\n",
        "继续浏览即表示您同意我们的隐私政策与Cookie说明。同意 | 了解更多\n首页 > 博客 > 安全研究\n分享 打印 收藏\n\n",
        "跳到正文\n菜单\n我们与合作伙伴重视您的隐私。管理选项 | 同意\n\n",
    ),
}
_RELATED = {
    "en": "\n\nSubscribe to our newsletter | Related posts | Back to top",
    "zh": "\n\n订阅我们的通讯 | 相关文章 | 返回顶部",
}
#: Share of the words that a line ends in, and of the line ends that are lost.
_HYPHENATED, _LOST = 0.05, 0.1


def _breaks(text: str, language: str) -> list[Span]:
    """Places between words (English, after the space) or characters (Chinese) where a page may end."""
    found = gaps(text) if language == "en" else han(text)
    return [(end, end) for _, end in found]


def page_breaks(text: str, language: str, chance: Chance) -> str:
    """Page ends with their numbers, and in English words that are hyphenated at the ends of lines."""
    changes: list[tuple[Span, str]] = []
    places = _breaks(text, language)
    if places:
        pages = 2 + chance.below(30)
        changes.append((chance.pick(places), _PAGE[language].format(page=1 + chance.below(pages), pages=pages)))
    if language == "en":
        long = [span for span in words(text) if span[1] - span[0] >= 7]
        for start, end in chance.some(long, _HYPHENATED):
            at = start + 3 + chance.below(end - start - 5)
            changes.append(((at, at), "-\n"))
    return replaced(text, sorted(changes))


def watermarks(text: str, language: str, chance: Chance) -> str:
    """A line of a watermark or footer between two words, once or twice, and at the end."""
    mark = chance.pick(_MARKS[language])
    places = _breaks(text, language)
    chosen = sorted({chance.pick(places) for _ in range(1 + chance.below(2))}) if places else []
    changes = [(place, f"\n{mark.format(page=1 + chance.below(30))}\n") for place in chosen]
    return replaced(text, changes) + f"\n{mark.format(page=1 + chance.below(30))}"


def cookie_banner(text: str, language: str, chance: Chance) -> str:
    """What surrounds the text on a web page: a banner before it, links after it."""
    return chance.pick(_BANNERS[language]) + text + (_RELATED[language] if chance.happens(0.5) else "")


def line_ends(text: str, language: str, chance: Chance) -> str:
    """Line ends that went wrong: in English lost, so that words run together; in Chinese kept inside sentences."""
    if language == "en":
        return replaced(text, [(place, "") for place in chance.some(gaps(text), _LOST)])
    changes, last = [], 0
    for _, end in han(text):
        if end - last >= 18 + chance.below(14):
            changes.append(((end, end), "\n"))
            last = end
    return replaced(text, changes)
