"""The report of a check against the benchmark, as tables, JSON and Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.corpus.benchmark_check import BenchmarkCheck, Overlap
from sevenllm_bench.corpus.leaks import NOT_FOUND
from sevenllm_bench.corpus.retellings import Retelling
from sevenllm_bench.text.markdown import code, table

#: Columns of the table of overlaps.
COLUMNS = ("shows", "how", "in the field", "language", "benchmark", "records")
#: What a kind of overlap means.
HOW = {"identical": "exact", "near": "n-grams in order", "reordered": "pairs of words in any order"}
#: Overlaps and retellings that the Markdown report lists.
_LISTED = 100


@dataclass(frozen=True, slots=True)
class Proposals:
    """What the search for retellings gives.

    Attributes:
        encoder: What identifies the encoder.
        threshold: Cosine from which a record is proposed.
        found: Records proposed.
        best: Those that are nearest.
    """

    encoder: Mapping[str, Any]
    threshold: float
    found: int
    best: Sequence[Retelling]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Everything that a check says.

    Attributes:
        train: Name of the training file.
        benchmark: What identifies each set of benchmark rows, with their number.
        check: What was found.
        proposals: Retellings, where they were looked for.
    """

    train: str
    benchmark: Sequence[Mapping[str, Any]]
    check: BenchmarkCheck
    proposals: Proposals | None = None


def overlap_rows(check: BenchmarkCheck) -> list[tuple[str, ...]]:
    """Lines of the table of overlaps, most first, under `COLUMNS`."""
    counts = Counter(map(_kind, check.overlaps))
    return [(*kind, f"{count:,}") for kind, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))]


def _kind(overlap: Overlap) -> tuple[str, ...]:
    leak = overlap.leak
    return leak.what, HOW[leak.how], _fields(leak.fields), overlap.language, leak.benchmark_source


def _fields(fields: Sequence[str]) -> str:
    """Fields in words; of turns, how many there are says nothing."""
    return " + ".join(dict.fromkeys("turn" if field.startswith("turn ") else field for field in fields))


def as_json(report: CheckReport) -> dict[str, Any]:
    """Everything, each overlap among it."""
    check, proposals = report.check, report.proposals
    return {
        "sevenllm_bench": __version__,
        "train": {
            "name": report.train,
            "sha256": check.sha256,
            "format": check.form,
            "records": check.records,
            "examples": check.examples,
            "left out by fine-tuning": dict(check.left_out),
        },
        "benchmark": list(report.benchmark),
        "clean": check.is_clean,
        "overlaps": len(check.overlaps),
        "records without overlap": check.kept,
        "by kind": [dict(zip(COLUMNS, (*row[:-1], int(row[-1].replace(",", ""))), strict=True)) for row in overlap_rows(check)],
        "duplicates": check.duplicates,
        "duplicates listed": [{"record": number, "first": first} for number, first in check.duplicates_of],
        "not found by the guard": NOT_FOUND,
        "records": [_overlap(overlap) for overlap in check.overlaps],
        "retellings proposed": proposals
        and {
            "encoder": dict(proposals.encoder),
            "threshold": proposals.threshold,
            "records": proposals.found,
            "nearest": [asdict(one) for one in proposals.best],
        },
    }


def _overlap(overlap: Overlap) -> dict[str, Any]:
    leak = overlap.leak
    return {
        "record": overlap.number,
        "id": overlap.row_id,
        "category": leak.category,
        "fields": list(leak.fields),
        "shows": leak.what,
        "how": leak.how,
        "similarity": round(leak.similarity, 4),
        "benchmark": leak.benchmark_source,
        "benchmark id": leak.benchmark_id,
        "language": overlap.language,
    }


def as_markdown(report: CheckReport) -> str:
    """The same for reading; of long lists the beginning."""
    return "\n\n".join(_markdown(report)) + "\n"


def _markdown(report: CheckReport) -> Iterator[str]:
    check = report.check
    yield "# Training file compared with the benchmark"
    yield f"{code(report.train)}, {check.records:,} records in the format {check.form}, sha256 `{check.sha256}`."
    yield f"Compared with {' and '.join(_named(benchmark) for benchmark in report.benchmark)}."
    yield f"**{verdict(check)}**"
    if check.overlaps:
        yield table(COLUMNS, ([*row[:4], code(row[4]), row[5]] for row in overlap_rows(check)), texts=5)
        yield "## Records that show the benchmark"
        yield from _listed(check.overlaps)
    yield "## Within the file"
    yield duplicates_line(check)
    if check.left_out:
        yield table(["left out by fine-tuning", "records"], ([code(why), f"{n:,}"] for why, n in check.left_out.most_common()))
    if report.proposals:
        yield "## Possible retellings"
        yield from _retellings(report.proposals)
    yield "## Limits"
    yield NOT_FOUND


def _named(benchmark: Mapping[str, Any]) -> str:
    return f"{code(str(benchmark['name']))} ({benchmark['rows']:,} rows, sha256 `{benchmark['sha256']}`)"


def verdict(check: BenchmarkCheck) -> str:
    """The result in a sentence."""
    if check.is_clean:
        return f"No record of {check.records:,} shows the benchmark."
    return f"{len(check.overlaps):,} of {check.records:,} records show the benchmark; {check.kept:,} don't."


def duplicates_line(check: BenchmarkCheck) -> str:
    """The duplicates within the file in a sentence."""
    return f"{check.duplicates:,} of {check.examples:,} examples ask what an earlier one asks about the same text."


def _listed(overlaps: Sequence[Overlap]) -> Iterator[str]:
    rows = (
        [
            *(f"{overlap.number:,}", "-" if overlap.row_id is None else str(overlap.row_id)),
            *(overlap.leak.what, HOW[overlap.leak.how], _fields(overlap.leak.fields)),
            f"{code(overlap.leak.benchmark_source)} {overlap.leak.benchmark_id}",
            f"{overlap.leak.similarity:.2f}",
        ]
        for overlap in overlaps[:_LISTED]
    )
    yield table(["record", "id", "shows", "how", "in the field", "benchmark row", "similarity"], rows, texts=6)
    if more := len(overlaps[_LISTED:]):
        yield f"{more:,} more are in the JSON report."


def _retellings(proposals: Proposals) -> Iterator[str]:
    yield (
        f"{proposals.found:,} records may tell again in other words what the benchmark tells (cosine of {proposals.threshold:g} "
        f"or more by {code(str(proposals.encoder.get('model', '')))}). None was left out: read them and decide."
    )
    for one in proposals.best[:_LISTED]:
        which = f"Record {one.number:,}, {code(one.field)}: {one.what} of row {one.benchmark_id} ({code(one.benchmark_source)})"
        yield f"- {which}, {one.similarity:.2f}\n  - {code(one.piece, 600)}\n  - {code(one.benchmark_piece, 600)}"
