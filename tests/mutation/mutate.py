"""Mutation testing: how many small faults in the code do the tests notice?

    python tests/mutation/mutate.py answers metrics scoring.py figures stats submission/verify [--sample 300] [--seed 0]

Each mutant changes one place (a comparison, a condition, a number, an operator) of one module. The tests that run that line,
the fastest first, must fail. Which tests run which line comes from one run of the suite under coverage (kept in
`.mutation/`, removed by --fresh). Mutants run in forked processes that have the libraries loaded already.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "sevenllm_bench"
STATE = ROOT / ".mutation"
#: Tests under which a mutant runs at most, and for how long.
MOST_TESTS, MOST_SECONDS = 60, 90
#: Tests that take minutes, or start other processes: they notice faults too, but no mutant waits for them.
LEFT_OUT = ("tests/finetune", "tests/llm", "tests/test_package.py", "tests/test_hostile.py", "tests/pages", "tests/mutation")

_COMPARE = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_BINARY = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult,
           ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One changed place: the module's file, the line, what was changed, and the changed source."""

    path: str
    line: int
    change: str
    source: str


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every mutant of a module."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    skipped = _skipped(tree)
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in skipped:
            continue
        for number in range(len(list(_changes(node)))):
            changed = copy.deepcopy(tree)
            target = next(found for at, found in enumerate(ast.walk(changed)) if at == place)
            change, apply = list(_changes(target))[number]
            apply()
            yield Mutant(str(path.relative_to(ROOT)), node.lineno, change, ast.unparse(ast.fix_missing_locations(changed)))


def _skipped(tree: ast.AST) -> set[int]:
    """Nodes without behaviour: annotations, decorators, `if TYPE_CHECKING`, `zip(strict=)`."""
    roots: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            roots.append(node.annotation)
        if isinstance(node, ast.FunctionDef):
            roots += [*node.decorator_list, *([node.returns] if node.returns else [])]
        if isinstance(node, ast.ClassDef):
            roots += node.decorator_list
        if isinstance(node, ast.keyword) and node.arg in ("strict", "slots", "frozen"):
            roots.append(node)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            roots.append(node)
        aliases = ("Literal[", "tuple[", "dict[", "Callable[", "list[")
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith(aliases):
            roots.append(node)
    return {id(inner) for root in roots for inner in ast.walk(root)}


def _changes(node: ast.AST):
    """What can be changed at a node: a description, and a function that does it."""
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            if type(operator) in _COMPARE:
                new = _COMPARE[type(operator)]()
                yield f"{type(operator).__name__} -> {type(new).__name__}", lambda p=place, n=new: node.ops.__setitem__(p, n)
    elif isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        new = _BINARY[type(node.op)]()
        yield f"{type(node.op).__name__} -> {type(new).__name__}", lambda: setattr(node, "op", new)
    elif isinstance(node, ast.BoolOp):
        new = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"{type(node.op).__name__} -> {type(new).__name__}", lambda: setattr(node, "op", new)
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield f"{node.value!r} -> {node.value + 1!r}", lambda: setattr(node, "value", node.value + 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} -> {not node.value}", lambda: setattr(node, "value", not node.value)
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        if not isinstance(node, ast.While):
            yield "condition -> True", lambda: setattr(node, "test", ast.Constant(True))
        yield "condition -> False", lambda: setattr(node, "test", ast.Constant(False))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield (
            "not removed",
            lambda: (setattr(node, "op", ast.Not()), setattr(node, "operand", ast.UnaryOp(ast.Not(), node.operand))),
        )
    elif isinstance(node, ast.comprehension) and node.ifs:
        node_line = node.ifs[0].lineno
        node.lineno = node_line  # comprehensions have no line of their own
        yield "filter removed", lambda: setattr(node, "ifs", [])
    elif isinstance(node, ast.Break):
        yield "break -> continue", lambda: setattr(node, "__class__", ast.Continue)
    elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield "returns None", lambda: setattr(node, "value", ast.Constant(None))


def covering(fresh: bool, suite: list[str]) -> tuple[dict[str, dict[int, list[str]]], dict[str, float]]:
    """Which tests run each line of each file, and how long each test takes."""
    STATE.mkdir(exist_ok=True)
    data, times = STATE / "coverage", STATE / "times.json"
    if fresh or not (data.exists() and times.exists()):
        environment = {**os.environ, "COVERAGE_FILE": str(data), "PYTHONPATH": str(ROOT), "COVERAGE_CORE": "ctrace"}
        report = STATE / "report.xml"
        words = [
            "-q",
            "-n",
            "2",
            "--no-cov-on-fail",
            "--cov=sevenllm_bench",
            "--cov-fail-under=0",
            "--cov-context=test",
            "--cov-report=",
            f"--junitxml={report}",
        ]
        subprocess.run(
            [sys.executable, "-m", "pytest", *words, *[f"--ignore={name}" for name in LEFT_OUT], *suite],
            cwd=ROOT, env=environment, check=False,
        )  # fmt: skip
        times.write_text(json.dumps(_durations(report)), encoding="utf-8")
    from coverage import CoverageData

    found = CoverageData(str(data))
    found.read()
    lines = {}
    for file in found.measured_files():
        contexts = found.contexts_by_lineno(file)
        lines[file] = {line: sorted({name.partition("|")[0] for name in names if name}) for line, names in contexts.items()}
    return lines, json.loads(times.read_text(encoding="utf-8"))


