"""`sevenllm-bench report`: runs to a static page that opens from disk."""

from __future__ import annotations

import argparse

from sevenllm_bench.cli.collection import without_collection
from sevenllm_bench.cli.probe_files import add_probes, probes_of
from sevenllm_bench.cli.shared_options import add_labels, add_published, add_rows, add_site_url, published_of, runs_of, whole
from sevenllm_bench.io.progress import step
from sevenllm_bench.pages.report.report_pages import build_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = "Writes pages that open from disk, without a network; the first run is the baseline."
    parser.add_argument("runs", nargs="+", metavar="RUN", help="as for compare")
    parser.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="folder of the pages: new, empty, or of an earlier report"
    )
    parser.add_argument("--examples", type=whole(1), metavar="N", help="rows in each task's page at most (default: all)")
    parser.add_argument("--seed", type=whole(0), metavar="N", default=0, help="seed of resampling (default: 0)")
    parser.add_argument(
        "--resamples",
        type=whole(1),
        metavar="N",
        default=2_000,
        help="bootstrap samples, and at least as many sign patterns: more where a level has many tests (default: 2000)",
    )
    add_published(parser, "also show")
    add_probes(parser)
    add_labels(parser)
    add_site_url(parser)
    add_rows(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read the runs and write the pages."""
    of = arguments
    with step("writing the report"), without_collection():
        runs = runs_of(of)
        beside = published_of(of, runs)
        probes = probes_of(of.probe, runs)
        built = build_report(runs, of.output, of.examples, of.seed, of.resamples, of.site_url, beside, probes)
    left_out = f"; {built.left_out:,} rows have no place in the tasks' pages (--examples)" if built.left_out else ""
    print(f"written: {built.index} ({built.pages} pages, {built.size / 1e6:.1f} MB{left_out})")
    return 0
