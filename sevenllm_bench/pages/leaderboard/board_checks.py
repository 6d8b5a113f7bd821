"""Verification of a leaderboard's bundles: several at once, each content once for each version of this package."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.data.benchmark import load_genuine
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.io.progress import tracked
from sevenllm_bench.pages.leaderboard.board_cache import BoardCache
from sevenllm_bench.pages.leaderboard.bundle_members import has_samples
from sevenllm_bench.pages.leaderboard.entry import PARTS, BoardCheck, Entry
from sevenllm_bench.pages.leaderboard.submissions import FoundSubmission
from sevenllm_bench.submission.manifest import FORMAT_VERSION, read_unverified
from sevenllm_bench.submission.verify.findings import Verification, some
from sevenllm_bench.submission.verify.verify_bundle import verify_bundle
from sevenllm_bench.text.display import printable

#: Moves when the same bundle gets another mark than before.
_SCHEME = 2
_MOST_REASONS = 5
#: Verifying takes up to a gigabyte for each bundle.
_MOST_PROCESSES = 8
#: Called with the number of bundles done and of all.
Progress = Callable[[int, int], None]


def checked(
    found: Sequence[FoundSubmission], data_dir: str | Path | None = None, progress: Progress | None = None
) -> list[Entry]:
    """The entries with the marks of their verification; only verified ones keep their rank.

    Plain runs, and bundles without samples or of an older format, can't be verified and stay as submitted. Those refused
    already are not looked at.

    Args:
        found: Entries with their files, see `find_submissions`.
        data_dir: Folder of the official file; default: as in `load_benchmark`.
        progress: Called after each bundle.

    Raises:
        DataError: The official rows are not available.
    """
    checks: dict[str, BoardCheck] = {}
    due: dict[str, Path] = {}
    with BoardCache("checks") as cache:
        for one in found:
            if one.entry.refused:
                continue
            if why := _why_not(one.path):
                checks[one.sha256] = _mark("as submitted", [why])
            elif kept := _from_json(cache.get(_key(one.sha256))):
                checks[one.sha256] = kept
            else:
                due[one.sha256] = one.path
        if any(one.entry.headline is not None for one in found if one.sha256 in due):
            load_genuine("official", data_dir)  # before anything is begun
        for place, (sha256, check) in enumerate(tracked(_verified(due, data_dir), "verifying bundles", len(due)), 1):
            checks[sha256] = check
            cache.put(_key(sha256), asdict(check))
            if progress:
                progress(place, len(due))
    return [_with_check(one.entry, checks.get(one.sha256)) for one in found]


def _with_check(entry: Entry, check: BoardCheck | None) -> Entry:
    if check is None:
        return entry
    return replace(entry, check=check, refused=check.why if check.result == "refused" else ())


def check_counts(entries: Sequence[Entry], was_asked: bool) -> dict[str, int] | None:
    """Number of entries by the result of their check; None where nothing was verified."""
    if not was_asked:
        return None
    found = Counter(entry.check.result for entry in entries if entry.check)
    return {"verified": found["verified"], "as submitted": found["as submitted"], "refused": found["refused"]}


def _why_not(path: Path) -> str:
    """Why a submission can't be verified; empty where it can."""
    if path.suffix != ".zip":
        return "a run of lm-eval and no bundle; make one of it with sevenllm-bench submit"
    version = read_unverified(path).get("version")
    if version != FORMAT_VERSION:
        return f"its format has version {printable(version, 20)}, this package verifies {FORMAT_VERSION}"
    if not has_samples(path):
        return "the bundle has no samples, from which its figures could be computed again"
    return ""


def _key(sha256: str) -> str:
    return f"{sha256} {__version__} {_SCHEME}"


def _from_json(kept: Any) -> BoardCheck | None:
    """A check out of the cache; None for anything else."""
    try:
        return BoardCheck(kept["result"], str(kept["date"]), str(kept["version"]), tuple(map(str, kept["why"])))
    except (TypeError, KeyError):
        return None


def _verified(due: Mapping[str, Path], data_dir: str | Path | None) -> Iterator[tuple[str, BoardCheck]]:
    """The marks of bundles, in the order in which they are done."""
    if not due:
        return
    processes = min(len(due), _processors(), _MOST_PROCESSES)
    left = dict(due)
    try:
        with ProcessPoolExecutor(processes) as pool:
            futures = {pool.submit(verified_mark, path, data_dir): name for name, path in due.items()}
            for future in as_completed(futures):
                yield futures[future], future.result()
                del left[futures[future]]
    except BrokenProcessPool:  # one of them ended the process; the others are verified by themselves
        for name, path in left.items():
            yield name, _alone(path, data_dir)


def _alone(path: Path, data_dir: str | Path | None) -> BoardCheck:
    with ProcessPoolExecutor(1) as pool:
        future: Future[BoardCheck] = pool.submit(verified_mark, path, data_dir)
        try:
            return future.result()
        except BrokenProcessPool:
            return _mark("refused", ["its verification ended the process, for lack of memory perhaps"])


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def verified_mark(path: Path, data_dir: str | Path | None) -> BoardCheck:
    """The mark of one bundle.

    Args:
        path: The zip file.
        data_dir: As for `checked`.

    Raises:
        DataError: The official rows are not available.
    """
    try:
        verification = verify_bundle(path, data_dir)
    except ResultsError as error:
        return _mark("refused", [printable(str(error).replace(str(path), path.name), 300)])
    return mark_of(verification)


def mark_of(verification: Verification) -> BoardCheck:
    """The mark that a verification gives.

    What differs refuses the bundle. It is verified when every part of its headline was computed again; what else can't be
    confirmed (who ran it, a judge's marks, that answers were replayed) is said beside the mark.
    """
    if differing := verification.of("differs"):
        more = f"and {len(differing) - _MOST_REASONS} more differences"
        return _mark(
            "refused",
            [*(finding.line for finding in differing[:_MOST_REASONS]), *([more] if len(differing) > _MOST_REASONS else [])],
        )
    claims = sorted({finding.claim for finding in verification.of("unconfirmed")})
    why = [f"not confirmed, since only the submitter knows: {some(claims)}"] if claims else []
    counted = [f.status for f in verification.findings if f.check == "figures" and f.what in (HEADLINE_NAME, *PARTS)]
    if set(counted) <= {"confirmed"} and not {"length", "settings"} & set(claims):
        return _mark("verified", why)
    return _mark("as submitted", why)


def _mark(result: Any, why: Sequence[str]) -> BoardCheck:
    return BoardCheck(result, datetime.now(UTC).date().isoformat(), __version__, tuple(printable(text, 300) for text in why))
