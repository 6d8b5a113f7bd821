"""Passages of a text that talk to a model: orders, roles, forged turns, replies and marks, also behind disguises.

A page may hide such a passage from readers, and may write it in another form: full-width or lookalike letters, invisible
characters within words, letters drawn apart, base64, hexadecimal, rot13, backwards. Reports that describe such attacks
quote them; a short quotation in a sentence that says so is no finding, unless it forges a reply, a turn or a mark of ours.
What is found is a reason for caution, and what is not found is no proof: the checks of rows come after it.
"""

# ruff: noqa: E501  (patterns and lists of words are not wrapped)
from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

from sevenllm_bench.select_instruct.quality.encoded_parts import encoded_parts, hidden_runs
from sevenllm_bench.select_instruct.quality.passages import (
    Passage,
    View,
    compact_view,
    mapped_view,
    passage,
    reversed_view,
    signs_view,
    words_view,
)
from sevenllm_bench.select_instruct.quality.poison_patterns import CHINESE, ENGLISH, ENGLISH_COMPACT, SIGNS, Pattern

_ROT13 = {ord(letter): codecs.encode(letter, "rot13") for letter in "abcdefghijklmnopqrstuvwxyz"}
_DIGITS_AS_LETTERS = {ord(digit): letter for digit, letter in zip("013457", "oieast", strict=True)}
_OVERRIDES = re.compile("[\u202d\u202e][^\u202c\n]{8,}")
#: Letters between two gaps, on average, where a word is drawn apart.
_DRAWN_APART = 2.5

#: A report on such attacks, near a quotation of one.
_REPORTED = re.compile(
    r"prompt[- ]injection|inject(?:s|ed|ing)? (?:a |the )?(?:prompt|instruction)|jailbreak|researchers?|attackers? (?:can|could|may|might|used?|wrote"
    r"|hid|embed\w*|plant\w*)|such as|for example|e\.g\.|(?:read|reads|said|saying|contain(?:s|ed|ing)|includ(?:es|ed|ing)|instruct(?:s|ed|ing)"
    r"|told|tells|tricked|the (?:phrase|words|text|string|prompt|line|sentence|comment|note|email|mail|message))\b"
    r"|提示词?注入|越狱|研究人员|研究者|攻击者|例如|比如|诸如|内容为|写道|写着|写有|包含|要求(?:模型|助手)|诱导|指示(?:模型|助手)|原文为|邮件|字样",
    re.IGNORECASE,
)
_QUOTATIONS = re.compile(
    r"“[^“”]{1,200}”|「[^「」]{1,200}」|『[^『』]{1,200}』|\"[^\"\n]{1,200}\"|`[^`\n]{1,200}`|‘[^‘’]{4,200}’|«[^«»]{1,200}»"
)
_NEAR = 160
#: Kinds that a report may quote.
_MAY_BE_QUOTED = frozenset({"order", "role", "address", "reply", "grade"})


def find_poison(text: str) -> list[Passage]:
    """Passages of `text` that are addressed to a model, in their order; equal places are given once."""
    quoted = _reported_quotations(text)
    found = [
        hit
        for hit in _found_in(text)
        if not (hit.kind in _MAY_BE_QUOTED and any(start <= hit.start and hit.end <= end for start, end in quoted))
    ]
    return _once(found)


def find_hidden_poison(text: str) -> list[Passage]:
    """The same in text that no reader sees, where nothing is a quotation."""
    return _once(_found_in(text))


def _found_in(text: str) -> Iterator[Passage]:
    yield from _in_words(text)
    for start, end, code, decoded in encoded_parts(text):
        inner = next(_in_words(decoded), None)
        if inner:
            yield passage(text, start, end, f"{inner.kind} in {code}")
    for start, end, name in hidden_runs(text):
        yield passage(text, start, end, name)
    for match in _OVERRIDES.finditer(text):
        yield passage(text, *match.span(), "reversed direction")


def _in_words(text: str) -> Iterator[Passage]:
    words = words_view(text)
    compact = compact_view(words)
    yield from _matches(text, signs_view(text), SIGNS)
    yield from _matches(text, words, ENGLISH)
    yield from _matches(text, compact, CHINESE)
    yield from _drawn_apart(text, compact)
    strong = [pattern for pattern in ENGLISH if pattern.strong]
    yield from _matches(text, mapped_view(words, _ROT13), strong, " in rot13")
    for hit in _matches(text, mapped_view(words, _DIGITS_AS_LETTERS), strong, " in digits"):
        if any(character.isdigit() for character in text[hit.start : hit.end]):
            yield hit
    yield from _matches(text, reversed_view(words), strong, " backwards")
    yield from _matches(text, reversed_view(compact), [pattern for pattern in CHINESE if pattern.strong], " backwards")


def _drawn_apart(text: str, compact: View) -> Iterator[Passage]:
    for hit in _matches(text, compact, ENGLISH_COMPACT, " drawn apart"):
        written = re.findall(r"\w+", text[hit.start : hit.end])
        if sum(map(len, written)) <= _DRAWN_APART * len(written):
            yield hit


def _matches(text: str, view: View, patterns: Iterable[Pattern], form: str = "") -> Iterator[Passage]:
    for pattern in patterns:
        for match in pattern.regex.finditer(view.text) if pattern.may_match(view.text) else ():
            if match[0].strip():
                yield passage(text, *view.span(match), pattern.kind + form)


def _reported_quotations(text: str) -> list[tuple[int, int]]:
    """Places of short quotations beside words that report them."""
    return [
        match.span()
        for match in _QUOTATIONS.finditer(text)
        if _REPORTED.search(text[max(0, match.start() - _NEAR) : match.start()])
        or _REPORTED.search(text[match.end() : match.end() + _NEAR // 2])
    ]


def _once(found: Iterable[Passage]) -> list[Passage]:
    """Passages in order, each place once: of overlapping ones the first and longest."""
    kept: list[Passage] = []
    for hit in sorted(found, key=lambda hit: (hit.start, -hit.end)):
        if not kept or hit.start >= kept[-1].end:
            kept.append(hit)
    return kept
