"""Writing a bundle: a run's own files without secrets, the formats for the Hub and every_eval_ever, and the manifest."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ConfigError, ResultsError
from sevenllm_bench.figures.figures import Figure, figures_of
from sevenllm_bench.io.secrets import secrets_in, without_secrets
from sevenllm_bench.memorisation.probe_file import probe_as_json
from sevenllm_bench.memorisation.probe_result import ProbeResult
from sevenllm_bench.runs.inspect_log import is_inspect_log
from sevenllm_bench.runs.inspect_run import write_as_harness
from sevenllm_bench.runs.locate import RunFiles, find_runs, is_our_task, task_of
from sevenllm_bench.runs.reader import read_run
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.untrusted import read_json
from sevenllm_bench.submission.formats import every_eval_ever
from sevenllm_bench.submission.formats.hub_results import as_yaml, hub_path, hub_results
from sevenllm_bench.submission.formats.model_index import model_index
from sevenllm_bench.submission.keys import rows_with_keys
from sevenllm_bench.submission.layout import LIMITS, MANIFEST, MODEL_INDEX, PROBE_RESULT, RUN_FOLDER, safe_part, why_not
from sevenllm_bench.submission.manifest import Declared, build_manifest, file_record


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was written.

    Attributes:
        path: The zip file.
        manifest: Its manifest.
        figures: All figures.
        hub_file: The file for the model's repository, as (path in the repository, content); None where no figure
            qualifies.
    """

    path: Path
    manifest: Mapping[str, Any]
    figures: tuple[Figure, ...]
    hub_file: tuple[str, bytes] | None


def one_run(path: str | Path) -> RunFiles:
    """The files of the one run that a path holds.

    Raises:
        ResultsError: There is none, there are several, or they are saved answers without results.
    """
    found = find_runs([path])
    if len(found) > 1:
        raise ResultsError(f"{path}: {len(found)} runs in it, name one: {', '.join(files.name for files in found[:5])}")
    if found[0].results is None:
        raise ResultsError(
            f"{path}: saved answers alone don't say how they were made; run them through the harness first: "
            "sevenllm-bench eval --model sevenllm-replay --model_args predictions=FILE --tasks sevenllm --log_samples "
            "--output_path DIR"
        )
    return found[0]


def write_bundle(
    files: RunFiles, output: Path, declared: Declared, created: datetime, secret: str = "", probe: ProbeResult | None = None
) -> Bundle:
    """Write a bundle.

    Args:
        files: The run's files, see `one_run`.
        output: A zip file: its name ends in .zip, and it must not exist.
        declared: What the submitter says.
        created: Now.
        secret: A token that must not be in any file.
        probe: The result of a probe of the same model; None for a bundle without one.

    Raises:
        ConfigError: `output` exists, has another name, or can't be written.
        ResultsError: The run can't be read, has no samples, holds the secret in an answer, or the manifest holds a key.
    """
    if output.suffix != ".zip":
        raise ConfigError(f"{output}: a bundle is a zip file; name it {output.name}.zip")
    if output.exists() or output.is_symlink():
        raise ConfigError(f"{output} exists already; name another bundle, or delete it")
    beside = next(folder for folder in output.absolute().parents if folder.exists())
    try:
        with tempfile.TemporaryDirectory(prefix=".sevenllm-bench-", dir=beside) as folder:
            bundle = _stage(files, Path(folder) / "bundle", declared, created, probe)
            names = sorted(bundle.manifest["files"])
            _refuse_secret(bundle.path, [*names, MANIFEST], secret, bundle.manifest)
            output.parent.mkdir(parents=True, exist_ok=True)
            _finish(bundle.path, [MANIFEST, *names], output)
    except OSError as error:
        raise ConfigError(f"{output}: can't be written ({error.strerror or error})") from None
    return Bundle(output, bundle.manifest, bundle.figures, bundle.hub_file)


