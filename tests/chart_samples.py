"""One chart of every kind, with texts given by the test."""

from __future__ import annotations

from datetime import date

from sevenllm_bench.pages.charts.box_chart import Box, box_chart
from sevenllm_bench.pages.charts.chart import Chart
from sevenllm_bench.pages.charts.history_chart import Dated, history_chart
from sevenllm_bench.pages.charts.interval_chart import IntervalPoint, interval_chart
from sevenllm_bench.pages.charts.share_chart import share_chart
from sevenllm_bench.pages.charts.size_chart import Sized, size_chart
from sevenllm_bench.pages.charts.task_chart import ChartedRun, ChartedTask, Measured, task_chart


def every_chart(*names: str) -> list[Chart]:
    """All kinds of chart of some models.

    Args:
        *names: Five models or more, so that tasks have panels; they are also titles, notes and axes.
    """
    shares = [place / len(names) for place in range(len(names))]
    points = [
        IntervalPoint(name, name, share, share / 2, (1 + share) / 2, 20, note=name, marked=not place)
        for place, (name, share) in enumerate(zip(names, shares, strict=True))
    ]
    runs = [ChartedRun(name, name, not place) for place, name in enumerate(names)]
    figures = tuple(Measured(share, share / 2, 1, 20) for share in shares)
    tasks = [ChartedTask(names[0], names[1], figures), ChartedTask(names[2], names[3], (*figures[:-1], None))]
    few = [ChartedTask(names[0], names[1], figures[:2])]
    sized = [Sized(name, name, 1 + place, shares[place], from_name=place % 2 == 1) for place, name in enumerate(names)]
    dated = [Dated(date(2026, 1, 1 + place % 28), name, name, shares[place]) for place, name in enumerate(names)]
    boxes = [Box(name, name, names[place % 2], 1, 2, 3 + place, 9 + place, 20 + place) for place, name in enumerate(names)]
    counts = [(name, name, (place, 2, 3, 40, 5)) for place, name in enumerate(names)]
    kinds = ("runs", "panels", "tasks", "lengths", "marks", "sizes", "history")
    about = [(f"{names[0][:50]} {kind}", names[1]) for kind in kinds]
    return [
        interval_chart("intervals-of-runs", *about[0], points, axis=names[2]),
        task_chart("panels", *about[1], runs, tasks),
        task_chart("together", *about[2], runs[:2], few),
        box_chart("boxes", *about[3], boxes, names[2]),
        share_chart("shares", *about[4], names[:5], counts),
        size_chart("sizes", *about[5], sized, names[2], note=names[3]),
        history_chart("dates", *about[6], dated, names[2]),
    ]
