"""`sevenllm-bench doctor`: the checks of the preflight alone, each with its fix."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from sevenllm_bench.cli.screen import print_verdict
from sevenllm_bench.cli.shared_options import add_judge_calls, add_rows, judge_choice_of
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import is_folder
from sevenllm_bench.io.progress import step
from sevenllm_bench.preflight import Check, check_cache, check_data, is_offline, require_extra, run_checks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Checks what a run needs, and says how to fix what is missing. Exit code 1 when something has to be fixed."
    )
    add_rows(parser)
    parser.add_argument("--semantic-model", metavar="MODEL", help="embedding model to check (default: as in a run)")
    parser.add_argument("--judge", metavar="MODEL", help="judge to check (default: SEVENLLM_JUDGE)")
    add_judge_calls(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print each finding; the exit code is 1 when something has to be fixed."""
    if is_offline():
        print("HF_HUB_OFFLINE is set: nothing is looked up on the Hub, only what is on this machine is used.")
    with step("checking"):
        findings = run_checks(_checks(arguments))
    for finding in findings:
        mark = "ok  " if finding.ok else "FAIL"
        print_verdict(mark, f"  {finding.name}: {finding.text}")
    wrong = sum(not finding.ok for finding in findings)
    print(f"{wrong} of {len(findings)} to fix" if wrong else "everything is as it should be")
    return 1 if wrong else 0


def _checks(arguments: argparse.Namespace) -> list[Check]:
    checks: list[Check] = [("lm-eval", _check_lm_eval), ("tasks", _check_tasks), ("cache", check_cache)]
    if arguments.dataset == "official":
        checks.append(("official data", lambda: check_data(arguments.data_dir, arguments.allow_modified)))
    checks.append(("embedding model", lambda: _check_embedding(arguments.semantic_model)))
    checks.append(("judge", lambda: _check_judge(arguments)))
    return checks


def _check_lm_eval() -> str:
    require_extra("lm_eval", "hf")
    from sevenllm_bench.harness import lm_eval_version

    return lm_eval_version()


def _check_tasks() -> str:
    from sevenllm_bench.harness.yamls import drift, yaml_folder

    folder = yaml_folder()
    found = drift(folder)
    if found:
        raise ConfigError(f"the task files in {folder} are not those of this version ({found[0]}); reinstall the package")
    return str(folder)


def _check_embedding(choice: str | None) -> str:
    from sevenllm_bench.encoders.sentence_embedder import is_available, model_from

    model = model_from(choice)
    if model is None:
        return "off: sentence-transformers is not installed, or semantic_model=none"
    require_extra("sentence_transformers", "semantic")
    if is_folder(model.name) and not any((Path(model.name) / name).is_file() for name in ("modules.json", "config.json")):
        raise ConfigError(f"{model.name}: no model in this folder (neither modules.json nor config.json)")
    if is_available(model):
        return f"{model.label}, on this machine"
    if is_offline():
        raise ConfigError(
            f"{model.label} is not on this machine, and HF_HUB_OFFLINE is set; download it once with the network, or run with "
            "--metadata semantic_model=none"
        )
    _look_up(model.name, model.revision)
    return f"{model.label}, to be downloaded at the first run"


def _look_up(name: str, revision: str | None) -> None:
    from huggingface_hub import HfApi

    try:
        HfApi().model_info(name, revision=revision, timeout=10)
    except Exception as error:  # the Hub's client lets those of its HTTP library through, which has changed
        reason = str(error).strip().split("\n")[0][:200] or type(error).__name__
        raise ConfigError(
            f"{name} is not on this machine, and the Hub doesn't give it ({reason}); check the network and the name, or run "
            "with --metadata semantic_model=none"
        ) from None


def _check_judge(arguments: argparse.Namespace) -> str:
    from sevenllm_bench.judge.judge_choice import MODEL_VARIABLE
    from sevenllm_bench.judge.llm_judge import Judge

    chosen = arguments.judge or os.environ.get(MODEL_VARIABLE, "")
    if not chosen:
        return f"off: none named (--judge MODEL, or {MODEL_VARIABLE})"
    require_extra("openai", "judge")
    found = Judge(judge_choice_of(arguments, chosen)).check()
    found.require_grade(chosen)
    asked = f", asked {', '.join(found.notes)}: the server doesn't take all that is asked for" if found.notes else ""
    return f"{chosen} answers{asked}"
