"""The embedded rows: fictional incidents of this project's own writing, in the official row format.

They serve the offline demo, the tests, few-shot examples and the 13 cells without official rows. They are not the
benchmark, and figures on them are never official.
"""

from __future__ import annotations

import functools
import hashlib
from importlib.resources import files
from typing import Literal

from sevenllm_bench.catalog import LANGUAGES, Language, Leaf
from sevenllm_bench.data.rows import Row, read_rows

Split = Literal["test", "fewshot", "train"]
SPLITS: tuple[Split, ...] = ("test", "fewshot", "train")
FOLDER = files("sevenllm_bench.data") / "embedded"

#: Embedded ids start here, official ones end at 1,300.
FIRST_ID = 100_001


@functools.cache
def load_embedded(language: Language, split: Split) -> tuple[Row, ...]:
    """The embedded rows of one language and split ("test", "fewshot" or "train"), in file order."""
    return read_rows(_content(language, split), f"{language}_{split}.jsonl", source="embedded")


def embedded_split(split: Split) -> tuple[Row, ...]:
    """The embedded rows of one split in both languages."""
    return tuple(row for language in LANGUAGES for row in load_embedded(language, split))


def fewshot_pool(leaf: Leaf) -> tuple[Row, ...]:
    """Few-shot rows for a leaf: those of its own cell first, then the other cells of its language and kind."""
    rows = [row for row in load_embedded(leaf.language, "fewshot") if row.kind == leaf.kind]
    return tuple(sorted(rows, key=lambda row: row.leaf != leaf))


@functools.cache
def embedded_sha256() -> str:
    """Hash over all embedded files, which identifies this edition of the rows."""
    content = b"".join(_content(language, split) for language in LANGUAGES for split in SPLITS)
    return hashlib.sha256(content).hexdigest()


def _content(language: Language, split: Split) -> bytes:
    return (FOLDER / f"{language}_{split}.jsonl").read_bytes()
