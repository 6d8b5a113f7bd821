"""`sevenllm-bench submit`: a run as a bundle that anybody can check, with the formats of the Hub, and a pull request."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sevenllm_bench.cli.table import print_table
from sevenllm_bench.cli.verify import print_findings
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.figures.vocabulary import figure_name
from sevenllm_bench.io.files import user_path
from sevenllm_bench.io.given_address import why_no_address
from sevenllm_bench.io.hub_access import check_repository, require_token, token_from_environment
from sevenllm_bench.io.progress import step
from sevenllm_bench.memorisation.probe_file import read_probe
from sevenllm_bench.memorisation.probe_result import ProbeResult
from sevenllm_bench.memorisation.probed_run import why_not_of
from sevenllm_bench.runs.model_name import ENCODER_RUN_MODEL, is_only_the_base
from sevenllm_bench.runs.reader import read_run
from sevenllm_bench.runs.records import Run
from sevenllm_bench.submission.bundle import Bundle, one_run, write_bundle
from sevenllm_bench.submission.formats.hub_results import default_benchmark
from sevenllm_bench.submission.manifest import Declared
from sevenllm_bench.submission.push import pull_request, send
from sevenllm_bench.submission.verify.findings import CLAIMS
from sevenllm_bench.submission.verify.verify_bundle import verify_bundle
from sevenllm_bench.text.display import plain
from sevenllm_bench.text.visible_names import why_no_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = "Writes a bundle that anybody can verify, checks it, and shows the pull request that --push opens."
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
    parser.add_argument("--probe", metavar="FILE", help="add the result of `sevenllm-bench probe` of the same model")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of the official test.jsonl (default: as for score)")
    parser.add_argument("--push", action="store_true", help="open the pull request (token: HF_TOKEN); without it, only show it")


def run(arguments: argparse.Namespace) -> int:
    """Write the bundle, check it, show what would be sent, and send it where that is asked for."""
    output = user_path(arguments.output, ConfigError)
    files = one_run(arguments.run_path)
    evaluated = read_run(files)
    declared = _declared(arguments, evaluated)
    token = token_from_environment()
    if arguments.push:
        require_token(token)
    if arguments.push and not declared.repository:
        raise ConfigError(f"--push needs the model's repository: --model ORG/NAME ({evaluated.repository[1]})")
    probe = _probe(arguments.probe, evaluated)
    for older in evaluated.older:
        print(f"left out: {older}, an older run of the same model and protocol")
    with step("writing the bundle"):
        bundle = write_bundle(files, output, declared, datetime.now(UTC), token, probe)
    _print(bundle)
    with step("verifying the bundle"):
        verification = verify_bundle(bundle.path, arguments.data_dir)
    print_findings(verification)
    code = verification.exit_code(allowed=CLAIMS)  # what can't be confirmed is for those who accept the bundle to decide
    return code if code else _pull_request(bundle, evaluated, arguments.push, token)


def _probe(path: str | None, evaluated: Run) -> ProbeResult | None:
    """The result to add, of the same model as the run."""
    if path is None:
        return None
    result = read_probe(user_path(path, ConfigError))
    if why := why_not_of(result, evaluated.model.identity, evaluated.model.sha):
        raise ConfigError(f"--probe {path}: {why}")
    return result


def _declared(arguments: argparse.Namespace, evaluated: Run) -> Declared:
    if arguments.model and is_only_the_base(arguments.model, evaluated.model.arguments):
        raise ConfigError(
            f"--model {arguments.model}: that is the base; what was run is {evaluated.model.identity.name}. "
            "Name the adapter's own repository, or leave --model out"
        )
    if not (arguments.model or evaluated.model.identity.loaded or evaluated.model.source == ENCODER_RUN_MODEL):
        raise ConfigError(f"the run names no model ({evaluated.model.name} is made up by lm-eval): --model ORG/NAME")
    repository = arguments.model or evaluated.repository[0]
    for option, name in (("--model", repository), ("--benchmark", arguments.benchmark)):
        if name:
            check_repository(option, name)
    recorded = evaluated.model.sha
    if arguments.revision and recorded and arguments.revision != recorded:
        raise ConfigError(f"--revision {arguments.revision}: the run itself says {recorded}")
    for option in ("notes", "organization", "source_url", "revision"):
        value = getattr(arguments, option) or ""
        if len(value) > 500 or not value.isprintable() or (value and why_no_name(value)):
            raise ConfigError(f"--{option.replace('_', '-')}: at most 500 printable characters, on one line")
    if arguments.source_url and (why := why_no_address(arguments.source_url, is_folder=False)):
        raise ConfigError(f"--source-url {plain(arguments.source_url, 80)}: an address of the web was expected ({why})")
    return Declared(
        repository=repository,
        revision=arguments.revision or (str(recorded) if recorded else None),
        benchmark=arguments.benchmark or default_benchmark(),
        source_url=arguments.source_url,
        organization=arguments.organization,
        relationship=arguments.relationship,
        notes=arguments.notes,
    )


def _print(bundle: Bundle) -> None:
    rows = [
        [
            figure_name(figure.id),
            f"{figure.value:.4f}",
            "" if figure.stderr is None else f"{figure.stderr:.4f}",
            f"{figure.rows:,}",
        ]
        for figure in bundle.figures
        if figure.level != "task"
    ]
    print_table("figures", ["figure", "value", "std. error", "rows"], rows)
    for name, why in _grouped(bundle.manifest).items():
        print(f"not in the Hub's formats ({why}): {name}")
    print(f"written: {bundle.path} ({len(bundle.manifest['files'])} files, with the manifest one more)")


def _grouped(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Figures left out, those with the same reason together."""
    reasons: dict[str, list[str]] = {}
    for name, why in manifest["left_out_of_hub_formats"].items():
        reasons.setdefault(why, []).append(figure_name(name))
    return {"; ".join(names): why for why, names in reasons.items()}


def _pull_request(bundle: Bundle, evaluated: Run, push: bool, token: str) -> int:
    repository = bundle.manifest["submission"]["repository"]
    if bundle.hub_file is None or repository is None:
        unknown = f"no repository of the model is known; name it with --model ORG/NAME ({evaluated.repository[1]})"
        why = "no figure qualifies for the Hub" if bundle.hub_file is None else unknown
        if push:
            raise ConfigError(f"nothing was sent: {why}")
        print(f"no pull request: {why}")
        return 0
    request = pull_request(repository, bundle.hub_file, evaluated.model.identity.named(repository))
    for line in request.lines():
        print(line)
    if not push:
        print("nothing was sent; --push opens this pull request")
        return 0
    print(f"opened: {send(request, token)}")
    return 0
