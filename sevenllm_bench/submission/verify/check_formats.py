"""The files of a bundle that are made from the run, for the Hub and every_eval_ever: each is made again and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.figures import Figure
from sevenllm_bench.io.yaml12 import load_yaml
from sevenllm_bench.runs.encoder_records import ItemSample
from sevenllm_bench.runs.records import Sample
from sevenllm_bench.submission.formats import every_eval_ever
from sevenllm_bench.submission.formats.hub_results import hub_path, hub_results
from sevenllm_bench.submission.formats.model_index import model_index
from sevenllm_bench.submission.layout import MODEL_INDEX
from sevenllm_bench.submission.manifest import file_record, strict_json
from sevenllm_bench.submission.verify.findings import Finding, some
from sevenllm_bench.submission.verify.json_differences import differences
from sevenllm_bench.text.display import printable

_YAML_BYTES = 64 << 10


def format_files(manifest: Mapping[str, Any], created: datetime) -> tuple[str, ...]:
    """The names that files made from the run can have."""
    return hub_path(manifest), MODEL_INDEX, *every_eval_ever.paths(manifest, created)


def check_formats(
    folder: Path,
    manifest: Mapping[str, Any],
    figures: Sequence[Figure],
    samples: Sequence[Sample],
    items: Sequence[ItemSample],
    created: datetime,
) -> Iterator[Finding]:
    """The files made from the run, each against the same file made again.

    Args:
        folder: The unpacked bundle.
        manifest: The manifest as it should be: what the run says, and what the submitter declares.
        figures: The figures recomputed.
        samples: The samples scored again.
        items: The samples of encoder tasks, likewise.
        created: When the bundle was made.
    """
    entries, block = hub_results(manifest, figures), model_index(manifest, figures)
    yield _format("hub results", folder, hub_path(manifest), entries)
    yield _format("model-index", folder, MODEL_INDEX, block)
    aggregate_path, instance_path = every_eval_ever.paths(manifest, created)
    record: dict[str, Any] = {"sha256": "", "rows": 0}
    if (folder / instance_path).is_file():
        wanted = every_eval_ever.instances(manifest, samples, items, created)
        yield _instances(folder / instance_path, instance_path, wanted)
        lines = sum(1 for _ in _lines(folder / instance_path))
        record = {**file_record(folder / instance_path), "rows": lines}
    else:
        yield Finding("every_eval_ever", instance_path, "differs", "missing")
    yield _format("every_eval_ever", folder, aggregate_path, every_eval_ever.aggregate(manifest, figures, created, record))


def _format(check: str, folder: Path, name: str, wanted: Any) -> Finding:
    path = folder / name
    if not wanted:
        there = path.is_file()
        detail = "there, though no figure of the run qualifies" if there else "no figure of the run qualifies, and none is there"
        return Finding(check, name, "differs" if there else "confirmed", detail)
    if not path.is_file():
        return Finding(check, name, "differs", "missing")
    try:
        found = _load_yaml(path, name) if name.endswith(".yaml") else strict_json(path.read_bytes(), name)
    except ResultsError as error:
        return Finding(check, name, "differs", str(error))
    return _verdict(check, name, list(differences(wanted, found, "")))


def _verdict(check: str, name: str, found: Sequence[str]) -> Finding:
    if found:
        return Finding(check, name, "differs", f"{len(found)} values differ: {some(found, 3)}")
    return Finding(check, name, "confirmed")


def _instances(path: Path, name: str, wanted: Iterator[Mapping[str, Any]]) -> Finding:
    different: list[str] = []
    lines = _lines(path)
    for number, record in enumerate(wanted, 1):
        line = next(lines, None)
        if line is None:
            different.append(f"line {number}: missing")
            break
        try:
            found = strict_json(line, f"line {number}")
        except ResultsError as error:
            different.append(str(error))
            continue
        different += differences(record, found, f"line {number}")
        if len(different) > 100:
            break
    else:
        if next(lines, None) is not None:
            different.append("more lines than the run has rows and metrics")
    return _verdict("every_eval_ever", name, different)


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from (line for line in file if line.strip())


def _load_yaml(path: Path, name: str) -> Any:
    """What a YAML file says.

    Raises:
        ResultsError: It is too large, or no such YAML.
    """
    content = path.read_bytes()
    if len(content) > _YAML_BYTES:
        raise ResultsError(f"{name}: {len(content):,} bytes, too large for this file")
    try:
        return load_yaml(content.decode("utf-8"))
    except ValueError as error:
        raise ResultsError(f"{name}: broken YAML ({printable(error)})") from None