def _stage(files: RunFiles, folder: Path, declared: Declared, created: datetime, probe: ProbeResult | None) -> Bundle:
    """All files of the bundle, in a folder."""
    run = read_run(_copy_run(files, folder / RUN_FOLDER))
    if not run.has_samples:
        raise ResultsError(f"{files.name}: no samples; run lm_eval with --log_samples")
    if rows := rows_with_keys(run.samples)[0]:
        why = "its prompts hold what looks like a key (in the system instruction?); run again without it"
        raise ResultsError(f"{files.name}: {why}: {len(rows)} rows, the first is {rows[0]}")
    figures = figures_of(run)
    manifest = build_manifest(run, figures, declared, created)
    hub_file = _write_formats(folder, manifest, figures, run, created)
    if probe is not None:
        content = without_secrets(probe_as_json(probe))
        _write(folder / PROBE_RESULT, json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    manifest["files"] = {name: file_record(folder / name) for name in _names(folder)}
    _write(folder / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    return Bundle(folder, manifest, tuple(figures), hub_file)


def _copy_run(files: RunFiles, folder: Path) -> RunFiles:
    """The results without secrets, and the samples of our tasks."""
    assert files.results is not None
    folder.mkdir(parents=True)
    if is_inspect_log(files.results):
        return _copy_log(files.results, folder)
    name = files.results.name
    results = folder / (f"{safe_part(files.results.stem)}.json" if why_not(name) else name)
    content = read_json(files.results)
    clean = without_secrets(content)
    if clean == content:
        shutil.copyfile(files.results, results)
    else:
        _write(results, json.dumps(clean, ensure_ascii=True, indent=2))
    ours = [file for file in files.samples if is_our_task(task_of(file))]
    for file in ours:
        if not file.is_file() or file.stat().st_size > LIMITS.file_bytes:
            raise ResultsError(f"{file}: no regular file of at most {LIMITS.file_bytes:,} bytes, which a bundle can hold")
    return RunFiles(results, tuple(Path(shutil.copyfile(file, folder / file.name)) for file in ours))


def _copy_log(log: Path, folder: Path) -> RunFiles:
    """A log of Inspect as the harness's files, the results without secrets."""
    files = write_as_harness(log, folder)
    content = read_json(files.results)
    clean = without_secrets(content)
    if clean != content:
        _write(files.results, json.dumps(clean, ensure_ascii=True, indent=1))
    return RunFiles(files.results, files.samples)


def _write_formats(
    folder: Path, manifest: Mapping[str, Any], figures: Sequence[Figure], run: Run, created: datetime
) -> tuple[str, bytes] | None:
    """The files that are made from the run; returns the one for the model's repository."""
    aggregate_path, instance_path = (folder / name for name in every_eval_ever.paths(manifest, created))
    rows = _write_lines(instance_path, every_eval_ever.instances(manifest, run.samples, run.item_samples, created))
    record = {**file_record(instance_path), "rows": rows}
    aggregate = every_eval_ever.aggregate(manifest, figures, created, record)
    _write(aggregate_path, json.dumps(aggregate, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    entries = hub_results(manifest, figures)
    if not entries:
        return None
    path = hub_path(manifest)
    _write(folder / path, as_yaml(entries))
    _write(folder / MODEL_INDEX, as_yaml(model_index(manifest, figures)))
    return path.removeprefix("hub/"), (folder / path).read_bytes()


def _write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    # A lone surrogate becomes the escape that JSON has for it.
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        for count, record in enumerate(records, 1):  # noqa: B007
            file.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
    return count


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _refuse_secret(folder: Path, names: Iterable[str], secret: str, manifest: Mapping[str, Any]) -> None:
    """Stop where a file contains the token of the environment, since a model may have written it, or the manifest a key."""
    if places := list(secrets_in(manifest)):
        raise ResultsError(f"what looks like a key or a password is in {', '.join(places[:5])}; remove it there")
    for name in names:
        if secret and secret.encode() in (folder / name).read_bytes():
            raise ResultsError(f"{name}: it contains the access token of the environment; remove it there, then submit again")


def _finish(folder: Path, names: Sequence[str], output: Path) -> None:
    """Pack the bundle and put it in its place, in one step."""
    packed = folder.parent / "bundle.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            member = zipfile.ZipInfo(name)  # dated 1980, so that the same run gives the same bytes
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o100644 << 16
            archive.writestr(member, (folder / name).read_bytes())
    os.replace(packed, output)  # noqa: PTH105
