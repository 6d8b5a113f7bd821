"""A run of lm-eval, with its samples, to an entry of the leaderboard."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from sevenllm_bench.comparison.compatibility import DISQUALIFYING
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.figures import Figure, figures_of
from sevenllm_bench.pages.leaderboard.bundle_rows import rows_of_run
from sevenllm_bench.pages.leaderboard.claim import Claim
from sevenllm_bench.pages.leaderboard.entry import Entry, Value
from sevenllm_bench.pages.leaderboard.manifest_entry import cost_of, protocol_in_words, short_id
from sevenllm_bench.pages.leaderboard.recorded_beside import RecordedBeside
from sevenllm_bench.pages.leaderboard.standing import why_refused
from sevenllm_bench.pages.leaderboard.trust_figures import CIRCULAR_TASKS
from sevenllm_bench.pages.leaderboard.trust_of_claim import trust_of
from sevenllm_bench.runs.command import command_of
from sevenllm_bench.runs.locate import find_runs
from sevenllm_bench.runs.protocol import words_of
from sevenllm_bench.runs.reader import read_run
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.unknown import Unknown
from sevenllm_bench.submission.copies import describe_answers, like_references, sketches_in
from sevenllm_bench.submission.manifest import describe_run


def entry_of_run(path: Path, sha256: str, now: datetime) -> Entry:
    """The entry of a run.

    Args:
        path: Its results file.
        sha256: The hash of that file.
        now: The time.

    Raises:
        ResultsError: It can't be read, has no samples, or contradicts them.
    """
    files = find_runs([path])[0]
    if files.results is None:
        raise ResultsError(f"{path}: answers without lm-eval's results file, so it isn't known how they were made")
    run = read_run(files)
    if not run.has_samples:
        raise ResultsError(f"{run.path}: no samples; run lm_eval with --log_samples")
    untrusted = [problem.line for problem in run.problems if problem.code in DISQUALIFYING]
    if untrusted:
        raise ResultsError(f"{run.path}: its files can't be trusted ({'; '.join(untrusted[:3])})")
    return _entry(run, short_id(sha256), now)


def _entry(run: Run, name: str, now: datetime) -> Entry:
    described = {"answers": describe_answers(run.samples)}
    figures = figures_of(run)
    rows = rows_of_run(run, _values(figures))
    further = {task.name: run.encoder_tasks[task.name].further for task in CIRCULAR_TASKS if task.name in run.encoder_tasks}
    beside = RecordedBeside({task: said for task, said in further.items() if said})
    described_run = {**describe_run(run, ()), "figures": [figure.as_json() for figure in figures]}
    claim = Claim(described_run, rows.figures, rows, beside=beside)
    moment = _moment_of(run)
    return Entry(
        name=run.model.identity.name,
        repository=run.repository[0] or "",
        revision=str(run.model.sha or run.model.revision or ""),
        date=moment[:10],
        moment=moment,
        protocol=protocol_in_words(words_of(run.model, run.settings, run.tasks)),
        command=command_of(run).text,
        source=run.model.source,
        path=run.path,
        figures=rows.figures,
        sketches=sketches_in(described),
        like_references=like_references(described),
        cost=cost_of(task.cost for task in run.encoder_tasks.values()),
        id=name,
        refused=why_refused(claim, now),
        row_scores=rows.scores,
        trust=trust_of(claim, rows.figures, now),
    )


def _values(figures: Iterable[Figure]) -> dict[str, Value]:
    return {f.id: Value(f.value, f.stderr, f.rows, f.why_partial) for f in figures}


def _moment_of(run: Run) -> str:
    try:
        return "" if isinstance(run.date, Unknown) else datetime.fromtimestamp(run.date, UTC).isoformat(timespec="seconds")
    except (OverflowError, OSError, ValueError):
        return ""
