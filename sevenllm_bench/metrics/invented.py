"""Indicators of compromise in prose that neither the incident text nor the question has (`invented_indicators`)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sevenllm_bench.text.indicators import INDICATOR, INDICATOR_CHARACTERS, MAY_CONTAIN_INDICATOR, refang
from sevenllm_bench.text.unicode import nfkc

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_NUMBERED = re.compile(r"cve-\d{4}-\d{4,8}|ms\d{2}-\d{3}|cnvd-\d{4}-\d{4,6}|cnnvd-\d{6}-\d{3,5}|t\d{4}(?:\.\d{3})?")
_HASH = re.compile(r"[0-9a-f]{32,128}")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,15}://")
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){1,9}")
#: Last labels by which a dotted word is a file or a domain; "e.g", "node.next" and the like are neither.
_FILE_ENDINGS = (
    "exe dll sys bat cmd ps1 vbs vbe js jse wsf hta lnk scr pif msi jar apk ipa elf so bin dat tmp log txt pdf doc docx docm"
    " xls xlsx xlsm xlsb ppt pptx pptm rtf csv zip rar 7z gz tar cab iso img vhd dmg pkg app php asp aspx jsp html htm xml json"
    " ini cfg conf py sh pl rb go c cpp cs h class swf chm eml msg one reg key pem crt cer png jpg jpeg gif bmp svg ico mp3 mp4"
)
_DOMAIN_ENDINGS = (
    "com net org info biz edu gov mil int name pro xyz top site online store tech club shop live icu cc tv me io ai app dev"
    " cloud link click space website host fun work world today pw ws su ru cn hk tw jp kr in ir pk vn th sg my id au nz uk de"
    " fr it es nl be ch at pl cz ua by kz tr il ae sa eg za br mx ar cl co ca us eu se no fi dk ro hu gr pt ie onion test"
    " example invalid local localhost"
)
_ENDINGS = frozenset(f"{_FILE_ENDINGS} {_DOMAIN_ENDINGS}".split())
#: Names of products that look like files or domains.
_PRODUCTS = frozenset({"node.js", "vue.js", "next.js", "asp.net", "ado.net", "vb.net", "three.js", "backbone.js", "react.js"})
_EDGE = "._-"


def invented_indicators(predictions: Sequence[str], texts: Sequence[str], questions: Sequence[str]) -> list[float]:
    """Share of an answer's distinct indicators that are neither in the text nor in the question; lower is better.

    Indicators are vulnerability numbers, ATT&CK numbers, hashes, IP addresses, domains (also those of URLs and e-mail
    addresses) and files. Case, width and defanged spellings make no difference.

    Args:
        predictions: n answers.
        texts: n incident texts.
        questions: n instructions.

    Returns:
        n values in [0, 1]: 0 where an answer has no indicator, since it invents none; 1, the worst value, for an answer
        without any text, as no metric rewards silence.
    """
    shares = []
    for prediction, text, question in zip(predictions, texts, questions, strict=True):
        known = _folded(f"{text}\n{question}")
        found = _indicators(prediction)
        invented = sum(not _has(known, indicator) for indicator in found)
        shares.append(invented / len(found) if found else float(not prediction.strip()))
    return shares


def indicators_with_support(prediction: str, text: str, question: str) -> list[tuple[str, bool]]:
    """The distinct indicators of an answer, refanged and in lower case, and whether text or question has them."""
    known = _folded(f"{text}\n{question}")
    return [(indicator, _has(known, indicator)) for indicator in _indicators(prediction)]


def _written_out(text: str) -> str:
    return refang(_INVISIBLE.sub("", nfkc(text)))


def _folded(text: str) -> str:
    return _written_out(text).casefold()


def _indicators(text: str) -> list[str]:
    """The distinct indicators of a text, in its order."""
    found: dict[str, None] = {}
    for run in INDICATOR_CHARACTERS.finditer(_written_out(text)):
        if MAY_CONTAIN_INDICATOR.search(run[0]):
            for match in INDICATOR.finditer(run[0]):
                if indicator := _as_indicator(match[0].casefold()):
                    found[indicator] = None
    return list(found)


def _as_indicator(match: str) -> str | None:
    """What is looked up of a match of `INDICATOR`: of a URL or e-mail address its host; None for what is no indicator."""
    if _NUMBERED.fullmatch(match) or _HASH.fullmatch(match):
        return match
    host = _SCHEME.sub("", match, count=1) if "://" in match else match
    found = _HOST.match(host.rpartition("@")[2] if "/" not in host else host.partition("/")[0].rpartition("@")[2])
    if found is None:
        return None
    name = found[0].strip(_EDGE)
    if address := _ADDRESS.match(name):
        return address[0] if address[0] == name and all(int(part) < 256 for part in name.split(".")) else None
    return name if name.rpartition(".")[2] in _ENDINGS and name not in _PRODUCTS else None


def _has(known: str, indicator: str) -> bool:
    """Whether a folded text has an indicator that is no part of a longer word."""
    start = known.find(indicator)
    while start >= 0:
        before, after = known[start - 1 : start], known[start + len(indicator) : start + len(indicator) + 1]
        if not (_is_word(before) or _is_word(after)):
            return True
        start = known.find(indicator, start + 1)
    return False


def _is_word(character: str) -> bool:
    return character.isascii() and character.isalnum()
