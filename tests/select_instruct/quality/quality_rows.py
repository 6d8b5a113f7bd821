"""Rows of the tests' own writing as drafts; each names a text of `texts.json`: the excerpt and, by default, the input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sevenllm_bench.select_instruct.corpus_records import Draft, Origin
from sevenllm_bench.select_instruct.settings.build_config import QualitySection

HERE = Path(__file__).parent
TEXTS: dict[str, str] = json.loads((HERE / "texts.json").read_text(encoding="utf-8"))
SETTINGS = QualitySection()
ORIGIN = Origin(source="tests", location="report.html", sha256="0" * 64)


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def draft_of(row: dict[str, Any], **changes: Any) -> Draft:
    text = TEXTS[row["text"]]
    fields = {
        "id": row.get("name", "draft"),
        "text_id": row["text"],
        "origin": ORIGIN,
        "language": row["language"],
        "kind": row["kind"],
        "category": row["category"],
        "excerpt": text,
        "instruction": row["instruction"],
        "choices": row.get("choices", {}),
        "input": row.get("input", text),
        "thought": row["thought"],
        "output": row["output"],
    }
    return Draft(**{**fields, **changes})


SOUND_DRAFT = draft_of(rows("sound_rows.jsonl")[0])
