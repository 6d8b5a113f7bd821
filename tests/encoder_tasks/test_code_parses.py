"""Every function of the task on vulnerable code parses; what has no compiler on this machine is skipped by name."""

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_tasks import vulnerable_code
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name

SURROUNDINGS = Path(__file__).parent / "code_surroundings"
ITEMS = vulnerable_code.items(encoder_task_by_name("sevenllm-vulnerable-code"), load_benchmark("embedded"))


def functions(language):
    return {item.id: item.document["func"] for item in ITEMS if item.group == language}


def compiler(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def assert_accepted(command, folder):
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("func", functions("python").values(), ids=functions("python"))
def test_python(func):
    assert isinstance(ast.parse(func).body[0], ast.FunctionDef)


def test_c_with_all_warnings(tmp_path):
    gcc = compiler("gcc")
    head = (SURROUNDINGS / "surroundings.h").read_text(encoding="utf-8")
    for number, func in functions("c").items():
        (tmp_path / f"f{number}.c").write_text(f"{head}\n{func}\n", encoding="utf-8")
    files = [path.name for path in sorted(tmp_path.glob("*.c"))]
    assert_accepted([gcc, "-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-format-security", *files], tmp_path)


def test_java(tmp_path):
    javac = compiler("javac")
    head = (SURROUNDINGS / "Surroundings.java").read_text(encoding="utf-8")
    classes = [f"abstract class F{n} extends Surroundings {{\n{func}\n}}" for n, func in functions("java").items()]
    (tmp_path / "All.java").write_text("\n".join([head, *classes]), encoding="utf-8")
    assert_accepted([javac, "-proc:none", "-d", "classes", "All.java"], tmp_path)


def test_php(tmp_path):
    php = compiler("php")
    for number, func in functions("php").items():
        (tmp_path / f"f{number}.php").write_text(f"<?php\n{func}\n", encoding="utf-8")
        assert_accepted([php, "-l", f"f{number}.php"], tmp_path)


def test_go(tmp_path):
    gofmt = compiler("gofmt")
    for number, func in functions("go").items():
        (tmp_path / f"f{number}.go").write_text(f"package p\n\n{func}\n", encoding="utf-8")
    assert_accepted([gofmt, "-e", "-l", *(path.name for path in sorted(tmp_path.glob("*.go")))], tmp_path)
