"""Grounding of prose: indicators, identifiers, dates, numbers and names of an answer that the input lacks."""

# ruff: noqa: E501  (patterns and lists of words are not wrapped)
from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from sevenllm_bench.select_instruct.corpus_records import Draft
from sevenllm_bench.select_instruct.quality.general_words import GENERAL_FIGURES, GENERAL_WORDS
from sevenllm_bench.select_instruct.quality.value_dates import CLOCK as _CLOCK
from sevenllm_bench.select_instruct.quality.value_dates import DatedPlace, clock_of, dates_in, is_supported
from sevenllm_bench.select_instruct.quality.value_numbers import figures_in
from sevenllm_bench.select_instruct.quality.value_support import LATIN, MARKS, SupportingText, folded, indicators_in
from sevenllm_bench.text.indicators import refang
from sevenllm_bench.text.unicode import nfkc

#: Counts up to this are of the answer's own making: "two stages", "3 steps".
_SMALL_COUNT = 4
#: A number from which on it is hardly by chance the sum or the difference of two others; and texts with too many numbers.
_LARGE, _MOST_NUMBERS = 100, 60
#: Tasks whose answers propose what to do; a time in them is a proposal: "within 24 hours".
_PLANS = frozenset({"Protection Strategy Research", "Incident Response Planning", "Security Policy Audit"})
_LONGEST_PLAN = 365
_LIST_MARK = re.compile(r"(?:^|\n|(?<=[。；;.:：,，])|(?<=\band))\s{0,8}[(（]?\d{1,2}[)）.、:：](?!\d)", re.MULTILINE)
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_ABBREVIATED = re.compile(r"\b(?:e\.g|i\.e|etc|vs|no|approx|a\.m|p\.m|u\.s|u\.k)\.?", re.IGNORECASE)
_WORD = re.compile(rf"[{LATIN}][{LATIN}{MARKS}0-9&+'’.-]*[{LATIN}{MARKS}0-9]|[{LATIN}]")
_SENTENCE_START = re.compile(
    r"(?:^|[.!?:;。！？：；\n]|[\"“”‘(（*•–—|]|(?:^|[\s(])\d{1,2}[.)]|(?:^|\s)[a-z]\))[\s\"“‘'(（*#_•-]*$"
)
#: A label before a colon, at the beginning of a sentence: "Lessons Learned: ...".
_LABEL = re.compile(r"(?:^|(?<=[.!?;]\s)|(?<=\d[.)]\s)|(?<=[*-]\s))[\s*(]{0,4}(?:[\w'’/&-]+[ ,]{1,2}){0,6}[\w'’/&()-]+\*{0,2}:")
_LATIN_IN_CHINESE = re.compile(rf"[{LATIN}][{LATIN}{MARKS}0-9&+._-]*[{LATIN}{MARKS}0-9]")
#: A quoted name in Chinese: quotation marks alone may stress a word, so a word beside them must say that it is a name.
_NAMING = "(?:组织|团伙|木马|病毒|家族|漏洞|软件|黑客|行动|平台|公司|工具|后门|蠕虫|样本|框架|僵尸网络|攻击者|域名|账号|账户|人员|名为|代号|称为|化名|自称)"
_QUOTED_NAME = re.compile(
    rf"(?P<before>{_NAMING})?[“「『](?P<name>[^“”「」『』]{{2,20}})[”」』](?P<after>(?:勒索)?{_NAMING})?|《(?P<title>[^《》]{{2,30}})》"
)
_NAME_WORDS = 3
_LINE = re.compile(r"[^\n]+")
_DERIVED_UNIT = re.compile(r"\s{0,2}(?:days?|天|日|years?|年|hours?|小时|minutes?|分钟|months?|个月|weeks?|周)", re.IGNORECASE)


#: What is said of how sure something is, which a text says in its own degree.
_CONFIDENCE = re.compile(
    r"\b(?P<degree>low|moderate|medium|high)(?:[ -]to[ -](?:low|moderate|medium|high))?(?: level of| degree of)? confidence\b"
    r"|(?P<grad>高|中等?|低)(?:可信度|置信度)|(?:可信度|置信度)(?:较|为|是)?(?P<nach>高|中等?|低)",
    re.IGNORECASE,
)


