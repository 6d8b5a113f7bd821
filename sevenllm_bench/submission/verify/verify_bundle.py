"""Checking a bundle: everything in it that can be computed from its samples and the benchmark's rows is computed again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.data.benchmark import load_genuine
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.figures import figures_of
from sevenllm_bench.io.files import user_path
from sevenllm_bench.runs.locate import RunFiles, find_runs, is_our_task, task_of
from sevenllm_bench.runs.model_name import is_only_the_base
from sevenllm_bench.runs.reader import read_run
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.untrusted import read_json
from sevenllm_bench.submission.layout import LIMITS, MANIFEST, PROBE_RESULT, RUN_FOLDER, Limits
from sevenllm_bench.submission.manifest import Declared, created_in, declared_in, describe_run, read_manifest
from sevenllm_bench.submission.verify.check_copies import Other, check_copies
from sevenllm_bench.submission.verify.check_encoder_tasks import check_encoder_tasks
from sevenllm_bench.submission.verify.check_formats import check_formats, format_files
from sevenllm_bench.submission.verify.check_item_prompts import check_item_prompts
from sevenllm_bench.submission.verify.check_item_records import check_item_records
from sevenllm_bench.submission.verify.check_manifest import check_figures, check_files, check_manifest, check_times
from sevenllm_bench.submission.verify.check_probe import check_probe
from sevenllm_bench.submission.verify.check_prompts import check_lengths, check_prompts
from sevenllm_bench.submission.verify.check_records import check_records
from sevenllm_bench.submission.verify.check_results import check_results
from sevenllm_bench.submission.verify.check_rows import check_rows, source_of
from sevenllm_bench.submission.verify.check_scores import Rescored, check_readings, check_scores, rescore
from sevenllm_bench.submission.verify.check_secrets import check_secrets
from sevenllm_bench.submission.verify.findings import Finding, Status, Verification, some, unconfirmed
from sevenllm_bench.submission.verify.rescored_tasks import RescoredTask, rescore_items
from sevenllm_bench.submission.verify.unpack import unpack
from sevenllm_bench.text.display import printable


def verify_bundle(
    bundle: str | Path,
    data_dir: str | Path | None = None,
    limits: Limits = LIMITS,
    others: Sequence[Other] = (),
    now: datetime | None = None,
) -> Verification:
    """Check a bundle. Nothing of it is executed, and nothing is written but into a temporary folder.

    Args:
        bundle: A zip file.
        data_dir: Folder of the official file; default: as in `load_benchmark`.
        limits: How large a bundle may be.
        others: Other submissions, whose answers are compared with the bundle's.
        now: The time; default: the clock's.

    Returns:
        Every finding; all problems are found, not only the first.

    Raises:
        ResultsError: It is no bundle: no zip file, or one without a readable manifest.
        DataError: The official rows are needed and not available.
    """
    with tempfile.TemporaryDirectory(prefix="sevenllm-bench-verify-") as temporary:
        folder = Path(temporary)
        names, findings = unpack(user_path(bundle, ResultsError), folder, limits)
        try:
            manifest = read_manifest(folder, names)
            looked_at = list(_readable(folder, names, limits))
            findings += [found for found in looked_at if isinstance(found, Finding)]
            files = _run_files(folder, names, {folder / found for found in looked_at if isinstance(found, str)})
            run = read_run(files)
            findings += check_files(folder, names, manifest, _known(folder, manifest, run, files))
            findings += _about_the_run(folder, manifest, run, files, data_dir)
            findings += check_times(manifest, run, now or datetime.now(UTC))
            findings += check_copies(manifest, run.label, others)
        except ResultsError as error:
            problems = [finding.line for finding in findings if finding.status == "differs"]
            raise ResultsError("\n".join([f"{bundle}: {error}", *problems])) from None
        except RecursionError:
            raise ResultsError(f"{bundle}: values nested too deeply to be a bundle's") from None
    return Verification(tuple(_hinted(findings, manifest)), run.label)


def _about_the_run(
    folder: Path, manifest: Mapping[str, Any], run: Run, files: RunFiles, data_dir: str | Path | None
) -> Iterator[Finding]:
    declared, created = declared_in(manifest), created_in(manifest)
    benchmarks = {source: load_genuine(source, data_dir) for source in {source_of(task) for task in run.tasks.values()}}
    results = read_json(Path(run.path), repeated=lambda key: None)  # `_problems` names such keys
    again, tasks = rescore(run, benchmarks), rescore_items(run, benchmarks)
    described = describe_run(run, again.samples)
    yield from _problems(run)
    yield from check_manifest(manifest, described)
    yield from check_rows(run, benchmarks)
    system = results.get("system_instruction")
    yield from check_prompts(run, benchmarks, system if isinstance(system, str) else None)
    yield from check_item_prompts(run, benchmarks, system if isinstance(system, str) else None)
    yield from check_lengths(run)
    yield from check_records(run, files.samples, benchmarks)
    yield from check_item_records(run, files.samples, benchmarks)
    yield from check_scores(run, again)
    yield from check_readings(run, results, again.samples)
    yield from check_encoder_tasks(run, results, benchmarks, tasks)
    yield from check_results(results, run, again.samples)
    yield from check_secrets({Path(run.path).name: results, MANIFEST: manifest}, again.samples)
    items = [sample for task in tasks for sample in task.again]
    figures = figures_of(run, again.samples, items)
    yield from check_figures(manifest, figures, described["tasks"], _unscored(again, tasks))
    version = {"sevenllm_bench": printable(manifest.get("sevenllm_bench"))}
    rebuilt = {"submission": asdict(declared), **described, **version}
    yield from check_formats(folder, rebuilt, figures, again.samples, items, created)
    yield from check_probe(folder / PROBE_RESULT, run.model)
    yield from _notes(run, declared)


def _known(folder: Path, manifest: Mapping[str, Any], run: Run, files: RunFiles) -> set[str]:
    """The names of the files that a bundle of this run has."""
    described = {"submission": asdict(declared_in(manifest)), **describe_run(run, ())}
    of_run = [path.relative_to(folder).as_posix() for path in (files.results, *files.samples) if path]
    return {MANIFEST, PROBE_RESULT, *of_run, *format_files(described, created_in(manifest))}


def _run_files(folder: Path, names: Iterable[str], samples: Set[Path]) -> RunFiles:
    results = [name for name in names if name.startswith(f"{RUN_FOLDER}/") and name.endswith(".json")]
    if len(results) != 1:
        raise ResultsError(f"{len(results)} results files in {RUN_FOLDER}/, a bundle has one: {some(results)}")
    files = find_runs([folder / results[0]])[0]
    return replace(files, samples=tuple(file for file in files.samples if file in samples and is_our_task(task_of(file))))


def _readable(folder: Path, names: Sequence[str], limits: Limits) -> Iterator[Finding | str]:
    """The samples files to read, and a finding for each that holds a line which is no sample: reading it could take hours."""
    for name in names:
        if name.startswith(f"{RUN_FOLDER}/") and name.endswith(".jsonl"):
            with (folder / name).open("rb") as file:
                longest = max((len(line) for line in iter(lambda: file.readline(limits.line_bytes + 1), b"")), default=0)
            if longest > limits.line_bytes:
                yield Finding("samples", name, "differs", f"a line of more than {limits.line_bytes:,} bytes; not read")
            else:
                yield name


def _problems(run: Run) -> Iterator[Finding]:
    """What the reader found wrong. A missing prompt is a finding of its own, see `check_prompts`."""
    for problem in run.problems:
        if problem.code != "no-prompt":
            status: Status = "note" if problem.code == "no-answer" else "differs"
            yield Finding("samples", problem.where, status, problem.line.removeprefix(f"{problem.where}: "))


def _unscored(again: Rescored, tasks: Iterable[RescoredTask]) -> frozenset[str]:
    """Tasks and sections with answers that were not scored again."""
    sections = {s.row.section for s in again.samples if s.id in again.too_long.get(s.task, [])}
    return frozenset({*again.too_long, *sections, *(checked.task.task for checked in tasks if checked.too_long)})


def _notes(run: Run, declared: Declared) -> Iterator[Finding]:
    """What no bundle can show."""
    yield Finding("model", run.label, "note", "that this model wrote these answers can't be inferred from a bundle")
    if not (run.model.sha or declared.revision):
        yield Finding("model", run.label, "note", "no revision is recorded")
    elif declared.revision and run.model.sha and declared.revision != run.model.sha:
        yield Finding("model", run.label, "differs", f"revision {declared.revision} is declared, the run says {run.model.sha}")
    elif declared.revision and not run.model.sha:
        yield unconfirmed("model", run.label, "model", f"revision {declared.revision} is what the submitter says")
    loaded = run.repository[0] or run.model.arguments.get("pretrained")
    if declared.repository and is_only_the_base(declared.repository, run.model.arguments):
        why = f"the repository {declared.repository} is the base of what was run, {run.model.identity.name}"
        yield Finding("model", run.label, "differs", why)
    elif declared.repository and declared.repository != loaded:
        why = f"the repository {declared.repository} is what the submitter says; loaded was {loaded or 'no such name'}"
        yield unconfirmed("model", run.label, "model", why)
    if run.model.source == "sevenllm-replay":
        why = "the answers were replayed from a file; the model was not run then"
        yield unconfirmed("model", run.label, "replay", why)
    if isinstance(run.settings.use_cache, str):
        yield Finding("settings", "answer cache", "note", "used; lm-eval's key for an answer doesn't name the model")
    if run.other_tasks:
        yield Finding("results", "other tasks", "note", f"not SEvenLLM's, not looked at: {some(run.other_tasks)}")


def _hinted(findings: Iterable[Finding], manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """Findings about derived files, with a hint where another version of the package made them."""
    made_with = printable(manifest.get("sevenllm_bench"), 40)
    for finding in findings:
        derived = finding.check in ("hub results", "model-index", "every_eval_ever") and finding.status == "differs"
        hint = f" (made with sevenllm-bench {made_with}, this is {__version__})" if derived and made_with != __version__ else ""
        yield replace(finding, detail=finding.detail + hint)
