"""The option that an answer to a multiple-choice question chooses."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from sevenllm_bench.answers.extraction import FENCE, MAX_DEPTH, MAX_LITERAL, nesting, python_literal
from sevenllm_bench.answers.text import final_text

_L = r"[\s\"'“”‘’*_`$<\[({（【「]*(?:\\(?:boxed|text|mathbf)\{)*([A-Da-d])(?![A-Za-z0-9'’+#])"
_MORE_LETTERS = re.compile(
    r"[)\]}.]?\s*(?:[,，、/&+]|and\b|or\b|和|或|及|与)\s*(?:and\s+|or\s+)?[(\[]?[A-D](?![A-Za-z0-9'’])(?!\s+[a-z])"
)
_STATED = re.compile(
    r"(?:\banswer|\bchoice|\boption)\b(?:\s+(?:is|was|would be|should be|must be)\b|\s*[:=])+(?:\s*(?:option|choice)\b)?\s*[:=]*"
    + _L
    + r"|(?:答案|正确选项|正确答案|选项)(?:应该?)?(?:是|为|选)?(?:选项)?\s*[:：=]?"
    + _L
    + r"|(?:应该?选|故选|所以选|因此选|我选|选)(?:择)?\s*[:：]?"
    + _L
    + r"(?!(?!项|选项|是|因)[\u4e00-\u9fff])"
    + r"|\b(?:choose|select|pick|option|choice|go with)\b(?:\s+(?:option|choice))?"
    + _L
    + r"|(?<![A-Za-z0-9])\(?([A-D])\)?\s+(?:is|looks|seems)\s+(?:the\s+|most\s+)?(?:most\s+likely\s+)?"
    + r"(?:correct|right|best|answer|accurate)"
    + r"|(?<![A-Za-z0-9])([A-D])\s*(?:选项|项)?(?:是|为)?(?:正确|对的)",
    re.IGNORECASE,
)
_LEADING = re.compile(r"[\W_]*([A-Da-d])(?:\s*[.:)\]}、，,;\-–—]|\s*(?:选项|项|是|对|正确)|\s*\n|\s*$)")
_ANSWER_KEYS = ("answer", "correct_answer", "final_answer", "choice", "option", "letter", "答案", "选项", "正确答案")


def read_letter(raw: Any, choices: Mapping[str, str] | None = None) -> str | None:
    """The one option that an MCQ answer chooses, or None when no single one can be told.

    Full-width and lower-case letters count; an "A" that is an article, or a letter inside a word, does not. In this
    order: an answer in JSON; nothing but a letter; what is stated as the answer (the last such statement); a leading
    letter; the text of exactly one option.

    Args:
        raw: The model's text, or a JSON value parsed already.
        choices: The options' texts by letter.

    Returns:
        "A", "B", "C", "D" or None.
    """
    text = unicodedata.normalize("NFKC", final_text(raw)).strip()
    options = {letter: _fold(option) for letter, option in (choices or {}).items()}
    return _letter_in(text, options) if text else None


def _letter_in(text: str, options: Mapping[str, str], depth: int = 0) -> str | None:
    inner = _answer_in_json(text) if depth == 0 else None
    if inner is not None:
        return _letter_in(inner.strip(), options, depth=1) if inner.strip() else None
    bare = re.fullmatch(r"[\W_]*(?:\\(?:boxed|text|mathbf)\{)*([A-Da-d])(?![+#])[\W_]*", text)
    if bare:
        return bare.group(1).upper()
    if list(options.values()).count(_fold(text)) == 1:
        return next(letter for letter, option in options.items() if option == _fold(text))
    stated = [match for match in _STATED.finditer(text) if _is_choice(match, text, options)]
    if stated:
        return None if _MORE_LETTERS.match(text, stated[-1].end()) else _group(stated[-1]).upper()
    leading = _LEADING.match(text)
    if leading and (leading.group(1).isupper() or text[leading.end(1) : leading.end(1) + 1] in {".", ")"}):
        return None if _MORE_LETTERS.match(text, leading.end(1)) else leading.group(1)[0].upper()
    spaced = re.match(r"[\W_]*([A-D])\s+", text)
    if spaced and _fold(text[spaced.end() :]).startswith(options.get(spaced.group(1), "") or "\0"):
        return str(spaced.group(1))
    return _option_in(_fold(text), options)


def _answer_in_json(text: str) -> str | None:
    """The answer that a JSON answer holds, as text; None when the text is no JSON, or doesn't say which value it is."""
    if not re.search(r"[{\[\"]", text) or nesting(text) > MAX_DEPTH or len(text) > MAX_LITERAL:
        return None
    fenced = FENCE.search(text)
    for candidate in (text, fenced.group(1).strip() if fenced else ""):
        try:
            value = json.loads(candidate) if candidate else None
        except (ValueError, RecursionError):
            value = python_literal(candidate)
        if value is None:
            continue
        if isinstance(value, dict):
            folded = {str(key).casefold().replace(" ", "_"): item for key, item in value.items()}
            named = [folded[key] for key in _ANSWER_KEYS if key in folded]
            value = named[0] if named else next(iter(value.values())) if len(value) == 1 else None
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        return value if isinstance(value, str) else ""
    return None


def _group(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group)


def _is_choice(match: re.Match[str], text: str, options: Mapping[str, str]) -> bool:
    """Whether the letter of a statement is meant as one: "the answer is a phishing mail" has an article."""
    letter = _group(match)
    after = text[match.end() :]
    if match.groups()[-1] or match.groups()[-2] or letter in "BCDbcd":
        return letter.isupper() or not re.match(r"\s+[a-z]", after)
    article = re.match(r"\s+[^\W\d_]", after)
    if not article or re.match(r"\s+(?:because|since|as|for|due|[-–—])\b", after, re.IGNORECASE):
        return True
    option = options.get("A", "")
    return bool(option) and _fold(after).startswith(option)


def _fold(text: str) -> str:
    """Letters, digits, + and # of `text` in lower case, all else one space: options are compared in this form."""
    return " ".join(re.sub(r"[^\w+#]+|_+", " ", unicodedata.normalize("NFKC", text).casefold()).split())


def _option_in(text: str, options: Mapping[str, str]) -> str | None:
    """The letter of the only option whose text stands in `text` (an option inside a longer one doesn't count)."""
    padded = f" {text} "
    present = {
        letter: option
        for letter, option in options.items()
        if len(option) > 1 and (f" {option} " in padded if option.isascii() else option in text)
    }
    longest = [
        letter
        for letter, option in present.items()
        if not any(option in other for key, other in present.items() if key != letter)
    ]
    return longest[0] if len(longest) == 1 else None