def unsupported(draft: Draft, answer: str, known: str = "") -> Iterator[tuple[str, str]]:
    """What an answer names that its input lacks: what it is ("CVE", "date", "number", "name"), and the words.

    Args:
        draft: The draft.
        answer: Its answer, or another part of it.
        known: Words that may be named as those of the input may: options of a question, say.
    """
    text = SupportingText(f"{draft.input}\n{known}" if known else draft.input)
    plain = refang(nfkc(answer))
    rest = plain
    for start, found in indicators_in(plain):
        if _is_indicator(found):
            rest = rest[:start] + " " * len(found) + rest[start + len(found) :]
            if not text.has_indicator(found):
                yield _kind(found), found
    yield from _other_confidence(rest, draft.input)
    for match in _CLOCK.finditer(rest):
        if clock_of(match) not in text.clocks:
            yield "time", match[0]
    rest = _CLOCK.sub(lambda match: " " * len(match[0]), rest)
    dates = dates_in(rest)
    for date in dates:
        if not is_supported(date, text.dates, text.years):
            yield "date", rest[date.start : date.end]
    rest = _blanked(rest, dates)
    yield from _unsupported_numbers(rest, text, draft.category in _PLANS)
    names = _chinese_names if draft.language == "zh" else _english_names
    yield from names(rest, text)


def _other_confidence(answer: str, text: str) -> Iterator[tuple[str, str]]:
    """Degrees of confidence where the text gives other ones, and no such."""
    given = {_degree(match) for match in _CONFIDENCE.finditer(nfkc(text))}
    for match in _CONFIDENCE.finditer(answer):
        if given and _degree(match) not in given:
            yield "degree of confidence", match[0]


def _degree(match: re.Match[str]) -> str:
    degree = (match["degree"] or match["grad"] or match["nach"]).casefold()
    return {"low": "low", "低": "low", "high": "high", "高": "high"}.get(degree, "moderate")


def _is_indicator(found: str) -> bool:
    """Whether what looks like an indicator is one: "e.g", "n/a" and "24:00" are not."""
    return not (
        _ABBREVIATED.fullmatch(found) or found.lower() in {"n/a", "i.e", "e.g", "att.ck"} or re.fullmatch(r"[\d:.-]{1,8}", found)
    )


def _kind(indicator: str) -> str:
    if re.fullmatch(r"(?:cve|cnvd|cnnvd|ms\d)[\w-]*", indicator, re.IGNORECASE):
        return "vulnerability"
    return "ATT&CK identifier" if re.fullmatch(r"[Tt]\d{4}(?:\.\d{3})?", indicator) else "indicator"


def _blanked(text: str, dates: list[DatedPlace]) -> str:
    for date in dates:
        text = text[: date.start] + " " * (date.end - date.start) + text[date.end :]
    return text


def _unsupported_numbers(answer: str, text: SupportingText, plans: bool) -> Iterator[tuple[str, str]]:
    answer = _LIST_MARK.sub(lambda match: " " * len(match[0]), answer)
    for phrase in GENERAL_FIGURES:
        answer = answer.replace(phrase, " " * len(phrase))
    for figure in figures_in(answer):
        written = answer[figure.start : figure.end].strip()
        if figure.value in text.numbers or _is_count(figure.value) or int(figure.value) in text.years:
            continue
        if plans and figure.value <= _LONGEST_PLAN and _DERIVED_UNIT.match(answer, figure.end):
            continue
        if _is_derived(figure.value, text, _DERIVED_UNIT.match(answer, figure.end) is not None):
            continue
        yield "number", written


def _is_count(value: Decimal) -> bool:
    return value == value.to_integral_value() and 0 <= value <= _SMALL_COUNT


def _is_derived(value: Decimal, text: SupportingText, of_time: bool) -> bool:
    """Whether a number is the sum or the difference of two numbers of the text.

    Among a dozen numbers two nearly always differ by a small one, so small ones count as a time alone: "11 days".
    """
    known = {number for number in text.numbers if isinstance(number, Decimal)}
    if of_time and value in text.spans:
        return True
    if len(known) > _MOST_NUMBERS:
        return False
    if value < _LARGE and value == value.to_integral_value() and not of_time:
        return False
    return any(value + number in known or (value - number in known and value >= _LARGE) for number in known)


def _english_names(answer: str, text: SupportingText) -> Iterator[tuple[str, str]]:
    for line in _LINE.finditer(answer):
        words = list(_WORD.finditer(line[0]))
        if _is_heading(line[0], words):
            continue
        labels = [match.span() for match in _LABEL.finditer(line[0])]
        for place, word in enumerate(words):
            if any(start <= word.start() < end for start, end in labels) and not _is_odd(word[0]):
                continue
            if _is_name(line[0], words, place) and not _is_known(word[0], text):
                yield "name", word[0]


def _is_heading(line: str, words: list[re.Match[str]]) -> bool:
    capitals = sum(word[0][0].isupper() for word in words)
    return len(words) <= 10 and line.rstrip(" *#")[-1:] not in ".!?,;" and capitals * 2 >= len(words)


def _is_name(line: str, words: list[re.Match[str]], place: int) -> bool:
    word = words[place]
    odd = _is_odd(word[0])
    if not (word[0][0].isupper() or odd) or len(word[0]) < 2:
        return False
    return odd or not _SENTENCE_START.search(line[: word.start()]) or _is_name_alone(line, word)


