"""Stages on this machine, on Ray and under a Slurm of the test's own: the same files, and only what is missing is done."""

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from toy_steps import FailOn, LeaveOutOdd, NoReply, Numbers

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.select_instruct.settings.build_config import ExecutorSection
from sevenllm_bench.select_instruct.stages.run_stages import run_stages, submit_stages
from sevenllm_bench.select_instruct.stages.shard_files import NO_REPLY
from sevenllm_bench.select_instruct.stages.stage import Stage, StageFolder

HERE = Path(__file__).parent


def stages(work, *more, count=20, log=None):
    return [
        Stage("numbers", (Numbers(count),), {"count": count}, split=False),
        Stage("even", (*more, LeaveOutOdd(work / "even" / "rejected", log)), {}, spread=True),
    ]


def run(work, found, **executor):
    return run_stages(found, ExecutorSection(shards=4, **executor), work, lambda line: None)


def files(work):
    paths = [path for path in work.rglob("*") if path.is_file() and ("records" in path.parts or "rejected" in path.parts)]
    return {path.relative_to(work).as_posix(): path.read_bytes() for path in paths}


def test_every_record_comes_once_and_rejections_have_their_file(tmp_path):
    numbers, even = run(tmp_path, stages(tmp_path), workers=1)
    assert (numbers.records_out, even.records_in, even.records_out, even.rejected) == (20, 20, 10, {"odd": 10})
    assert len(files(tmp_path)) == 1 + 4 + 4
    assert b'"reason": "1 is odd"' in files(tmp_path)["even/rejected/odd/00001.jsonl"]


def test_rejections_are_counted_by_check_though_one_step_has_several(tmp_path):
    folder = StageFolder(tmp_path, "extract")
    (folder.rejected / "extract").mkdir(parents=True)
    found = [{"check": check, "id": "a", "reason": "b"} for check in ("language", "extract", "language")]
    (folder.rejected / "extract" / "00000.jsonl").write_text("".join(json.dumps(one) + "\n" for one in found))
    assert folder.account(5).rejected == {"extract": 1, "language": 2}


def test_several_processes_write_the_same_files(tmp_path):
    run(tmp_path / "one", stages(tmp_path / "one"), workers=1)
    run(tmp_path / "two", stages(tmp_path / "two"), workers=2)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_what_is_done_is_not_done_again(tmp_path):
    log = tmp_path / "log"
    run(tmp_path / "work", stages(tmp_path / "work", log=log), workers=1)
    run(tmp_path / "work", stages(tmp_path / "work", log=log), workers=1)
    assert len(log.read_text().splitlines()) == 20


def test_other_settings_or_other_records_are_done_again(tmp_path):
    log, work = tmp_path / "log", tmp_path / "work"
    run(work, stages(work, log=log), workers=1)
    accounts = run(work, stages(work, log=log, count=22), workers=1)
    assert accounts[1].records_in == 22
    assert len(log.read_text().splitlines()) == 42


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failure_is_told_and_only_the_missing_part_is_run_again(tmp_path, workers):
    work, log, fixed = tmp_path / "work", tmp_path / "log", tmp_path / "fixed"
    failing = FailOn(6, fixed)
    with pytest.raises(ConfigError, match="the number 6 is refused; take another"):
        run(work, stages(work, failing, log=log), workers=workers)
    done = [path.name for path in (work / "even" / "records").glob("*")]
    assert "00002.jsonl" not in done  # 2, 6, 10, …
    fixed.touch()
    assert run(work, stages(work, failing, log=log), workers=workers)[1].records_out == 10
    assert len(log.read_text().splitlines()) <= 20 + 1  # of the failed part, only what came before the failure is seen twice


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_a_run_that_is_ended_by_a_signal(tmp_path, number):
    """It would write into the folder beside the next run."""
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from toy_steps import Numbers, Stay
        from sevenllm_bench.io.termination import end_in_order
        from sevenllm_bench.select_instruct.settings.build_config import ExecutorSection
        from sevenllm_bench.select_instruct.stages.run_stages import run_stages
        from sevenllm_bench.select_instruct.stages.stage import Stage

        end_in_order()
        work = Path(sys.argv[1])
        stages = [Stage("numbers", (Numbers(4),), {}, split=False), Stage("stay", (Stay(work / "pids"),), {}, spread=True)]
        run_stages(stages, ExecutorSection(shards=2, workers=2), work, print)
    """)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[2])])}
    run = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], env=environment, stderr=subprocess.PIPE)
    pids = waited_for(lambda: [int(path.name) for path in (tmp_path / "pids").glob("*")], lambda found: len(found) == 2)
    assert len(pids) == 2
    run.send_signal(number)
    run.communicate(timeout=20)
    assert waited_for(lambda: [pid for pid in pids if is_running(pid)], lambda found: not found) == []


def waited_for(value, is_right, seconds=30.0):
    end = time.monotonic() + seconds
    while not is_right(found := value()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def is_running(pid):
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text("utf-8")
    except OSError:
        return False


def test_what_got_no_reply_is_asked_again_by_the_next_run(tmp_path):
    work, log, fixed = tmp_path / "work", tmp_path / "log", tmp_path / "fixed"
    asking = NoReply(6, fixed, work / "even" / "rejected")
    for _ in range(2):
        _, even = run(work, stages(work, asking, log=log), workers=1)
        assert (even.records_out, even.rejected[NO_REPLY]) == (9, 1)
    fixed.touch()
    _, even = run(work, stages(work, asking, log=log), workers=1)
    assert (even.records_out, even.rejected) == (10, {"odd": 10})
    asked = log.read_text().splitlines()
    assert len(asked) == 19 + 4 + 5, "only the part that holds 6 is run again"
    run(work, stages(work, asking, log=log), workers=1)
    assert log.read_text().splitlines() == asked


def test_a_killed_worker_ends_the_run_with_a_message(tmp_path):
    work, fixed = tmp_path / "work", tmp_path / "fixed"
    with pytest.raises(ConfigError, match="a worker process was killed"):
        run(work, stages(work, FailOn(6, fixed, die=True)), workers=2)
    fixed.touch()
    assert run(work, stages(work, FailOn(6, fixed, die=True)), workers=2)[1].records_out == 10


def script(tmp_path, text, **environment):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(text), "utf-8")
    return subprocess.run(
        [sys.executable, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[2])]), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


SCRIPT = """
    from pathlib import Path
    from test_run_stages import run, stages
    work = Path({work!r})
    print("begins")
    print(run(work, stages(work), {options})[1].records_out)
