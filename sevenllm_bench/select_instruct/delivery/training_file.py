"""The training file in SEvenLLM-Instruct's format, and the same rows without the texts, for passing on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import DataError
from sevenllm_bench.select_instruct.corpus_records import Draft, SourceText
from sevenllm_bench.select_instruct.delivery.training_record import training_record
from sevenllm_bench.select_instruct.stages.shard_files import WholeFile

#: First line of a file of rows without texts.
ROWS_FORMAT = "sevenllm-bench rows without texts, version 1"


def training_lines(drafts: Iterable[Draft]) -> Iterator[str]:
    """The lines of the training file, with the ids from 1 on."""
    return (line_of(training_record(draft, number)) for number, draft in enumerate(drafts, 1))


def line_of(record: dict[str, Any]) -> str:
    """A record as a line of the training file, its keys in their order."""
    return json.dumps(record, ensure_ascii=False)


def write_training_file(path: str | Path, drafts: Iterable[Draft]) -> None:
    """Write the drafts as `train.jsonl`; the file appears when it is whole."""
    with WholeFile(path) as file:
        for line in training_lines(drafts):
            file.write_line(line)


def write_rows_without_texts(path: str | Path, drafts: Sequence[Draft], texts: Iterable[SourceText]) -> None:
    """Write the rows with a place in a text instead of their input; `corpus restore` puts the inputs back.

    The first line names the format, the number of rows, and the sha256 of the training file that restoring gives.
    Instructions, thoughts and answers stay as they are, and may quote the texts.

    Args:
        path: The file to write.
        drafts: The rows, in the order of the training file.
        texts: The texts that they were written from.

    Raises:
        DataError: An input is not a part of its text, which is then not among `texts` or another one.
    """
    text_of = {text.id: text for text in texts}
    digest = hashlib.sha256()
    for line in training_lines(drafts):
        digest.update(encoded_line(line))
    with WholeFile(path) as file:
        file.write_line(json.dumps({"format": ROWS_FORMAT, "rows": len(drafts), "train_sha256": digest.hexdigest()}))
        for number, draft in enumerate(drafts, 1):
            record = training_record(draft, number) | {"input": _place(draft, text_of.get(draft.text_id))}
            file.write_line(line_of(record))


def span_in(text: str, part: str) -> tuple[int, int] | None:
    """Where a part lies in a text: the first place, from and to, in characters; None where it is not in it."""
    begin = text.find(part)
    return None if begin < 0 else (begin, begin + len(part))


def sha256_of(text: str) -> str:
    """Hash of a text in UTF-8, as all files of a build write it."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def encoded_line(line: str) -> bytes:
    """The bytes of a line as `WholeFile` writes it."""
    return line.encode("utf-8", "replace") + b"\n"


def _place(draft: Draft, text: SourceText | None) -> dict[str, Any]:
    span = span_in(text.text, draft.input) if text else None
    if text is None or span is None:
        raise DataError(
            f"row {draft.id}: its input is no part of the text {draft.text_id}, so the rows can't be written without texts; "
            "build with the texts of this build, or with texts: true"
        )
    return {
        "text": text.id,
        "source": text.origin.source,
        "location": text.origin.location,
        "text_sha256": sha256_of(text.text),
        "begin": span[0],
        "end": span[1],
        "sha256": sha256_of(draft.input),
    }
