"""`sevenllm-bench encoders import-mteb`: what MTEB wrote of our tasks, as a run."""

from __future__ import annotations

import argparse

from sevenllm_bench.cli.encoder_options import print_run, run_folder
from sevenllm_bench.cli.shared_options import add_rows, benchmark_of
from sevenllm_bench.encoder_runs.mteb_import import import_mteb, with_mteb_results
from sevenllm_bench.encoder_runs.results_writer import write_run
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.io.files import user_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("result", metavar="RESULT", help="MTEB's result file of the task (results/MODEL/REVISION/TASK.json)")
    parser.add_argument(
        "--predictions", required=True, metavar="FILE", help="the ranked lists (TASK_predictions.json in prediction_folder)"
    )
    parser.add_argument("--name", metavar="NAME", help="the model's name (default: MTEB's, which doesn't know local folders)")
    add_rows(parser)
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="folder of the results and samples")


def run(arguments: argparse.Namespace) -> int:
    """Read the files, write the run and print its figures."""
    folder, benchmark = run_folder(arguments.output), benchmark_of(arguments)
    result, predictions = (user_path(name, ResultsError) for name in (arguments.result, arguments.predictions))
    found = import_mteb(result, predictions, benchmark, arguments.name)
    found = with_mteb_results(found, benchmark, folder / "mteb")
    print_run(found)
    print(f"written: {write_run(found, benchmark, folder)}")
    return 0
