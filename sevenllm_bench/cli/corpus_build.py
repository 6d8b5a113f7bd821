"""`sevenllm-bench corpus build`: from raw reports to a training corpus."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from sevenllm_bench.cli.table import print_table
from sevenllm_bench.io.terminal import say

if TYPE_CHECKING:
    from sevenllm_bench.select_instruct.build_corpus import Built
    from sevenllm_bench.select_instruct.delivery.build_account import BuildAccount
    from sevenllm_bench.select_instruct.generate.planned_calls import CallEstimate

#: Exit code where batches have to be waited for: no mistake, which 2 says, and not done, so that a script can run it again
#: later. That of a failure that passes by itself in sysexits.h.
WAITING = 75


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Builds a training corpus: collects texts, lets a model pick tasks and write rows, checks the rows. The same command "
        "continues a build that was stopped. Exit code 0: done; 2: a mistake in the input, no answer from the model, or the "
        "budget is used up; 130: Ctrl-C."
    )
    parser.add_argument("config", metavar="CONFIG", help="a YAML file; all keys: docs/corpus.md")
    parser.add_argument("changes", nargs="*", default=[], metavar="key=value", help="changes to it, e.g. model.budget_usd=5")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="collect the texts, and say what a build takes: calls, tokens, price; no model is asked",
    )
    parser.add_argument("--no-texts", action="store_true", help="the same as texts=false: rows without the parts of texts")
    parser.add_argument("--executor", choices=("local", "slurm", "ray"), help="the same as executor.kind=…")


def run(arguments: argparse.Namespace) -> int:
    """Build, or with --dry-run only say what it would take."""
    from sevenllm_bench.select_instruct.libraries_of_corpus import require_corpus_libraries

    require_corpus_libraries()
    from sevenllm_bench.llm.kept_batches import BatchesPendingError
    from sevenllm_bench.select_instruct.build_corpus import build_corpus, plan_corpus, submit_corpus
    from sevenllm_bench.select_instruct.settings.build_config_file import read_build_config

    options = [f"executor.kind={arguments.executor}"] if arguments.executor else []
    options += ["texts=false"] if arguments.no_texts else []
    config = read_build_config(arguments.config, [*arguments.changes, *options])
    if arguments.dry_run:
        _print_plan(plan_corpus(config, say))
    elif config.executor.kind == "slurm":
        jobs = submit_corpus(config, say)
        print(f"submitted: {len(jobs)} jobs ({', '.join(jobs)}); the files will be in {config.output}")
    else:
        try:
            _print_built(build_corpus(config, say))
        except BatchesPendingError as waiting:
            print(waiting)
            return WAITING
    return 0


def _print_plan(planned: CallEstimate) -> None:
    rows = [
        ["texts", f"{planned.texts:,}"],
        ["excerpts", f"{planned.excerpts:,}"],
        ["rows asked for, at most", f"{planned.rows:,}"],
        ["calls, at most (without repairs and the critic)", f"{planned.calls:,}"],
        ["answered before", f"{planned.cached:,}"],
        ["tokens of the prompts, about", f"{planned.tokens_in:,}"],
        ["tokens of the replies, at most", f"{planned.tokens_out:,}"],
        ["US dollars, at most", "unknown (set model.price)" if planned.usd is None else f"{planned.usd:,.2f}"],
    ]
    print_table("what this build takes", ["", ""], rows)


def _print_built(built: Built) -> None:
    account = built.account
    rows = [[stage.name, f"{stage.records_out:,}", _rejected(stage.rejected)] for stage in account.stages]
    print_table("stages", ["stage", "records", "left out"], rows)
    print_table("corpus", ["", ""], _figures(account))
    print(f"written: {built.training_file} ({account.accepted:,} rows)")
    print(f"review:  {built.review_page}")


def _rejected(rejected: dict[str, int]) -> str:
    return ", ".join(f"{check} {count:,}" for check, count in rejected.items()) or "-"


def _figures(account: BuildAccount) -> list[list[str]]:
    rate, per_row = account.acceptance_rate, account.tokens_per_row
    rows = [
        ["rows asked for", f"{account.drafts:,}"],
        ["rows accepted", f"{account.accepted:,}"],
        ["acceptance rate", "-" if rate is None else f"{rate:.1%}"],
        ["tokens per accepted row", "-" if per_row is None else f"{per_row:,.0f}"],
    ]
    for model in account.models:
        cost = "price unknown" if model.usd is None else f"{model.usd:,.4f} USD"
        rows.append([model.name, f"{model.calls:,} calls, {model.tokens_in:,} + {model.tokens_out:,} tokens, {cost}"])
    return rows
