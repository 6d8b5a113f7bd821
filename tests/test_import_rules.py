"""Which room may import which: the table in CONTRIBUTING.md is the rule, and the imports of the package are held against it."""

import ast
import graphlib
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sevenllm_bench"
ROW = re.compile(r"^\| `(?P<room>\w+)` \|[^|]*\| ?(?P<imports>[^|]*?) ?\|$", re.MULTILINE)
#: Modules directly in the package that are no rooms.
TOP = "sevenllm_bench"


def modules() -> dict[str, Path]:
    found = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): path for path in PACKAGE.rglob("*.py")}
    return {name.removesuffix(".__init__"): path for name, path in found.items()}


def imports_of(path: Path, known: dict[str, Path]) -> set[str]:
    """The package's modules that a file imports: at the top, in functions, and for type checkers."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            if (node.module or "").partition(".")[0] == TOP:
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= {name if name in known else str(node.module) for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.partition(".")[0] == TOP}
    return found


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    known = modules()
    found = {name: imports_of(path, known) for name, path in known.items()}
    found.pop(TOP)  # its lazy exports lead everywhere; what it holds besides is the version
    return {name: used - {TOP} for name, used in found.items()}


def room(module: str) -> str:
    return module.split(".")[1]


def allowed() -> dict[str, set[str]]:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return {row["room"]: set(re.findall(r"\w+", row["imports"])) for row in ROW.finditer(text)}


def test_rooms_import_what_the_table_says_and_nothing_else(graph):
    used: dict[str, set[str]] = {room(name): set() for name in graph}
    for name, imported in graph.items():
        used[room(name)] |= {room(other) for other in imported} - {room(name)}
    assert used == allowed()


def test_the_table_is_in_order():
    """A room imports rooms above it only."""
    above: set[str] = set()
    for name, imported in allowed().items():
        assert imported <= above, f"{name} imports {', '.join(sorted(imported - above))}, which are not above it"
        above.add(name)


def test_no_module_imports_itself_through_others(graph):
    graphlib.TopologicalSorter(graph).prepare()


def test_only_the_harness_imports_lm_eval():
    pattern = re.compile(r"^\s*(?:from|import) lm_eval", re.MULTILINE)
    found = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py") if pattern.search(path.read_text("utf-8"))}
    assert found == {"harness"}


def test_no_two_modules_and_no_two_public_classes_have_one_name():
    paths = [path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"]
    classes = [
        node.name
        for path in paths
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    for names in ([path.name for path in paths], classes):
        assert [name for name, count in Counter(names).items() if count > 1] == []


def test_tests_mirror_the_package():
    further = {"golden", "perf", "mutation"}
    assert _folders(ROOT / "tests") == _folders(PACKAGE) | further


def _folders(parent):
    """Names of folders that hold files; an earlier version's may be left with bytecode only."""
    files = (path.relative_to(parent).parts for path in parent.rglob("*") if path.is_file())
    return {parts[0] for parts in files if len(parts) > 1 and "__pycache__" not in parts}
