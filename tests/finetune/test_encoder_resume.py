"""A run that is killed in the middle goes on to the weights of an undisturbed one; two processes make one checkpoint."""

import signal
import time

import encoder_runs_made_here as runs
import finetune_runs
import pytest
import torch

from sevenllm_bench.cli.main import main

for module in ("trl", "sentence_transformers", "bm25s"):
    pytest.importorskip(module)

pytestmark = pytest.mark.slow

#: Three passes of some steps, a checkpoint every two.
LONGER = ("data.max_rows=24", "training.epochs=3", "training.save_every=2", "training.log_every=1")


@pytest.fixture(autouse=True)
def one_thread():
    """As in the process that is killed: sums over several threads are rounded otherwise."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def killed(words, output):
    """Run in a process of its own and kill it behind its second checkpoint, in the middle of a later step."""
    process = finetune_runs.begin(*words[1:])
    mark = output / "training" / "checkpoint-4" / "complete.json"
    while not mark.exists() and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    done = process.finish()
    assert done.returncode == -signal.SIGKILL, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.mark.parametrize("kind", runs.RECIPES)
def test_a_killed_run_goes_on_to_the_same_weights(kind, tmp_path, capsys):
    base = runs.make_base(tmp_path / "base", kind)
    assert main(runs.words(kind, base, tmp_path / "undisturbed", *LONGER)) == 0
    words = runs.words(kind, base, tmp_path / "killed", *LONGER)
    killed(words, tmp_path / "killed")
    assert not (tmp_path / "killed" / "README.md").exists()
    capsys.readouterr()
    assert main(words) == 2
    assert "there is an unfinished run; continue it with resume=auto" in capsys.readouterr().err
    assert main([*words, "training.learning_rate=0.5", "resume=auto"]) == 2
    assert "training.learning_rate: 0.002 then, 0.5 now" in capsys.readouterr().err
    assert main([*words, "resume=auto"]) == 0
    assert "resuming from checkpoint-" in capsys.readouterr().out
    expected, found = (finetune_runs.weights(tmp_path / name) for name in ("undisturbed", "killed"))
    before = finetune_runs.weights(base)
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert any(name in before and not torch.equal(before[name], expected[name]) for name in expected)
    assert finetune_runs.losses(tmp_path / "undisturbed") == finetune_runs.losses(tmp_path / "killed")
    assert not (tmp_path / "killed" / "training").exists()


@pytest.mark.parametrize("kind", ["bi-encoder", "encoder-mlm"])
def test_two_processes_make_one_checkpoint(kind, tmp_path):
    base = runs.make_base(tmp_path / "base", kind)
    words = runs.words(kind, base, tmp_path / "out", "training.batch_size=4")
    done = finetune_runs.forked(*words[1:], processes=2)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("written: ") == 1
    assert "4 x 1 x 2 examples per step" in done.stdout
    before, after = finetune_runs.weights(base), finetune_runs.weights(tmp_path / "out")
    assert any(name in before and not torch.equal(before[name], after[name]) for name in after)
    assert "processes" not in done.stderr
