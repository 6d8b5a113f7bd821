"""Options that messages name exist: what a refusal tells the user to add is read by a parser."""

from __future__ import annotations

import argparse
import ast
import re
from pathlib import Path

import pytest
from run_files import rows_of, write_run

import sevenllm_bench
from sevenllm_bench.cli.commands import whole_parser
from sevenllm_bench.comparison.compare_runs import compare_runs
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.runs.reader import read_runs

PACKAGE = Path(sevenllm_bench.__file__).parent
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9_-]*[a-z0-9]")
#: Options of other programs that messages name.
OTHERS = {"--force-reinstall", "--upgrade", "--nproc_per_node", "--num_processes"}  # pip, torchrun, accelerate
OTHERS |= {"--no-log-samples", "--output-dir", "--to"}  # inspect


def known_options() -> set[str]:
    """The options of every command of ours and of `lm_eval run`."""
    from lm_eval._cli.run import Run

    root = argparse.ArgumentParser()
    Run(root.add_subparsers())
    parsers = [root, whole_parser()]
    found: set[str] = set()
    while parsers:
        for action in parsers.pop()._actions:
            found |= set(action.option_strings)
            if isinstance(action, argparse._SubParsersAction):
                parsers += list(action.choices.values())
    return found


def named_options() -> dict[str, set[str]]:
    """Options in texts that the program can show (not in docstrings), with the files they are in."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documents = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and node.body and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
                for option in _OPTION.findall(node.value):
                    found.setdefault(option, set()).add(path.name)
    for path in (PACKAGE / "pages" / "templates").rglob("*.html"):
        text = re.sub(r"<!--.*?-->", "", path.read_text(encoding="utf-8"), flags=re.S)
        for option in _OPTION.findall(text):
            found.setdefault(option, set()).add(path.name)
    return found


def test_every_option_that_a_text_names_exists():
    named, known = named_options(), known_options()
    assert {"--force", "--log_samples", "--dataset"} <= named.keys()  # the scan finds what there is
    assert named.keys() >= OTHERS
    assert {option: files for option, files in named.items() if option not in known | OTHERS} == {}


def test_a_refusal_on_a_page_names_the_command_that_has_the_option(tmp_path):
    """`report` has no --force: the message that it shows names `compare`."""
    rows = rows_of("sevenllm_en_mcq")
    write_run(tmp_path, "one", rows)
    write_run(tmp_path, "two", rows, change=lambda results: results["config"].update(limit=2))
    with pytest.raises(ResultsError) as refused:
        compare_runs(read_runs([tmp_path / "one", tmp_path / "two"]))
    assert "`compare --force`" in str(refused.value)
