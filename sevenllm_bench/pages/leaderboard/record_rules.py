"""Rules about what a submission says of its run: when it was made, its files, and how each task was run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sevenllm_bench.catalog import TASK_VERSION, Kind
from sevenllm_bench.data.benchmark import OFFICIAL_NAME
from sevenllm_bench.data.official import SHA256, SHA256_LF
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.metrics.registry import ADDED_LATER, METRIC_VERSIONS, METRICS, READING_VERSION
from sevenllm_bench.pages.leaderboard.claim import OFFICIAL, Claim, time_of
from sevenllm_bench.runs.untrusted import dig, finite
from sevenllm_bench.submission.layout import LIMITS, MANIFEST, RUN_FOLDER, why_not
from sevenllm_bench.submission.manifest import FORMAT_VERSION, created_in
from sevenllm_bench.submission.verify.check_rows import rows_within
from sevenllm_bench.submission.verify.findings import some
from sevenllm_bench.text.display import printable
from sevenllm_bench.text.visible_names import why_no_name

#: Clocks differ, and lm-eval's dates have no zone.
_CLOCKS = timedelta(days=1)
#: The part of the tasks' version that moves when scores stop being comparable.
_TASKS = TASK_VERSION.partition("-")[0]
_SAMPLES = re.compile(rf"{RUN_FOLDER}/samples_(sevenllm_\w+?)(?:_\d{{4}}-\d\d-\d\dT[\d.-]+)?\.jsonl")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def known_format(claim: Claim, now: datetime) -> Iterator[str]:
    """A version of the format that this package knows."""
    version = claim.manifest.get("version")
    is_known = isinstance(version, int) and not isinstance(version, bool) and 1 <= version <= FORMAT_VERSION
    if claim.members is not None and not is_known:
        yield f"its format has version {printable(version, 20)}, this package knows 1 to {FORMAT_VERSION}"


def times(claim: Claim, now: datetime) -> Iterator[str]:
    """The run, then the bundle, then now."""
    latest = now
    if claim.members is not None:
        try:
            created = created_in(claim.manifest)
        except ResultsError:
            yield "its manifest doesn't say when it was made"
            return
        if created > now + _CLOCKS:
            yield f"it is dated {created:%Y-%m-%d}, in the future"
        latest = min(created, now)
    said = claim.manifest.get("date")
    run = time_of(said)
    if run is None and said != "unknown":
        yield f"the date of its run is no time ({printable(said, 40)})"
    elif run is not None and run > now + _CLOCKS:
        yield f"its run is dated {run:%Y-%m-%d}, in the future"
    elif run is not None and run > latest + _CLOCKS:
        yield f"its run is dated {run:%Y-%m-%d}, after the bundle of it ({latest:%Y-%m-%d})"


def visible_names(claim: Claim, now: datetime) -> Iterator[str]:
    """Names in which every character can be seen, so that no submission looks like another model's."""
    names = {"repository": dig(claim.manifest, "submission", "repository"), "model": dig(claim.manifest, "model", "name")}
    names["organization"] = dig(claim.manifest, "submission", "organization")
    for what, name in names.items():
        if isinstance(name, str) and name and (why := why_no_name(name)):
            yield f"the name of its {what} is not one ({why})"


def files_of_run(claim: Claim, now: datetime) -> Iterator[str]:
    """The files of the run: listed, and where the bundle has any of them, all of them and no others."""
    if claim.members is None:
        return
    listed = claim.manifest.get("files")
    if not isinstance(listed, dict) or not listed:
        yield "its manifest lists no files"
        return
    if odd := [name for name in listed if name == MANIFEST or why_not(name)]:
        yield f"files that no bundle has: {some(map(_shown, odd), 3)}"
    if len({name.casefold() for name in listed}) < len(listed):
        yield "files whose names differ only in capitals"
    if len(listed) > LIMITS.files:
        yield f"{len(listed):,} files, a bundle has at most {LIMITS.files}"
    broken = [name for name, record in listed.items() if not _is_record(record)]
    if broken:
        yield f"files without a possible size and sha256 in its manifest: {some(map(_shown, broken), 3)}"
    of_run = [name for name in listed if name.startswith(f"{RUN_FOLDER}/")]
    results = [name for name in of_run if name.endswith(".json")]
    if len(results) != 1:
        yield f"its manifest lists {len(results)} results files" if results else "its manifest lists no results file"
    sampled = Counter(match[1] for name in of_run if (match := _SAMPLES.fullmatch(name)))
    if absent := [task.name for task in OFFICIAL if task.name not in sampled]:
        yield f"its manifest lists no samples of {_tasks(absent)}"
    if twice := [task for task, count in sampled.items() if count > 1]:
        yield f"its manifest lists samples twice of {_tasks(list(map(_shown, twice)))}"
    there = {name: size for name, size in claim.members.items() if name.startswith(f"{RUN_FOLDER}/")}
    if there and (lacking := [name for name in of_run if name not in there]):
        yield f"files of the run that its manifest lists, and the bundle lacks: {some(map(_shown, lacking), 3)}"
    if unknown := [name for name in there if name not in listed]:
        yield f"files of the run that its manifest doesn't list: {some(map(_shown, unknown), 3)}"
    if other := [name for name, size in there.items() if dig(listed, name, "bytes") not in (None, size)]:
        yield f"files that are not as large as its manifest says: {some(map(_shown, other), 3)}"


