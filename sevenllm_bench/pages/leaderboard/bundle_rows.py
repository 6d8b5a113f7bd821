"""The rows of a bundle: their values as its samples record them, read from the zip file itself, and the figures these give.

The values are taken as recorded: they are claims, which `leaderboard build --verify` computes again from the answers.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.catalog import leaf_of_task
from sevenllm_bench.encoder_tasks.encoder_task import LLM_TASKS, encoder_task_by_name
from sevenllm_bench.figures.figures import figures_of
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.pages.leaderboard.board_cache import BoardCache
from sevenllm_bench.pages.leaderboard.bundle_members import UNREADABLE, content_of, has_samples, last_name, samples_in
from sevenllm_bench.pages.leaderboard.entry import Value
from sevenllm_bench.pages.leaderboard.item_figures import letters_of, noisy_scores, official_items, wrong_letters
from sevenllm_bench.pages.leaderboard.trust_figures import LetterFigures, letters_from_json
from sevenllm_bench.runs.encoder_records import EncoderTaskRun, ItemSample
from sevenllm_bench.runs.item_samples import recorded_item_samples
from sevenllm_bench.runs.records import LeafRun, Model, Run, Sample, Settings
from sevenllm_bench.runs.samples import recorded_samples
from sevenllm_bench.runs.untrusted import Problems, dig
from sevenllm_bench.submission.layout import LIMITS, Limits
from sevenllm_bench.text.display import printable

#: Moves when the same bundle gives other rows than before, so that what was cached is read again.
_SCHEME = 4
_MOST_REASONS = 5
#: Bytes of a file whose answers are read, for their letters, some seconds' work; of a larger one figures count as recorded.
MOST_READ = 32 << 20


@dataclass(frozen=True, slots=True)
class BundleRows:
    """What the samples of a bundle say.

    Attributes:
        figures: Name to figure, over its sections and tasks, as `figures.figures` computes them.
        scores: Section to row id to the value of the headline's metric.
        wrong: What is wrong with the samples, in words.
        noisy: The same as `scores` of the rows with noise.
        letters: Task of multiple choice in every rotation to the letters that its answers have.
    """

    figures: Mapping[str, Value]
    scores: Mapping[str, Mapping[int, float]]
    wrong: tuple[str, ...] = ()
    noisy: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    letters: Mapping[str, LetterFigures] = field(default_factory=dict)


def row_scores(samples: Iterable[Sample], source: str = "official") -> dict[str, dict[int, float]]:
    """Section to row id to the value of the headline's metric.

    Args:
        samples: The samples of a run.
        source: Whose rows count.
    """
    found: dict[str, dict[int, float]] = {}
    for sample in samples:
        metric = HEADLINE[sample.kind]
        if sample.is_default and sample.row.source == source and metric in sample.metrics:
            found.setdefault(sample.row.section, {}).setdefault(sample.id, sample.metrics[metric])
    return found


def bundle_rows(bundle: Path, sha256: str, manifest: Mapping[str, Any], cache: BoardCache) -> BundleRows | None:
    """The rows of a bundle; None where it has no samples of the benchmark's tasks.

    Args:
        bundle: The zip file.
        sha256: Its hash, under which the rows are cached.
        manifest: Its manifest, with the hashes of its files.
        cache: Where rows are kept.
    """
    if not has_samples(bundle):
        return None
    key = f"{sha256} {__version__} {_SCHEME}"
    kept = _from_json(cache.get(key))
    if kept is not None:
        return kept
    found = _read(bundle, manifest)
    if found is not None:
        cache.put(key, asdict(found))
    return found


def _from_json(kept: Any) -> BundleRows | None:
    """Rows out of the cache; None for anything else."""
    try:
        figures = {name: Value(**value) for name, value in kept["figures"].items()}
        wrong, letters = tuple(map(str, kept["wrong"])), letters_from_json(kept["letters"])
        return BundleRows(figures, _scores(kept["scores"]), wrong, _scores(kept["noisy"]), letters)
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def _scores(kept: Any) -> dict[str, dict[int, float]]:
    return {section: {int(i): float(v) for i, v in own.items()} for section, own in kept.items()}


def _read(bundle: Path, manifest: Mapping[str, Any], limits: Limits = LIMITS) -> BundleRows | None:
    problems, wrong = Problems(), []
    found = _Found()
    try:
        with zipfile.ZipFile(bundle) as archive:
            for member, task in samples_in(archive, _is_read, limits):
                content = content_of(archive, member, limits)
                if hashlib.sha256(content).hexdigest() != dig(manifest, "files", member.filename, "sha256"):
                    wrong.append(f"{printable(member.filename, 120)} isn't the file that its manifest lists (another sha256)")
                found.add(task, content, last_name(member), problems)
    except UNREADABLE as error:
        wrong.append(f"its samples can't be read ({printable(error)})")
    run = found.run()
    if not run.tasks and not wrong:
        return None
    wrong += [f"samples: {problem.line}" for problem in problems.found() if problem.code not in ("no-answer", "no-prompt")]
    figures = {figure.id: Value(figure.value, figure.stderr, figure.rows, figure.why_partial) for figure in figures_of(run)}
    return rows_of_run(run, figures, tuple(wrong[:_MOST_REASONS]))


def rows_of_run(run: Run, figures: Mapping[str, Value], wrong: tuple[str, ...] = ()) -> BundleRows:
    """What the samples of a run say.

    Args:
        run: The run; values as recorded are enough.
        figures: Its figures.
        wrong: What is wrong with the samples.
    """
    wrong = (*wrong, *wrong_letters(run))
    return BundleRows(figures, row_scores(run.samples, run.source), wrong, noisy_scores(run), letters_of(run))


def _is_read(task: str) -> bool:
    return leaf_of_task(task) is not None or encoder_task_by_name(task) in LLM_TASKS


class _Found:
    """The tasks of a bundle and their samples, as they are read."""

    def __init__(self) -> None:
        self._leaves: dict[str, LeafRun] = {}
        self._tasks: dict[str, EncoderTaskRun] = {}
        self._samples: list[Sample] = []
        self._items: list[ItemSample] = []

    def add(self, task: str, content: bytes, name: str, problems: Problems) -> None:
        """Read the samples of a task."""
        leaf, entry = leaf_of_task(task), encoder_task_by_name(task)
        if leaf:
            self._leaves[task] = LeafRun(task, leaf)
            self._samples += recorded_samples(_lines(content), name, task, leaf, problems)
        elif entry and (entry.documents_per_item == 1 or len(content) <= MOST_READ):
            self._tasks[task] = EncoderTaskRun(task, entry, rows_in_all=official_items(entry))
            self._items += recorded_item_samples(_lines(content), name, entry, problems)

    def run(self) -> Run:
        """What was read as a run, of which nothing else is known."""
        unknown = Run("", Model("", ""), Settings(), self._leaves, tuple(self._samples))
        return replace(unknown, encoder_tasks=self._tasks, item_samples=tuple(self._items))


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    return ((number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip())
