"""`sevenllm-bench judge`: an LLM's verdicts on saved answers, and how good a judge it is."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sevenllm_bench.cli.output import check_outputs, json_text, write_text
from sevenllm_bench.cli.shared_options import add_judge_calls, add_rows, benchmark_of, judge_choice_of, whole
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError, report
from sevenllm_bench.figures.vocabulary import section_name
from sevenllm_bench.io.progress import step
from sevenllm_bench.judge.calibrate import Agreement, agreement, read_scores
from sevenllm_bench.judge.judge_choice import MODEL_VARIABLE
from sevenllm_bench.judge.llm_judge import Judge, scores_from
from sevenllm_bench.judge.pairwise import pair_sha256, rule_preference
from sevenllm_bench.judge.scores import JudgeScores
from sevenllm_bench.metrics.registry import OPTIONAL_FOR
from sevenllm_bench.preflight import require_extra
from sevenllm_bench.runs.predictions import read_predictions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Judges saved answers with any OpenAI-compatible endpoint (OPENAI_BASE_URL, OPENAI_API_KEY). Verdicts are kept, so an "
        "interrupted run continues where it stopped."
    )
    parser.add_argument("predictions", nargs="*", metavar="SAMPLES", help="answers, as for score; not with --calibrate")
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
    parser.add_argument("--budget-usd", type=float, metavar="USD", help="most to spend (needs SEVENLLM_JUDGE_PRICE)")
    parser.add_argument("--concurrency", type=whole(1), metavar="N", default=16, help="calls in flight (default: 16)")
    add_judge_calls(parser)
    parser.add_argument("--estimate", action="store_true", help="only say what it would take")
    add_rows(parser)
    parser.add_argument("--json", metavar="FILE", help="write the judgements as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Judge, compare or calibrate, print the figures and write the JSON.

    The exit code is 1 where no answer was judged, and 2 where the server stopped answering in the middle.
    """
    require_extra("openai", "judge")
    inputs = [*arguments.predictions, arguments.calibrate, arguments.against, arguments.batch, arguments.data_dir]
    check_outputs({"--json": arguments.json}, inputs)
    judge = Judge(judge_choice_of(arguments, _model(arguments.model)))
    rows, answers = _rows_and_answers(arguments)
    estimate = judge.estimate(rows, answers)
    cost = "price unknown" if estimate.usd is None else f"at most about {estimate.usd:.2f} USD"
    calls = f"{estimate.calls:,} calls, {estimate.cached:,} kept from earlier"
    print(f"{len(rows):,} answers: {calls}, about {estimate.tokens_in:,} tokens in, {cost}", flush=True)
    if arguments.estimate:
        return 0
    if arguments.against:
        return _compare(judge, rows, answers, arguments)
    if arguments.batch:
        scores = _batch(judge, rows, answers, arguments.batch)
    else:
        with step("asking the judge"):
            scores = judge.judge(rows, answers)
    if scores is None:
        return 0
    content: dict[str, Any] = {"judge": judge.describe(), "usage": judge.usage, **_as_json(scores)}
    _print(rows, scores, judge)
    code = _outcome(judge, bool(scores.settled["judge"] or not scores.settled["nobody"]))
    if arguments.calibrate:
        content["calibration"] = _report_agreement("given scores", agreement(scores.by_id, read_scores(arguments.calibrate)))
    if arguments.second_judge:
        second = Judge(judge_choice_of(arguments, arguments.second_judge))
        with step("asking the second judge"):
            other = second.judge(rows, answers)
        content["second_judge"] = {"judge": second.describe(), "usage": second.usage, **_as_json(other)}
        content["agreement"] = _report_agreement(arguments.second_judge, agreement(scores.by_id, other.by_id))
        code = code or _outcome(second, bool(other.settled["judge"] or not other.settled["nobody"]))
    _write(arguments.json, content)
    return code


def _outcome(judge: Judge, judged: bool) -> int:
    """The exit code for what a judge did, with a message on standard error where it isn't 0."""
    if judge.stopped_by:
        return report(judge.stopped_by)
    if not judged:
        print(f"sevenllm-bench: the judge {judge.choice.model} judged nothing", file=sys.stderr)
    return int(not judged)


def _model(given: str | None) -> str:
    model = given or os.environ.get(MODEL_VARIABLE, "")
    if not model:
        raise ConfigError(f"no judge named: --model MODEL, or {MODEL_VARIABLE}")
    return model


def _rows_and_answers(arguments: argparse.Namespace) -> tuple[list[Row], list[Any]]:
    """The rows that are judged (understanding and generation), and their answers; missing rows are left out."""
    if bool(arguments.predictions) == bool(arguments.calibrate):
        raise ConfigError("name the samples to judge, or a file to --calibrate with; one of the two")
    predictions = read_predictions([arguments.calibrate] if arguments.calibrate else arguments.predictions)
    rows = [row for row in benchmark_of(arguments).rows if row.kind in OPTIONAL_FOR]
    coverage = predictions.coverage((row.id for row in rows), predictions.answers)
    rows = [row for row in rows if row.id in predictions.answers]
    if not rows:
        raise ConfigError(f"{predictions.label}: no answer to a row that is judged; check --dataset")
    for line in [*coverage.lines("without an answer, not judged"), *predictions.remarks()]:
        print(line)
    return rows, [predictions.answers[row.id] for row in rows]


