"""`sevenllm-bench leaderboard build`: submissions to a static page and its JSON."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from sevenllm_bench.cli.collection import without_collection
from sevenllm_bench.cli.shared_options import add_data_dir, add_site_url
from sevenllm_bench.io.progress import step
from sevenllm_bench.pages.leaderboard.board_checks import checked
from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.model_metadata import read_facts
from sevenllm_bench.text.display import plain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = "Builds a static page of many models."
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="write the page and its JSON")
    build.description = "Shows figures as submitted, or verified with --verify."
    build.add_argument(
        "submissions", nargs="+", metavar="SUBMISSIONS", help="bundles that submit wrote, runs of lm-eval, or folders of these"
    )
    build.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="folder of the page: new, empty, or of an earlier one"
    )
    build.add_argument(
        "--models", metavar="FILE", help="YAML or .json: size, licence, languages, base or tuned, by model (docs/report.md)"
    )
    build.add_argument(
        "--verify",
        action="store_true",
        help="compute every bundle's figures again from its answers; what differs loses its rank (some seconds a bundle, once)",
    )
    add_data_dir(build)
    add_site_url(build)


def run(arguments: argparse.Namespace) -> int:
    """Read the submissions and write the page."""
    known = read_facts(arguments.models) if arguments.models else {}
    check = partial(checked, data_dir=arguments.data_dir) if arguments.verify else None
    with step("building the leaderboard"), without_collection():
        built = build_leaderboard(arguments.submissions, arguments.output, known, check, arguments.site_url)
    for item in built.left_out[:20]:
        print(f"left out: {item.why}", file=sys.stderr)
    if len(built.left_out) > 20:
        print(f"left out: {len(built.left_out) - 20} more, all named on the page", file=sys.stderr)
    for entry in built.refused[:20]:
        print(f"refused: {plain(entry.name, 80)} ({plain(entry.path, 200)}): {plain(entry.refused[0], 300)}", file=sys.stderr)
    if len(built.refused) > 20:
        print(f"refused: {len(built.refused) - 20} more, all named on the page", file=sys.stderr)
    if built.unused:
        print(f"--models: no submission is called {', '.join(map(plain, built.unused[:10]))}", file=sys.stderr)
    print(f"written: {built.index} ({built.entries:,} submissions)")
    return 0
