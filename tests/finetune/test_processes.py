"""Several processes: what was launched, who speaks of an error, and that none is left waiting."""

import os
import subprocess
import sys
import time

import finetune_runs
import pytest

from sevenllm_bench.errors import ConfigError, SEvenLLMError
from sevenllm_bench.finetune import processes
from sevenllm_bench.finetune.processes import check_launcher, one_voice

for module in ("trl", "peft"):
    pytest.importorskip(module)

#: Environments as the launchers leave them: accelerate 1.15, torchrun of PyTorch 2.13, Open MPI, MPICH and Intel MPI, Slurm.
ACCELERATE = {"ACCELERATE_MIXED_PRECISION": "no", "ACCELERATE_USE_CPU": "True"}
ALONE = {
    "python": {},
    "accelerate launch --num_processes 1": ACCELERATE,
    "python, after export MASTER_ADDR": {"MASTER_ADDR": "node1"},
    "torchrun": {"WORLD_SIZE": "2", "RANK": "1", "MASTER_ADDR": "127.0.0.1", "SLURM_STEP_NUM_TASKS": "2"},
    "accelerate launch --multi_gpu": {**ACCELERATE, "WORLD_SIZE": "2", "RANK": "0", "MASTER_ADDR": "127.0.0.1"},
    "srun -n 1": {"SLURM_STEP_NUM_TASKS": "1", "SLURM_NTASKS": "8"},
}
NOT_ALONE = {
    "accelerate launch --cpu --num_processes 2": ({**ACCELERATE, "MASTER_ADDR": "127.0.0.1"}, "started one, as it does on CPUs"),
    "mpirun of Open MPI": ({"OMPI_COMM_WORLD_SIZE": "4"}, "4 processes were started"),
    "mpirun of MPICH": ({"PMI_SIZE": "2"}, "2 processes were started"),
    "srun -n 8": ({"SLURM_STEP_NUM_TASKS": "8"}, "let torchrun start them"),
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return finetune_runs.make_base(tmp_path_factory.mktemp("base") / "model")


@pytest.fixture
def environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("ACCELERATE_", "MASTER_", "SLURM_", "OMPI_", "PMI_"))]:
        monkeypatch.delenv(name)
    for name in ("WORLD_SIZE", "RANK", "TORCHELASTIC_ERROR_FILE"):
        monkeypatch.delenv(name, raising=False)

    def set_all(variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


@pytest.mark.parametrize("launcher", ALONE)
def test_launchers_that_do_as_they_were_told(environment, launcher):
    environment(ALONE[launcher])
    check_launcher()


@pytest.mark.parametrize("launcher", NOT_ALONE)
def test_launchers_that_start_fewer_processes_or_strangers(environment, launcher):
    variables, message = NOT_ALONE[launcher]
    environment(variables)
    with pytest.raises(ConfigError, match=message):
        check_launcher()


@pytest.fixture
def slept(monkeypatch):
    times = []
    monkeypatch.setattr(processes.time, "sleep", times.append)
    return times


def test_one_process_raises_what_it_meets(environment, slept):
    with pytest.raises(ValueError, match="plain"), one_voice():
        raise ValueError("plain")
    assert slept == []


@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_process_that_is_gone_is_named_as_such(environment, slept, rank):
    """As gloo says it in PyTorch 2.13."""
    environment({"WORLD_SIZE": "2", "RANK": rank})
    with pytest.raises(SEvenLLMError, match="another process of this run ended"), one_voice():
        raise RuntimeError("[../gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:1234")
    assert len(slept) == 1


def test_ctrl_c_is_said_once(environment, slept):
    environment({"WORLD_SIZE": "2", "RANK": "1"})
    with pytest.raises(SystemExit) as caught, one_voice():
        raise KeyboardInterrupt
    assert caught.value.code == 130


def spoken(done: subprocess.CompletedProcess) -> list[str]:
    return [line for line in done.stderr.splitlines() if line.startswith("sevenllm-bench: ")]


def test_accelerate_launch_on_cpus_is_noticed(base, tmp_path):
    launcher = (sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2")
    done = finetune_runs.run("demo", f"model.base={base}", f"output={tmp_path / 'out'}", launcher=launcher)
    assert done.returncode != 0
    assert [line.startswith("sevenllm-bench: error: accelerate launch was asked for several") for line in spoken(done)] == [True]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [("training.epochs=no", "training.epochs"), ("data.source=/nowhere", "/nowhere doesn't exist")],
    ids=["met by all", "met by the main process"],
)
def test_an_error_is_one_line_and_stands_below_the_launchers(base, tmp_path, change, message):
    words = ("demo", f"model.base={base}", f"output={tmp_path / 'out'}", change)
    done = finetune_runs.run(*words, launcher=finetune_runs.torchrun(2))
    assert done.returncode != 0
    assert len(spoken(done)) == 1
    said, _, cause = done.stderr.rpartition("Root Cause")
    assert said.count(message) == 1
    assert message in cause
    assert not (tmp_path / "out").exists()


#: As under `torchrun`, which the test above runs; its words are not looked at here.
ONE_RANK_FAILS = """
import os, sys
from sevenllm_bench.cli.main import main
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune import run

def fail(*_):
    raise ConfigError("model.base=x: not on this machine")

if os.environ["RANK"] == "1":
    run.load_base = fail
sys.exit(main(["finetune", *sys.argv[1:]]))
"""


def test_an_error_of_another_process_only_is_said_by_it_and_nobody_waits(base, tmp_path):
    script = tmp_path / "one_rank_fails.py"
    script.write_text(ONE_RANK_FAILS)
    words = ("demo", f"model.base={base}", f"output={tmp_path / 'out'}", *finetune_runs.QUICK)
    begun = time.monotonic()
    done = finetune_runs.forked(*words, processes=2, script=script)
    assert time.monotonic() - begun < processes.TIMEOUT / 6
    assert done.returncode != 0
    assert spoken(done) == ["sevenllm-bench: error: model.base=x: not on this machine (process 1 of 2)"]


def test_a_full_disk_is_said_once(base, tmp_path):
    """The main process meets it, and the other doesn't."""
    words = ("demo", f"model.base={base}", *finetune_runs.QUICK, f"output={tmp_path / 'out'}")
    done = finetune_runs.on_a_full_disk(*words, processes=2)
    assert done.returncode != 0
    (line,) = spoken(done)
    assert "no space left on the device" in line
    assert not (tmp_path / "out").exists()
