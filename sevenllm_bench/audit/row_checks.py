"""Checks of one row: each takes a row and yields the codes of `audit.codes` that hold for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sevenllm_bench.audit.support import folded, support_share
from sevenllm_bench.audit.task_words import TASK_WORDS, asks_for
from sevenllm_bench.catalog import task_by_name
from sevenllm_bench.data.rows import LETTERS, OPENINGS, Row, language_of
from sevenllm_bench.text.indicators import refang
from sevenllm_bench.text.leaf_values import leaf_values
from sevenllm_bench.text.unicode import nfkc

#: Below this share of supported values a reference counts as not from the text.
LEAST_SUPPORT = 0.5
#: Fewest letters and digits of an incident text.
SHORTEST_TEXT = 40
#: Estimated tokens: contexts of common models, and what the default embedding model reads of a text.
CONTEXTS = (2048, 4096)
EMBEDDED_TOKENS = 128

_PLACEHOLDER = re.compile(
    r"(?:n/?a|none|null|nil|unknown|not (?:mentioned|specified|provided|applicable|available|given|stated)(?: .{0,40})?"
    r"|no .{0,30}mentioned"
    r"|无|未知|未提及|未提供|未说明|未明确|没有提及|不详|(?:文本|文中|原文)中?(?:未|没有).{0,12})[.。]?",
    re.IGNORECASE,
)
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
#: Indicators that prose must not invent; a domain or file name is often a product's name, so they are not here.
_FIRM_INDICATOR = re.compile(
    r"(?<![a-z0-9])(?:cve-\d{4}-\d{4,8}|ms\d{2}-\d{3}|t1\d{3}(?:\.\d{3})?|[0-9a-f]{32,64}|\d{1,3}(?:\.\d{1,3}){3})(?![a-z0-9])",
    re.IGNORECASE,
)


def row_codes(row: Row) -> list[str]:
    """Codes of the checks that fire for a row, in alphabetical order, each once."""
    return sorted({code for check in _CHECKS for code in check(row)})


def estimated_tokens(text: str) -> int:
    """Rough number of tokens: one for each Chinese character, one for every four other characters."""
    han = len(_HAN.findall(text))
    return han + (len(text) - han + 3) // 4


def _reference(row: Row) -> Iterator[str]:
    values = leaf_values(row.output)
    kept = [value for value in values if folded(value) and not _PLACEHOLDER.fullmatch(value.strip())]
    if not kept:
        yield "empty-reference"
    elif len(kept) < len(values):
        yield "empty-value"
    share = support_share(row)
    if share is not None and kept and share < LEAST_SUPPORT:
        yield "unsupported"
    if row.kind == "understanding" and not isinstance(row.output, dict):
        yield "format"
    if row.kind == "generation" and str(row.output).lstrip()[:1] in ("{", "["):
        yield "format"


def _language(row: Row) -> Iterator[str]:
    reference = row.choices[row.output] if row.kind == "mcq" else row.reference_text
    differs = language_of(reference) != row.language
    # Chinese values and options may be names in Latin letters: an extraction then still has Chinese field names.
    latin_only = row.kind == "understanding" and not _HAN.search(reference)
    if differs and (row.language == "en" or row.kind == "generation" or latin_only):
        yield "reference-language"
    if row.input.strip() and language_of(row.input) != row.language:
        yield "text-language"


def _category(row: Row) -> Iterator[str]:
    task = task_by_name(row.category)
    if isinstance(row.instruction, dict) or task is None:
        return
    if task.kind != row.kind:
        yield "kind"
    if not any(row.instruction.startswith(opening) for opening in OPENINGS):
        yield "opening"
    asked = asks_for(row.instruction)
    if asked and row.category in TASK_WORDS and row.category not in asked:
        yield "category"


def _text(row: Row) -> Iterator[str]:
    if len(folded(row.input)) < SHORTEST_TEXT:
        yield "short-text"
    if row.kind == "mcq":
        return
    prompt = estimated_tokens(f"{row.instruction}{row.input}")
    whole = prompt + estimated_tokens(row.reference_text)
    if whole > CONTEXTS[1]:
        yield "longer-than-4096"
    elif whole > CONTEXTS[0]:
        yield "longer-than-2048"
    if row.kind == "generation" and estimated_tokens(row.reference_text) > EMBEDDED_TOKENS:
        yield "longer-than-128"


def _prose(row: Row) -> Iterator[str]:
    if row.kind != "generation":
        return
    given = refang(nfkc(f"{row.instruction}\n{row.input}")).casefold()
    if any(found.group().casefold() not in given for found in _FIRM_INDICATOR.finditer(refang(nfkc(str(row.output))))):
        yield "invented-indicator"
    if len(folded(str(row.output))) >= SHORTEST_TEXT and folded(str(row.output)) in folded(row.input):
        yield "copied-reference"


def _options(row: Row) -> Iterator[str]:
    if not isinstance(row.instruction, dict):
        return
    options = {letter: folded(row.choices[letter]) for letter in LETTERS}
    text, right = folded(row.input), row.output
    if len(set(options.values())) < len(LETTERS) or not all(options.values()):
        yield "equal-options"
    if any(one and one != other and one in other for one in options.values() for other in options.values()):
        yield "option-in-option"
    in_text = [letter for letter in LETTERS if options[letter] and options[letter] in text]
    if right in in_text and len(in_text) > 1:
        yield "more-options-in-text"
    if in_text and right not in in_text:
        yield "other-option-in-text"
    if options[right] and options[right] in folded(row.instruction["question"]):
        yield "answer-in-question"


_CHECKS: tuple[Callable[[Row], Iterator[str]], ...] = (_reference, _language, _category, _text, _prose, _options)
