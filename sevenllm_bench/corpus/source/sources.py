"""One source of training examples, by the name that a configuration gives it: a built-in corpus, files, or the Hub."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sevenllm_bench.corpus.source.formats import Format
from sevenllm_bench.corpus.source.instruct import FILENAME, load_embedded_corpus, load_instruct
from sevenllm_bench.corpus.source.instruction_sets import (
    ENDINGS,
    format_of_file,
    is_table,
    read_hub_dataset,
    read_instruction_set,
)
from sevenllm_bench.corpus.source.training_source import Corpus
from sevenllm_bench.errors import DataError
from sevenllm_bench.io.files import user_path

#: Sources that are no path and no data set of the Hub.
INSTRUCT, EMBEDDED = "instruct", "embedded"
_WILDCARDS = "*?["


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """What to read.

    Attributes:
        source: "instruct", "embedded", a file, a folder, a glob, or the id of a data set of the Hub.
        name: Of the source of its conversations; empty for that of the file or data set.
        form: The format of its records; "auto" tells it from their columns.
        revision: Of a data set of the Hub.
        subset: The same.
        split: The same.
        most: At most this many records, the first ones.
    """

    source: str
    name: str = ""
    form: Format | Literal["auto"] = "auto"
    revision: str | None = None
    subset: str | None = None
    split: str = "train"
    most: int | None = None


def load_source(choice: SourceChoice) -> Corpus:
    """Read a source.

    Raises:
        DataError: It doesn't exist, can't be read, or holds no usable example; see `load_instruct` and
            `read_instruction_set`.
    """
    corpus = _load(choice)
    rows = corpus.rows if choice.most is None else corpus.rows[: choice.most]
    return replace(corpus, rows=rows)


def with_distinct_ids(corpora: Sequence[Corpus]) -> list[Corpus]:
    """The corpora, with ids that are unique over all: those of the first stay, those of a later one move past the largest."""
    moved, following = [], None
    for corpus in corpora:
        ids = [row.id for row in corpus.rows]
        shift = 0 if following is None or not ids else following - min(ids)
        rows = tuple(replace(row, id=row.id + shift) for row in corpus.rows) if shift else corpus.rows
        moved.append(replace(corpus, rows=rows))
        following = max([*(value + shift + 1 for value in ids), following or 0])
    return moved


def default_name(source: str) -> str:
    """The name of a source without one of its own: of a path its last part without its ending."""
    last = source.rstrip("/").rpartition("/")[2] or source
    return next((last.removesuffix(ending) for ending in sorted(ENDINGS, key=len, reverse=True) if last.endswith(ending)), last)


def _load(choice: SourceChoice) -> Corpus:
    if choice.source == EMBEDDED:
        return load_embedded_corpus()
    if choice.source == INSTRUCT:
        return load_instruct()
    name, form = choice.name or default_name(choice.source), None if choice.form == "auto" else choice.form
    if _is_on_the_hub(choice.source):
        return read_hub_dataset(choice.source, choice.revision, choice.subset, choice.split, name, form, choice.most)
    files = _files(choice.source)
    if files is None:
        return load_instruct(choice.source)
    form = form or format_of_file(files[0])
    if form == "sevenllm" or (form is None and len(files) == 1 and not is_table(files[0])):
        return load_instruct(*files)
    return read_instruction_set(files, name, form, choice.most)


def _is_on_the_hub(source: str) -> bool:
    """Whether it is written as an id "owner/name", and nothing here is called so."""
    is_path = source.startswith((".", "/", "~")) or source.lower().endswith(ENDINGS) or _is_glob(source)
    return source.count("/") == 1 and not is_path and not user_path(source, DataError).exists()


def _is_glob(source: str) -> bool:
    return any(sign in source for sign in _WILDCARDS)


def _files(source: str) -> list[Path] | None:
    """The files that a source names: of a folder train.jsonl, else all; None for what is missing, which `load_instruct` says."""
    path = user_path(source, DataError)
    if path.is_dir():
        if (path / FILENAME).is_file():
            return [path / FILENAME]
        return sorted(file for file in path.iterdir() if file.name.lower().endswith(ENDINGS) and file.is_file()) or None
    if _is_glob(source) and not path.exists():
        found = [Path(name) for name in sorted(glob.glob(str(path), recursive=True)) if Path(name).is_file()]  # noqa: PTH207
        if not found:
            raise DataError(f"{source}: no file matches")
        return found
    return [path] if path.is_file() else None
