"""`sevenllm-bench encoders transfer`: token classifiers on data sets of named entities."""

from __future__ import annotations

import argparse

from sevenllm_bench.cli.encoder_options import add_reading, named
from sevenllm_bench.cli.output import check_outputs, json_text, write_text
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.encoder_runs.ner_transfer import TRANSFER_COLUMNS, read_ner, transfer_notes, transfer_rows, transfer_table
from sevenllm_bench.encoder_tasks.label_map import read_label_map
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import user_path
from sevenllm_bench.io.progress import step
from sevenllm_bench.preflight import require_extra


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("data", nargs="+", metavar="DATA", help="CoNLL or JSON lines files, or data sets on the Hub (owner/name)")
    parser.add_argument(
        "--model", action="append", required=True, metavar="MODEL", help="a token classifier, again for more (folder or Hub id)"
    )
    parser.add_argument(
        "--labels", metavar="FILE", help="YAML or JSON that maps labels, the models' and the data's, to our types"
    )
    parser.add_argument("--revision", metavar="SHA", help="of the data set on the Hub")
    parser.add_argument("--subset", metavar="NAME", help="of the data set on the Hub")
    parser.add_argument("--split", metavar="NAME", default="test", help="of the data set on the Hub (default: test)")
    add_reading(parser)
    parser.add_argument("--json", metavar="FILE", help="write everything as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Read the data sets, run the models, print the table and what to know of it."""
    require_extra("sentence_transformers", "encoders")
    check_outputs({"--json": arguments.json}, [*arguments.data, arguments.labels])
    labels = read_label_map(None if arguments.labels is None else user_path(arguments.labels, ConfigError))
    data = [read_ner(name, labels, arguments.revision, arguments.subset, arguments.split) for name in arguments.data]
    choices = [
        EncoderChoice(*named(model), None, arguments.long_texts or "max", arguments.batch_size, arguments.device)
        for model in arguments.model
    ]
    with step("running the classifiers"):
        cells = transfer_table(choices, data, labels)
    print_table("entities", TRANSFER_COLUMNS, [list(row) for row in transfer_rows(cells)])
    for note in transfer_notes(cells):
        print(note)
    if arguments.json:
        write_text("--json", arguments.json, json_text([cell.as_json() for cell in cells]))
    return 0
