"""The manifest of a bundle: what was run, how, which figures came out, and the sha256 of every file."""

from __future__ import annotations

import hashlib
import json
import lzma
import math
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.figures import Figure
from sevenllm_bench.runs.command import command_of
from sevenllm_bench.runs.encoder_records import EncoderTaskRun
from sevenllm_bench.runs.records import LeafRun, Model, Run, Sample, Settings
from sevenllm_bench.runs.unknown import Unknown
from sevenllm_bench.runs.untrusted import no_number, unique_json, unique_keys
from sevenllm_bench.submission.copies import describe_answers
from sevenllm_bench.submission.formats.hub_results import for_the_hub
from sevenllm_bench.submission.layout import MANIFEST, misplaced
from sevenllm_bench.text.display import printable
from sevenllm_bench.text.unicode import encodable

FORMAT = "sevenllm-bench submission"
#: 2: a row is scored by what it asks for in figures of tasks too (rows 791 and 823 are in no task's).
#: 3: sketches of the answers, by which copies are found.
FORMAT_VERSION = 3
_MOST_BYTES = 8 << 20
#: The parts of a manifest.
MANIFEST_KEYS = frozenset(
    {
        *("format", "version", "created", "sevenllm_bench", "submission", "model", "settings", "tasks", "command", "date"),
        *("answers", "figures", "left_out_of_hub_formats", "files"),
    }
)


@dataclass(frozen=True, slots=True)
class Declared:
    """What the submitter says, and no file of a run.

    Attributes:
        repository: The model's repository on the Hub; None where there is none.
        revision: Its revision, where the run doesn't say.
        benchmark: The Hub dataset that the benchmark is registered as.
        source_url: Where the run can be seen.
        organization: Who ran it.
        relationship: Of who ran it to the model: "first_party", "third_party", "collaborative" or "other".
        notes: Anything worth knowing about the run.
    """

    repository: str | None
    revision: str | None
    benchmark: str
    source_url: str | None = None
    organization: str = "unknown"
    relationship: str = "other"
    notes: str = ""


def build_manifest(run: Run, figures: Sequence[Figure], declared: Declared, created: datetime) -> dict[str, Any]:
    """The manifest, still without `files`.

    Args:
        run: The run, read from the files as they are in the bundle.
        figures: Its figures.
        declared: What the submitter says.
        created: Now.
    """
    described = describe_run(run)
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "created": created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sevenllm_bench": __version__,
        "submission": asdict(declared),
        **described,
        "figures": [figure.as_json() for figure in figures],
        "left_out_of_hub_formats": for_the_hub(figures, described["tasks"])[1],
    }


def describe_run(run: Run, samples: Sequence[Sample] | None = None) -> dict[str, Any]:
    """Model, settings, tasks, command, date and answers of a run, as JSON values; what its files don't say is "unknown".

    Args:
        run: The run.
        samples: Its samples, or the same samples about the benchmark's own rows; default: its own.
    """
    value = {
        "model": _fields(run.model),
        "settings": _fields(run.settings),
        "tasks": {name: _describe_task(task) for name, task in run.tasks.items()},
        "command": command_of(run).line,
        "date": run.date if isinstance(run.date, Unknown) else _iso(run.date),
        "answers": describe_answers(run.samples if samples is None else samples),
    }
    return _plain(value)


def _fields(record: Model | Settings) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _describe_task(task: LeafRun | EncoderTaskRun) -> dict[str, Any]:
    names: tuple[str, ...] = (
        "version",
        "rows",
        "rows_in_all",
        "num_fewshot",
        "output_type",
        "generation",
        "prompt",
        "signature",
        "task_hash",
    )
    names += ("cost", "notes") if isinstance(task, EncoderTaskRun) else ()
    return {name: getattr(task, name) for name in names}


def _plain(value: Any, depth: int = 0) -> Any:
    """A JSON value that can be written and encoded, not deeper than 60 levels; numbers that are none become text."""
    if depth > 60:
        return "…"
    if isinstance(value, Mapping):
        return {printable(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1) for item in value]
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return encodable(str(value))


