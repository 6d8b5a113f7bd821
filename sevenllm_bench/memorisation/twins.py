"""Twins of texts: the same text with some names, numbers, dates, words and orders changed, by rules and by seed.

Twins are made where they are needed and are not stored: a twin of an official row is close to an official row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sevenllm_bench.catalog import Language
from sevenllm_bench.memorisation.twin_words import MONTHS, SYNONYMS
from sevenllm_bench.text.indicators import INDICATOR

if TYPE_CHECKING:
    from numpy.random import Generator

ChangeKind = Literal["name", "number", "date", "word", "order"]
CHANGE_KINDS: tuple[ChangeKind, ...] = ("name", "number", "date", "word", "order")

#: Longest text that is changed; a longer one is cut first.
LONGEST = 20_000
#: Names that are drawn for a place before it keeps its own.
_TRIES = 20
_NUMBER = re.compile(r"(?<![A-Za-z0-9.,\-/:_])\d{1,9}(?![A-Za-z0-9_\-/:]|[.,]\d)")
_MONTH = re.compile(rf"\b(?:{'|'.join(MONTHS)})\b")
_WORD = {
    "en": re.compile(r"\b[A-Za-z]{3,20}\b"),
    "zh": re.compile("|".join(sorted(map(re.escape, SYNONYMS["zh"]), key=len, reverse=True))),
}
#: A capital after a small letter or a comma: a name, and no sentence's first word.
_NAME = {
    "en": re.compile(r"(?<=[a-z,] )(?:[A-Z][A-Za-z]{3,19}|[A-Z]{3,8})\b"),
    "zh": re.compile(r"(?<![A-Za-z0-9_.\-/])[A-Za-z]{4,20}(?![A-Za-z0-9_.\-/])"),
}
_ORDER = {
    "en": re.compile(r"\b([a-z]{3,20})( and | or )([a-z]{3,20})\b"),
    "zh": re.compile(r"(?<=[、，：。“])([\u4e00-\u9fff]{2,8})(、)([\u4e00-\u9fff]{2,8})(?=[、，。等；])"),
}


@dataclass(frozen=True, slots=True)
class TwinSite:
    """A place or a repeated word of a text that can be changed.

    Attributes:
        kind: What is changed.
        spans: Where it is; the same new text goes to each.
        old: The text there.
    """

    kind: ChangeKind
    spans: tuple[tuple[int, int], ...]
    old: str


@dataclass(frozen=True, slots=True)
class Twin:
    """A changed text.

    Attributes:
        text: The text.
        changes: Number of changed sites by kind; empty where nothing could be changed.
    """

    text: str
    changes: Mapping[ChangeKind, int]


def sites_of(text: str, language: Language) -> list[TwinSite]:
    """Everything in the first `LONGEST` characters that can be changed: sites don't overlap, none is in an indicator."""
    text = text[:LONGEST]
    taken = [False] * len(text)
    for found in INDICATOR.finditer(text):
        taken[found.start() : found.end()] = [True] * (found.end() - found.start())
    sites: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for kind, old, start, end in _matches(text, language):
        if not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            # An order is changed at each place by itself; of anything else all places change alike.
            sites.setdefault((kind, f"{start}" if kind == "order" else old), []).append((start, end))
    return [TwinSite(kind, tuple(spans), text[slice(*spans[0])]) for (kind, _), spans in sites.items()]  # type: ignore[arg-type]


def _matches(text: str, language: Language) -> list[tuple[ChangeKind, str, int, int]]:
    found: list[tuple[ChangeKind, str, int, int]] = [
        ("date" if _is_date(text, match) else "number", match[0], *match.span()) for match in _NUMBER.finditer(text)
    ]
    found += [("date", match[0], *match.span()) for match in _MONTH.finditer(text)]
    found += [("order", match[0], *match.span()) for match in _ORDER[language].finditer(text) if match[1] != match[3]]
    found += [("word", m[0], *m.span()) for m in _WORD[language].finditer(text) if m[0] in SYNONYMS[language]]
    if names := {match[0] for match in _NAME[language].finditer(text)}:  # then everywhere, at the beginning of a sentence too
        every = "|".join(map(re.escape, sorted(names, key=lambda name: (-len(name), name))))
        found += [("name", match[0], *match.span()) for match in re.finditer(rf"(?<![A-Za-z])(?:{every})(?![A-Za-z])", text)]
    return found


