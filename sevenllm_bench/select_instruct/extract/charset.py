"""Text of bytes in whatever charset: by byte order mark, content, header and `<meta>`, the content before a wrong header."""

from __future__ import annotations

import codecs
import re

#: Charsets are read as browsers read them (WHATWG Encoding): the larger set that holds the named one.
_READ_AS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "hz": "gb18030",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "utf-16": "utf-16-le",
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
#: Charsets that English and Chinese reports come in, when nothing names theirs.
_USUAL = ("gb18030", "big5hkscs", "cp1252")
_META = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s{0,9}=\s{0,9}["']?\s{0,9}([A-Za-z0-9_:.-]{2,40})""", re.I
)
#: So many bytes are judged; declarations stand in the first 4 kB.
_JUDGED, _HEAD = 200_000, 4096

#: The most frequent characters of Chinese prose, in both scripts, and its punctuation: a third of any text or more.
_FREQUENT = frozenset(
    "，。、；：“”（）《》！？的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产"
    "种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合"
    "这為個國時來們於出會發動說產種麼後當實現兩體機從業應開與該將並攻擊擊網絡網路漏洞恶惡意样樣本软軟件文件户戶服务務器密"
)
#: What Western prose has beside ASCII: signs, or accented letters in a word with other letters.
_WESTERN = re.compile("[‘’“”–—…•©®™€£°·\u00a0]|(?<=[A-Za-z])[À-ÖØ-öø-ÿŠšŽžŒœ]|[À-ÖØ-öø-ÿŠšŽžŒœ](?=[a-z])")
_RARE = re.compile("[\ue000-\uf8ff\ufffd\x80-\x9f\x00-\x08\x0e-\x1f]")
#: What a named charset's text may be less plausible by and still be right.
_TRUST = 0.15


def decoded(data: bytes, declared: str | None = None, has_meta: bool = False) -> str:
    """The text of `data`, without byte order mark; bytes that its charset lacks become U+FFFD.

    Args:
        data: The bytes.
        declared: The charset that a header names, which may be wrong.
        has_meta: Whether a `<meta charset>` is looked for.
    """
    for mark, charset in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(charset, "replace")
    if _is_utf8(data):
        return data.decode("utf-8", "replace")
    charset = _charset_of(data, _named(data, declared, has_meta))
    return data.decode(charset, "replace")


def _is_utf8(data: bytes) -> bool:
    """Whether it is UTF-8, a few damaged characters among many allowed; with zero bytes it is rather UTF-16."""
    if b"\0" in data[:_JUDGED]:
        return False
    text = data[:_JUDGED].decode("utf-8", "replace")
    # The sample may end in the middle of a character.
    damage = (text.rstrip("\ufffd") if len(data) > _JUDGED else text).count("\ufffd")
    return damage == 0 or damage * 50 <= _beside_ascii(text)


def _beside_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _named(data: bytes, declared: str | None, has_meta: bool) -> list[str]:
    meta = _META.search(data[:_HEAD]) if has_meta else None
    names = [declared or "", meta[1].decode("ascii") if meta else ""]
    return [charset for name in names if (charset := _known(name))]


def _known(name: str) -> str | None:
    """Python's name of a charset; None where it has none, or one that isn't a charset."""
    try:
        info = codecs.lookup(name.strip().strip("\"'"))
    except (LookupError, ValueError):
        return None
    return _READ_AS.get(info.name, info.name) if info._is_text_encoding and info.name not in _ODD else None


#: Codecs that are no charsets of pages, or would interpret them.
_ODD = {"utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem", "utf-8", "utf-8-sig"}


def _charset_of(data: bytes, named: list[str]) -> str:
    sample = data[:_JUDGED]
    candidates = dict.fromkeys((*named, *_wide(sample), *_USUAL))
    return max(candidates, key=lambda charset: _plausibility(sample, charset) + _TRUST * (charset in named))


def _wide(sample: bytes) -> tuple[str, ...]:
    """UTF-16, where many bytes are zero in only one half of the pairs."""
    low, high = sample[1:2000:2].count(0), sample[0:2000:2].count(0)
    if max(low, high) * 20 < len(sample[:2000]):
        return ()
    return ("utf-16-le", "utf-16-be") if low > high else ("utf-16-be", "utf-16-le")


def _plausibility(sample: bytes, charset: str) -> float:
    """How much of the text beside ASCII is what English or Chinese reports have, less what is broken; at most 1."""
    text = sample.decode(charset, "replace")
    beside = _beside_ascii(text) + text.count("\0")
    if not beside:
        return 1.0
    frequent = 3 * sum(character in _FREQUENT for character in text if character > "\x7f")
    western = len(_WESTERN.findall(text))
    broken = len(_RARE.findall(text))
    return min(1.0, max(frequent, western) / beside) - min(1.0, 5 * broken / beside)
