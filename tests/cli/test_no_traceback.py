"""Whatever files, words and streams a command gets: one message and an exit code, never a traceback."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from sevenllm_bench.cli import score as score_command
from sevenllm_bench.cli.main import main
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.io import files


@pytest.fixture(autouse=True)
def _nobody_answers(tmp_path, monkeypatch):
    """Neither a judge nor the Hub, whose client would wait between five tries."""
    from huggingface_hub.utils import _http

    monkeypatch.setattr(_http, "time", SimpleNamespace(time=time.time, sleep=lambda seconds: None))
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("SEVENLLM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(files, "_PATIENCE", 0.2)


@pytest.fixture
def answers(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text("\n".join(json.dumps({"id": row.id, "output": row.output}) for row in embedded_split("test")[:20]))
    return path


def _large(path):
    path.touch()
    os.truncate(path, 5 << 30)


def _socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


#: What a file may turn out to be.
KINDS = {
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "5 GB in one line": _large,
    "a folder": Path.mkdir,
    "a dangling link": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "zeros without end": lambda path: path.symlink_to("/dev/zero"),
    "nothing at all": lambda path: path.symlink_to(os.devnull),
    "a process": lambda path: path.symlink_to("/proc/self"),
    "memory": lambda path: path.symlink_to("/proc/self/mem"),
    "many lines of junk": lambda path: path.write_bytes(b"junk\n" * 2_000_000),
    "no UTF-8": lambda path: path.write_bytes(b"\xff\xfe{\x00"),
    "nothing there": lambda path: None,
}
COMMANDS = {
    "score": ["score", "IN", "--dataset", "embedded"],
    "compare": ["compare", "IN", "IN", "--dataset", "embedded"],
    "report": ["report", "IN", "-o", "OUT", "--dataset", "embedded"],
    "submit": ["submit", "IN", "-o", "OUT.zip"],
    "verify": ["verify", "IN"],
    "leaderboard": ["leaderboard", "build", "IN", "-o", "OUT"],
    "judge": ["judge", "IN", "--model", "m", "--dataset", "embedded"],
    "judge against": ["judge", "ANSWERS", "--against", "IN", "--model", "m", "--dataset", "embedded", "--estimate"],
    "calibrate": ["judge", "--calibrate", "IN", "--model", "m", "--dataset", "embedded", "--estimate"],
    "finetune": ["finetune", "IN", "--dry-run"],
    "merge": ["merge", "IN", "-o", "OUT"],
    "facts": ["leaderboard", "build", "ANSWERS", "-o", "OUT", "--models", "IN"],
    "official rows": ["score", "ANSWERS", "--data-dir", "IN"],
}


def in_words(words, kind, place, answers):
    names = {"IN": str(place / kind.replace(" ", "_")), "OUT": str(place / "out"), "OUT.zip": str(place / "out.zip")}
    return [{**names, "ANSWERS": str(answers)}.get(word, word) for word in words]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", COMMANDS)
def test_no_file_is_more_than_a_message(name, kind, answers, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    KINDS[kind](Path(kind.replace(" ", "_")))
    code = main(in_words(COMMANDS[name], kind, tmp_path, answers))
    said = capsys.readouterr()
    assert (code, said.err.startswith("sevenllm-bench: error: ")) in [(2, True), (0, False)]
    # An estimate doesn't read what answers are compared with.
    assert code == 2 or name == "judge against"
    assert "unexpected" not in said.err


@pytest.mark.parametrize(
    "name", ["a\nb", "\udcff", "名" * 200, "x" * 5_000, "a\0b", "~nobody-of-that-name/x", " ", "\x1b[2J", "-"]
)
@pytest.mark.parametrize("command", ["score", "compare", "verify", "leaderboard", "judge", "finetune", "official rows"])
def test_no_name_is_more_than_a_message(command, name, answers, capsys):
    words = [{"IN": name, "OUT": "out", "ANSWERS": str(answers)}.get(word, word) for word in COMMANDS[command]]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith("sevenllm-bench: error: ")
    assert "unexpected" not in error


def test_doctor_without_a_network(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert main(["doctor", "--semantic-model", "org/never-here"]) == 1
    out = capsys.readouterr().out
    assert "FAIL  official data" in out
    assert "FAIL  embedding model: org/never-here is not on this machine, and the Hub doesn't give it" in out


@pytest.mark.parametrize(
    "model", ["a b", "/dev/zero", "https://x.example/y", "名/字", "x" * 5_000, "a\nb", "\x01", "org/name@", "~root/none/x", "."]
)
def test_doctor_with_an_odd_embedding_model(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "--dataset", "embedded", "--semantic-model", model]) == 1
    assert "FAIL  embedding model" in capsys.readouterr().out


def test_doctor_with_an_odd_data_folder(tmp_path, monkeypatch, capsys):
    for kind, make in KINDS.items():
        monkeypatch.chdir(tmp_path)
        make(Path(kind))
        assert main(["doctor", "--data-dir", kind]) == 1
        assert "FAIL  official data" in capsys.readouterr().out


class OddError(Exception):
    pass


@pytest.fixture
def faulty(monkeypatch):
    def run(arguments):
        raise OddError("two\nlines\x1b[2J and " + "much " * 1_000)

    monkeypatch.setattr(score_command, "run", run)
    monkeypatch.delenv("SEVENLLM_DEBUG", raising=False)


def test_a_fault_of_ours_is_one_line_that_says_how_to_report_it(faulty, capsys):
    assert main(["score", "x"]) == 70
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert len(error) < 1_000
    assert "Traceback" not in error
    assert "\x1b" not in error
    assert re.search(r"unexpected error: OddError: two.lines.*test_no_traceback.py, line \d+.*report.*SEVENLLM_DEBUG=1\n$", error)


def test_its_traceback_is_shown_on_request(faulty, monkeypatch, capsys):
    monkeypatch.setenv("SEVENLLM_DEBUG", "1")
    assert main(["score", "x"]) == 70
    error = capsys.readouterr().err
    assert error.startswith("Traceback (most recent call last)")
    assert "unexpected error: OddError" in error.splitlines()[-1]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "not enough memory"),
        (PermissionError(13, "Permission denied", "/data/x\ny"), "/data/x�y: can't be used (Permission denied)"),
        (OSError(28, "No space left on device"), "the output can't be written (No space left on device)"),
    ],
)
def test_what_the_machine_lacks_is_no_fault_of_ours(error, message, monkeypatch, capfd):
    def run(arguments):
        raise error

    monkeypatch.setattr(score_command, "run", run)
    monkeypatch.setattr("sevenllm_bench.cli.main.drop_output", lambda: None)
    assert main(["score", "x"]) == 2
    assert capfd.readouterr().err.startswith(f"sevenllm-bench: error: {message}")


def test_answers_through_a_pipe_are_read(answers):
    """`sevenllm-bench score <(zcat answers.gz)`, and standard input."""
    for script in (
        'exec "$0" -m sevenllm_bench.cli.main score <(cat "$1") --dataset embedded',
        'cat "$1" | "$0" -m sevenllm_bench.cli.main score /dev/stdin --dataset embedded',
    ):
        done = subprocess.run(["bash", "-c", script, sys.executable, str(answers)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "20 of 256 rows" in done.stdout


def test_ctrl_c_is_one_line(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    held = os.open(tmp_path / "pipe", os.O_RDWR)  # a writer that writes nothing: the command waits
    code = "import sys; from sevenllm_bench.cli.main import main; print('ready', flush=True); sys.exit(main(sys.argv[1:]))"
    words = [sys.executable, "-c", code, "score", str(tmp_path / "pipe"), "--dataset", "embedded"]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    process.stdout.readline()
    wait_until_it_reads(process.pid, tmp_path / "pipe")
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    os.close(held)
    assert (process.returncode, error) == (130, "sevenllm-bench: stopped\n")


def wait_until_it_reads(pid, path):
    for _ in range(1_000):
        if any(os.path.realpath(link) == str(path) for link in Path(f"/proc/{pid}/fd").iterdir()):
            return
        time.sleep(0.02)
    raise AssertionError("it never opened the file")
