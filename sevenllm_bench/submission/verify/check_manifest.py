"""What the manifest says: files, model, settings, tasks, times, and every figure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.figures.cells import ENCODER_LEVELS
from sevenllm_bench.figures.figures import Figure
from sevenllm_bench.metrics.registry import LEXICAL
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.unknown import Unknown
from sevenllm_bench.runs.untrusted import dig, finite
from sevenllm_bench.submission.formats.hub_results import for_the_hub
from sevenllm_bench.submission.layout import MANIFEST
from sevenllm_bench.submission.manifest import MANIFEST_KEYS, created_in, file_record
from sevenllm_bench.submission.verify.findings import Finding, figure_finding, some
from sevenllm_bench.submission.verify.json_differences import differences
from sevenllm_bench.text.display import printable

#: Clocks differ, and lm-eval's dates have no zone.
_CLOCKS = timedelta(days=1)


def check_files(folder: Path, names: Sequence[str], manifest: Mapping[str, Any], known: Collection[str]) -> Iterator[Finding]:
    """Every file against its sha256, and every name against the manifest and the kinds of file that a bundle has.

    Args:
        folder: The unpacked bundle.
        names: The files in it.
        manifest: Its manifest.
        known: The files that a bundle of this run has.
    """
    listed = manifest.get("files")
    if not isinstance(listed, dict):
        yield Finding("manifest", "files", "differs", "no list of files in it")
        return
    good = 0
    for name, record in listed.items():
        if name not in names:
            yield Finding("manifest", name, "differs", "missing: listed in the manifest, not in the bundle")
        elif list(differences(file_record(folder / name), record, "")):
            found = file_record(folder / name)["sha256"]
            yield Finding("manifest", name, "differs", f"its sha256 is {found[:12]}…, the manifest says {_short(record)}")
        else:
            good += 1
    for name in names:
        if name != MANIFEST and name not in listed:
            yield Finding("manifest", name, "differs", "not listed in the manifest")
        if name not in known:
            yield Finding("bundle", name, "differs", "not a file that a bundle of this run has")
    yield Finding("manifest", "sha256", "confirmed", f"{good} files")


def _short(record: Any) -> str:
    return f"{printable(dig(record, 'sha256'), 13)}"


def check_manifest(manifest: Mapping[str, Any], described: Mapping[str, Any]) -> Iterator[Finding]:
    """What the manifest says of the run (model, settings, tasks, command, date, answers), against the run's own files."""
    for name, wanted in described.items():
        found = list(differences(wanted, manifest.get(name), name))
        if found:
            yield Finding("manifest", name, "differs", f"not what the results say: {some(found, 3)}")
        else:
            yield Finding("manifest", name, "confirmed")
    for key in manifest.keys() - MANIFEST_KEYS:
        yield Finding("manifest", printable(key, 80), "differs", "not a part of a manifest")


def check_times(manifest: Mapping[str, Any], run: Run, now: datetime) -> Iterator[Finding]:
    """The run, then the bundle, then now.

    Args:
        manifest: The manifest.
        run: The run.
        now: The time.
    """
    created = created_in(manifest)
    if created > now + _CLOCKS:
        yield Finding("manifest", "created", "differs", f"{manifest['created']} is in the future")
    if isinstance(run.date, Unknown):
        return
    try:
        date = datetime.fromtimestamp(run.date, UTC)
    except (OverflowError, OSError, ValueError):
        yield Finding("manifest", "date", "differs", f"{run.date:g} is no time")
        return
    if date > created + _CLOCKS:
        yield Finding("manifest", "date", "differs", f"the run is dated {date:%Y-%m-%d}, after the bundle ({created:%Y-%m-%d})")


def check_figures(
    manifest: Mapping[str, Any], figures: Sequence[Figure], tasks: Mapping[str, Any], unscored: Collection[str] = ()
) -> Iterator[Finding]:
    """The figures of the manifest, one by one.

    Args:
        manifest: The manifest.
        figures: The figures recomputed.
        tasks: The tasks as the manifest should describe them.
        unscored: Sections and tasks with answers whose values are the run's own, since they were not scored again.
    """
    given = manifest.get("figures")
    records = [record for record in given if isinstance(record, dict)] if isinstance(given, list) else []
    claimed = {str(record.get("id")): record for record in records}
    for figure in figures:
        record = claimed.pop(figure.id, {})
        yield replace(_figure(figure, record, unscored), of_task=figure.level == "task")
    for name in claimed:
        yield Finding("figures", name, "differs", "claimed, but the bundle has no rows for it")
    if not isinstance(given, list) or len(records) != len(given) or len({str(r.get("id")) for r in records}) < len(records):
        yield Finding("figures", "figures", "differs", "the manifest has no proper list of figures, each once")
    left_out = list(differences(for_the_hub(figures, tasks)[1], manifest.get("left_out_of_hub_formats"), ""))
    if left_out:
        yield Finding("figures", "left_out_of_hub_formats", "differs", some(left_out, 3))


def _figure(figure: Figure, record: Mapping[str, Any], unscored: Collection[str]) -> Finding:
    finding = figure_finding("figures", figure.id, finite(record.get("value")), figure.value)
    if finding.status != "confirmed":
        return finding
    wanted = {"partial": "", **figure.as_json()}
    fields = list(differences(wanted, {"partial": "", **record}, "figure"))
    if fields:
        return Finding("figures", figure.id, "differs", _in_words(figure, record) or some(fields, 3))
    why, claim = _why_unconfirmed(figure, unscored)
    return replace(finding, status="unconfirmed", claim=claim, detail=why) if claim else finding


def _in_words(figure: Figure, record: Mapping[str, Any]) -> str:
    if list(differences([figure.rows, figure.why_partial], [record.get("rows"), record.get("partial", "")], "")):
        why = f"over {figure.rows} rows" + (f" ({figure.why_partial})" if figure.why_partial else "")
        return f"it is {why}, the manifest says {printable(record.get('rows'), 20)} rows"
    if list(differences(figure.stderr, record.get("stderr"), "")):
        return f"its standard error is {figure.stderr}, the manifest says {printable(record.get('stderr'), 20)}"
    return ""


def _why_unconfirmed(figure: Figure, unscored: Collection[str]) -> tuple[str, str]:
    """Why a figure that agrees with the rows' values can't be confirmed, and the claim; both empty where it can."""
    if figure.metric not in LEXICAL and figure.level not in ("overall", *ENCODER_LEVELS):
        claim = claim_of(figure.metric)
        needs = "the embedding model" if claim == "semantic" else "the judge"
        return f"the mean of its rows' values, which can't be confirmed (needs {needs})", claim
    of_score = figure.level == "overall" and any(encoder_task_by_name(name) is None for name in unscored)
    if figure.name.partition(".")[0] in unscored or of_score:  # a group of an encoder task is named after it
        return "some answers are too long to be scored here; their values are the run's own", "length"
    return "", ""


def claim_of(metric: str) -> str:
    """The claim (a name in `findings.CLAIMS`) that a metric needing a model belongs to."""
    return "semantic" if metric.startswith("semantic") else "judge"
