"""`sevenllm-bench encoders run`: an encoder on the tasks of its kind."""

from __future__ import annotations

import argparse
from dataclasses import replace

from sevenllm_bench.catalog import LANGUAGES
from sevenllm_bench.cli.encoder_options import add_encoder, choice_of, print_run, run_folder
from sevenllm_bench.cli.screen import print_aside
from sevenllm_bench.cli.shared_options import add_rows, benchmark_of, whole
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_runs.mteb_import import with_mteb_results
from sevenllm_bench.encoder_runs.results_writer import write_run
from sevenllm_bench.encoder_runs.run_encoder import RunOptions, run_encoder, tasks_for
from sevenllm_bench.encoder_tasks.encoder_task import ENCODER_TASKS
from sevenllm_bench.errors import ConfigError, DataError
from sevenllm_bench.io.files import user_path
from sevenllm_bench.io.progress import step


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_encoder(parser)
    names = ", ".join(task.name for task in ENCODER_TASKS)
    parser.add_argument(
        "--task", action="append", metavar="NAME", help=f"a task, again for more (default: all of the model's kind): {names}"
    )
    parser.add_argument("--language", choices=LANGUAGES, help="tasks of one language only")
    parser.add_argument("--limit", type=whole(1), metavar="N", help="first N items of each task; no figure of the benchmark")
    parser.add_argument("--labels", metavar="FILE", help="entities: YAML or JSON that maps the model's labels to our types")
    parser.add_argument("--code", metavar="FILE", help="vulnerable code: functions of yours, JSON lines of func and target")
    parser.add_argument("--vulnerable-label", metavar="LABEL", help="vulnerable code: the model's label of the vulnerable class")
    parser.add_argument("--probes", action="store_true", help="run the probes too, and put them into the results")
    parser.add_argument("--name", metavar="NAME", help="what tables call the model (default: as it was given)")
    add_rows(parser)
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="folder of the results and samples")


def run(arguments: argparse.Namespace) -> int:
    """Run the encoder, write the run and print its figures."""
    choice, folder = choice_of(arguments), run_folder(arguments.output)
    kind, tasks = tasks_for(choice, arguments.task or (), arguments.language, arguments.code is not None)
    _check_for_kind(arguments, choice.label, kind)
    only_code = all(task.kind == "vulnerable-code" for task in tasks)
    benchmark = load_benchmark("embedded") if only_code else benchmark_of(arguments)  # code needs no rows
    options = RunOptions(
        limit=arguments.limit,
        label_map=None if arguments.labels is None else user_path(arguments.labels, ConfigError),
        code=None if arguments.code is None else user_path(arguments.code, DataError),
        vulnerable_label=arguments.vulnerable_label,
        with_probes=arguments.probes,
        long_texts=arguments.long_texts,
    )
    print(f"{choice.label}: a {kind}, {len(tasks)} tasks over {benchmark.source} rows", flush=True)
    with step("running the encoder"):
        found = run_encoder(choice, kind, tasks, benchmark, options, print_aside)
    found = replace(found, model=arguments.name or found.model)
    found = with_mteb_results(found, benchmark, folder / "mteb")
    print_run(found)
    print(f"written: {write_run(found, benchmark, folder)}")
    return 0


def _check_for_kind(arguments: argparse.Namespace, label: str, kind: str) -> None:
    """Refuse options that an encoder of another kind follows: without effect, they would seem to have one."""
    for option, wanted in (("labels", "token-classifier"), ("vulnerable_label", "text-classifier")):
        if getattr(arguments, option) is not None and kind != wanted:
            raise ConfigError(f"--{option.replace('_', '-')}: {label} is a {kind}, and this is for a {wanted}")