def _is_date(text: str, match: re.Match[str]) -> bool:
    year = len(match[0]) == 4 and match[0][:2] in ("19", "20")
    return year or text[match.end() : match.end() + 1] in ("年", "月", "日")


def names_in(texts: Sequence[str], language: Language) -> list[str]:
    """The distinct names in some texts, sorted: what names of twins are taken from."""
    return sorted({match[0] for text in texts for match in _NAME[language].finditer(text[:LONGEST])})


def site_rates(texts: Sequence[str], language: Language) -> dict[ChangeKind, float]:
    """Sites for each kind of change, per character of the texts."""
    counts = Counter(site.kind for text in texts for site in sites_of(text, language))
    length = max(1, sum(min(len(text), LONGEST) for text in texts))
    return {kind: counts[kind] / length for kind in CHANGE_KINDS}


def shares_for(own: Mapping[ChangeKind, float], other: Mapping[ChangeKind, float]) -> dict[ChangeKind, float]:
    """Which share of the sites of each kind to change, so that two groups of texts change equally often per character.

    Args:
        own: The rates of the group that the shares are for.
        other: The rates of the other group.
    """
    return {kind: min(1.0, other[kind] / own[kind]) if own[kind] else 0.0 for kind in CHANGE_KINDS}


def twin_of(
    text: str,
    language: Language,
    names: Sequence[str],
    shares: Mapping[ChangeKind, float],
    rng: Generator,
    after: str = "",
) -> Twin:
    """A twin of a text.

    Args:
        text: The text.
        language: Its language.
        names: Names to replace names by.
        shares: Share of the sites of each kind that are changed, 0 to 1.
        rng: Source of chance.
        after: Text before it; what comes in it already is not changed, since it can be copied from there.
    """
    text = text[:LONGEST]
    edits: list[tuple[int, int, str]] = []
    changes: Counter[ChangeKind] = Counter()
    for site in sites_of(text, language):
        draw, new = rng.random(), _replacement(site, language, names, text, rng)
        if draw < shares[site.kind] and new != site.old and not (after and site.old in after):
            edits += [(start, end, new) for start, end in site.spans]
            changes[site.kind] += 1
    parts, last = [], 0
    for start, end, new in sorted(edits):
        parts += [text[last:start], new]
        last = end
    return Twin("".join([*parts, text[last:]]), dict(changes))


def _replacement(site: TwinSite, language: Language, names: Sequence[str], text: str, rng: Generator) -> str:
    if site.kind == "word":
        return SYNONYMS[language][site.old]
    if site.kind == "order":
        found = _ORDER[language].search(text, *_around(site))
        return f"{found[3]}{found[2]}{found[1]}" if found else site.old
    if site.kind == "name":
        drawn = (names[int(rng.integers(len(names)))] for _ in range(_TRIES if names else 0))
        return next((name for name in drawn if name.isupper() == site.old.isupper() and name not in text), site.old)
    if site.old in MONTHS:
        return MONTHS[(MONTHS.index(site.old) + int(rng.integers(1, 12))) % 12]
    return _other_number(site, text, rng)


def _around(site: TwinSite) -> tuple[int, int]:
    """Where to search the site again: lookbehinds see the text before it."""
    start, end = site.spans[0]
    return start, end + 1


def _other_number(site: TwinSite, text: str, rng: Generator) -> str:
    old, unit = site.old, text[site.spans[0][1] : site.spans[0][1] + 1]
    if site.kind == "date" and unit in ("月", "日"):
        most = 12 if unit == "月" else 28
        return str((int(old) + int(rng.integers(1, most)) - 1) % most + 1)
    if site.kind == "date":
        return str(int(old) + int(rng.choice([-3, -2, -1, 1, 2, 3])))
    least, most = (0, 9) if len(old) == 1 else (10 ** (len(old) - 1), 10 ** len(old) - 1)
    return str(int(rng.integers(least, most + 1)))