def _batch(judge: Judge, rows: Sequence[Row], answers: Sequence[Any], state: str) -> JudgeScores | None:
    """Submit, look, or collect, whatever comes next; None while the provider is at work."""
    from sevenllm_bench.io.files import cache_folder
    from sevenllm_bench.llm.batch import BatchRun
    from sevenllm_bench.llm.types import ReplyCache

    with ReplyCache(cache_folder() / "replies.sqlite") as cache:
        batch = BatchRun(judge.choice.settings(), cache, state)
        batch.submit(judge.requests(rows, answers))
        status = batch.poll()
        print(f"batches: {', '.join(status.states) or 'none needed'}; {status.answered:,} of {status.requests:,} answered")
        if not status.done:
            print("not done yet: run the same command again later to collect")
            return None
        return scores_from(rows, answers, batch.collect())


def _compare(judge: Judge, rows: Sequence[Row], answers: Sequence[Any], arguments: argparse.Namespace) -> int:
    others = read_predictions([arguments.against])
    both = [(row, answer, others.answers[row.id]) for row, answer in zip(rows, answers, strict=True) if row.id in others.answers]
    if not both:
        raise ConfigError(f"--against {arguments.against}: no row that both models answered")
    with step("asking the judge"):
        summary = judge.compare(*map(list, zip(*both, strict=True)))
    bias = "-" if summary.position_bias is None else f"{summary.position_bias:.3f}"
    figures = [summary.wins, summary.losses, summary.ties, summary.unscored]
    print_table(
        f"{len(both):,} answers in both orders",
        ["wins", "losses", "ties", "unscored", "position bias", "p (sign test)"],
        [[*map(str, figures), bias, f"{summary.p_value:.4f}"]],
    )
    content = {
        name: getattr(summary, name)
        for name in ("wins", "losses", "ties", "unscored", "inconsistent", "position_bias", "p_value")
    }
    _write(arguments.json, {"judge": judge.describe(), "usage": judge.usage, "pairwise": {**content, "prompt": pair_sha256()}})
    by_rule = sum(rule_preference(*pair) is not None for pair in both)
    return _outcome(judge, summary.judged > by_rule or not summary.unscored)


def _print(rows: Sequence[Row], scores: JudgeScores, judge: Judge) -> None:
    sections = Counter(row.section for row in rows)
    by_id = {row.id: row.section for row in rows}
    table = []
    for section in sections:
        part = JudgeScores(tuple(judged for judged in scores.rows if by_id[judged.id] == section))
        grades = Counter(part.values)
        mean = "-" if part.mean is None else f"{part.mean:.4f}"
        table.append(
            [
                section_name(section),
                str(len(part.rows)),
                mean,
                f"{part.judge_scored:.4f}",
                *(str(grades[grade]) for grade in range(1, 6)),
            ]
        )
    print_table(f"judge {judge.choice.model}", ["section", "rows", "judge", "judge_scored", "1", "2", "3", "4", "5"], table)
    for reason, count in scores.unscored.items():
        print(f"unscored: {count:,} ({reason})")
    usage = judge.usage
    cost = "price unknown" if usage["usd"] is None else f"{usage['usd']:.4f} USD"
    print(f"used: {usage['calls']:,} calls ({usage['retries']:,} repeated), {usage['cached']:,} kept from earlier, {cost}")
    if "asked" in usage:
        print(f"the server doesn't take all that is asked for; asked {', '.join(usage['asked'])}")


def _report_agreement(name: str, found: Agreement) -> dict[str, Any]:
    def figure(value: float | None) -> str:
        return "undefined" if value is None else f"{value:.4f}"

    cells = [found.spearman, found.pearson, found.kappa, found.exact, found.within_one, found.mean_difference]
    columns = ["n", "Spearman", "Pearson", "quadratic kappa", "exact", "within one", "mean difference"]
    print_table(f"agreement with {name}", columns, [[str(found.n), *map(figure, cells)]])
    confusion = [[str(grade), *map(str, counts)] for grade, counts in enumerate(found.confusion, 1)]
    print_table(f"confusion: judge (rows) against {name} (columns)", ["", "1", "2", "3", "4", "5"], confusion)
    return {name: getattr(found, name) for name in found.__dataclass_fields__}


def _as_json(scores: JudgeScores) -> dict[str, Any]:
    return {
        "mean": scores.mean,
        "judge_scored": scores.judge_scored,
        "unscored": scores.unscored,
        "settled_by": scores.settled,
        "items": {str(row.id): {"score": row.value, "by": row.by, "reason": row.reason} for row in scores.rows},
    }


def _write(path: str | None, content: dict[str, Any]) -> None:
    if path:
        write_text("--json", path, json_text(content))
