"""`sevenllm-bench encoders probe`: what an encoder's scores don't show."""

from __future__ import annotations

import argparse

from sevenllm_bench.cli.encoder_options import add_encoder, choice_of, print_probes
from sevenllm_bench.cli.output import check_outputs, json_text, write_text
from sevenllm_bench.cli.shared_options import add_rows, benchmark_of
from sevenllm_bench.encoder_runs.probes import probe_encoder
from sevenllm_bench.io.progress import step
from sevenllm_bench.text.display import plain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_encoder(parser)
    add_rows(parser)
    parser.add_argument("--json", metavar="FILE", help="write all figures as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Run the probes, print a sentence for each and write the JSON."""
    choice = choice_of(arguments)
    check_outputs({"--json": arguments.json}, [arguments.data_dir])
    with step("running the probes"):
        found = probe_encoder(choice, benchmark_of(arguments))
    print(f"{plain(found['encoder'])}: a {found['kind']}")
    print_probes(found)
    if arguments.json:
        write_text("--json", arguments.json, json_text(found))
    return 0
