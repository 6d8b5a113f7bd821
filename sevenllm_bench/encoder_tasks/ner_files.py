"""Files of named entities: CoNLL (2 to 4 columns), JSON lines of words and tags, JSON lines of texts and spans."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sevenllm_bench.encoder_tasks.label_map import LabelMap
from sevenllm_bench.encoder_tasks.ner_data import LabelledText, NerData, labelled_words, ner_data
from sevenllm_bench.errors import DataError
from sevenllm_bench.io.file_kinds import what_else
from sevenllm_bench.io.files import read_lines
from sevenllm_bench.metrics.spans import Span

#: Names of columns in use: words, their tags, spans of a text; and of a span's parts.
WORD_KEYS = ("tokens", "words")
TAG_KEYS = ("ner_tags", "tags", "labels", "ner")
SPAN_KEYS = ("spans", "entities", "label", "labels", "ner")
_START, _END = ("start", "start_offset", "begin"), ("end", "end_offset")
_LABEL = ("label", "type", "tag", "entity", "entity_type")
_MARKED = re.compile(r"O|[BIELSUW][-_].+")
_DOCUMENT = "-DOCSTART-"
_COLUMNS = (2, 4)


def read_ner_file(path: Path, labels: LabelMap | None = None) -> NerData:
    """Read a file of named entities; its format is inferred from its first line.

    Args:
        path: The file, UTF-8.
        labels: The labels' types; None for their names alone.

    Raises:
        DataError: It can't be read, a line is of neither format (the line is named), or see `ner_data`.
    """
    if other := what_else(path):
        raise DataError(f"{path}: {other}")
    lines = [(number, _decoded(line, f"{path}, line {number}")) for number, line in read_lines(path, DataError)]
    if not lines:
        raise DataError(f"{path}: no line in it")
    read = _json_lines if lines[0][1].lstrip().startswith("{") else _sentences
    digest = hashlib.sha256("".join(f"{number}\0{line}" for number, line in lines).encode()).hexdigest()
    return ner_data(read(lines, str(path)), labels or LabelMap(), path.name, f"sha256:{digest}")


def _decoded(line: bytes, where: str) -> str:
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: not UTF-8 at byte {error.start}") from None


def _sentences(lines: Sequence[tuple[int, str]], name: str) -> Iterator[LabelledText]:
    """The sentences of a CoNLL file: a word and its label per line, the first and last of 2 to 4 columns.

    Sentences end at a blank line (which is not among the lines: their numbers skip it) and at -DOCSTART-. Lines that begin
    with "#" and end with no label are comments.
    """
    words: list[str] = []
    tags: list[str] = []
    before = 0
    for number, line in lines:
        columns = [part for part in line.split("\t" if "\t" in line else " ") if part]
        is_comment = line.startswith("#") and not (len(columns) > 1 and _MARKED.fullmatch(columns[-1].strip()))
        if number != before + 1 or line.startswith(_DOCUMENT):
            yield labelled_words(words, tags)
            words, tags = [], []
        before = number
        if line.startswith(_DOCUMENT) or is_comment:
            continue
        if not _COLUMNS[0] <= len(columns) <= _COLUMNS[1]:
            raise DataError(
                f"{name}, line {number}: {len(columns)} columns; a line of a CoNLL file is a word, at most two further columns, "
                "and a label, with blanks or tabs between"
            )
        words.append(columns[0].strip())
        tags.append(columns[-1].strip())
    yield labelled_words(words, tags)


def _json_lines(lines: Sequence[tuple[int, str]], name: str) -> Iterator[LabelledText]:
    for number, line in lines:
        where = f"{name}, line {number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: broken JSON ({error})") from None
        yield labelled_text(record, where)


def labelled_text(record: Any, where: str, tag_names: Sequence[str] | None = None) -> LabelledText:
    """A record of words and tags, or of a text and spans.

    Args:
        record: {"tokens": […], "ner_tags": […]}, or {"text": …, "spans": [[start, end, label] or {"start", "end", "label"}]};
            other names in use are accepted, see `WORD_KEYS`, `TAG_KEYS`, `SPAN_KEYS`.
        where: Its place, for errors.
        tag_names: Names of tags that are numbers.

    Raises:
        DataError: It is neither, its words and tags differ in number, or a span is not in its text.
    """
    if not isinstance(record, Mapping):
        raise DataError(f"{where}: an object was expected, found {type(record).__name__}")
    words, text = _first(record, WORD_KEYS), record.get("text")
    if isinstance(words, list):
        return _of_words(words, _first(record, TAG_KEYS), where, tag_names)
    spans = _first(record, SPAN_KEYS)
    if isinstance(text, str) and isinstance(spans, list):
        return text, [_span(span, len(text), where) for span in spans]
    raise DataError(
        f"{where}: neither words with tags ({', '.join(WORD_KEYS)}; {', '.join(TAG_KEYS)}) nor a text with spans "
        f"(text; {', '.join(SPAN_KEYS)}); found {', '.join(map(str, record))[:200] or 'no key'}"
    )


def _first(record: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((record[key] for key in keys if isinstance(record.get(key), list)), None)


def _of_words(words: Sequence[Any], tags: Any, where: str, names: Sequence[str] | None) -> LabelledText:
    if not isinstance(tags, list) or len(tags) != len(words):
        found = f"{len(tags)} tags" if isinstance(tags, list) else "no tags"
        raise DataError(f"{where}: {len(words)} words and {found} ({', '.join(TAG_KEYS)}); a tag per word was expected")
    if not all(isinstance(word, str) for word in words):
        raise DataError(f"{where}: a word that is no text")
    return labelled_words(words, [_tag(tag, where, names) for tag in tags])


def _tag(tag: Any, where: str, names: Sequence[str] | None) -> str:
    if isinstance(tag, str):
        return tag
    if isinstance(tag, bool) or not isinstance(tag, int):
        raise DataError(f"{where}: a tag must be a text or a number, found {type(tag).__name__}")
    if names is None:
        raise DataError(
            f"{where}: tags are numbers without names; write them as texts (B-Malware), or name a data set of the Hub"
        )
    if not 0 <= tag < len(names):
        raise DataError(f"{where}: tag {tag}, but there are {len(names)} names of tags")
    return names[tag]


def _span(span: Any, size: int, where: str) -> Span:
    if isinstance(span, Mapping):
        parts = [next((span[key] for key in keys if key in span), None) for keys in (_START, _END, _LABEL)]
    else:
        parts = list(span) if isinstance(span, (list, tuple)) and len(span) == 3 else [None] * 3
    start, end, label = parts
    if type(start) is not int or type(end) is not int or not isinstance(label, str):
        raise DataError(
            f"{where}: a span is [start, end, label] or an object of these, found {json.dumps(span, default=str)[:80]}"
        )
    if not 0 <= start < end <= size:
        raise DataError(f"{where}: a span from {start} to {end}, and the text has {size} characters")
    return start, end, label
