"""`sevenllm-bench encoders pipeline`: BM25, then a bi-encoder, then a cross-encoder."""

from __future__ import annotations

import argparse
import time
from typing import Any

from sevenllm_bench.catalog import LANGUAGES
from sevenllm_bench.cli.encoder_options import add_reading, named, print_run, run_folder
from sevenllm_bench.cli.shared_options import add_rows, benchmark_of, whole
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.encoder_runs.mteb_import import with_mteb_results
from sevenllm_bench.encoder_runs.pipeline import PipelineStages, run_pipeline
from sevenllm_bench.encoder_runs.ranking_run import run_bm25_ranking
from sevenllm_bench.encoder_runs.results_writer import EncoderRun, write_run
from sevenllm_bench.encoder_runs.retrieval_run import RETRIEVAL_LONG_TEXTS
from sevenllm_bench.encoder_tasks.encoder_task import ENCODER_TASKS
from sevenllm_bench.encoder_tasks.task_scoring import items_of
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.preflight import require_extra


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--no-bm25", action="store_true", help="begin with the bi-encoder")
    parser.add_argument("--bi-encoder", metavar="MODEL", help="orders what BM25 found; without BM25 it searches all texts")
    parser.add_argument("--cross-encoder", metavar="MODEL", help="orders what it is handed")
    parser.add_argument(
        "--fusion", action="store_true", help="BM25 and the bi-encoder each search all texts; their lists become one"
    )
    parser.add_argument("--bm25-depth", type=whole(1), metavar="N", default=100, help="texts that BM25 hands on (default: 100)")
    parser.add_argument(
        "--bi-encoder-depth", type=whole(1), metavar="N", default=100, help="texts that the bi-encoder hands on (default: 100)"
    )
    add_reading(parser)
    parser.add_argument("--language", choices=LANGUAGES, help="one language only")
    parser.add_argument("--limit", type=whole(1), metavar="N", help="first N queries; no figure of the benchmark")
    parser.add_argument("--name", metavar="NAME", help="what tables call the pipeline (default: the names of its models)")
    add_rows(parser)
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="folder of the results and samples")


def run(arguments: argparse.Namespace) -> int:
    """Run the stages, write the run, print figures and the time of each stage."""
    require_extra("bm25s", "encoders")
    stages = PipelineStages(
        bm25=not arguments.no_bm25,
        bm25_depth=arguments.bm25_depth,
        bi_encoder=_choice(arguments, arguments.bi_encoder),
        bi_encoder_depth=arguments.bi_encoder_depth,
        fusion=arguments.fusion,
        cross_encoder=_choice(arguments, arguments.cross_encoder),
    )
    stages.check()
    folder, benchmark, began = run_folder(arguments.output), benchmark_of(arguments), time.time()
    outcomes, in_all = [], {}
    for task in ENCODER_TASKS:
        if task.kind == "retrieval" and arguments.language in (task.language, None):
            items = items_of(task, benchmark)
            in_all[task.name] = len(items)
            print(f"{task.name}: {len(items[: arguments.limit]):,} queries …", flush=True)
            outcomes.append(run_pipeline(task, items[: arguments.limit], benchmark, stages))
    if not (arguments.bi_encoder or arguments.cross_encoder):  # the baseline of answer ranking
        for task in ENCODER_TASKS:
            if task.kind == "answer-ranking" and arguments.language in (task.language, None):
                items = items_of(task, benchmark)
                in_all[task.name] = len(items)
                outcomes.append(run_bm25_ranking(task, items[: arguments.limit]))
    names = [*([] if arguments.no_bm25 else ["bm25"]), arguments.bi_encoder, arguments.cross_encoder]
    model = (" + " if arguments.fusion else " > ").join(name for name in names[:2] if name)
    model = " > ".join(name for name in (model, arguments.cross_encoder) if name)
    found = EncoderRun(arguments.name or model, _arguments(arguments), None, arguments.limit, outcomes, in_all, began)
    found = with_mteb_results(found, benchmark, folder / "mteb")
    print_run(found)
    for outcome in outcomes:
        rows = [_stage_cells(stage) for stage in outcome.cost.get("stages", ())]
        if not rows:
            continue
        print_table(f"{outcome.task.name}: stages", ["stage", "seconds", "texts", "handed on per query"], rows)
    print(f"written: {write_run(found, benchmark, folder)}")
    return 0


def _choice(arguments: argparse.Namespace, model: str | None) -> EncoderChoice | None:
    if model is None:
        return None
    long_texts = arguments.long_texts or RETRIEVAL_LONG_TEXTS
    return EncoderChoice(*named(model), None, long_texts, arguments.batch_size, arguments.device)


def _arguments(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was asked, as the results file names it."""
    names = ("bi_encoder", "cross_encoder", "fusion", "bm25_depth", "bi_encoder_depth", "long_texts")
    return {"bm25": not arguments.no_bm25, **{name: getattr(arguments, name) for name in names}}


def _stage_cells(stage: dict[str, Any]) -> list[str]:
    return [stage["stage"], f"{stage['seconds']:.2f}", f"{stage['texts']:,}", f"{stage['handed_on']:.1f}"]
