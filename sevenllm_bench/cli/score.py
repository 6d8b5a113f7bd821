"""`sevenllm-bench score`: saved answers to figures, without a model and without lm-eval."""

from __future__ import annotations

import argparse
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from sevenllm_bench.cli.output import check_outputs, json_text, print_json, write_text
from sevenllm_bench.cli.screen import print_lines
from sevenllm_bench.cli.shared_options import add_audited, add_rows, benchmark_of
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.comparison.answers_headline import AnswersHeadline, headline_of
from sevenllm_bench.comparison.table_cells import figure, interval
from sevenllm_bench.data.audit_records import load_audit
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.errors import PredictionsError
from sevenllm_bench.figures.mcq_baselines import baselines_by_language
from sevenllm_bench.figures.sections import Scores, SectionScore, audited_scores, score_predictions
from sevenllm_bench.figures.vocabulary import KIND_NAMES, section_name
from sevenllm_bench.io.progress import step
from sevenllm_bench.metrics.registry import METRICS, paper_metric
from sevenllm_bench.metrics.signature import signature
from sevenllm_bench.runs.predictions import Predictions, read_predictions

if TYPE_CHECKING:
    from sevenllm_bench.encoders.sentence_embedder import SentenceEmbedder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = "Scores answers against the official rows and prints every metric by section."
    parser.add_argument(
        "predictions",
        nargs="+",
        metavar="PREDICTIONS",
        help='JSON lines of "id" and "output", lm-eval\'s samples_*.jsonl or results_*.json, or a folder of those',
    )
    add_rows(parser)
    add_audited(parser)
    parser.add_argument("--semantic-model", metavar="MODEL", help="add semantic similarity: default, a Hub id, or a folder")
    parser.add_argument(
        "--reasoning-end",
        default="",
        metavar="TEXT",
        help="what ends a model's reasoning, for a form that isn't known; an answer without it is all reasoning",
    )
    parser.add_argument(
        "--partial", action="store_true", help="average over the rows present only (a run with --limit), not comparable"
    )
    parser.add_argument(
        "--json", metavar="FILE", help='write everything as JSON too ("-" for standard output instead of the table)'
    )


def run(arguments: argparse.Namespace) -> int:
    """Score, print the table and write the JSON."""
    check_outputs({"--json": arguments.json}, [*arguments.predictions, arguments.data_dir])
    predictions = read_predictions(arguments.predictions, arguments.reasoning_end)
    benchmark = benchmark_of(arguments)
    embedder = _embedder(arguments.semantic_model)
    try:
        with step("scoring the answers"):
            scores = score_predictions(benchmark, predictions, arguments.partial, embedder)
    except PredictionsError as error:
        if not _is_of_the_other(predictions, arguments.dataset):
            raise
        other = "official" if arguments.dataset == "embedded" else "embedded"
        raise PredictionsError(f"{error}; these are rows of the other data, so add --dataset {other}") from None
    headline = headline_of(scores)
    audited = audited_scores(benchmark, scores) if arguments.rows == "audited" else None
    if arguments.json:
        content = {"headline": _headline_json(headline), **as_json(scores, predictions, benchmark, arguments, embedder)}
        if audited:
            content["audited"] = _audited_json(audited)
        if arguments.json == "-":
            print_json(content)
            return 0
        write_text("--json", arguments.json, json_text(content))
    _print_headline(headline, scores, benchmark)
    _print(scores, predictions, benchmark, arguments.partial)
    if audited:
        _print_audited(audited)
    return 0


def _embedder(model: str | None) -> SentenceEmbedder | None:
    from sevenllm_bench.encoders.sentence_embedder import embedder_for, model_from

    chosen = model_from(model) if model else None
    return embedder_for(chosen) if chosen else None


def as_json(
    scores: Scores,
    predictions: Predictions,
    benchmark: Benchmark,
    arguments: argparse.Namespace,
    embedder: SentenceEmbedder | None = None,
) -> dict[str, Any]:
    """Everything that `score` found as one JSON object.

    `titles` has the sections' names in words; `sections` and `items` hold the paper's metric (value F1, ROUGE-L as in the
    paper, accuracy) by section and by row id; `metrics` every metric by section, `rows` every metric by row id, `signatures`
    what identifies the figures.
    """
    sections, coverage, data = scores.sections, scores.coverage, benchmark.description
    embedding = embedder.describe() | {"texts": embedder.texts, "texts_cut": embedder.texts_cut} if embedder else None
    kinds = {score.row.section: score.kind for score in scores.rows}
    languages = {score.row.section: score.row.language for score in scores.rows}
    return {
        "titles": {name: section_name(name) for name in sections},
        "sections": {name: section.means[paper_metric(kinds[name])] for name, section in sections.items()},
        "items": {str(score.row.id): score.paper_score for score in scores.rows},
        "metrics": {name: {"rows": section.rows, **section.means} for name, section in sections.items()},
        "rows": {str(score.row.id): score.metrics for score in scores.rows},
        "without_knowledge": [found.as_json() for found in baselines_by_language([score.row for score in scores.rows])],
        "answers": {name: _answers(section) for name, section in sections.items()},
        "coverage": {
            "rows": coverage.wanted,
            "share": coverage.share,
            "missing": list(coverage.missing),
            "duplicates": list(coverage.duplicates),
            "unknown": list(coverage.unknown),
            "partial": arguments.partial,
            "repeated": list(predictions.repeated),
            "refused": list(predictions.refused),
            "empty": list(predictions.empty),
        },
        "predictions": list(predictions.names),
        "ignored": list(predictions.ignored),
        "signatures": {
            name: signature(kinds[name], languages[name], data, arguments.reasoning_end, embedding=embedding) for name in sections
        },
    }


