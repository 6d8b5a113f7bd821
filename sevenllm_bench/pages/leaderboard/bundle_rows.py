"""The rows of a bundle: their values as its samples record them, read from the zip file itself, and the figures these give.

The values are taken as recorded: they are claims, which `leaderboard build --verify` computes again from the answers.
"""

from __future__ import annotations

import hashlib
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.catalog import leaf_of_task
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.figures import figures_of
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.pages.leaderboard.board_cache import BoardCache
from sevenllm_bench.pages.leaderboard.entry import Value
from sevenllm_bench.runs.locate import task_of
from sevenllm_bench.runs.records import LeafRun, Model, Run, Sample, Settings
from sevenllm_bench.runs.samples import recorded_samples
from sevenllm_bench.runs.untrusted import Problems, dig
from sevenllm_bench.submission.layout import LIMITS, RUN_FOLDER, Limits
from sevenllm_bench.text.display import printable

#: Moves when the same bundle gives other rows than before, so that what was cached is read again.
_SCHEME = 2
_MOST_REASONS = 5
_UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, NotImplementedError, EOFError)


@dataclass(frozen=True, slots=True)
class BundleRows:
    """What the samples of a bundle say.

    Attributes:
        figures: Name to figure, over its sections and tasks, as `figures.figures` computes them.
        scores: Section to row id to the value of the headline's metric.
        wrong: What is wrong with the samples, in words.
    """

    figures: Mapping[str, Value]
    scores: Mapping[str, Mapping[int, float]]
    wrong: tuple[str, ...] = ()


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


def has_samples(bundle: Path) -> bool:
    """Whether there are samples among the files of a bundle.

    Raises:
        ResultsError: It is no readable zip file.
    """
    return any(map(_is_samples, members_of(bundle)))


def members_of(bundle: Path) -> dict[str, int]:
    """The files in a bundle with their sizes, as its table of contents says.

    Raises:
        ResultsError: It is no readable zip file.
    """
    try:
        with zipfile.ZipFile(bundle) as archive:
            return {member.filename: member.file_size for member in archive.infolist()}
    except _UNREADABLE as error:
        raise ResultsError(f"{bundle}: can't be read ({printable(error)})") from None


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
        scores = {section: {int(i): float(v) for i, v in own.items()} for section, own in kept["scores"].items()}
        return BundleRows(figures, scores, tuple(map(str, kept["wrong"])))
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def _read(bundle: Path, manifest: Mapping[str, Any], limits: Limits = LIMITS) -> BundleRows | None:
    problems, wrong, samples = Problems(), [], []
    leaves: dict[str, LeafRun] = {}
    try:
        with zipfile.ZipFile(bundle) as archive:
            for member, task in _members(archive, limits):
                leaf = leaf_of_task(task)
                assert leaf is not None
                content = _content(archive, member, limits)
                if hashlib.sha256(content).hexdigest() != dig(manifest, "files", member.filename, "sha256"):
                    wrong.append(f"{printable(member.filename, 120)} isn't the file that its manifest lists (another sha256)")
                leaves[task] = LeafRun(task, leaf)
                samples += recorded_samples(_lines(content), _name(member), task, leaf, problems)
    except _UNREADABLE as error:
        wrong.append(f"its samples can't be read ({printable(error)})")
    if not leaves and not wrong:
        return None
    wrong += [f"samples: {problem.line}" for problem in problems.found() if problem.code not in ("no-answer", "no-prompt")]
    run = Run("", Model("", ""), Settings(), leaves, tuple(samples))
    figures = {figure.id: Value(figure.value, figure.stderr, figure.rows, figure.why_partial) for figure in figures_of(run)}
    return BundleRows(figures, row_scores(samples, run.source), tuple(wrong[:_MOST_REASONS]))


def _members(archive: zipfile.ZipFile, limits: Limits) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """The samples of the benchmark's tasks with the names of these.

    Raises:
        zipfile.BadZipFile: There are more, or larger ones, than a bundle has.
    """
    members = archive.infolist()
    ours = [(member, task_of(Path(member.filename))) for member in members if _is_samples(member.filename)]
    ours = [(member, task) for member, task in ours if leaf_of_task(task)]
    if len(members) > limits.files or sum(member.file_size for member, _ in ours) > limits.total_bytes:
        raise zipfile.BadZipFile("more files, or larger ones, than a bundle has")
    if len({task for _, task in ours}) < len(ours):
        raise zipfile.BadZipFile("samples of one task twice")
    yield from ours


def _is_samples(name: str) -> bool:
    return name.startswith(f"{RUN_FOLDER}/samples_") and name.endswith(".jsonl")


def _name(member: zipfile.ZipInfo) -> str:
    return member.filename.rpartition("/")[2]


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: Limits) -> bytes:
    """A member's bytes; `zipfile` gives no more than the size that the table of contents says.

    Raises:
        zipfile.BadZipFile: It is larger than a bundle's file, or packed more tightly than samples can be.
    """
    most = min(limits.file_bytes, max(1 << 20, member.compress_size * limits.ratio))
    if member.file_size > most:
        raise zipfile.BadZipFile(f"{_name(member)}: larger than allowed")
    with archive.open(member) as file:
        return file.read(most)


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    return ((number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip())
