"""What a bundle says in other places than the run's own files: manifest, groups, the formats made from the run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.figures import Figure
from sevenllm_bench.io.yaml12 import load_yaml
from sevenllm_bench.metrics.registry import LEXICAL, METRIC_VERSIONS
from sevenllm_bench.runs.records import Run, Sample
from sevenllm_bench.runs.untrusted import dig, finite
from sevenllm_bench.submission.formats import every_eval_ever
from sevenllm_bench.submission.formats.hub_results import hub_path, hub_results
from sevenllm_bench.submission.formats.model_index import model_index
from sevenllm_bench.submission.layout import MANIFEST, MODEL_INDEX
from sevenllm_bench.submission.manifest import file_record, strict_json
from sevenllm_bench.submission.verify.findings import TOLERANCE, Finding, figure_finding, some
from sevenllm_bench.text.display import printable

_YAML_BYTES = 64 << 10
_DEEPEST = 60


def check_files(folder: Path, names: Sequence[str], manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """Every file against its sha256, and every name against the manifest."""
    listed = manifest.get("files")
    if not isinstance(listed, dict):
        yield Finding("manifest", "files", "differs", "no list of files in it")
        return
    good = 0
    for name, record in listed.items():
        if name not in names:
            yield Finding("manifest", name, "differs", "missing: listed in the manifest, not in the bundle")
        elif file_record(folder / name) != record:
            found = file_record(folder / name)["sha256"]
            yield Finding("manifest", name, "differs", f"its sha256 is {found[:12]}…, the manifest says {_short(record)}")
        else:
            good += 1
    for name in names:
        if name != MANIFEST and name not in listed:
            yield Finding("manifest", name, "differs", "not listed in the manifest")
    yield Finding("manifest", "sha256", "confirmed", f"{good} files")


def _short(record: Any) -> str:
    return f"{printable(dig(record, 'sha256'), 13)}"


def check_manifest(manifest: Mapping[str, Any], described: Mapping[str, Any]) -> Iterator[Finding]:
    """What the manifest says of model, settings, tasks, command and date, against the run's own results."""
    for name, wanted in described.items():
        differences = list(_differences(wanted, manifest.get(name), name))
        if differences:
            yield Finding("manifest", name, "differs", f"not what the results say: {some(differences, 3)}")
        else:
            yield Finding("manifest", name, "confirmed")


def check_figures(manifest: Mapping[str, Any], figures: Sequence[Figure], unscorable: frozenset[str]) -> Iterator[Finding]:
    """The figures of the manifest, one by one.

    Args:
        manifest: The manifest.
        figures: The figures recomputed.
        unscorable: Sections and tasks with rows that could not be scored again.
    """
    given = manifest.get("figures")
    records = [record for record in given if isinstance(record, dict)] if isinstance(given, list) else []
    claimed = {str(record.get("id")): record for record in records}
    for figure in figures:
        record = claimed.pop(figure.id, {})
        yield replace(_figure(figure, record, unscorable), of_task=figure.level == "task")
    for name in claimed:
        yield Finding("figures", name, "differs", "claimed, but the bundle has no rows for it")
    if not isinstance(given, list) or len(records) != len(given) or len({str(r.get("id")) for r in records}) < len(records):
        yield Finding("figures", "figures", "differs", "the manifest has no proper list of figures, each once")


def _figure(figure: Figure, record: Mapping[str, Any], unscorable: frozenset[str]) -> Finding:
    finding = figure_finding("figures", figure.id, finite(record.get("value")), figure.value)
    if figure.name in unscorable or (figure.level == "overall" and unscorable):
        return Finding("figures", figure.id, "unconfirmed", "some answers are too long to be scored here", finding.claimed)
    if finding.status == "confirmed" and (record.get("rows"), record.get("partial", "")) != (figure.rows, figure.why_partial):
        why = f"over {figure.rows} rows" + (f" ({figure.why_partial})" if figure.why_partial else "")
        return Finding(
            "figures", figure.id, "differs", f"it is {why}, the manifest says {printable(record.get('rows'), 20)} rows"
        )
    if finding.status == "confirmed" and list(_differences(figure.stderr, record.get("stderr"), "stderr")):
        said = printable(record.get("stderr"), 20)
        return Finding("figures", figure.id, "differs", f"its standard error is {figure.stderr}, the manifest says {said}")
    if finding.status == "confirmed" and figure.metric not in LEXICAL and figure.level != "overall":
        needs = "the embedding model" if figure.metric.startswith("semantic") else "the judge"
        why = f"the mean of its rows' values, which can't be confirmed (needs {needs})"
        return Finding("figures", figure.id, "unconfirmed", why, finding.claimed, finding.found)
    return finding


