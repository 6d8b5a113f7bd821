"""The package as a whole: what the wheel holds, what importing costs, what the files say."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sevenllm_bench import __version__
from sevenllm_bench.harness.yamls import render_all

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_lays_the_yamls_where_lm_eval_looks(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        for name, content in render_all().items():
            assert archive.read(f"lm_eval/tasks/sevenllm/{name}").decode("utf-8") == content
        metadata = next(name for name in names if name.endswith("entry_points.txt"))
        assert "[lm_eval.tasks]\nsevenllm = sevenllm_bench" in archive.read(metadata).decode()
    assert sum(name.startswith("sevenllm_bench/data/embedded/") for name in names) == 6
    # Uninstalling removes what RECORD lists; nothing of lm-eval's own may be among it.
    assert all(name.startswith(("sevenllm_bench/", "lm_eval/tasks/sevenllm/", "sevenllm_bench-")) for name in names)


def test_importing_loads_nothing_heavy():
    heavy = "{'torch', 'transformers', 'lm_eval', 'datasets', 'jieba', 'numpy', 'rich', 'huggingface_hub', 'yaml', 'rapidfuzz'}"
    names = ("cli.main", "scoring", "data.official", "runs.reader", "comparison.export", "cli.compare")
    for module in ("sevenllm_bench", *(f"sevenllm_bench.{name}" for name in names)):
        code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]", module


def test_version_stands_in_changelog_and_citation():
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"version: {__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_no_file_holds_both_sides_of_a_merge():
    """Templates, styles and documents show such lines instead of failing."""
    kinds = {".html", ".css", ".js", ".md", ".yaml"}
    files = [
        file for name in ("sevenllm_bench", "docs", "task_yamls") for file in (ROOT / name).rglob("*") if file.suffix in kinds
    ]
    assert len(files) > 100
    sides = ("<" * 7 + " ", ">" * 7 + " ")
    assert [file.name for file in files if any(line.startswith(sides) for line in file.read_text("utf-8").splitlines())] == []
