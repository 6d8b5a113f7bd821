"""`sevenllm-bench compare`: which of two or more runs is better, by how much, and whether the rows can tell."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from sevenllm_bench.cli.output import check_outputs, json_text, print_json, write_text
from sevenllm_bench.cli.screen import print_lines
from sevenllm_bench.cli.shared_options import (
    add_audited,
    add_labels,
    add_published,
    add_rows,
    published_of,
    runs_of,
    whole,
)
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.comparison.compare_runs import Comparison, compare_runs
from sevenllm_bench.comparison.export import as_csv, as_json, as_markdown
from sevenllm_bench.comparison.table_cells import (
    COLUMNS,
    ENCODER_COLUMNS,
    HEADLINE_COLUMNS,
    encoder_rows,
    finding_row,
    headline_rows,
    how_to_read,
    undecidable,
)
from sevenllm_bench.data.audit_records import load_audit
from sevenllm_bench.errors import ConfigError, ResultsError
from sevenllm_bench.figures.cells import ENCODER_LEVELS
from sevenllm_bench.figures.vocabulary import KIND_NAMES, LANGUAGE_NAMES
from sevenllm_bench.io.progress import step
from sevenllm_bench.runs.audited_run import audited_run
from sevenllm_bench.runs.records import Run

#: Columns that a narrow terminal can do without, the least important first.
_LEAST = ("better/equal/worse", "rows", "metric", "baseline", "figure", "p (Holm)")
_LEAST_OF_HEADLINE = (*reversed([*LANGUAGE_NAMES.values(), *KIND_NAMES.values()]), "rows")
_LEAST_OF_ENCODERS = ("long texts", "peak memory", "texts/s", "parameters", "items", "metric")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = "Compares runs of lm-eval (made with --log_samples) with the first one, row by row."
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a folder of lm-eval's output, a results_*.json, or saved answers")
    parser.add_argument(
        "--by", choices=("section", "task", "kind", "language"), default="section", help="table to print (default: section)"
    )
    parser.add_argument(
        "--metric", action="append", metavar="NAME", help="metric to compare, again for more (default: those of the headline)"
    )
    parser.add_argument("--baseline", metavar="NAME", help="the run that the others are compared with (default: the first)")
    add_published(parser, "also compare with")
    add_labels(parser)
    parser.add_argument(
        "--force", action="store_true", help="compare runs that differ in their settings; the reasons are printed"
    )
    parser.add_argument("--seed", type=whole(0), metavar="N", default=0, help="seed of resampling (default: 0)")
    parser.add_argument(
        "--resamples",
        type=whole(1),
        metavar="N",
        default=10_000,
        help="bootstrap samples, and at least as many sign patterns: more where a level has many tests (default: 10000)",
    )
    add_rows(parser)
    add_audited(parser)
    parser.add_argument("--json", metavar="FILE", help='write everything as JSON ("-": to standard output instead of the tables)')
    parser.add_argument("--csv", metavar="FILE", help="write the findings at every level as CSV (those on all rows)")
    parser.add_argument("--markdown", metavar="FILE", help="write the printed tables as Markdown")


def run(arguments: argparse.Namespace) -> int:
    """Compare, print the tables and write the files asked for."""
    outputs = {"--json": arguments.json, "--csv": arguments.csv, "--markdown": arguments.markdown}
    check_outputs(outputs, [*arguments.runs, arguments.data_dir])
    given = runs_of(arguments)
    runs = _baseline_first([*given, *published_of(arguments, given)], arguments.baseline)
    metrics = tuple(dict.fromkeys(arguments.metric or ()))
    with step("comparing the runs"):
        comparison = _compared(runs, metrics, arguments)
    audited = _on_audited_rows(runs, metrics, arguments) if arguments.rows == "audited" else None
    content = as_json(comparison) | ({"audited": as_json(audited)} if audited else {})
    if arguments.json == "-":
        print_json(content)
        return 0
    if arguments.json:
        write_text("--json", arguments.json, json_text(content))
    if arguments.csv:
        write_text("--csv", arguments.csv, as_csv(comparison))
    if arguments.markdown:
        parts = [as_markdown(comparison, arguments.by)]
        parts += [f"\n{_audited_words()}\n\n{as_markdown(audited, arguments.by)}"] if audited else []
        write_text("--markdown", arguments.markdown, "".join(parts))
    _print(comparison, arguments.by)
    if audited:
        print_lines(["", _audited_words(), ""])
        _print(audited, arguments.by)
    return 0


def _on_audited_rows(runs: Sequence[Run], metrics: tuple[str, ...], arguments: argparse.Namespace) -> Comparison:
    with step("comparing the runs on audited rows"):
        cut = [audited_run(run) for run in runs]
        return compare_runs(cut, metrics, arguments.seed, arguments.resamples, arguments.force)


def _audited_words() -> str:
    audit = load_audit()
    return (
        f"on the {len(audit.sound):,} audited rows (audit {audit.version}), beside the figures above and no official result; "
        "docs/audit.md says how they were chosen"
    )


def _compared(runs: Sequence[Run], metrics: tuple[str, ...], arguments: argparse.Namespace) -> Comparison:
    """The comparison; where it is refused and a run has rows with noise, the refusal names the command for those."""
    try:
        return compare_runs(runs, metrics, arguments.seed, arguments.resamples, arguments.force)
    except ResultsError as error:
        if not any(task.entry.kind == "stress" for run in runs for task in run.encoder_tasks.values()):
            raise
        raise ResultsError(f"{error}\nFor the drop of a model under noise: sevenllm-bench stress CLEAN STRESSED") from None


def _baseline_first(runs: Sequence[Run], baseline: str | None) -> list[Run]:
    if baseline is None:
        return list(runs)
    chosen = [run for run in runs if run.label == baseline]
    if not chosen:
        raise ConfigError(f"--baseline {baseline}: no run of that name; found {', '.join(run.label for run in runs)}")
    return [*chosen, *(run for run in runs if run.label != baseline)]


def _print(comparison: Comparison, by: str) -> None:
    if any(run.samples for run in comparison.runs):
        print_table("headline scores", HEADLINE_COLUMNS, headline_rows(comparison), _LEAST_OF_HEADLINE)
    if rows := encoder_rows(comparison):
        print_table("further tasks", ENCODER_COLUMNS, rows, _LEAST_OF_ENCODERS)
    several = len(comparison.runs) > 2
    columns = COLUMNS if several else [name for name in COLUMNS if name != "run"]
    for level in dict.fromkeys(["overall", by, *ENCODER_LEVELS]):
        rows = [finding_row(finding, several) for finding in comparison.findings if finding.cell.level == level]
        if rows:
            against = "" if several else f"{comparison.runs[1].label} "
            title = "overall" if level == "overall" else f"by {level}"
            print_table(f"{title}: {against}against {comparison.runs[0].label}", columns, rows, _LEAST, "finding")
            if note := undecidable(comparison, level):
                print_lines([note])
    print_lines(how_to_read(comparison))
