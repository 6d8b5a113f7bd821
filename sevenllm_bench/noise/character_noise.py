"""What happens to single characters: defanging, confusions of text recognition, characters without width."""

from __future__ import annotations

import re

from sevenllm_bench.noise.chance import Chance
from sevenllm_bench.noise.text_places import Span, han, replaced, words
from sevenllm_bench.text.indicators import INDICATOR, refang

#: Characters without width that copied text has: space, non-joiner, word joiner, byte-order mark.
ZERO_WIDTH = "\u200b\u200c\u2060\ufeff"
#: What text recognition takes for what, in English, outside indicators.
_CONFUSED = (("rn", "m"), ("m", "rn"), ("l", "1"), ("I", "l"), ("O", "0"), ("o", "0"), ("cl", "d"), ("vv", "w"), ("S", "5"))
#: Chinese characters that look alike.
_ALIKE_PAIRS = (
    "未末 己已 人入 日曰 干千 土士 大太 析折 拔拨 侯候 账帐 遣遗 幕慕 密蜜 载栽 待侍 讯迅 今令 间问 网冈 户尸 风凤 目自 王玉 "
    "田由 西酉 贝见 刀力 几凡 用甩 木本 史吏 代伐 仑仓 码玛 端瑞 钩钓 官宫 治冶 准淮 体休 天夭 处外 链键 感惑 击去 第弟 "
    "白百 方万 面而 内肉 其具 设没 传伎 件仵"
)
_ALIKE = {one: other for pair in _ALIKE_PAIRS.split() for one, other in zip(pair, pair[::-1], strict=True)}
#: Shares of the places that are changed.
_MISREAD_WORDS, _MISREAD_HAN, _INVISIBLE = 0.1, 0.15, 0.12

#: Names of files end so; nobody defangs them.
_FILE_ENDINGS = (
    "exe dll sys js jsp jspx asp aspx php py sh bat cmd ps1 vbs vbe hta lnk doc docx docm xls xlsx xlsm ppt pptx pdf rtf txt log "
    "zip rar gz tar iso img msi apk ipa jar class so bin dat tmp ini cfg conf xml json yml yaml html htm css png jpg jpeg gif "
    "db sqlite c h cpp go rs"
)
_FILE_ENDS = frozenset(_FILE_ENDINGS.split())
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5}|/\d{1,2})?")
_DOTS = ("[.]", "(.)", "{.}", "[dot]", "(dot)", "[ . ]")
_ATS = ("[@]", "[at]", "(at)")


def defanged(text: str, language: str, chance: Chance) -> str:
    """Addresses, domains, URLs and mailboxes written so that nobody follows them, in one style for the whole text.

    Every spelling is one that `text.indicators.refang` undoes. Indicators for which it doesn't stay as they are.
    """
    dot, at, scheme = chance.pick(_DOTS), chance.pick(_ATS), chance.pick(("xx", "XX", "**"))
    only_last = chance.happens(0.5)
    changes = []
    for match in INDICATOR.finditer(text):
        found = match.group()
        in_path = text[max(0, match.start() - 1) : match.start()] in ("/", "\\")
        new = _defanged(found, dot, at, scheme, only_last) if _is_network(found) and not in_path else found
        if new != found and refang(new) == found:
            changes.append((match.span(), new))
    return replaced(text, changes)


def _is_network(found: str) -> bool:
    """Whether an indicator is an address, a domain, a URL or a mailbox; file names, numbers and hashes are not."""
    if "://" in found or "@" in found or _ADDRESS.fullmatch(found):
        return True
    last = found.rpartition(".")[2]
    return "." in found and last.isalpha() and last not in _FILE_ENDS and not re.match(r"(?i)t\d{4}\.", found)


def _defanged(found: str, dot: str, at: str, scheme: str, only_last: bool) -> str:
    head, slashes, rest = found.rpartition("://")
    host, slash, path = rest.partition("/")
    if head in ("http", "https"):
        head = f"h{scheme}p{head[4:]}"
    host = dot.join(host.rsplit(".", 1) if only_last else host.split("."))
    return f"{head}{slashes}{host.replace('@', at)}{slash}{path}"


def misread(text: str, language: str, chance: Chance) -> str:
    """Confusions of text recognition outside indicators: l for 1, rn for m; in Chinese, characters that look alike."""
    if language == "zh":
        places = [span for span in han(text) if text[span[0]] in _ALIKE]
        return replaced(text, [(span, _ALIKE[text[span[0]]]) for span in chance.some(places, _MISREAD_HAN)])
    changes: list[tuple[Span, str]] = []
    candidates = [(span, found) for span in words(text) if (found := _confusions(text[span[0] : span[1]]))]
    for (start, _), found in chance.some(candidates, _MISREAD_WORDS):
        at, old, new = chance.pick(found)
        changes.append(((start + at, start + at + len(old)), new))
    return replaced(text, changes)


def _confusions(word: str) -> list[tuple[int, str, str]]:
    """Where a word can be misread: place, what is there, what is read."""
    return [(place, old, new) for old, new in _CONFUSED for place in range(len(word)) if word.startswith(old, place)]


def zero_width(text: str, language: str, chance: Chance) -> str:
    """Characters without width inside words, outside indicators."""
    if language == "zh":
        places = [(end, end) for _, end in han(text)]
    else:
        places = [(start + 1 + chance.below(end - start - 1),) * 2 for start, end in words(text)]
    return replaced(text, [(place, chance.pick(ZERO_WIDTH)) for place in chance.some(places, _INVISIBLE)])
