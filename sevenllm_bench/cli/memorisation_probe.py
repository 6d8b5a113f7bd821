"""`sevenllm-bench probe`: whether a model has seen the rows, with p-values, intervals and power."""

from __future__ import annotations

import argparse

from sevenllm_bench.cli.output import check_outputs, json_text, write_text
from sevenllm_bench.cli.shared_options import add_rows, benchmark_of, whole
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.io.progress import step
from sevenllm_bench.memorisation.probe_file import probe_as_json
from sevenllm_bench.memorisation.probe_result import PROBES, ProbeResult
from sevenllm_bench.memorisation.run_probe import probe_model
from sevenllm_bench.text.display import plain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Tests whether a model has seen the benchmark's rows. Each test gives evidence with a p-value, or no evidence and the "
        "effect that it would have found; no test shows that a model has not seen them. Not to be confused with `encoders probe`."
    )
    parser.add_argument("--model", default="hf", metavar="TYPE", help="lm-eval's type of model (default: hf)")
    parser.add_argument("--model_args", default="", metavar="ARGS", help="its arguments, e.g. pretrained=ORG/NAME")
    parser.add_argument("--batch_size", metavar="N", help="batch size (default: the model's)")
    parser.add_argument("--device", metavar="DEVICE", help="device, e.g. cuda:0 or cpu (default: the model's)")
    parser.add_argument("--apply_chat_template", action="store_true", help="ask for completions in the model's chat format")
    parser.add_argument(
        "--completions-only", action="store_true", help="only tests of generated text, for models without log-likelihoods"
    )
    add_rows(parser)
    parser.add_argument("--limit", type=whole(10), metavar="N", help="most rows of a language in a test (default: all)")
    parser.add_argument("--seed", type=whole(0), default=0, metavar="N", help="seed of twins and draws (default: 0)")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the result as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Load the model, make the tests, print them and write the JSON."""
    from sevenllm_bench.harness.lm_for_probe import open_model

    check_outputs({"-o": arguments.output}, [arguments.data_dir])
    benchmark = benchmark_of(arguments)
    with step("loading the model"):
        model = open_model(
            arguments.model, arguments.model_args, arguments.batch_size, arguments.device, arguments.apply_chat_template
        )
    result = probe_model(model, benchmark, arguments.seed, arguments.limit, arguments.completions_only)
    _print(result)
    if arguments.output:
        write_text("-o", arguments.output, json_text(probe_as_json(result)))
    return 0


def _print(result: ProbeResult) -> None:
    rows = []
    for place, test in enumerate(result.tests):
        interval = "" if test.low is None or test.high is None else f"{test.low:.2f} to {test.high:.2f}"
        p = result.corrected[place]
        rows.append(
            [
                test.name,
                test.language,
                f"{test.units} / {test.controls}" if test.controls else str(test.units),
                "" if test.effect is None else f"{test.effect:.2f}",
                interval,
                "" if p is None else f"{p:.2g}",
                result.finding(place),
            ]
        )
    columns = ["test", "language", "rows / controls", "effect", "95 % interval", "p (Holm)", "finding"]
    print_table(f"has {plain(str(result.model.get('name')))} seen the rows?", columns, rows, ["95 % interval", "rows / controls"])
    for test in result.tests:
        for reason, number in test.left_out.items():
            print(f"{test.name}, {test.language}: {number}: {reason}")
    if result.truncated:
        print(f"cut to the model's window: {result.truncated} texts")
    apart = [test for place, test in enumerate(result.tests) if result.verdict(place) in ("evidence", "difference")]
    if not all(PROBES[test.name].exact for test in apart):
        print("a test against controls also finds models that know texts of the same origin or style; see docs/memorisation.md")
    if result.caution:
        print(result.caution)
    print(result.summary)
