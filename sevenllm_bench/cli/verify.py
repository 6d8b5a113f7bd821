"""`sevenllm-bench verify`: which figures of a bundle are confirmed, which differ, and which can't be confirmed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from sevenllm_bench.cli.output import check_outputs, json_text, print_json, write_text
from sevenllm_bench.cli.screen import print_verdict
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.errors import ConfigError, ResultsError, unknown_name
from sevenllm_bench.io.files import user_path
from sevenllm_bench.io.progress import step
from sevenllm_bench.submission.verify.check_copies import read_others
from sevenllm_bench.submission.verify.findings import CLAIMS, Verification
from sevenllm_bench.submission.verify.verify_bundle import verify_bundle

_FIGURES = "figures"
_WORDS = {"confirmed": "confirmed", "differs": "differs", "unconfirmed": "cannot be confirmed", "note": "note"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Says of each figure: confirmed, differs, or cannot be confirmed. Exit code 1 when something differs, "
        "or cannot be confirmed and is not allowed."
    )
    parser.add_argument("bundle", metavar="BUNDLE", help="the zip file that submit wrote")
    claims = "; ".join(f"{name}: {what}" for name, what in CLAIMS.items())
    parser.add_argument(
        "--allow-unconfirmed",
        action="append",
        default=[],
        metavar="NAME[,NAME]",
        help=f"accept what cannot be confirmed, by name ({claims})",
    )
    parser.add_argument("--strict", action="store_true", help=argparse.SUPPRESS)  # what is the default now
    parser.add_argument(
        "--against",
        nargs="+",
        default=[],
        metavar="SUBMISSIONS",
        help="bundles, or folders of them, whose answers are compared with this one's",
    )
    parser.add_argument("--all", action="store_true", help="list tasks and what is confirmed too")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of the official test.jsonl (default: as for score)")
    parser.add_argument("--json", metavar="FILE", help='write every finding as JSON too ("-" for standard output instead)')


def run(arguments: argparse.Namespace) -> int:
    """Check a bundle, print what was found, and return 1 when something differs, or can't be confirmed and isn't allowed."""
    bundle = user_path(arguments.bundle, ResultsError)
    check_outputs({"--json": arguments.json}, [bundle, arguments.data_dir])
    allowed = _allowed(arguments.allow_unconfirmed)
    with step("verifying the bundle"):
        verification = verify_bundle(bundle, arguments.data_dir, others=read_others(arguments.against, bundle))
    code = verification.exit_code(allowed)
    if arguments.json == "-":
        print_json(as_json(verification, code))
        return code
    if arguments.json:
        write_text("--json", arguments.json, json_text(as_json(verification, code)))
    _print_figures(verification, arguments.all)
    print_findings(verification, arguments.all)
    refused = sorted({finding.claim for finding in verification.refused(allowed) if finding.claim})
    if refused:
        print(f"not confirmed and not allowed: {', '.join(refused)} (--allow-unconfirmed {','.join(refused)})")
    return code


def _allowed(given: Sequence[str]) -> frozenset[str]:
    """The claims allowed.

    Raises:
        ConfigError: One is not known.
    """
    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    for name in names:
        if name not in CLAIMS:
            raise ConfigError(unknown_name("--allow-unconfirmed", name, CLAIMS))
    return frozenset(names)


def as_json(verification: Verification, code: int) -> dict[str, object]:
    """The verification as a JSON object."""
    findings = [finding.as_json() for finding in verification.findings]
    return {"model": verification.label, "exit_code": code, "counts": verification.counts, "findings": findings}


def _print_figures(verification: Verification, everything: bool = False) -> None:
    """Print a table of the figures claimed; tasks too with `everything`."""
    figures = [finding for finding in verification.findings if finding.check == _FIGURES]
    shown = [finding for finding in figures if everything or not finding.of_task]
    rows = [[f.title, _number(f.claimed), _number(f.found), _WORDS[f.status]] for f in shown]
    if rows:
        print_table(f"figures of {verification.label}", ["figure", "claimed", "recomputed", ""], rows, verdict="")
    if len(shown) < len(figures):
        confirmed = sum(f.status == "confirmed" for f in figures if f not in shown)
        print(f"figures by task: {confirmed} of {len(figures) - len(shown)} confirmed (--all lists them)")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6f}"


def print_findings(verification: Verification, everything: bool = False) -> None:
    """Print what differs, what can't be confirmed, what is worth knowing, and the counts."""
    for status in ("differs", "unconfirmed", "note", *(("confirmed",) if everything else ())):
        for finding in verification.findings:
            if finding.status == status:
                print_verdict(_WORDS[status], f": {finding.line_in_words}")
    counts = verification.counts
    print(
        f"{counts['confirmed']} confirmed, {counts['differs']} differ or are missing, {counts['unconfirmed']} cannot be confirmed"
    )
