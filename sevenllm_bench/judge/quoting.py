"""Material that a judge reads, made safe to quote: cleaned, cut to length, and fenced with a code it can't contain.

An answer is written by the model under judgement and may try to steer the judge. Nothing here decides whether it does:
whatever it holds stays visible between its two marks, and can neither forge the marks nor hide from a reader.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence

from sevenllm_bench.catalog import Language
from sevenllm_bench.text.unicode import nfkc

#: The longest question, incident text, reference or answer that is put to a judge, in characters.
MAX_ANSWER_CHARACTERS = 12_000

#: Hex digits in the code of a request.
CODE_DIGITS = 16

# Ranges are spelt out instead of asking unicodedata, whose tables grow with Python: equal answers must give equal
# prompts on every version, or replies already paid for are not found again.
_LINE_ENDS = r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]"
#: Default ignorable characters (Unicode 15, DerivedCoreProperties): bidi controls, zero widths, tags, fillers.
_INVISIBLE = (
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
#: Controls (line feed and tab are kept), annotation marks, surrogates, private use, non-characters.
_UNPRINTABLE = (
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufff9-\ufffb\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff]"
)
_OPENING, _CLOSING = r"<＜﹤‹〈⟨\u2329˂ᐸ❮❰", r">＞﹥›〉⟩\u232a˃ᐳ❯❱"
_OPENING_DOUBLE, _CLOSING_DOUBLE = r"«《⟪≪", r"»》⟫≫"
#: What could pass for the three angle brackets of a mark. 》《 between two titles is plain Chinese and stays.
_MARK_LIKE = "|".join(
    rf"[{single}{double}{triple}]{{3,}}|[{double}]{{2,}}|[{single}{double}]?{triple}[{single}{double}]?"
    for single, double, triple in ((_OPENING, _OPENING_DOUBLE, "⋘"), (_CLOSING, _CLOSING_DOUBLE, "⋙"))
)
#: Control tokens of chat templates: many local servers turn their text into the token itself, also inside a message. Which
#: texts are tokens differs by model, so whatever has the shape of one is broken up: something without a blank in angle
#: brackets (`<|im_end|>`, `</s>`, `<｜User｜>`, `<用户>`, `<0x0A>`), a word in square ones (`[INST]`, `[|user|]`,
#: `[BEGIN FINAL RESPONSE]`), `>>TITLE<<`, `]~b]` and `[e~[`. Comparisons, arrows, quoted lists and `[.]` keep their form.
_CHAT_CONTROL = (
    r"[<＜﹤](?=[^\s<>＜＞﹤﹥0-9=.,-][^\s<>＜＞﹤﹥]*+[>＞﹥]|0x[0-9A-Fa-f]{2}>)"
    r"|[\[［﹇](?=(?:[/|｜]?[A-Za-z_\u3400-\u9fff][A-Za-z0-9_/|｜\u3400-\u9fff]*+|[A-Z][A-Z _]++)[\]］﹈])"
    r"|>(?=>[A-Z_]++<<)"
    r"|[\[\]](?=[A-Za-z]?~)"
)

_ESCAPE = re.compile(r"\\+(?:u\{?([0-9a-fA-F]{4})\}?|x([0-9a-fA-F]{2}))")
_BACKSLASH = re.compile(r"\\\s*")

_CUT_MARK: dict[Language, str] = {"en": "\n[… {count} characters left out here …]\n", "zh": "\n[……此处略去 {count} 个字符……]\n"}

#: Everything here that shapes a prompt, for its hash.
SHAPE = (MAX_ANSWER_CHARACTERS, CODE_DIGITS, _LINE_ENDS, _INVISIBLE, _UNPRINTABLE, _MARK_LIKE, _CHAT_CONTROL, _CUT_MARK)


def visible(text: str) -> str:
    """`text` with nothing hidden in it, as it can be shown and written.

    Line ends become line feeds, invisible characters go, other unprintable ones (lone surrogates too) become U+FFFD.
    """
    return re.sub(_UNPRINTABLE, "\ufffd", re.sub(_INVISIBLE, "", re.sub(_LINE_ENDS, "\n", text)))


def prepared(text: str, language: Language) -> str:
    """`text` as a judge may see it: visible, nothing in it like a mark, at most `MAX_ANSWER_CHARACTERS`.

    Angle brackets that could pass for a mark and control tokens of chat templates are broken up by a space; what is too
    long loses its middle, with a note in `language` of how much was left out.
    """
    text = re.sub(_MARK_LIKE, lambda match: _broken_up(match.group()), visible(text))
    return _shortened(re.sub(_CHAT_CONTROL, r"\g<0> ", text).strip(), language)


def _broken_up(brackets: str) -> str:
    """Brackets with spaces between; a character that is three in one becomes three."""
    return " ".join(brackets.replace("⋘", "<<<").replace("⋙", ">>>"))


def _shortened(text: str, language: Language) -> str:
    if len(text) <= MAX_ANSWER_CHARACTERS:
        return text
    # Both ends are kept: answers begin with what was asked for and end with the conclusion.
    room = MAX_ANSWER_CHARACTERS - len(_CUT_MARK[language].format(count=f"{len(text):,}"))
    head, tail = text[: room - room // 2], text[len(text) - room // 2 :]
    return head + _CUT_MARK[language].format(count=f"{len(text) - room:,}") + tail


def request_code(row_id: int, answers: Sequence[str], material: Sequence[str]) -> str:
    """The code in the marks of a request: 16 hex digits that no part of its material contains, escaped or not.

    It follows from the row's id and the answers alone unless the material happens to contain it, so that a prompt is the
    same on every run and machine, and its reply can be cached. An author of an answer can compute the code of any answer,
    but not write an answer that contains its own: each change of the answer changes the code, and one that contains it
    gets another.

    Args:
        row_id: Id of the row.
        answers: The answers under judgement, prepared.
        material: All parts of the prompt that are quoted, prepared.
    """
    spellings = [spelling for part in material for spelling in (part.lower(), unescaped(part))]
    attempt = 0
    while True:
        seed = json.dumps([row_id, *answers, attempt])
        code = hashlib.sha256(seed.encode()).hexdigest()[:CODE_DIGITS]
        if not any(code in spelling for spelling in spellings):
            return code
        attempt += 1


def unescaped(text: str) -> str:
    """`text` as a reader of JSON may see it: without escapes and backslashes, in compatibility form, without case."""
    text = _ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16)), text)
    return nfkc(_BACKSLASH.sub("", text)).casefold()


def fenced(label: str, text: str, code: str) -> str:
    """`text` between its two marks, each on a line of its own: `<<<label code>>>` and `<<</label code>>>`."""
    return f"<<<{label} {code}>>>\n{text}\n<<</{label} {code}>>>"