def check_groups(results: Mapping[str, Any], run: Run, samples: Sequence[Sample]) -> Iterator[Finding]:
    """The figures of lm-eval's groups: means over the rows of their tasks.

    Args:
        results: The results file.
        run: The run.
        samples: The samples scored again.
    """
    groups, members = dig(results, "groups"), dig(results, "group_subtasks")
    if not isinstance(groups, dict):
        return
    by_task: dict[str, list[Sample]] = {task: [] for task in run.leaves}
    for sample in samples:
        by_task[sample.task].append(sample)
    for group, figures in groups.items():
        tasks = _leaves_of(group, members, run) if str(group).startswith("sevenllm") and isinstance(figures, dict) else []
        for metric in METRIC_VERSIONS if tasks else ():
            claimed = figures.get(f"{metric},none")
            if claimed is not None and metric in LEXICAL:
                rows = [sample.reported[metric] for task in tasks for sample in by_task[task] if metric in sample.reported]
                found = math.fsum(rows) / len(rows) if rows else None
                yield figure_finding("group figures", f"{printable(group)} {metric}", finite(claimed), found)


def _leaves_of(group: Any, members: Any, run: Run) -> list[str]:
    """The tasks of a group, through its subgroups; each group is entered once, so a circle ends."""
    seen, waiting, leaves = set(), [group], []
    while waiting:
        name = waiting.pop()
        if not isinstance(name, str) or name in seen:
            continue
        seen.add(name)
        if name in run.leaves:
            leaves.append(name)
        inner = dig(members, name)
        waiting += inner if isinstance(inner, list) else []
    return leaves


def check_formats(
    folder: Path, manifest: Mapping[str, Any], figures: Sequence[Figure], samples: Sequence[Sample], created: datetime
) -> Iterator[Finding]:
    """The files made from the run, each against the same file made again.

    Args:
        folder: The unpacked bundle.
        manifest: The manifest as it should be: what the run says, and what the submitter declares.
        figures: The figures recomputed.
        samples: The samples scored again.
        created: When the bundle was made.
    """
    entries, block = hub_results(manifest, figures), model_index(manifest, figures)
    yield _format("hub results", folder, hub_path(manifest), entries)
    yield _format("model-index", folder, MODEL_INDEX, block)
    aggregate_path, instance_path = every_eval_ever.paths(manifest, created)
    record: dict[str, Any] = {"sha256": "", "rows": 0}
    if (folder / instance_path).is_file():
        wanted = every_eval_ever.instances(manifest, samples, created)
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
    return _verdict(check, name, list(_differences(wanted, found, "")))


def _verdict(check: str, name: str, differences: Sequence[str]) -> Finding:
    if differences:
        return Finding(check, name, "differs", f"{len(differences)} values differ: {some(differences, 3)}")
    return Finding(check, name, "confirmed")


def _instances(path: Path, name: str, wanted: Iterator[Mapping[str, Any]]) -> Finding:
    differences: list[str] = []
    lines = _lines(path)
    for number, record in enumerate(wanted, 1):
        line = next(lines, None)
        if line is None:
            differences.append(f"line {number}: missing")
            break
        try:
            found = strict_json(line, f"line {number}")
        except ResultsError as error:
            differences.append(str(error))
            continue
        differences += _differences(record, found, f"line {number}")
        if len(differences) > 100:
            break
    else:
        if next(lines, None) is not None:
            differences.append("more lines than the run has rows and metrics")
    return _verdict("every_eval_ever", name, differences)


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


def _differences(wanted: Any, found: Any, where: str, depth: int = 0) -> Iterator[str]:
    """Where two JSON values differ; numbers may differ by rounding."""
    if depth > _DEEPEST:
        yield f"{where}: too deep"
    elif isinstance(wanted, Mapping) and isinstance(found, dict):
        for key in sorted({*wanted, *found}):
            if key not in found:
                yield f"{where}.{printable(key, 80)}: missing"
            elif key not in wanted:
                yield f"{where}.{printable(key, 80)}: unexpected"
            else:
                yield from _differences(wanted[key], found[key], f"{where}.{printable(key, 80)}", depth + 1)
    elif isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            yield f"{where}: {len(found)} entries, expected {len(wanted)}"
        for index, (one, other) in enumerate(zip(wanted, found, strict=False)):
            yield from _differences(one, other, f"{where}[{index}]", depth + 1)
    elif not _same(wanted, found):
        yield f"{where}: {_shown(found)}, expected {_shown(wanted)}"


def _same(wanted: Any, found: Any) -> bool:
    number, other = finite(wanted), finite(found)
    if number is not None and other is not None:
        return abs(number - other) <= TOLERANCE
    return type(wanted) is type(found) and wanted == found


def _shown(value: Any) -> str:
    return type(value).__name__ if isinstance(value, dict | list) else printable(json.dumps(value, default=str), 60)
