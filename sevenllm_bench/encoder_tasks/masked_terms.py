"""Masked terms: words and phrases of threat intelligence in incident texts, of which a model says how much it expects them.

The terms are a list of our own (`terms/`), in classes. Of each incident text one or two are masked, each in a window of about
a hundred words, so that every model reads the same; a term stands once in its window, so that it can't be copied. A term of
several tokens is masked and scored as one.

Document of an item: {"text" (the window), "start", "end" (of the term in it, in characters), "term" (as the list has it),
"class", "row" (id of the row whose text it is)}. Answer: {"rank": 1 to 10, or null beyond 10; "pseudo_log_likelihood": the sum
over the term's tokens, natural logarithm, at most 0; "tokens"}.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from sevenllm_bench.catalog import Language
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoder_tasks.incidents import documents
from sevenllm_bench.metrics.registry import LEAST_PSEUDO_LOG_LIKELIHOOD
from sevenllm_bench.text.segment import cut_chinese

#: Terms masked of one text, and items with one term: without a limit, a few words would make up the task.
PER_TEXT, PER_TERM = 2, 10
#: Words of a window: separated by white space in English, by segmentation in Chinese.
WINDOW_WORDS = 100
#: Parts of the figures by tokens of the tokenizer; the last one holds the longer terms.
_TOKEN_PARTS = ("1", "2", "3", "4 or more")
_BLANKS = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class TermPlace:
    """A term in a text.

    Attributes:
        term: As the list has it.
        start: In characters.
        end: In characters, exclusive.
    """

    term: str
    start: int
    end: int


def items(task: EncoderTask, benchmark: Benchmark) -> tuple[Item, ...]:
    """One or two items of each distinct incident text that has terms; grouped by "one word" and "several words".

    In the order of the texts, the terms used the least so far are taken, of equal ones that with the lowest hash with the id.
    """
    language = task.language
    assert language is not None
    used: Counter[str] = Counter()
    made = []
    for row_id, text in documents(row for row in benchmark.rows if row.language == language).items():
        for number, (found, window) in enumerate(_chosen(row_id, text, language, used)):
            document = {
                "text": text[slice(*window)],
                "start": found.start - window[0],
                "end": found.end - window[0],
                "term": found.term,
                "class": terms(language)[found.term],
                "row": row_id,
            }
            group = "one word" if _count_words(found.term, language) == 1 else "several words"
            made.append(Item(PER_TEXT * row_id + number, group, benchmark.source, document))
    return tuple(made)


@functools.cache
def terms(language: Language) -> Mapping[str, str]:
    """Term to class, in lower case; longer terms first."""
    content = (files("sevenllm_bench.encoder_tasks") / "terms" / f"{language}.json").read_text(encoding="utf-8")
    classes = {term.lower(): name for name, listed in json.loads(content).items() for term in listed}
    return dict(sorted(classes.items(), key=lambda pair: (-len(pair[0]), pair[0])))


def find_terms(text: str, language: Language) -> list[TermPlace]:
    """The terms of the list in a text, in its order; of those that overlap, the longest.

    In English, a term begins and ends where words do; case and the kind of white space don't count. In Chinese it begins and
    ends where segmentation separates words.
    """
    if language == "en":
        matches = ((match.start(), match.end()) for match in _english_terms().finditer(text))
        return [TermPlace(" ".join(text[start:end].lower().split()), start, end) for start, end in matches]
    return list(_chinese_terms(text))


@functools.cache
def _english_terms() -> re.Pattern[str]:
    # A hyphen goes on with a word: "exploit" is no part of "exploit-kit".
    listed = "|".join(re.escape(term).replace(r"\ ", r"\s+") for term in terms("en"))
    return re.compile(rf"(?<![\w-])(?:{listed})(?![\w-])", re.IGNORECASE)


def _chinese_terms(text: str) -> Iterator[TermPlace]:
    words = cut_chinese(text)
    bounds = [0]
    for word in words:
        bounds.append(bounds[-1] + len(word))
    longest = max(map(len, terms("zh")))
    place = 0
    while place < len(words):
        ends = [end for end in range(place + 1, len(bounds)) if bounds[end] - bounds[place] <= longest]
        fitting = [end for end in ends if text[bounds[place] : bounds[end]].lower() in terms("zh")]
        if not fitting:
            place += 1
            continue
        yield TermPlace(text[bounds[place] : bounds[fitting[-1]]].lower(), bounds[place], bounds[fitting[-1]])
        place = fitting[-1]


def _chosen(row_id: int, text: str, language: Language, used: Counter[str]) -> list[tuple[TermPlace, tuple[int, int]]]:
    """The terms to mask of a text, each with its window; they are counted as used."""
    words = _word_places(text, language)
    possible: dict[str, tuple[TermPlace, tuple[int, int]]] = {}
    for found in find_terms(text, language):
        start, end = _window(words, found)
        if found.term not in possible and text[start:end].lower().count(found.term) == 1:
            possible[found.term] = found, (start, end)

    def key(term: str) -> tuple[int, bytes]:
        return used[term], hashlib.sha256(f"{row_id}:{term}".encode()).digest()

    taken = sorted((term for term in possible if used[term] < PER_TERM), key=key)[:PER_TEXT]
    used.update(taken)
    return sorted((possible[term] for term in taken), key=lambda pair: pair[0].start)


def _word_places(text: str, language: Language) -> list[tuple[int, int]]:
    """Start and end of each word."""
    if language == "en":
        return [match.span() for match in _BLANKS.finditer(text)]
    places, start = [], 0
    for word in cut_chinese(text):
        if word.strip():
            places.append((start, start + len(word)))
        start += len(word)
    return places


def _window(words: Sequence[tuple[int, int]], found: TermPlace) -> tuple[int, int]:
    """Start and end of the hundred words around a term, or of as many as there are."""
    inside = [number for number, (start, end) in enumerate(words) if start < found.end and end > found.start]
    middle = (inside[0] + inside[-1]) // 2
    first = max(0, min(middle - WINDOW_WORDS // 2, len(words) - WINDOW_WORDS))
    last = min(len(words), first + WINDOW_WORDS) - 1
    return min(words[first][0], found.start), max(words[last][1], found.end)


def _count_words(term: str, language: Language) -> int:
    return len(term.split() if language == "en" else cut_chinese(term))


def score(items: Sequence[Item], answers: Sequence[Any]) -> list[dict[str, float]]:
    """Whether each term is the first, among the first five and ten guesses, and its pseudo-log-likelihood.

    A missing or wrong rank is none; a missing or wrong pseudo-log-likelihood is -100, and lower ones count as -100. An answer
    without tokens is missing: nothing was masked.
    """
    values = []
    for _, answer in zip(items, answers, strict=True):
        rank, likelihood = _rank(answer), _likelihood(answer)
        found = {f"top_{most}": float(rank is not None and rank <= most) for most in (1, 5, 10)}
        least = LEAST_PSEUDO_LOG_LIKELIHOOD
        values.append({**found, "pseudo_log_likelihood": least if likelihood is None else max(likelihood, least)})
    return values


def figures(items: Sequence[Item], answers: Sequence[Any]) -> dict[str, Any]:
    """Counts, and metrics by parts of the task.

    Returns:
        {"terms": distinct terms, "unusable": answers without a pseudo-log-likelihood, "below_least": those under -100, "tokens",
        "groups", "classes": name to {"items", and the mean of each metric}}; "tokens" is by the tokens of the model's tokenizer.
    """
    values = score(items, answers)
    likelihoods = [_likelihood(answer) for answer in answers]
    return {
        "terms": len({str(item.document.get("term")) for item in items}),
        "unusable": likelihoods.count(None),
        "below_least": sum(value is not None and value < LEAST_PSEUDO_LOG_LIKELIHOOD for value in likelihoods),
        "tokens": _by([_token_part(answer) for answer in answers], values),
        "groups": _by([item.group for item in items], values),
        "classes": _by([str(item.document.get("class")) for item in items], values),
    }


def _by(names: Sequence[str], values: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    found = {}
    for name in sorted(set(names)):
        part = [value for other, value in zip(names, values, strict=True) if other == name]
        means = {metric: math.fsum(value[metric] for value in part) / len(part) for metric in part[0]}
        found[name] = {"items": len(part), **means}
    return found


def _field(answer: Any, name: str, right: Callable[[Any], bool]) -> Any:
    """A number in an answer that is right; None for anything else."""
    value = answer.get(name) if isinstance(answer, dict) else None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) and right(value) else None


def _rank(answer: Any) -> int | None:
    if _tokens(answer) is None:
        return None
    found = _field(answer, "rank", lambda value: isinstance(value, int) and value >= 1)
    return None if found is None else int(found)


def _likelihood(answer: Any) -> float | None:
    found = _field(answer, "pseudo_log_likelihood", lambda value: value <= 0)  # NaN is not
    if found is None or _tokens(answer) is None:
        return None
    try:
        return float(found)
    except OverflowError:
        return -math.inf


def _tokens(answer: Any) -> int | None:
    """Tokens of the term; None where it has none, so that nothing was masked."""
    found = _field(answer, "tokens", lambda value: isinstance(value, int) and value >= 1)
    return None if found is None else int(found)


def _token_part(answer: Any) -> str:
    tokens = _tokens(answer)
    return "unknown" if tokens is None else _TOKEN_PARTS[min(tokens, len(_TOKEN_PARTS)) - 1]
