"""Speed, time left and memory: against a clock that is set by hand."""

import pytest

from sevenllm_bench.finetune.loop.throughput import Throughput, peak_memory, to_come
from sevenllm_bench.finetune.output.outcome import last_loss


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now

    def after(self, seconds: float) -> None:
        self.now += seconds


def test_speed_and_time_left_leave_out_evaluations_checkpoints_and_the_first_step():
    """A first step of 50 s and 1,000 tokens, then steps of 2 s and 1,000 tokens; an evaluation of 10 s, a checkpoint of 4 s."""
    clock = Clock()
    speed = Throughput(clock)
    clock.after(7)
    speed.begin(0, 0)
    with speed.pause("evaluation"):
        clock.after(10)
    clock.after(50)
    speed.step_done(1, 1000)
    assert speed.since_last(1000) == pytest.approx(1000 / 50)
    assert speed.left(1, 11, 0, 0) == pytest.approx(10 * 50)  # nothing better is known yet
    for step in (2, 3, 4, 5):
        clock.after(2)
        speed.step_done(step, 1000 * step)
    with speed.pause("checkpoint"):
        clock.after(4)
    assert speed.since_last(5000) == pytest.approx(500)
    assert speed.left(5, 11, 0, 0) == pytest.approx(6 * 2)
    assert speed.left(5, 11, 2, 3) == pytest.approx(6 * 2 + 2 * 10 + 3 * 4)
    assert speed.overall(5000) == pytest.approx(4000 / 8)


def test_a_process_that_goes_on_measures_its_own_steps():
    clock = Clock()
    speed = Throughput(clock)
    speed.begin(100, 1_000_000)
    clock.after(20)
    speed.step_done(101, 1_001_000)
    assert speed.since_last(1_001_000) == pytest.approx(50)
    assert speed.left(101, 111, 0, 0) == pytest.approx(200)
    assert speed.overall(1_001_000) is None


@pytest.mark.parametrize(
    ("step", "steps", "every", "times"),
    [(0, 10, 3, 4), (0, 9, 3, 3), (3, 10, 3, 3), (9, 10, 3, 1), (10, 10, 3, 0), (0, 10, 0, 0), (4, 5, 100, 1)],
)
def test_how_often_something_is_due(step, steps, every, times):
    by_hand = len({*range(every, steps + 1, every), steps} - set(range(step + 1))) if every else 0
    assert to_come(step, steps, every) == by_hand == times


def test_peak_memory_is_this_processes():
    before = peak_memory("cpu")
    block = bytearray(80 * 2**20)
    block[:: 2**10] = b"x" * len(block[:: 2**10])
    assert before > 2**20
    assert peak_memory("cpu") >= before


def test_the_training_loss_is_a_mean_over_the_last_tenth_of_the_steps_weighted_by_their_tokens():
    log = [{"step": step, "loss": float(step), "label_tokens": 10} for step in range(1, 18)]
    log += [
        {"step": 18, "eval_loss": 9.0},
        {"step": 18, "loss": 2.0, "label_tokens": 30},
        {"step": 19, "loss": 0.0, "label_tokens": 0},
    ]
    log += [{"step": 20, "loss": 4.0, "label_tokens": 10}]
    assert last_loss(log, 20) == {"mean": 4.0, "steps": 1, "label tokens": 10}
    assert last_loss(log, 30) == {"mean": 4.0, "steps": 1, "label tokens": 10}  # none of the last three: the last that there is
    assert last_loss([*log[:-1], {"step": 19, "loss": 6.0, "label_tokens": 10}, log[-1]], 20)["mean"] == 5.0
    assert last_loss([{"step": 10, "loss": 3.0, "label_tokens": 5}, {"step": 20, "loss": 2.0, "label_tokens": 5}], 20) == {
        "mean": 2.0,
        "steps": 10,
        "label tokens": 5,
    }
    assert last_loss([], 0) is None
