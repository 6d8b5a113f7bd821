"""The warm-up of the learning rate, without a first step that trains nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def without_idle_step(scheduler: Any, warmup: int) -> Any:
    """Let the warm-up of a schedule rise from peak / W in its first step to the peak in step W.

    transformers' schedules (5.23, `optimization.py`) begin at 0, so that the first of W steps trains nothing; in a run of one
    step, whose warm-up is that step, nothing at all.

    Args:
        scheduler: As transformers makes it; changed in place where it is a LambdaLR, else left as it is.
        warmup: W, its number of warm-up steps.
    """
    if not warmup or not hasattr(scheduler, "lr_lambdas"):
        return scheduler
    scheduler.lr_lambdas = [_one_step_ahead(factor, warmup) for factor in scheduler.lr_lambdas]
    rates = [base * factor(scheduler.last_epoch) for base, factor in zip(scheduler.base_lrs, scheduler.lr_lambdas, strict=True)]
    for group, rate in zip(scheduler.optimizer.param_groups, rates, strict=True):
        group["lr"] = rate
    scheduler._last_lr = rates
    return scheduler


def _one_step_ahead(factor: Callable[[int], float], warmup: int) -> Callable[[int], float]:
    def ahead(step: int) -> float:
        if step < warmup:
            return factor(step + 1) if step + 1 < warmup else 1.0
        try:
            return factor(step)
        except ZeroDivisionError:  # a polynomial decay over no steps; it is asked for after the last step
            return 0.0

    return ahead
