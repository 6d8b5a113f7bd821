"""Runs that are killed at a random moment: `kill_runs` has the whole of it, these are one moment of each phase."""

import random

import kill_runs
import pytest
from finetune_runs import make_base

for module in ("trl", "peft"):
    pytest.importorskip(module)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """A base, the result of an undisturbed run on it, and how long its phases take."""
    folder = tmp_path_factory.mktemp("undisturbed")
    base = make_base(folder / "base")
    return base, folder / "out", kill_runs.undisturbed(base, folder / "out")


@pytest.mark.parametrize("phase", [kill_runs.WRITING, kill_runs.SAVING, kill_runs.PUBLISHING])
def test_killed_at_a_random_moment(expected, tmp_path, phase):
    base, undisturbed, took = expected
    outcome, seconds = kill_runs.kill_and_go_on(base, undisturbed, tmp_path / "out", phase, took[phase], random.Random(1))
    assert outcome in {"resumed", "began again", "was finished", "began (nothing had been written)"}
    assert seconds < 10
