"""`sevenllm-bench encoders agree`: two embedding models on the same answers."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from sevenllm_bench.cli.output import check_outputs, json_text, write_text
from sevenllm_bench.cli.shared_options import add_rows, benchmark_of
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.comparison.semantic_agreement import semantic_agreement
from sevenllm_bench.encoders.sentence_embedder import SentenceEmbedder, embedder_for, model_from
from sevenllm_bench.errors import ConfigError, PredictionsError
from sevenllm_bench.io.progress import step
from sevenllm_bench.preflight import require_extra
from sevenllm_bench.runs.predictions import read_predictions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("predictions", nargs="+", metavar="SAMPLES", help="saved answers, as for score")
    parser.add_argument(
        "--models",
        nargs=2,
        required=True,
        metavar="MODEL",
        help='two embedding models (Hub id, with @REVISION where wanted, or folder); "default" is the multilingual one',
    )
    add_rows(parser)
    parser.add_argument("--json", metavar="FILE", help="write everything as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Score the answers with both models and print how far they agree, by section."""
    require_extra("sentence_transformers", "semantic")
    check_outputs({"--json": arguments.json}, [*arguments.predictions, arguments.data_dir])
    benchmark, predictions = benchmark_of(arguments), read_predictions(arguments.predictions)
    first, second = (_embedder(name) for name in arguments.models)
    with step("scoring the answers with both models"):
        found = semantic_agreement(benchmark, predictions, first, second)
    if not found:
        raise PredictionsError(f"{predictions.label}: no answer to an extraction or analysis row of the {benchmark.source} rows")
    columns = ["section", "rows", "first", "second", "difference", "± (95 %)", "Spearman", "furthest apart (ids)"]
    rows = [
        [
            part.section,
            str(part.rows),
            *(f"{mean:.4f}" for mean in part.means),
            f"{part.difference:+.4f}",
            "-" if part.difference_error is None else f"{1.96 * part.difference_error:.4f}",
            "-" if part.spearman is None else f"{part.spearman:.3f}",
            ", ".join(str(row) for row, _, _ in part.apart[:5]),
        ]
        for part in found
    ]
    title = f"semantic: {first.model.label} and {second.model.label}"
    print_table(title, columns, rows, least=("furthest apart (ids)", "Spearman", "rows"))
    if arguments.json:
        models = [embedder.describe() for embedder in (first, second)]
        write_text("--json", arguments.json, json_text({"models": models, "sections": [asdict(part) for part in found]}))
    return 0


def _embedder(name: str) -> SentenceEmbedder:
    model = model_from(name)
    if model is None:
        raise ConfigError(f"--models {name}: name two models")
    return embedder_for(model)
