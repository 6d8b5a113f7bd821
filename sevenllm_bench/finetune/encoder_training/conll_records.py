"""Sentences of CoNLL files: a token and its label in a line, sentences apart by blank lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sevenllm_bench.encoders.label_spans import OUTSIDE, parts_of_label, spans_of_labels
from sevenllm_bench.errors import DataError
from sevenllm_bench.finetune.encoder_training.encoder_material import FileRecord

_DOCUMENT = "-DOCSTART-"


def conll_records(content: bytes, name: str, label_map: Mapping[str, str | None]) -> Iterator[FileRecord]:
    """The sentences of a file, tokens with a blank between them; the value is a list of [start, end, type] in characters.

    Args:
        content: The file's bytes, UTF-8; of each line the first column is the token, the last one the label.
        name: Its name, for messages.
        label_map: Type of each type of the file; null leaves it out, one that is not in it stays as it is.

    Raises:
        DataError: It is not UTF-8, or a line has one column.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: not UTF-8 at byte {error.start}") from None
    sentence: list[tuple[str, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        columns = line.split()
        if columns and columns[0] != _DOCUMENT:
            if len(columns) < 2:
                raise DataError(f"{name}, line {number}: {line.strip()[:40]!r} has no label; a line is a token and its label")
            sentence.append((columns[0], columns[-1]))
        elif sentence:
            yield _record(sentence, label_map)
            sentence = []
    if sentence:
        yield _record(sentence, label_map)


def _record(sentence: Sequence[tuple[str, str]], label_map: Mapping[str, str | None]) -> FileRecord:
    offsets, place = [], 0
    for token, _ in sentence:
        offsets.append((place, place + len(token)))
        place += len(token) + 1
    text = " ".join(token for token, _ in sentence)
    labels = [_mapped(label, label_map) for _, label in sentence]
    spans = spans_of_labels(labels, offsets, text, list(range(len(sentence))))
    return FileRecord(text, [list(span) for span in spans])


def _mapped(label: str, label_map: Mapping[str, str | None]) -> str:
    mark, kind = parts_of_label(label)
    found = label_map.get(kind, kind) if mark != OUTSIDE else None
    return f"{mark}-{found}" if found else OUTSIDE