def _durations(report: Path) -> dict[str, float]:
    from xml.etree import ElementTree

    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        if case.find("failure") is None and case.find("error") is None and case.find("skipped") is None:
            module, name = str(case.get("classname")).replace(".", "/"), case.get("name")
            found[f"{module}.py::{name}"] = float(case.get("time") or 0)
    return found


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads the mutant's source for its module."""

    def __init__(self, name: str, mutant: Mutant) -> None:
        self.name, self.mutant = name, mutant

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self.name:
            return None
        where = str(ROOT / self.mutant.path)
        folder = [str(Path(where).parent)] if where.endswith("__init__.py") else None
        return importlib.util.spec_from_file_location(fullname, where, loader=self, submodule_search_locations=folder)

    def exec_module(self, module) -> None:
        exec(compile(self.mutant.source, module.__spec__.origin, "exec"), module.__dict__)


def run(mutant: Mutant, tests: list[str]) -> str:
    """Whether the tests notice a mutant: "killed", "survived", or "timeout" (which counts as killed)."""
    child = os.fork()
    if child == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        name = ".".join(Path(mutant.path).with_suffix("").parts).removesuffix(".__init__")
        sys.meta_path.insert(0, _Changed(name, mutant))
        os.chdir(ROOT)
        import pytest

        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:cov", "-p", "no:xdist", *tests])
        os._exit(0 if code == 0 else 1)
    end = time.monotonic() + MOST_SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "survived" if status == 0 else "killed"
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timeout"


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rooms", nargs="+", help="folders and modules of the package")
    parser.add_argument("--sample", type=int, help="run so many mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tests", nargs="*", default=["tests"], help="what to run under coverage (default: the suite)")
    parser.add_argument("--fresh", action="store_true", help="run the suite under coverage again")
    parser.add_argument("--output", type=Path, default=STATE / "survivors.txt")
    arguments = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)
    sys.path.insert(0, str(ROOT))
    lines, times = covering(arguments.fresh, arguments.tests)
    files = [file for room in arguments.rooms for file in (sorted((PACKAGE / room).rglob("*.py")) or [PACKAGE / room])]
    mutants = [mutant for file in files for mutant in mutants_of(file)]
    if arguments.sample and arguments.sample < len(mutants):
        mutants = random.Random(arguments.seed).sample(mutants, arguments.sample)
    _preload()
    counts: dict[str, dict[str, int]] = {}
    with arguments.output.open("w", encoding="utf-8") as out, ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda mutant: _verdict(mutant, lines, times), mutants)
        for number, (mutant, verdict) in enumerate(zip(mutants, results, strict=True), 1):
            of_file = counts.setdefault(mutant.path, {})
            of_file[verdict] = of_file.get(verdict, 0) + 1
            if verdict in ("survived", "not covered"):
                original = (ROOT / mutant.path).read_text(encoding="utf-8").splitlines()[mutant.line - 1].strip()
                out.write(f"{mutant.path}:{mutant.line}: {mutant.change} ({verdict}): {original}\n")
                out.flush()
            if number % 50 == 0:
                print(f"{number} of {len(mutants)}", flush=True)
    every = {"killed": 0, "timeout": 0, "survived": 0, "not covered": 0}
    for path, found in sorted(counts.items()):
        for name, count in found.items():
            every[name] += count
        print(f"{path}: {(found.get('killed', 0) + found.get('timeout', 0)) / sum(found.values()):.1%} of {sum(found.values())}")
    total = sum(every.values())
    print(f"all: {(every['killed'] + every['timeout']) / total:.1%} of {total} mutants noticed {every}")


def _verdict(mutant: Mutant, lines: dict[str, dict[int, list[str]]], times: dict[str, float]) -> str:
    known = lines.get(str(ROOT / mutant.path), {})
    tests = [test for test in known.get(mutant.line, []) if test in times]
    if not tests:
        # A line that runs when the module is loaded belongs to no test: all tests of the module.
        tests = sorted({test for names in known.values() for test in names if test in times})
    if not tests:
        return "not covered"
    return run(mutant, sorted(tests, key=lambda test: times[test])[:MOST_TESTS])


def _preload() -> None:
    """Load what mutants' tests need: libraries, the segmenter's dictionary and the official rows."""
    for name in (
        "numpy",
        "hypothesis",
        "scipy.stats",
        "jieba",
        "rapidfuzz",
        "rouge",
        "rouge_score.rouge_scorer",
        "rich",
        "yaml",
        "pytest",
    ):
        importlib.import_module(name)
    from sevenllm_bench.data.official import load_official
    from sevenllm_bench.text.segment import words

    words("恶意软件")
    if os.environ.get("SEVENLLM_DATA_DIR"):
        load_official()


if __name__ == "__main__":
    main()
