"""`sevenllm-bench leaderboard build`: submissions to a static page and its JSON."""

from __future__ import annotations

import argparse
import sys

from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.model_metadata import read_facts
from sevenllm_bench.text.display import plain


def run(arguments: argparse.Namespace) -> int:
    """Read the submissions and write the page."""
    known = read_facts(arguments.models) if arguments.models else {}
    built = build_leaderboard(arguments.submissions, arguments.output, known)
    for item in built.left_out[:20]:
        print(f"left out: {item.why}", file=sys.stderr)
    if len(built.left_out) > 20:
        print(f"left out: {len(built.left_out) - 20} more, all named on the page", file=sys.stderr)
    if built.unused:
        print(f"--models: no submission is called {', '.join(map(plain, built.unused[:10]))}", file=sys.stderr)
    print(f"written: {built.index} ({built.entries:,} submissions)")
    return 0
