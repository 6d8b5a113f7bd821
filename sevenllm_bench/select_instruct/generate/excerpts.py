"""Long texts in excerpts that stand alone: whole paragraphs, none too long to be asked about."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sevenllm_bench.catalog import Language
from sevenllm_bench.judge.quoting import MAX_ANSWER_CHARACTERS
from sevenllm_bench.select_instruct.corpus_records import Excerpt, SourceText
from sevenllm_bench.select_instruct.settings.build_config import SelectSection
from sevenllm_bench.text.sentences import split_chinese, split_english

#: A last excerpt shorter than this share of the limit goes to the one before it.
_SHORT_TAIL = 0.25
#: What may be longer than the limit, as a share of it, so that a short tail finds room.
_ROOM = 1.25
_PARAGRAPH = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")

Span = tuple[int, int]


def cut(text: SourceText, settings: SelectSection) -> list[Excerpt]:
    """The excerpts of a text, in its order, each a verbatim part of it with its title.

    Paragraphs stay whole and fill an excerpt up to `excerpt_characters`; one that is longer is cut at its sentences, and a
    sentence that is longer still at the limit. Headings stay with what follows them. A short rest is joined to the excerpt
    before it. Of more than `max_excerpts`, that many are taken, evenly from the beginning to the end of the text.

    Returns:
        At least one excerpt, unless the text is blank; ids are the text's id, "#" and the excerpt's number from 1.
    """
    spans = _joined(list(_pieces(text.text, text.language, settings.excerpt_characters)), settings.excerpt_characters)
    numbered = list(enumerate(spans, 1))
    return [
        Excerpt(
            id=f"{text.id}#{number}",
            text_id=text.id,
            origin=text.origin,
            title=text.title,
            language=text.language,
            text=text.text[start:end],
        )
        for number, (start, end) in _evenly(numbered, settings.max_excerpts)
    ]


def _evenly(items: list[tuple[int, Span]], most: int) -> list[tuple[int, Span]]:
    """At most so many of the items, the first and the last among them."""
    if len(items) <= most:
        return items
    if most == 1:
        return items[:1]
    return [items[round(place * (len(items) - 1) / (most - 1))] for place in range(most)]


def _joined(pieces: list[Span], limit: int) -> list[Span]:
    """Pieces joined up to the limit; the gaps between joined ones belong to them."""
    spans: list[Span] = []
    for start, end in pieces:
        if spans and end - spans[-1][0] <= limit:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    if (
        len(spans) > 1
        and _length(spans[-1]) < _SHORT_TAIL * limit
        and spans[-1][1] - spans[-2][0] <= min(_ROOM * limit, MAX_ANSWER_CHARACTERS)
    ):
        spans[-2:] = [(spans[-2][0], spans[-1][1])]
    return spans


def _length(span: Span) -> int:
    return span[1] - span[0]


def _pieces(text: str, language: Language, limit: int) -> Iterator[Span]:
    """Paragraphs, headings with what follows them, and the sentences of paragraphs that are too long."""
    heading: int | None = None
    for start, end in _paragraphs(text):
        begin = start if heading is None else heading
        if _is_heading(text[start:end]) and end - begin <= limit // 2:
            heading = begin
            continue
        heading = None
        if end - begin <= limit:
            yield begin, end
        else:
            if begin < start:
                yield begin, _stripped(text, begin, start)[1]
            yield from _sentences(text, start, end, language, limit)
    if heading is not None:
        yield _stripped(text, heading, len(text))


def _paragraphs(text: str) -> Iterator[Span]:
    start = 0
    for gap in [*_PARAGRAPH.finditer(text), None]:
        end = gap.start() if gap else len(text)
        if text[start:end].strip():
            yield _stripped(text, start, end)
        start = gap.end() if gap else end


def _stripped(text: str, start: int, end: int) -> Span:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - (len(part) - len(part.rstrip()))


def _is_heading(paragraph: str) -> bool:
    """One short line that doesn't end like a sentence."""
    return len(paragraph) <= 80 and "\n" not in paragraph and paragraph[-1] not in ".!?。！？;；:：…"


def _sentences(text: str, start: int, end: int, language: Language, limit: int) -> Iterator[Span]:
    """The sentences of a paragraph joined up to the limit; what has no sentence ends is cut at it."""
    split = split_chinese if language == "zh" else split_english
    place, begin = start, start
    for sentence in split(text[start:end]):
        found = text.index(sentence, place)
        place = found + len(sentence)
        if place - begin > limit and found > begin:
            yield _stripped(text, begin, found)
            begin = found
        while place - begin > limit:
            yield _stripped(text, begin, begin + limit)
            begin += limit
    if text[begin:end].strip():
        yield _stripped(text, begin, end)