def _is_name_alone(line: str, word: re.Match[str]) -> bool:
    """Whether a word stands behind a colon or a quotation mark, with nothing but capitalised words to the end."""
    before, rest = line[: word.start()].rstrip(), re.split(r"[.!?;,\"”]", line[word.start() :])[0].split()
    return before[-1:] in set(':"“') and len(rest) <= _NAME_WORDS and all(part[:1].isupper() for part in rest)


def _is_odd(word: str) -> bool:
    """Whether a word has capitals or digits within, as names do wherever they stand."""
    parts = re.split(r"[-/'’]", word)
    return any(sign.isupper() or sign.isdigit() for part in parts for sign in part[1:])


def _is_known(word: str, text: SupportingText) -> bool:
    base = re.sub(r"['’]s$|['’]$", "", word)
    parts = [part for part in re.split(r"[-/&+'’.]", base) if part]
    if any(_is_given(form, text) for form in (base, base.removesuffix("s"))):
        return True
    return len(parts) > 1 and all(part.islower() or part.isdigit() or _is_given(part, text) for part in parts)


def _is_given(word: str, text: SupportingText) -> bool:
    lower = word.casefold()
    if lower in GENERAL_WORDS or text.holds(word):
        return True
    if len(lower) >= 5 and f" {lower[:5]}" in text.words:  # Russia, Russian; encrypt, encryption
        return any(_related(lower, known) for known in text.words.split() if known.startswith(lower[:5]))
    return _is_abbreviation(lower, text)


def _related(one: str, two: str) -> bool:
    shared = next((place for place, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    return shared >= max(len(one), len(two)) - 4


def _is_abbreviation(word: str, text: SupportingText) -> bool:
    """Whether the letters of a word begin words that follow one another in the text."""
    if not 2 <= len(word) <= 6 or not word.isalpha():
        return False
    return bool(re.search(r"\b" + r"\w*\s(?:(?:of|the|and|for)\s)?".join(map(re.escape, word)), text.words))


def _chinese_names(answer: str, text: SupportingText) -> Iterator[tuple[str, str]]:
    for match in _LATIN_IN_CHINESE.finditer(answer):
        word = match[0]
        parts = [part for part in re.split(r"[-_/&+.]", word) if len(part) > 1]
        if not (_is_given(word, text) or (len(parts) > 1 and all(_is_given(part, text) for part in parts))):
            yield "name", word
    for match in _QUOTED_NAME.finditer(answer):
        name = match["title"] or match["name"]
        if (match["title"] or match["before"] or match["after"]) and folded(name) and not text.holds(name):
            yield "name", name


#: Institutions by the ends of their names, and what is said before such a word of any of them.
_INSTITUTION = re.compile(r"(?P<name>[\u4e00-\u9fff]{2,8}?)(?:大学|学院|公司|集团|医院|银行|实验室|研究院|研究所)")
_OF_ANY = re.compile(
    r"(?:受害|该|此|某|本|安全|相关|涉事|涉及|目标|影响|攻击|哪些|哪家|所有|全部|其他|多家|网络|科技|上市|母|子|分|外包|合作|供应|大型|中小|的|为|和|与|、|对|在)$"
)
#: Letters of an abbreviation, which is a term of the field more often than a name.
_LONGEST_ABBREVIATION = 5


def english_own_names(asked: str, source: str) -> Iterator[str]:
    """Names in an instruction that its input has, too, and never in small letters."""
    for line in _LINE.finditer(nfkc(asked)):
        words = list(_WORD.finditer(line[0]))
        for place, word in enumerate(words):
            base = re.sub(r"['’]s$|['’]$", "", word[0])
            if _is_name(line[0], words, place) and base.casefold() not in GENERAL_WORDS and _is_only_capitalised(base, source):
                yield base


def chinese_own_names(asked: str, source: str) -> Iterator[str]:
    """Names in Latin letters, and names of institutions, in an instruction and its input."""
    for match in _LATIN_IN_CHINESE.finditer(nfkc(asked)):
        if match[0].casefold() not in GENERAL_WORDS and _is_only_capitalised(match[0], source):
            yield match[0]
    for match in _INSTITUTION.finditer(asked):
        end = match[0][len(match["name"]) :]
        name = match["name"][-2:]
        if name + end in source and not _OF_ANY.search(match["name"]):
            yield name + end


def _is_only_capitalised(word: str, source: str) -> bool:
    if word.isupper() and word.isalpha() and len(word) <= _LONGEST_ABBREVIATION:
        return False
    found = re.findall(rf"(?<![{LATIN}0-9]){re.escape(word)}(?![{LATIN}0-9])", nfkc(source), re.IGNORECASE)
    return word in found and not any(one.islower() for one in found)