def _is_record(record: Any) -> bool:
    size, sha256 = dig(record, "bytes"), dig(record, "sha256")
    is_size = isinstance(size, int) and not isinstance(size, bool) and 0 <= size <= LIMITS.file_bytes
    return is_size and isinstance(sha256, str) and bool(_SHA256.fullmatch(sha256)) and len(record) == 2


def no_limit(claim: Claim, now: datetime) -> Iterator[str]:
    """No limit that cuts a task short."""
    limit = dig(claim.manifest, "settings", "limit")
    number = finite(limit)
    cuts = number is not None and any(rows_within(number, task.rows) < task.rows for task in OFFICIAL)
    if cuts or (number is None and limit not in (None, "unknown")):
        yield f"its run was limited ({printable(limit, 20)} rows per task)"


def official_tasks(claim: Claim, now: datetime) -> Iterator[str]:
    """Every official task: all of its rows, the genuine file, and this package's way to read and score answers."""
    reasons: dict[str, list[str]] = {}
    tasks = dig(claim.manifest, "tasks")
    alike: dict[Kind, tuple[tuple[Any, Any], list[str]]] = {}
    for official in OFFICIAL:
        task = dig(tasks, official.name)
        if not isinstance(task, dict):
            reasons.setdefault("it says nothing of official tasks", []).append(official.name)
            continue
        if not (is_number(task.get("rows"), official.rows) and is_number(task.get("rows_in_all"), official.rows)):
            reasons.setdefault("it was not run on all official rows", []).append(official.name)
        said = task.get("version"), task.get("signature")
        if official.kind not in alike or alike[official.kind][0] != said:  # few do; here 2.0 is 2
            alike[official.kind] = said, list(_about_signature(official.kind, *said))
        for reason in alike[official.kind][1]:
            reasons.setdefault(reason, []).append(official.name)
    for reason, names in reasons.items():
        yield f"{reason}: {_tasks(names)}"


def _about_signature(kind: Kind, version: Any, signature: Any) -> Iterator[str]:
    yield from wrong_signature(version, signature, TASK_VERSION)
    yield from _metric_versions(kind, dig(signature, "metrics"))


def wrong_signature(version: Any, signature: Any, wanted: str) -> Iterator[str]:
    """Other data than the official file, or another way to run the task or to read its answers than this package's.

    Args:
        version: What a manifest says of the task's version.
        signature: Of its signature.
        wanted: This package's version of the task.
    """
    data, reading = dig(signature, "data"), dig(signature, "reading")
    sha256, modified = dig(data, "sha256"), dig(data, "modified")
    if sha256 not in (SHA256, SHA256_LF) or dig(data, "name") != OFFICIAL_NAME or modified not in (None, False):
        yield f"it was run on other data than the official file (sha256 {printable(sha256, 13)})"
    if not isinstance(version, str) or version.partition("-")[0] != wanted.partition("-")[0]:
        yield f"it was run with version {printable(version, 20)} of the tasks, this package has {wanted}"
    if not is_number(reading, READING_VERSION):
        yield f"its answers were read by version {printable(reading, 20)}, this package has {READING_VERSION}"


def _metric_versions(kind: Kind, said: Any) -> Iterator[str]:
    versions = said if isinstance(said, dict) else {}
    due = [name for name in METRICS[kind] if name in versions or name not in ADDED_LATER]
    for metric in (*due, *(name for name in versions if name in METRIC_VERSIONS and name not in METRICS[kind])):
        if not is_number(versions.get(metric), METRIC_VERSIONS[metric]):
            found = f"version {printable(versions[metric], 20)}" if metric in versions else "no version"
            yield f"{metric} has {found}, this package has {METRIC_VERSIONS[metric]}"


def is_number(value: Any, wanted: int) -> bool:
    """Whether a JSON value is this whole number; true, false and 1.0 are none."""
    return isinstance(value, int) and not isinstance(value, bool) and value == wanted


def _shown(text: object) -> str:
    return printable(text, 80)


def _tasks(names: list[str]) -> str:
    return f"{len(names)} tasks" if len(names) > 3 else ", ".join(names)
