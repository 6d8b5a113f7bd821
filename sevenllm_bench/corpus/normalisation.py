"""One normal form of texts, in which two texts are compared: whatever hides the same words is taken away.

Seen through are case, punctuation, spaces, invisible characters, accents, compatibility forms (full-width, mathematical,
ligatures), letters of other scripts that look like Latin ones, defanged indicators, and text written as HTML entities, as
escapes of JSON or a programming language, percent-encoded or in base64. The leak guard and deduplication use this, nothing
else.
"""

from __future__ import annotations

import base64
import functools
import html
import re
import unicodedata
from itertools import accumulate
from urllib.parse import unquote

from sevenllm_bench.data.rows import Row
from sevenllm_bench.text.unicode import without_long_runs

#: Times that a text is decoded: escapes may be escaped again.
_DECODINGS = 4
_MAY_BE_ENCODED = re.compile(r"[&%\\]|[A-Za-z0-9+/_-]{60}")
_ESCAPE = re.compile(
    r"""(?<!\\)\\++(?: u\{(?P<braces>[0-9a-f]{1,6})\}
             | (?-i:U)(?P<long>[0-9a-f]{8})
             | u(?P<short>[0-9a-f]{4})
             | (?P<bytes>x[0-9a-f]{2}(?:\\++x[0-9a-f]{2})*+)
             | [bfnrtv] )""",
    re.IGNORECASE | re.VERBOSE,
)
#: A run of this length in base64 is text of its own, lines of it included; shorter ones are indicators.
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{60,}+(?:\s++[A-Za-z0-9+/_-]{4,}+)*+={0,2}")
_MIN_BASE64 = 100
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\ufffd]")
_STANDARD_BASE64 = str.maketrans("-_", "+/")

#: A number of an entity that is longer than any character's; Python refuses to read one of more than 4,300 digits.
_LONG_ENTITY = re.compile(r"&#(?=[0-9]{10})0*+([0-9]{0,9})[0-9]*+")

#: Defanged spellings that are more than punctuation.
_DEFANGED = re.compile(r"h[x*]{2}p|[\[({](?:dot|at)[\])}]", re.IGNORECASE)
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")

#: Letters by their category that have no shape: fillers of Hangul.
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0"

#: Letters that look like a Latin one, after Unicode's list of confusables (UTS 39): Cyrillic, Greek, Armenian, and Latin
#: letters without a compatibility form; also Cyrillic small letters that look like small capitals.
_LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХԌԚԜҮаеѕіјорсухһԁԛԝвгкмнтѵҽӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορυχϲϳօսոհցզԼՍՏՕıȷɑɡɩʋᴀᴄᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢʙɢʜɪʟɴʀʏꜱꜰ",
    "abesijkmhopctyxgqwyaesijopcyxhdqwbrkmhtveiabezhikmnoptyxaikvopuxcjounhgqlusoijagiuacejkmoptuvwzbghilnrysf",
)
#: Letters in squares and circles that have no compatibility form: 🅐, 🅰, 🇦.
_LOOKALIKES |= {first + place: ord("a") + place for first in (0x1F150, 0x1F170, 0x1F1E6) for place in range(26)}
_LOOKALIKE_LETTERS = frozenset(map(chr, _LOOKALIKES))


def normalised_words(text: str) -> str:
    """Words of `text` (runs of letters and digits) in the normal form, with a blank between them."""
    text = _decoded(_with_plain_letters(text))
    if _DEFANGED.search(text):
        text = _DEFANGED.sub(lambda match: "http" if match[0][0] in "hH" else " ", text)
    return _NOT_ALPHANUMERIC.sub(" ", text.casefold()).strip()


def normalised(text: str) -> str:
    """Letters and digits of `text` in the normal form; texts that differ in nothing else become equal."""
    return normalised_words(text).replace(" ", "")


def normalised_question(row: Row) -> str:
    """What a row asks, normalised: its instruction, or its question and options, each in a line."""
    if isinstance(row.instruction, str):
        return normalised(row.instruction)
    return "\n".join(normalised(str(part)) for part in (row.instruction.get("question", ""), *row.choices.values()))


def _with_plain_letters(text: str) -> str:
    """Compatibility forms, marks, invisible characters and lookalikes replaced or dropped."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKD", without_long_runs(text))
    characters = set(text)
    ignored = [ord(character) for character in characters if _is_ignored(character)]
    if ignored:
        text = text.translate(dict.fromkeys(ignored))
    return text if _LOOKALIKE_LETTERS.isdisjoint(characters) else text.translate(_LOOKALIKES)


@functools.cache
def _is_ignored(character: str) -> bool:
    """Whether a character is a mark on another one, or has no shape."""
    return unicodedata.category(character) in ("Mn", "Me", "Cf") or character in _BLANK_LETTERS


def _decoded(text: str) -> str:
    for _ in range(_DECODINGS):
        if not _MAY_BE_ENCODED.search(text):
            break
        before, text = text, _with_plain_letters(_decoded_once(text))
        if text == before:
            break
    return text


def _decoded_once(text: str) -> str:
    if "&" in text:
        text = html.unescape(_LONG_ENTITY.sub(lambda match: f"&#{match[1] or 0}", text))
    if "\\" in text:
        text = _with_pairs_joined(_ESCAPE.sub(_unescaped, text))
    if "%" in text:
        text = unquote(text)
    return _BASE64.sub(_from_base64, text)


def _unescaped(match: re.Match[str]) -> str:
    if match["bytes"]:
        return bytes.fromhex(re.sub(r"\\+|x", "", match["bytes"], flags=re.IGNORECASE)).decode("utf-8", "replace")
    number = match["braces"] or match["long"] or match["short"]
    if not number:
        return " "
    code = int(number, 16)
    return chr(code) if code <= 0x10FFFF else match[0]


def _with_pairs_joined(text: str) -> str:
    """Pairs of surrogates, which escapes can make, as the characters that they stand for."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _from_base64(match: re.Match[str]) -> str:
    runs = match[0].replace("=", "").split()
    code = "".join(runs).translate(_STANDARD_BASE64)
    if len(code) < _MIN_BASE64:
        return match[0]
    code = code[: len(code) - (len(code) % 4 == 1)]
    text = base64.b64decode(code + "=" * (-len(code) % 4)).decode("utf-8", "replace")
    wrong = _NO_TEXT.search(text)
    if not wrong:
        return f" {text} "
    # The words behind the code look like code, too.
    right = len(text[: wrong.start()].encode()) * 4 // 3 + 2
    whole = [end for end in accumulate(map(len, runs)) if end <= right]
    if not whole or whole[-1] < _MIN_BASE64:
        return match[0]
    return f" {' '.join([text[: wrong.start()], *runs[len(whole) :]])} "
