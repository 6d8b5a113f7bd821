"""What the files of a submission record beside its figures: letters of every rotation, and the result of a probe.

Anybody may have written it, so that it may be anything; `beside_rules` says what is wrong with it.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.memorisation.probe_file import probe_of
from sevenllm_bench.memorisation.probe_result import ProbeResult
from sevenllm_bench.pages.leaderboard.board_cache import BoardCache
from sevenllm_bench.pages.leaderboard.bundle_members import UNREADABLE, content_of
from sevenllm_bench.pages.leaderboard.trust_figures import CIRCULAR_TASKS
from sevenllm_bench.runs.untrusted import dig
from sevenllm_bench.submission.layout import LIMITS, PROBE_RESULT, RUN_FOLDER
from sevenllm_bench.submission.manifest import strict_json
from sevenllm_bench.text.display import printable

#: Moves when the same results file gives other letters than before.
_SCHEME = 1
#: A results file has about a megabyte, a probe some ten kilobytes.
_MOST_BYTES = {RUN_FOLDER: 32 << 20, PROBE_RESULT: 1 << 20}
#: Levels of objects in a part of that, and entries of one: more than there are letters.
_DEEPEST, _MOST_ENTRIES = 2, 10
#: Of what a results file says of a circular task, what is read.
_PARTS = ("questions", "partial", "position", "right_in")


@dataclass(frozen=True, slots=True)
class RecordedBeside:
    """What is recorded beside the figures.

    Attributes:
        further: Task of multiple choice in every rotation to what its results record, of any type.
        probe: The result of the probe; None where there is none, or it can't be read.
        wrong: Why something of this can't be read.
    """

    further: Mapping[str, Any] = field(default_factory=dict)
    probe: ProbeResult | None = None
    wrong: tuple[str, ...] = ()


def recorded_beside(bundle: Path, sha256: str, manifest: Mapping[str, Any], cache: BoardCache) -> RecordedBeside:
    """What a bundle records beside its figures.

    Args:
        bundle: The zip file.
        sha256: Its hash, under which what its results record is cached.
        manifest: Its manifest.
        cache: Where it is kept.
    """
    tasks = [task.name for task in CIRCULAR_TASKS if dig(manifest, "tasks", task.name) is not None]
    files = manifest.get("files")
    has_probe = isinstance(files, dict) and PROBE_RESULT in files
    if not tasks and not has_probe:
        return RecordedBeside()
    further, wrong = _further(bundle, sha256, manifest, tasks, cache) if tasks else ({}, ())
    probe, why = _probe(bundle, manifest) if has_probe else (None, ())
    return RecordedBeside(further, probe, (*wrong, *why))


def further_of(results: Any, tasks: list[str]) -> dict[str, Any]:
    """What a results file of lm-eval records of tasks in every rotation; those of which it records nothing are left out."""
    found = {}
    for task in tasks:
        further = dig(results, "configs", task, "metadata", "sevenllm", "further")
        if further is not None:
            found[task] = {part: _cut(further.get(part)) for part in _PARTS} if isinstance(further, dict) else None
    return found


def _cut(value: Any, depth: int = 0) -> Any:
    """A number, text or null, or objects of them, not deeper and not larger than results have; else what is no number."""
    if isinstance(value, dict) and depth < _DEEPEST:
        return {printable(key, 20): _cut(item, depth + 1) for key, item in list(value.items())[:_MOST_ENTRIES]}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return printable(value, 20) if isinstance(value, str) else type(value).__name__


def _further(
    bundle: Path, sha256: str, manifest: Mapping[str, Any], tasks: list[str], cache: BoardCache
) -> tuple[dict[str, Any], tuple[str, ...]]:
    key = f"{sha256} {__version__} beside {_SCHEME}"
    kept = cache.get(key)
    if isinstance(kept, dict) and isinstance(kept.get("further"), dict) and isinstance(kept.get("wrong"), list):
        return kept["further"], tuple(map(str, kept["wrong"]))
    try:
        with zipfile.ZipFile(bundle) as archive:
            names = [n for n in archive.namelist() if n.startswith(f"{RUN_FOLDER}/results_") and n.endswith(".json")]
            found = further_of(_json(archive, names[0], manifest), tasks) if len(names) == 1 else {}
        wrong: tuple[str, ...] = ()
    except (ResultsError, *UNREADABLE) as error:
        found, wrong = {}, (f"its results file can't be read ({printable(error, 200)})",)
    cache.put(key, {"further": found, "wrong": list(wrong)})
    return found, wrong


def _probe(bundle: Path, manifest: Mapping[str, Any]) -> tuple[ProbeResult | None, tuple[str, ...]]:
    try:
        with zipfile.ZipFile(bundle) as archive:
            if PROBE_RESULT not in archive.namelist():
                return None, ()  # a bundle without its files
            return probe_of(_json(archive, PROBE_RESULT, manifest), PROBE_RESULT), ()
    except (ResultsError, *UNREADABLE) as error:
        return None, (f"the result of its probe can't be read ({printable(error, 200)})",)


def _json(archive: zipfile.ZipFile, name: str, manifest: Mapping[str, Any]) -> Any:
    """The JSON value of a member.

    Raises:
        ResultsError: It is none, too large, or not the file that the manifest lists.
    """
    member = archive.getinfo(name)
    most = _MOST_BYTES[name if name == PROBE_RESULT else RUN_FOLDER]
    if member.file_size > most:
        raise ResultsError(f"{name}: {member.file_size:,} bytes, more than {most:,}")
    content = content_of(archive, member, LIMITS)
    if hashlib.sha256(content).hexdigest() != dig(manifest, "files", name, "sha256"):
        raise ResultsError(f"{name}: not the file that the manifest lists (another sha256)")
    return strict_json(content, name, nan=name != PROBE_RESULT)
