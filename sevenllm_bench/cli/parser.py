"""The words that each command of `sevenllm-bench` takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from sevenllm_bench import __version__

_EVAL_HELP = "lm-eval's command line with our tasks and models registered: every flag is lm-eval's"


def build_parser() -> argparse.ArgumentParser:
    """The parser with all commands; each sets `run`, a function from the parsed arguments to an exit code."""
    parser = argparse.ArgumentParser(
        prog="sevenllm-bench",
        description="SEvenLLM for lm-evaluation-harness: 28 cyber threat intelligence tasks in English and Chinese.",
    )
    parser.add_argument("--version", action="version", version=f"sevenllm-bench {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_tasks(commands)
    _add_score(commands)
    _add_compare(commands)
    _add_report(commands)
    _add_leaderboard(commands)
    _add_judge(commands)
    _add_finetune(commands)
    _add_merge(commands)
    _add_doctor(commands)
    _add_submit(commands)
    _add_verify(commands)
    commands.add_parser("eval", help=_EVAL_HELP, add_help=False)
    return parser


def _add_tasks(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("tasks", help="list, show, check and generate the tasks")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("path", help="print the folder of the task YAMLs, for lm_eval --include_path")
    actions.add_parser("list", help="list the leaves, groups and variants")
    show = actions.add_parser("show", help="show a task: definition, rows, metrics, an example prompt")
    show.add_argument("name", help="a leaf (sevenllm_en_threat_analysis), or an English task name")
    show.add_argument("--prompt", default="alpaca", help="prompt of the example: alpaca (default), paper or cot")
    check = actions.add_parser("check", help="check the YAMLs against the catalogue, and the embedded rows")
    generate = actions.add_parser("generate", help="write the YAMLs from the catalogue")
    for action in (check, generate):
        action.add_argument("folder", nargs="?", help="the folder of the YAMLs (default: what `tasks path` prints)")
    parser.set_defaults(run=_run("tasks"))


def _add_score(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "score",
        help="score saved answers, or lm-eval's samples again, without a model",
        description="Scores answers against the official rows and prints every metric by section.",
    )
    parser.add_argument(
        "predictions",
        nargs="+",
        metavar="PREDICTIONS",
        help='JSON lines of "id" and "output", lm-eval\'s samples_*.jsonl, or a folder of those',
    )
    _add_rows(parser)
    parser.add_argument("--semantic-model", metavar="MODEL", help="add semantic similarity: default, a Hub id, or a folder")
    parser.add_argument(
        "--partial", action="store_true", help="average over the rows present only (a run with --limit), not comparable"
    )
    parser.add_argument(
        "--json", metavar="FILE", help='write everything as JSON too ("-" for standard output instead of the table)'
    )
    parser.set_defaults(run=_run("score"))


def _add_compare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "compare",
        help="compare runs: intervals, paired tests, and what the rows can tell",
        description="Compares runs of lm-eval (made with --log_samples) with the first one, row by row.",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a folder of lm-eval's output, a results_*.json, or saved answers")
    parser.add_argument(
        "--by", choices=("section", "task", "kind", "language"), default="section", help="table to print (default: section)"
    )
    parser.add_argument(
        "--metric", action="append", metavar="NAME", help="metric to compare, again for more (default: those of the headline)"
    )
    parser.add_argument("--baseline", metavar="NAME", help="the run that the others are compared with (default: the first)")
    parser.add_argument(
        "--force", action="store_true", help="compare runs that differ in their settings; the reasons are printed"
    )
    parser.add_argument("--seed", type=_whole(0), default=0, help="seed of resampling (default: 0)")
    parser.add_argument("--resamples", type=_whole(1), default=10_000, help="bootstrap samples, sign patterns (default: 10000)")
    _add_rows(parser)
    parser.add_argument("--json", metavar="FILE", help='write everything as JSON ("-": to standard output instead of the tables)')
    parser.add_argument("--csv", metavar="FILE", help="write the findings at every level as CSV")
    parser.add_argument("--markdown", metavar="FILE", help="write the printed tables as Markdown")
    parser.set_defaults(run=_run("compare"))


def _add_report(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "report",
        help="a static page of runs: figures, charts, every task with examples",
        description="Writes pages that open from disk, without a network; the first run is the baseline.",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="as for compare")
    parser.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="folder of the pages: new, empty, or of an earlier report"
    )
    parser.add_argument("--examples", type=_whole(1), default=60, metavar="N", help="rows in each task's page (default: 60)")
    parser.add_argument("--seed", type=_whole(0), default=0, help="seed of resampling (default: 0)")
    parser.add_argument("--resamples", type=_whole(1), default=2_000, help="bootstrap samples and sign patterns (default: 2000)")
    _add_rows(parser)
    parser.set_defaults(run=_run("report"))


def _add_leaderboard(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("leaderboard", help="a static page of many models, from submissions")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="write the page and its JSON")
    build.add_argument(
        "submissions", nargs="+", metavar="SUBMISSIONS", help="submissions, folders of submissions, or runs of lm-eval"
    )
    build.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="folder of the page: new, empty, or of an earlier one"
    )
    build.add_argument(
        "--models", metavar="FILE", help="YAML: size, licence, languages, base or tuned, by model (see docs/report.md)"
    )
    parser.set_defaults(run=_run("leaderboard"))


def _add_judge(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "judge",
        help="let an LLM judge saved answers, 1 to 5",
        description="Judges saved answers with any OpenAI-compatible endpoint (OPENAI_BASE_URL, OPENAI_API_KEY). "
        "Verdicts are kept, so an interrupted run goes on where it stopped.",
    )
    parser.add_argument("predictions", nargs="*", metavar="SAMPLES", help="as for score; not with --calibrate")
    parser.add_argument("--model", help="the judge's name on its server (default: SEVENLLM_JUDGE)")
    parser.add_argument(
        "--calibrate", metavar="FILE", help="judge the outputs of FILE and compare with its scores (id, output, score)"
    )
    parser.add_argument("--second-judge", metavar="MODEL", help="judge with another model too, and report how far they agree")
    parser.add_argument(
        "--against", metavar="SAMPLES", help="compare answers pairwise with those of another model, in both orders"
    )
    parser.add_argument(
        "--batch", metavar="STATE", help="use the provider's batch mode; STATE is the file that holds its progress"
    )
    parser.add_argument("--budget-usd", type=float, help="stop when this much is spent")
    parser.add_argument("--concurrency", type=_whole(1), default=16, help="calls in flight (default: 16)")
    parser.add_argument("--estimate", action="store_true", help="only say what it would take")
    _add_rows(parser)
    parser.add_argument("--json", metavar="FILE", help="write the judgements as JSON")
    parser.set_defaults(run=_run("judge"))


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "doctor", help="check what a run needs: data, embedding model, judge, disk; with the fix for each"
    )
    _add_rows(parser)
    parser.add_argument("--semantic-model", metavar="MODEL", help="embedding model to check (default: as in a run)")
    parser.add_argument("--judge", metavar="MODEL", help="judge to check (default: SEVENLLM_JUDGE)")
    parser.set_defaults(run=_run("doctor"))


def _add_finetune(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "finetune",
        help="fine-tune a causal model on SEvenLLM-Instruct into a checkpoint that lm_eval loads",
        description="Runs under torchrun or accelerate launch as it does alone. Recipes: paper, lora-8b, demo.",
    )
    parser.add_argument("config", metavar="CONFIG", help="a YAML file, or the name of a recipe")
    parser.add_argument(
        "changes",
        nargs="*",
        metavar="key=value",
        help="changes to it, e.g. model.base=Qwen/Qwen3-8B training.epochs=1 resume=auto",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what it takes: rows, tokens, steps, memory, disk")
    parser.add_argument("--processes", type=_whole(1), metavar="N", help="with --dry-run: GPUs to plan for (default: 1)")
    parser.set_defaults(run=_run("finetune"))


def _add_merge(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("merge", help="merge LoRA adapters into their base model")
    parser.add_argument("adapter", metavar="ADAPTER", help="the folder that finetune wrote")
    parser.add_argument("-o", "--output", metavar="OUT", required=True, help="folder for the whole model")
    parser.add_argument("--base", metavar="MODEL", help="the base model, where it moved")
    parser.set_defaults(run=_run("merge"))


def _add_submit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "submit",
        help="bundle a run for a leaderboard, in the Hub's and every_eval_ever's formats",
        description="Writes a bundle that anybody can verify, checks it, and shows the pull request that --push opens.",
    )
    parser.add_argument("run_path", metavar="RUN", help="a folder of lm-eval's output (--log_samples), or a results_*.json")
    parser.add_argument("-o", "--output", required=True, metavar="BUNDLE", help="the zip file to write (NAME.zip)")
    parser.add_argument("--model", metavar="ORG/NAME", help="the model's repository on the Hub (default: what was loaded)")
    parser.add_argument("--revision", metavar="SHA", help="the model's revision, where the run doesn't say")
    parser.add_argument("--benchmark", metavar="ORG/NAME", help="dataset of the benchmark on the Hub (default: the authors')")
    parser.add_argument("--source-url", metavar="URL", help="where the run can be seen")
    parser.add_argument("--organization", default="unknown", metavar="NAME", help="who ran it")
    parser.add_argument(
        "--relationship",
        choices=("first_party", "third_party", "collaborative", "other"),
        default="other",
        help="of who ran it to the model (default: other)",
    )
    parser.add_argument("--notes", default="", metavar="TEXT", help="anything worth knowing about the run")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of the official test.jsonl (default: as for score)")
    parser.add_argument("--push", action="store_true", help="open the pull request (token: HF_TOKEN); without it, only show it")
    parser.set_defaults(run=_run("submit"))


def _add_verify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "verify",
        help="recompute every score of a bundle from its samples",
        description="Says of each figure: confirmed, differs, or cannot be confirmed. Exit code 1 when something differs.",
    )
    parser.add_argument("bundle", metavar="BUNDLE", help="the zip file that submit wrote")
    parser.add_argument("--strict", action="store_true", help="exit code 1 also for what cannot be confirmed")
    parser.add_argument("--all", action="store_true", help="list tasks and what is confirmed too")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of the official test.jsonl (default: as for score)")
    parser.add_argument("--json", metavar="FILE", help='write every finding as JSON too ("-" for standard output instead)')
    parser.set_defaults(run=_run("verify"))


def _add_rows(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data-dir", metavar="DIR", help="folder of the official test.jsonl (default: SEVENLLM_DATA_DIR, or the Hub)"
    )
    parser.add_argument("--allow-modified", action="store_true", help="go on with a data file whose sha256 differs")
    parser.add_argument("--dataset", choices=("official", "embedded"), default="official", help="rows (default: official)")


def _whole(least: int) -> Callable[[str], int]:
    """Reads a whole number of at least `least`."""

    def read(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"{number:,} is less than {least}")
        return number

    read.__name__ = "whole number"  # what argparse calls it where there is no number at all
    return read


def _run(command: str) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        from importlib import import_module

        return int(import_module(f"sevenllm_bench.cli.{command}").run(arguments))

    return run