def _iso(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        return "unknown"


def file_record(path: Path) -> dict[str, Any]:
    """Size and sha256 of a file, as the manifest lists them."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def read_manifest(folder: Path, names: Sequence[str] = ()) -> dict[str, Any]:
    """The manifest of an unpacked bundle.

    Args:
        folder: The folder.
        names: The names of its files, to say where else the manifest is.

    Raises:
        ResultsError: There is none, or it is no manifest.
    """
    path = folder / MANIFEST
    if not path.is_file():
        why = misplaced(names) or "so it is no bundle"
        raise ResultsError(f"no {MANIFEST} in it, {why}; give what `sevenllm-bench submit` wrote")
    if path.stat().st_size > _MOST_BYTES:
        raise ResultsError(f"{MANIFEST}: {path.stat().st_size:,} bytes, too large for a manifest")
    content = strict_json(path.read_bytes(), MANIFEST)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ResultsError(f'{MANIFEST}: not the manifest of a bundle (its "format" is not "{FORMAT}")')
    if content.get("version") != FORMAT_VERSION:
        shown = printable(content.get("version"), 40)
        raise ResultsError(
            f"{MANIFEST}: version {shown}, this package reads {FORMAT_VERSION}; use the sevenllm-bench that wrote it"
        )
    return content


def read_unverified(bundle: Path) -> Mapping[str, Any]:
    """The manifest of a bundle as it is, for leaderboards: nothing else in the zip file is touched.

    Every version of the format is accepted; values may be of any type. Checked is only that there is one reading of it: no
    key and no manifest twice.

    Raises:
        ResultsError: The file can't be read, or holds no manifest of a submission.
    """
    try:
        with zipfile.ZipFile(bundle) as archive, archive.open(MANIFEST) as member:
            content = member.read(_MOST_BYTES + 1)
            manifests = archive.namelist().count(MANIFEST)
    except KeyError:
        why = printable(misplaced(archive.namelist())) or f"no {MANIFEST} in it"
        raise ResultsError(f"{bundle}: {why}") from None
    except (OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, NotImplementedError, EOFError) as error:
        raise ResultsError(f"{bundle}: can't be read ({printable(error)})") from None
    if manifests > 1:
        raise ResultsError(f"{bundle}: {MANIFEST} is in it {manifests} times")
    if len(content) > _MOST_BYTES:
        raise ResultsError(f"{bundle}: its {MANIFEST} is too large")
    try:
        manifest = unique_json(content)
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{bundle}: its {MANIFEST} is broken JSON ({printable(error)})") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ResultsError(f"{bundle}: its {MANIFEST} is no manifest of a submission")
    return manifest


def strict_json(content: bytes, name: str, nan: bool = False) -> Any:
    """A JSON value, in which no key stands twice in an object, and neither NaN nor infinity is a number.

    Args:
        content: The file.
        name: Its name, for the error.
        nan: Whether NaN and infinity may stand in it, as in what Python writes.

    Raises:
        ResultsError: It is none.
    """
    try:
        return unique_json(content) if nan else json.loads(content, parse_constant=no_number, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{name}: broken JSON ({printable(error)})") from None


def declared_in(manifest: Mapping[str, Any]) -> Declared:
    """What the submitter says, from a manifest.

    Raises:
        ResultsError: A value is missing or of the wrong type.
    """
    given = manifest.get("submission")
    wanted = {"repository": True, "revision": True, "benchmark": False, "source_url": True}
    wanted |= {"organization": False, "relationship": False, "notes": False}
    if not isinstance(given, dict) or set(given) != set(wanted):
        raise ResultsError(f'{MANIFEST}: "submission" must have exactly {", ".join(wanted)}')
    for name, may_lack in wanted.items():
        if not ((isinstance(given[name], str) and len(given[name]) <= 2_000) or (may_lack and given[name] is None)):
            raise ResultsError(f'{MANIFEST}: "{name}" in "submission" is no text')
    return Declared(**given)


def created_in(manifest: Mapping[str, Any]) -> datetime:
    """When the bundle was made.

    Raises:
        ResultsError: It doesn't say.
    """
    try:
        return datetime.strptime(manifest["created"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except (KeyError, TypeError, ValueError):
        raise ResultsError(f'{MANIFEST}: "created" is no time (like 2026-01-31T12:00:00Z)') from None
