"""The bill of materials: for each row of the training file where it comes from, who wrote it, and what the checks say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sevenllm_bench.select_instruct.corpus_records import Draft, SourceText
from sevenllm_bench.select_instruct.delivery.training_file import encoded_line, line_of, sha256_of, span_in
from sevenllm_bench.select_instruct.delivery.training_record import training_record
from sevenllm_bench.select_instruct.stages.shard_files import WholeFile


def write_bill(path: str | Path, drafts: Iterable[Draft], texts: Iterable[SourceText] = ()) -> None:
    """Write one JSON line per row, in the order of the training file.

    Args:
        path: The file to write.
        drafts: The rows.
        texts: The texts that they were written from; without a text, its hash and the place in it are null.
    """
    text_of = {text.id: text for text in texts}
    with WholeFile(path) as file:
        for number, draft in enumerate(drafts, 1):
            file.write(bill_entry(draft, number, text_of.get(draft.text_id)))


def bill_entry(draft: Draft, number: int, text: SourceText | None = None) -> dict[str, Any]:
    """The entry of the row with the id `number`: its text, its hashes, its prompts and model, its verdicts."""
    line = encoded_line(line_of(training_record(draft, number)))
    return {
        "row": number,
        "draft": draft.id,
        "category": draft.category,
        "kind": draft.kind,
        "language": draft.language,
        "text": _text(draft, text),
        "sha256": {
            "row": hashlib.sha256(line).hexdigest(),
            "input": sha256_of(draft.input),
            "raw": draft.origin.sha256,
        },
        "calls": [call.model_dump() for call in draft.calls],
        "tokens": sum(call.tokens_in + call.tokens_out for call in draft.calls),
        "verdicts": {
            "scores": draft.scores,
            "findings": [finding.model_dump() for finding in draft.findings],
            "grade": draft.grade,
            "repaired": draft.repaired,
            "review": draft.review,
        },
    }


def _text(draft: Draft, text: SourceText | None) -> dict[str, Any]:
    """Where the input was taken from, and the right to it."""
    origin = draft.origin
    return {
        "id": draft.text_id,
        "source": origin.source,
        "location": origin.location,
        "title": text.title if text else None,
        "published": text.published if text else None,
        "fetched": origin.fetched,
        "warc": origin.warc,
        "licence": origin.licence,
        "robots": origin.robots,
        "sha256": sha256_of(text.text) if text else None,
        "span": span_in(text.text, draft.input) if text else None,
    }
