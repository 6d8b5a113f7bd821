"""From what a model wrote to what is scored: the final text, a JSON value, or a letter, with the reason when it fails.

Nothing here raises on a model's answer, whatever it is.
"""

from __future__ import annotations

import ast
import json
import re
import unicodedata
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sevenllm_bench.catalog import Kind
from sevenllm_bench.metrics.values import leaf_values

#: How a JSON value was found, or why none was.
How = Literal["json", "fence", "prose", "python", "text", "empty"]

#: Deeper nesting than this is no answer to an extraction task, and deep recursion in parsers.
MAX_DEPTH = 100
_MAX_CANDIDATES = 50
_MAX_LITERAL = 200_000

_RESPONSE = "### Response:"
#: Where a base model that never stops begins the next example.
_RESTARTS = ("### Instruction:", "Below is an instruction that describes a task")
_FENCE = re.compile(r"```[ \t]*[\w+-]*[ \t]*\r?\n?(.*?)(?:```|\Z)", re.DOTALL)
_SENTENCE_ENDS = tuple("}.!?。！？…．;；\"'”’」』)）】]》`*|")


def final_text(raw: Any) -> str:
    """The part of an answer that is scored, stripped.

    After the last `</think>` (nothing, when `<think>` is never closed), after the last "### Response:", and before the
    point where the prompt template starts again. None is empty; other values that are not strings become JSON.
    """
    if raw is None:
        return ""
    text = raw if isinstance(raw, str) else _dump(raw)
    text = text.rpartition("</think>")[2].strip() if "</think>" in text else text.strip()
    if text.startswith("<think>"):
        return ""
    if text.startswith(_RESTARTS):
        text = text.partition(_RESPONSE)[2]
    for restart in _RESTARTS:
        text = text.partition(restart)[0]
    return text.rpartition(_RESPONSE)[2].strip()


def _dump(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError, TypeError):
        return ""


@dataclass(frozen=True, slots=True)
class Extraction:
    """An answer to an extraction row, read.

    Attributes:
        values: Leaf values of the JSON found; without JSON, the text as one value; none when empty.
        how: "json" (the whole text), "fence" (in a code fence), "prose" (text around it), "python" (a Python literal),
            "text" (no JSON found) or "empty".
        text: The answer as text, which is what counts where its JSON doesn't.
        is_list: Whether the JSON found is a list.
        reason: Why no JSON was found; empty when it was.
    """

    values: list[str]
    how: How
    text: str
    is_list: bool = False
    reason: str = ""

    @property
    def is_json(self) -> bool:
        """Whether a JSON value was found."""
        return self.how not in ("text", "empty")


def read_extraction(raw: Any) -> Extraction:
    """Read the JSON value in an answer.

    Args:
        raw: The model's text; or a JSON value that was parsed already (an object, a list, a number, a boolean).
    """
    text = final_text(raw)
    if raw is not None and not isinstance(raw, str):
        return _extraction(raw, "json", text)
    if not text:
        return Extraction([], "empty", text, reason="empty answer")
    fenced = _FENCE.search(text)
    attempts: list[tuple[How, str]] = [("json", text), ("fence", fenced.group(1).strip() if fenced else "")]
    for how, candidate in attempts:
        if candidate and _depth(candidate) <= MAX_DEPTH:
            try:
                return _extraction(json.loads(candidate), how, text)
            except (ValueError, RecursionError):
                literal = _python_literal(candidate)
                if literal is not None:
                    return _extraction(literal, "python", text)
    if _depth(text) > MAX_DEPTH:
        return Extraction([text], "text", text, reason="nested too deeply")
    values = _values_in_prose(text)
    if len(values) == 1:
        return _extraction(values[0], "prose", text)
    reason = "several JSON values" if values else "unclosed JSON" if _is_unclosed(text) else "no JSON"
    return Extraction([text], "text", text, reason=reason)


def _extraction(value: Any, how: How, text: str) -> Extraction:
    return Extraction(leaf_values(value), how, text, is_list=isinstance(value, list))


def _depth(text: str) -> int:
    """Deepest nesting of brackets, strings not told apart: an upper bound that never recurses."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[\](){}]", text):
        depth = depth + 1 if bracket in "[({" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


def _python_literal(text: str) -> Any:
    """The object or list that `text` is as a Python literal, or None."""
    if text[0] not in "{[(" or len(text) > _MAX_LITERAL:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _as_json(ast.literal_eval(text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _as_json(literal: Any) -> Any:
    """Tuples as lists; anything that JSON has no form for (sets, bytes, complex numbers) is a ValueError."""
    if isinstance(literal, dict):
        return {str(key): _as_json(value) for key, value in literal.items()}
    if isinstance(literal, (list, tuple)):
        return [_as_json(value) for value in literal]
    if literal is None or isinstance(literal, (str, int, float)):
        return literal
    raise ValueError(type(literal).__name__)


def _values_in_prose(text: str) -> list[Any]:
    """Distinct JSON objects standing in prose; without any, distinct lists (a list may be a footnote mark)."""
    decoder, found, position, tried = json.JSONDecoder(), [], 0, 0
    while tried < _MAX_CANDIDATES and (match := re.compile(r"[{\[]").search(text, position)):
        tried += 1
        try:
            value, position = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            position = match.start() + 1
        else:
            found += [] if value in found else [value]
    return [value for value in found if isinstance(value, dict)] or found


def _is_unclosed(text: str) -> bool:
    """Whether a JSON value begins that never ends: cut off by the length limit."""
    start = re.search(r"[{\[]\s*[\"{\[]", text)
    if not start:
        return False
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", text[start.start() :])
    return sum(map(outside.count, "{[")) > sum(map(outside.count, "}]"))


def is_cut(raw: Any, kind: Kind) -> bool:
    """Whether an answer looks cut off: `<think>` or JSON never closed, or prose without the end of a sentence."""
    if not isinstance(raw, str) or not raw.strip():
        return False
    if raw.strip().startswith("<think>") and "</think>" not in raw:
        return True
    if kind == "understanding":
        return read_extraction(raw).reason == "unclosed JSON"
    return kind == "generation" and not final_text(raw).endswith(_SENTENCE_ENDS)


# --- multiple choice -------------------------------------------------------------------------------------------------

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
    + r"|(?<![A-Za-z0-9])\(?([A-D])\)?\s+(?:is|looks|seems)\s+(?:the\s+|most\s+)?(?:most\s+likely\s+)?(?:correct|right|best|answer|accurate)"
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
    if not re.search(r"[{\[\"]", text) or _depth(text) > MAX_DEPTH or len(text) > _MAX_LITERAL:
        return None
    fenced = _FENCE.search(text)
    for candidate in (text, fenced.group(1).strip() if fenced else ""):
        try:
            value = json.loads(candidate) if candidate else None
        except (ValueError, RecursionError):
            value = _python_literal(candidate)
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
    option = options.get("A")
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
