"""Submissions to entries: bundles of `submit` by their manifest and their rows' values, plain runs of lm-eval by their samples.

This is the one place that knows how submissions look. Nothing of a bundle is unpacked or executed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sevenllm_bench.errors import ResultsError, SEvenLLMError
from sevenllm_bench.io.files import MOST_BYTES, is_file, is_folder, user_path
from sevenllm_bench.io.progress import tracked
from sevenllm_bench.pages.leaderboard.board_cache import BoardCache
from sevenllm_bench.pages.leaderboard.entry import Entry
from sevenllm_bench.pages.leaderboard.manifest_entry import entry_of_bundle
from sevenllm_bench.pages.leaderboard.places import here, place_in, published, without_places
from sevenllm_bench.pages.leaderboard.run_entry import entry_of_run
from sevenllm_bench.runs.locate import results_files, samples_alone
from sevenllm_bench.text.display import printable

_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class UnusableSubmission:
    """A submission that can't be shown.

    Attributes:
        path: Where it lies.
        why: What is wrong with it.
    """

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class FoundSubmission:
    """A submission that can be shown.

    Attributes:
        path: The bundle, or the results file of a run.
        sha256: The hash of that file.
        entry: Its entry.
    """

    path: Path
    sha256: str
    entry: Entry


def read_submissions(paths: Sequence[str | Path]) -> tuple[list[Entry], list[UnusableSubmission]]:
    """Every submission in files and folders; the same content twice counts once.

    Args:
        paths: Bundles (zip files), results of lm-eval (with samples), or folders of those. Every run counts, older ones too.

    Returns:
        The entries, and what can't be shown with the reason.

    Raises:
        ResultsError: A path doesn't exist, or there is no usable submission at all.
    """
    found, left_out = find_submissions(paths)
    return [one.entry for one in found], left_out


def find_submissions(
    paths: Sequence[str | Path], now: datetime | None = None
) -> tuple[list[FoundSubmission], list[UnusableSubmission]]:
    """The same with the file of each entry.

    Args:
        paths: As for `read_submissions`.
        now: The time; default: the clock's.

    Raises:
        ResultsError: As for `read_submissions`.
    """
    found: dict[str, FoundSubmission] = {}
    left_out: list[UnusableSubmission] = []
    seen: set[Path] = set()
    given = [user_path(path, ResultsError) for path in paths]
    for path in given:
        if not path.exists():
            raise ResultsError(f"{path}: no such file or folder")
    tops = [Path(os.path.realpath(path)) for path in given]
    with BoardCache("rows") as cache:
        for path in given:
            places = here(path)
            for file in tracked(_find(path, seen, tops), "reading submissions"):
                try:
                    sha256, entry = _entry(file, cache, now or datetime.now(UTC))
                    found.setdefault(sha256, FoundSubmission(file, sha256, published(entry, file, path, places)))
                except SEvenLLMError as error:
                    left_out.append(_unusable(file, path, places, error))
    if not found:
        reasons = "".join(f"\n  - {item.why}" for item in left_out[:10])
        raise ResultsError(f"{', '.join(map(str, paths))}: no usable submission in it{reasons}")
    return list(found.values()), left_out


def _unusable(path: Path, given: Path, places: Sequence[Path], error: SEvenLLMError) -> UnusableSubmission:
    name = place_in(path, given)
    why = without_places(str(error).replace(str(path), name), (path.parent, *places))
    return UnusableSubmission(printable(name, 300), printable(why, 400))


def _find(path: Path, seen: set[Path], tops: Sequence[Path], depth: int = 0) -> Iterator[Path]:
    """Bundles, results files and samples without results below a path, by their names; each once, whatever links lead to it.

    A folder that is linked is not looked into: it lies below one of the paths that were given (`tops`), and is found there, or
    it is yielded, so that it is named.
    """
    real = Path(os.path.realpath(path))
    if real in seen and path.exists():
        return
    seen.add(real)
    if not is_folder(path):
        yield path
    elif depth > _DEEPEST:
        yield from [path] if any(path.rglob("*.zip")) or results_files(path) else []
    else:
        try:
            children = sorted(path.iterdir())
        except OSError:
            yield path  # so that it is named
            return
        runs = {*results_files(path, deep=False), *samples_alone(path)}
        for child in children:
            if child.is_symlink() and is_folder(child):
                real = Path(os.path.realpath(child))
                yield from () if any(real.is_relative_to(top) for top in tops) else (child,)
            # A broken link is neither a file nor a folder, and named, too.
            elif is_folder(child) or child.suffix == ".zip" or child in runs:
                yield from _find(child, seen, tops, depth + 1)


def _entry(path: Path, cache: BoardCache, now: datetime) -> tuple[str, Entry]:
    """The sha256 of a submission, and its entry."""
    if is_folder(path):
        why = "a link that leads out of the folder" if path.is_symlink() else f"it lies more than {_DEEPEST} folders deep"
        why = f"{why}; name it by itself" if os.access(path, os.R_OK | os.X_OK) else "no permission"
        raise ResultsError(f"{path}: not looked into: {why}")
    if not is_file(path):
        raise ResultsError(f"{path}: {'not a regular file' if path.exists() else 'a link that leads nowhere'}")
    sha256 = _sha256(path)
    if path.suffix == ".zip":
        return sha256, entry_of_bundle(path, sha256, cache, now)
    return sha256, entry_of_run(path, sha256, now)


def _sha256(path: Path) -> str:
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise ResultsError(f"{path}: {size:,} bytes, more than {MOST_BYTES:,}; neither a bundle nor results of lm-eval")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ResultsError(f"{path}: can't be read ({error.strerror or error})") from None