"""


def test_a_script_needs_no_guard(tmp_path):
    done = script(tmp_path, SCRIPT.format(work=str(tmp_path / "work"), options="workers=2"))
    assert done.stdout.split() == ["begins", "10"], done.stderr


@pytest.mark.slow
def test_ray_writes_the_same_files(tmp_path):
    run(tmp_path / "local", stages(tmp_path / "local"), workers=1)
    done = script(tmp_path, SCRIPT.format(work=str(tmp_path / "ray"), options="kind='ray', workers=2, mem_per_cpu_gb=0.5"))
    assert done.stdout.split() == ["begins", "10"], done.stderr[-3000:]
    assert files(tmp_path / "local") == files(tmp_path / "ray")


@pytest.mark.slow
def test_what_fails_on_ray_is_told(tmp_path):
    options = "kind='ray', workers=2, mem_per_cpu_gb=0.5"
    text = SCRIPT.format(work=str(tmp_path / "ray"), options=options).replace("stages(work)", "stages(work, FailOn(6, 'none'))")
    done = script(tmp_path, text.replace("import run", "import FailOn, run"))
    assert "the number 6 is refused; take another" in done.stderr


SBATCH = """#!{python}
import os, pathlib, re, subprocess, sys
text = pathlib.Path(sys.argv[-1]).read_text()
with open(os.environ["SBATCH_LOG"], "a") as log:
    log.write(" ".join(sys.argv[1:-1]) + "\\n")
array = re.search(r"--array=0-(\\d+)", text)
pik = re.search(r"launch_pickled_pipeline (\\S+)", text)
if pik:
    from datatrove.tools import launch_pickled_pipeline as launch
    for task in range(int(array[1]) + 1):
        code = f"import sys; from datatrove.tools.launch_pickled_pipeline import main; sys.argv[1:] = [{{pik[1]!r}}]; main()"
        environment = {{**os.environ, "SLURM_ARRAY_TASK_ID": str(task), "SLURM_NODELIST": "node1"}}
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
print("Submitted batch job", 100 + len(open(os.environ["SBATCH_LOG"]).readlines()))
"""


@pytest.mark.slow
def test_slurm_runs_the_stages_in_their_order(tmp_path, monkeypatch):
    """A stand-in for sbatch runs the tasks of each job at once, by datatrove's own launcher."""
    sbatch = tmp_path / "bin" / "sbatch"
    sbatch.parent.mkdir()
    sbatch.write_text(SBATCH.format(python=sys.executable), "utf-8")
    scontrol = sbatch.with_name("scontrol")  # which datatrove asks for the names of the nodes
    scontrol.write_text("#!/bin/sh\necho node1\n", "utf-8")
    for program in (sbatch, scontrol):
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{sbatch.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SBATCH_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(HERE.parents[2])]))
    executor = ExecutorSection(kind="slurm", partition="cpu", shards=4)
    jobs = submit_stages(stages(tmp_path / "slurm"), executor, tmp_path / "slurm", lambda line: None)
    assert jobs == ["101", "103"]  # 102 and 104 merge datatrove's statistics
    assert "--dependency=afterok:101" in (tmp_path / "log").read_text().splitlines()[2]
    run(tmp_path / "local", stages(tmp_path / "local"), workers=1)
    assert files(tmp_path / "local") == files(tmp_path / "slurm")
    assert submit_stages(stages(tmp_path / "slurm"), executor, tmp_path / "slurm", lambda line: None) == []


def test_slurm_without_sbatch(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="needs sbatch"):
        submit_stages(stages(tmp_path), ExecutorSection(kind="slurm", partition="cpu"), tmp_path, lambda line: None)