def _headline_json(headline: AnswersHeadline | None) -> dict[str, Any] | None:
    if headline is None:
        return None
    return {"value": headline.value, "low": headline.interval.low, "high": headline.interval.high, "rows": headline.rows}


def _answers(section: SectionScore) -> dict[str, Any]:
    return {"read_as": section.readings, "look_cut_off": section.cut, "look_like_reasoning": section.suspect}


def _is_of_the_other(predictions: Predictions, dataset: str) -> bool:
    from sevenllm_bench.data.embedded import FIRST_ID

    return any((row_id >= FIRST_ID) != (dataset == "embedded") for row_id in predictions.answers)


def _print_headline(headline: AnswersHeadline | None, scores: Scores, benchmark: Benchmark) -> None:
    if headline is None:
        print_lines(["headline: none, which takes rows of all six sections", ""])
        return
    notes = [f"{headline.rows:,} rows"]
    notes += ["embedded rows, which are not the benchmark"] if benchmark.source == "embedded" else []
    notes += ["not the official data"] if benchmark.modified else []
    notes += [f"{len(scores.coverage.missing):,} rows missing"] if scores.coverage.missing else []
    found = headline.interval
    range_ = f"95 % interval {interval(found)}" if found.low is not None else f"no interval: {found.why_not}"
    print_lines([f"headline: {figure(headline.value)} ({range_}; {'; '.join(notes)})", ""])


def _audited_json(audited: Scores) -> dict[str, Any]:
    metrics = {name: {"rows": section.rows, **section.means} for name, section in audited.sections.items()}
    found = {"version": load_audit().version, "rows": len(audited.rows), "headline": _headline_json(headline_of(audited))}
    return {**found, "metrics": metrics, "missing": list(audited.coverage.missing)}


def _print_audited(audited: Scores) -> None:
    """The figures on audited rows, after and beside those on all rows."""
    found = headline_of(audited)
    value = f"{figure(found.value)} (95 % interval {interval(found.interval)})" if found else "none, which takes all six sections"
    print_lines(
        [
            "",
            f"audited rows, beside the figures above and no official result: the {len(audited.rows):,} scored rows that the "
            f"audit (version {load_audit().version}) found sound; docs/audit.md says how",
            f"headline on audited rows: {value}",
            "",
        ]
    )
    for kind in METRICS:
        sections = {name: section for name, section in audited.sections.items() if name.endswith(kind)}
        names = next((list(section.means) for section in sections.values()), [])
        rows = [
            [section_name(name), str(section.rows), *(figure(section.means[metric]) for metric in names)]
            for name, section in sections.items()
        ]
        if rows:
            title = f"{KIND_NAMES[kind]}, audited rows"
            print_table(title, ["section", "rows", *names], rows, least=("rows", *reversed(names[1:])))


def _print(scores: Scores, predictions: Predictions, benchmark: Benchmark, partial: bool) -> None:
    for kind in METRICS:
        names = next((list(section.means) for name, section in scores.sections.items() if name.endswith(kind)), [])
        rows = [
            [section_name(name), str(section.rows), *(figure(section.means[metric]) for metric in names), _reading(section)]
            for name, section in scores.sections.items()
            if name.endswith(kind)
        ]
        if rows:
            print_table(
                KIND_NAMES[kind], ["section", "rows", *names, "answers read as"], rows, least=("rows", *reversed(names[1:]))
            )
    print_lines([baselines.words for baselines in baselines_by_language([score.row for score in scores.rows])])
    missing = "missing, left out (--partial), so not comparable with full runs" if partial else "missing, scored 0"
    unknown = "not among these rows, left out"
    if _is_of_the_other(predictions, benchmark.source):
        unknown += " (embedded rows: --dataset embedded)" if benchmark.source == "official" else " (official rows)"
    print_lines([*scores.coverage.lines(missing, unknown), *predictions.remarks()])
    if predictions.ignored:
        more = f", and {len(predictions.ignored) - 3} more" if len(predictions.ignored) > 3 else ""
        named = ", ".join(PurePath(file).name for file in predictions.ignored[:3]) + more
        print_lines([f"ignored: {len(predictions.ignored)} samples files of older runs in the same folder ({named})"])
    modified = " (MODIFIED)" if benchmark.modified else ""
    print_lines([f"data: {benchmark.description['name']}{modified}, sha256 {benchmark.sha256[:16]}"])


def _reading(section: SectionScore) -> str:
    notes = {"look cut off": section.cut, "look like reasoning (--reasoning-end)": section.suspect}
    parts = [f"{name} {count}" for name, count in section.readings.items()]
    return ", ".join([*parts, *(f"{count} {what}" for what, count in notes.items() if count)])
