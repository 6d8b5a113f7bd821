"""Answers that are copies: of the references, or of another submission's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ResultsError
from sevenllm_bench.io.files import user_path
from sevenllm_bench.runs.untrusted import dig, finite
from sevenllm_bench.submission.copies import (
    LEAST_ROWS,
    MOST_LIKE_ANOTHER,
    MOST_LIKE_REFERENCES,
    Sketches,
    like_references,
    likeness,
    sketches_in,
)
from sevenllm_bench.submission.manifest import read_unverified
from sevenllm_bench.submission.verify.findings import Finding, unconfirmed
from sevenllm_bench.text.display import printable


@dataclass(frozen=True, slots=True)
class Other:
    """Another submission.

    Attributes:
        name: Its model.
        path: Where it lies.
        sketches: The sketches of its answers.
    """

    name: str
    path: str
    sketches: Sketches


def read_others(paths: Iterable[str | Path], bundle: Path) -> list[Other]:
    """The submissions to compare a bundle with.

    Args:
        paths: Bundles, and folders in which bundles are searched for.
        bundle: The bundle itself, which is left out.

    Raises:
        ResultsError: A path doesn't exist, or a bundle that was named can't be read; those in folders are passed over.
    """
    found: dict[Path, Other] = {}
    for given in paths:
        path = user_path(given, ResultsError)
        if not path.exists():
            raise ResultsError(f"{path}: no such file or folder")
        for file in sorted(path.rglob("*.zip")) if path.is_dir() else [path]:
            try:
                if file.resolve() != bundle.resolve() and file.is_file():
                    found[file.resolve()] = _other(file)
            except ResultsError:
                if not path.is_dir():
                    raise
    return list(found.values())


def _other(file: Path) -> Other:
    manifest = read_unverified(file)
    return Other(printable(dig(manifest, "model", "name")), str(file), sketches_in(manifest))


def check_copies(manifest: Mapping[str, Any], model: str, others: Sequence[Other] = ()) -> Iterator[Finding]:
    """How much of the answers is the references, and how much another submission's.

    Args:
        manifest: The manifest; that its sketches are the answers' is checked elsewhere.
        model: The model's name; submissions of the same model may have the same answers.
        others: Other submissions.
    """
    many = like_references(manifest)
    for kind in MOST_LIKE_REFERENCES:
        rows, alike = (finite(dig(manifest, "answers", "like_references", kind, name)) or 0 for name in ("rows", "alike"))
        if not rows:
            continue
        said = f"{alike:.1%} of {rows:.0f} answers are the same as the references, or nearly"
        if kind in many:
            yield unconfirmed("copies", kind, "copies", f"{said}; no published model comes near this")
        else:
            yield Finding("copies", kind, "note", said)
    own = sketches_in(manifest)
    for other in others:
        found = likeness(own, other.sketches)
        if found.rows < LEAST_ROWS or found.alike <= MOST_LIKE_ANOTHER:
            continue
        said = f"{found.alike:.1%} of {found.rows} answers are the same as in {other.path}, or nearly"
        if other.name == model:
            yield Finding("copies", other.name, "note", f"{said}; it is of the same model")
        else:
            yield unconfirmed("copies", other.name, "copies", said)
