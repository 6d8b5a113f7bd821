"""The progress of long commands: on a terminal's standard error only, gone at the end, silent for programs and libraries."""

import json
import os
import pty
import re
import subprocess
import sys

import pytest
from leaderboard_files import write_many
from submission_files import zipped

from sevenllm_bench.cli.main import main
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.io import progress
from sevenllm_bench.io.progress import step, steps_shown, tracked

#: Two steps, each of which lasts until its line was drawn.
SCRIPT = """
import time
from sevenllm_bench.io import progress

def drawn():
    give_up = time.monotonic() + 60
    while {wait} and not (progress._screen._bars and progress._screen._bars.live.is_started):
        assert time.monotonic() < give_up
        time.sleep(0.01)
    if {wait}:
        progress._screen._bars.refresh()

with progress.steps_shown({after}):
    for item in progress.tracked("abc", "reading runs"):
        drawn()
    print("between", flush=True)
    with progress.step("comparing"):
        drawn()
print("the end", flush=True)
"""


def on_a_terminal(code: str, term: str = "xterm", stdout: int | None = None) -> tuple[str, str]:
    """What a program writes on a terminal of its own, and what on a pipe in the place of its standard output."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": term, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "COLUMNS": "100"}
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=theirs, stdout=stdout or theirs, stderr=theirs, env=environment, text=True
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux's way of saying that nobody has the terminal open any more
            break
        if not part:
            break
        shown += part
    os.close(ours)
    piped = process.stdout.read() if process.stdout else ""
    assert process.wait(timeout=60) == 0, shown.decode()
    return shown.decode(), piped


@pytest.fixture(scope="module")
def terminal():
    return on_a_terminal(SCRIPT.format(after=0, wait=True))[0]


def test_a_terminal_shows_what_is_done_and_how_much_of_it(terminal):
    assert "reading runs: 0 of 3" in terminal
    assert "reading runs: 2 of 3" in terminal
    assert "comparing " in terminal


def test_the_line_is_cleared_before_anything_else_is_printed(terminal):
    before, _, after = terminal.partition("between")
    clear, show_cursor = "\x1b[2K", "\x1b[?25h"
    assert before.endswith(show_cursor + "\r") or before.rstrip("\r\n").endswith(show_cursor)
    assert clear in before[before.rindex("reading runs") :]
    assert after.rstrip().endswith("the end")
    assert after[after.rindex("comparing") :].count(show_cursor) == 1


def test_standard_output_stays_clean_where_only_standard_error_is_a_terminal():
    shown, piped = on_a_terminal(SCRIPT.format(after=0, wait=True), stdout=subprocess.PIPE)
    assert piped == "between\nthe end\n"
    assert "reading runs: 2 of 3" in shown


@pytest.mark.parametrize(("after", "term"), [(0, "dumb"), (0, ""), (3600, "xterm")], ids=["dumb", "unknown", "not yet"])
def test_nothing_is_drawn_on_what_is_no_such_terminal_or_before_its_time(after, term):
    shown, _ = on_a_terminal(SCRIPT.format(after=after, wait=False), term)
    assert shown.replace("\r", "") == "between\nthe end\n"


def test_a_pipe_gets_nothing():
    code = SCRIPT.format(after=0, wait=False)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("between\nthe end\n", "")


def test_an_error_inside_a_step_clears_the_line_before_its_message():
    code = SCRIPT.format(after=0, wait=True).replace('print("between", flush=True)', "raise SystemExit('a mistake')")
    with pytest.raises(AssertionError, match="a mistake") as failed:
        on_a_terminal(code)
    shown = str(failed.value)
    assert "\x1b[2K" in shown[shown.rindex("reading runs") : shown.rindex("a mistake")]


def test_a_library_draws_nothing_unasked(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert list(tracked(range(3), "reading runs")) == [0, 1, 2]
    with step("comparing", 2) as advance:
        advance()
    assert capsys.readouterr().err == ""


def test_items_come_one_by_one_and_the_source_is_closed():
    seen = []

    def source():
        try:
            for number in range(3):
                seen.append(number)
                yield number
        finally:
            seen.append("closed")

    with steps_shown(0):
        assert next(iter(tracked(source(), "reading", 3))) == 0
    assert seen == [0, "closed"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_leaves_the_terminal_to_its_parent():
    code = """
import os
from sevenllm_bench.io import progress
with progress.steps_shown(0):
    child = os.fork()
    if child == 0:
        with progress.step("of the child"):
            print("child:", progress._screen, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""
    assert "child: None" in on_a_terminal(code)[0]


class Recorded:
    """Stands in for the terminal's lines: what began, how often it advanced, what ended."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.running: list[object] = []
        self.advanced: dict[str, int] = {}

    def begin(self, new) -> None:
        self.begun.append(new.words)
        self.running.append(new)

    def advance(self, own) -> None:
        self.advanced[own.words] = self.advanced.get(own.words, 0) + 1

    def end(self, own) -> None:
        self.running.remove(own)


@pytest.fixture
def recorded(monkeypatch):
    found = Recorded()
    monkeypatch.setattr(progress, "_screen", found)
    return found


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers")
    for name in "ab":
        rows = [row for row in embedded_split("test") if name == "a" or row.id % 3]
        (folder / f"{name}.jsonl").write_text("\n".join(json.dumps({"id": row.id, "output": row.output}) for row in rows))
    return [str(folder / "a.jsonl"), str(folder / "b.jsonl")]


@pytest.mark.parametrize(
    ("words", "steps"),
    [
        (["score", "A", "--dataset", "embedded"], {"scoring the answers": 0}),
        (["compare", "A", "B", "--dataset", "embedded", "--resamples", "100"], {"reading runs": 2, "comparing the runs": 0}),
        (
            ["report", "A", "B", "-o", "OUT", "--dataset", "embedded", "--resamples", "100"],
            {"reading runs": 2, "writing the report": 0, "writing the tasks' pages": 58},
        ),
        (["leaderboard", "build", "MANY", "-o", "OUT"], {"building the leaderboard": 0, "reading submissions": 5}),
        (["verify", "BUNDLE"], {"verifying the bundle": 0}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_every_long_command_says_its_steps(words, steps, answers, bundle, tmp_path, recorded, capsys):
    write_many(tmp_path / "many", 5)
    names = {"A": answers[0], "B": answers[1], "OUT": tmp_path / "out", "MANY": tmp_path / "many"}
    names["BUNDLE"] = zipped(bundle, tmp_path / "bundle.zip")
    assert main([str(names.get(word, word)) for word in words]) in (0, 1)
    assert sorted(recorded.begun) == sorted(steps)
    assert {name: recorded.advanced.get(name, 0) for name in recorded.begun} == steps
    assert recorded.running == []


def test_a_line_printed_while_a_step_runs_stands_alone():
    note = "        with progress.aside(): print('a note', flush=True)"
    code = SCRIPT.format(after=0, wait=True).replace("        drawn()\n    print", f"        drawn()\n{note}\n    print")
    shown, _ = on_a_terminal(code)
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown))
    assert lines.count("a note") == 3
