"""Charts with named lines: as many points as figures, in their places by hand, at any number of runs."""

from dataclasses import replace

import pytest
from chart_reader import hints, middle, numbers, of_class, outside, parsed, size, texts

from sevenllm_bench.pages.charts.box_chart import Box, box_chart
from sevenllm_bench.pages.charts.interval_chart import IntervalPoint, interval_chart
from sevenllm_bench.pages.charts.share_chart import share_chart
from sevenllm_bench.pages.charts.task_chart import TOGETHER, ChartedRun, ChartedTask, Measured, WithoutKnowledge, task_chart

POINTS = [
    IntervalPoint("org/first", "first", 0.5, 0.4, 0.75, 1300, marked=True, note="baseline"),
    IntervalPoint("org/second", "second", 0.0, 0.0, 0.0, 20),
    IntervalPoint("org/third", "third", 1.0, note="all rows alike"),
]


def test_points_and_intervals_are_where_the_scale_says():
    chart = interval_chart("runs", "Runs", "Three runs.", POINTS)
    narrow = parsed(chart.narrow)
    # On phones, names are above their lines, so that the scale goes from 14 to 336 - 22 = 314.
    assert [middle(dot)[0] for dot in of_class(narrow, "dot")] == [164, 14, 314]
    first, second = of_class(narrow, "whisker")
    assert numbers(first, "x1", "x2") == (134, 239)  # 14 + 300 × 0.4 and 0.75
    assert numbers(second, "x1", "x2") == (14, 14)
    (line,) = of_class(narrow, "reference")
    assert numbers(line, "x1", "x2") == (164, 164)
    assert [dot.get("class") for dot in of_class(narrow, "open")] == ["dot open"]
    for drawn in (chart.svg, chart.narrow):
        root = parsed(drawn)
        assert len(of_class(root, "dot")) == 3
        assert outside(root) == []
        assert "org/first · 0.500 · 0.400–0.750 · 1,300 · baseline" in hints(root)
        assert {"first", "second", "third", "0.500", "0.000", "1.000"} <= set(texts(root))


def test_the_table_behind_has_the_same_figures():
    chart = interval_chart("runs", "Runs", "Three runs.", POINTS, axis="headline")
    assert chart.columns == ("", "headline", "95 % interval", "rows", "note")
    assert chart.rows[0] == ("org/first", "0.500", "0.400–0.750", "1,300", "baseline")
    assert chart.rows[2] == ("org/third", "1.000", "no interval", "", "all rows alike")
    bare = interval_chart("runs", "Runs", "One run.", [IntervalPoint("a", "a", 0.5)])
    assert bare.columns == ("", "score", "95 % interval")
    assert bare.rows == (("a", "0.500", "no interval"),)


def test_the_scale_is_where_the_points_are():
    points = [IntervalPoint(name, name, mean, mean - 0.01, mean + 0.01) for name, mean in (("a", 0.55), ("b", 0.5))]
    root = parsed(interval_chart("runs", "Runs", "Runs.", points).narrow)
    # From 0.49 to 0.56: steps of 0.01, so that 14 to 314 are seven steps.
    assert [middle(dot)[0] for dot in of_class(root, "dot")] == pytest.approx([14 + 300 * 6 / 7, 14 + 300 / 7], abs=0.06)
    assert "score (shown from 0.49 to 0.56)" in texts(root)


@pytest.mark.parametrize("count", [0, 1, 40])
def test_any_number_of_lines(count):
    chart = interval_chart("runs", "Runs", "Runs.", [IntervalPoint(f"m{i}", f"m{i}", 0.5, 0.4, 0.6) for i in range(count)])
    root = parsed(chart.svg)
    assert len(of_class(root, "dot")) == count
    assert len({middle(dot)[1] for dot in of_class(root, "dot")}) == count
    assert outside(root) == []


def measured(count):
    """Tasks of two kinds: the first has no interval in the first run, the second is missing in the last."""
    runs = [ChartedRun(f"run {place}", f"r{place}", place == 1) for place in range(count)]
    first = [
        Measured(place / 100, None if place == 0 else place / 200, None if place == 0 else 0.9, 22) for place in range(count)
    ]
    second = [*(Measured(0.5, 0.5, 0.5, 9) for _ in range(count - 1)), None]
    tasks = [
        ChartedTask("Summary Generation", "Generation: rouge_l", tuple(first)),
        ChartedTask("MCQ", "Choice: acc", tuple(second)),
    ]
    return runs, tasks


@pytest.mark.parametrize("count", [1, 2, TOGETHER, TOGETHER + 1, 12, 30])
def test_every_run_is_in_the_chart_of_tasks(count):
    runs, tasks = measured(count)
    chart = task_chart("tasks", "Tasks", "Two tasks.", runs, tasks)
    figures = 2 * count - 1
    drawings = [panel for _, panels in chart.panels for panel in panels] or [chart.svg]
    roots = [parsed(drawn) for drawn in drawings]
    assert sum(len(of_class(root, "dot")) for root in roots) == figures
    assert sum(len(of_class(root, "whisker")) for root in roots) == figures - 1
    assert sum(len(hints(root)) for root in roots) >= figures
    assert [outside(root) for root in roots] == [[] for _ in roots]
    assert [heading for heading, _ in chart.panels] in ([], ["Generation: rouge_l", "Choice: acc"])
    assert len(chart.columns) == 2 + count
    assert chart.rows[0][:3] == ("Summary Generation", "Generation: rouge_l", "0.000 (no interval; n = 22)")
    assert chart.rows[1][-1] == "–"


def test_up_to_four_runs_differ_in_colour_and_shape_on_one_line():
    runs, tasks = measured(3)
    chart = task_chart("tasks", "Tasks", "Two tasks.", runs, tasks)
    dots = of_class(parsed(chart.svg), "dot")[:3]
    assert len({dot.get("d") for dot in dots}) == 3
    assert len({dot.get("class") for dot in dots}) == 3
    assert [words for _, words in chart.legend] == ["run 0", "run 1 (baseline)", "run 2"]
    # The next run is 10 pixels below, in the same task.
    assert [middle(dot)[1] - middle(dots[0])[1] for dot in dots] == pytest.approx([0, 10, 20])


def test_a_panel_marks_the_baseline_and_the_only_highest():
    runs, tasks = measured(6)
    chart = task_chart("tasks", "Tasks", "Two tasks.", runs, tasks)
    first, second = (parsed(panel) for _, panels in chart.panels for panel in panels)
    (best,) = of_class(first, "best")
    assert "0.050" in texts(best)  # the last of 0.00, 0.01 … 0.05
    assert of_class(second, "best") == []  # all equal
    assert [len(of_class(root, "marked")) for root in (first, second)] == [1, 1]
    (line,) = of_class(first, "reference")
    (baseline,) = of_class(first, "marked")
    assert float(line.get("x1")) == pytest.approx(middle(of_class(baseline, "dot")[0])[0], abs=0.06)


@pytest.mark.parametrize(
    ("mean", "place", "words"),
    [
        (0.4525, 0.4525, "longest option: 0.453, dotted line"),
        (0.1, None, "longest option: 0.100, left of the scale"),
        (0.95, None, "longest option: 0.950, right of the scale"),
    ],
)
def test_a_panel_shows_the_program_without_knowledge_or_says_where_it_is(mean, place, words):
    """The scale goes from 0.4 to 0.6, as the figures do."""
    runs, _ = measured(5)
    figures = tuple(Measured(0.4 + 0.05 * run, None, None, 50) for run in range(5))
    task = ChartedTask("MCQ", "Choice: acc", figures, WithoutKnowledge("longest option", mean))
    chart = task_chart("tasks", "Tasks", "A task.", runs, [task])
    root = parsed(chart.panels[0][1][0])
    assert words in texts(root)
    assert outside(root) == []
    lines = of_class(root, "level")
    assert len(lines) == (place is not None)
    if lines:
        start, end = (middle(dot)[0] for dot in (of_class(root, "dot")[0], of_class(root, "dot")[-1]))
        share = (place - 0.4) / 0.2
        assert numbers(lines[0], "x1")[0] == pytest.approx(start + share * (end - start), abs=0.2)
    words = words.rpartition(",")[0]
    assert f"MCQ: the better program without knowledge ({words})" in [full for _, full in chart.legend]


def test_few_runs_have_the_line_of_the_program_without_knowledge_in_its_task_alone():
    runs, tasks = measured(2)
    with_level = [tasks[0], replace(tasks[1], without_knowledge=WithoutKnowledge("always B", 0.4))]
    chart = task_chart("tasks", "Tasks", "Two tasks.", runs, with_level)
    for drawn in (chart.svg, chart.narrow):
        root = parsed(drawn)
        (line,) = of_class(root, "level")
        zero, one = (
            numbers(of_class(tick, "grid")[0], "x1")[0] for tick in (of_class(root, "tick")[0], of_class(root, "tick")[-1])
        )
        assert numbers(line, "x1")[0] == pytest.approx(zero + 0.4 * (one - zero), abs=0.2)
        assert "always B: 0.400" in hints(root)
        assert outside(root) == []
    assert of_class(parsed(task_chart("tasks", "Tasks", "Two tasks.", runs, tasks).svg), "level") == []


def test_no_highest_where_runs_have_other_rows_or_one_row():
    runs, _ = measured(5)
    for rows in ([1] * 5, [20, 20, 20, 20, 19]):
        figures = tuple(Measured(place / 10, None, None, count) for place, count in enumerate(rows))
        chart = task_chart("tasks", "Tasks", "A task.", runs, [ChartedTask("T", "K", figures)])
        assert "best" not in chart.panels[0][1][0]


def test_boxes_have_their_quantiles():
    boxes = [Box("org/a", "a", "English", 0, 100, 200, 300, 400), Box("org/b", "b", "Chinese", 5, 5, 5, 5, 5)]
    chart = box_chart("lengths", "Lengths", "Two boxes.", boxes, "characters")
    root = parsed(chart.narrow)
    # 0 to 400 on 14 to 314: 0.75 pixels for each character.
    box, point = of_class(root, "box")
    assert numbers(box, "x", "width") == (89, 150)
    assert numbers(point, "x", "width") == (17.8, 0)
    assert [numbers(line, "x1")[0] for line in of_class(root, "median")] == [164, 17.8]
    assert {"English", "Chinese", "200", "5"} <= set(texts(root))
    assert chart.rows[0] == ("org/a", "English", "0", "100", "200", "300", "400")
    assert outside(root) == outside(parsed(chart.svg)) == []


def test_shares_fill_the_bar():
    chart = share_chart(
        "judge", "Marks", "Marks.", [f"mark {i}" for i in range(1, 6)], [("a", "a", (1, 1, 0, 0, 2)), ("b", "b", (0,) * 5)]
    )
    root = parsed(chart.narrow)
    bars = [bar for step in of_class(root, "step") for bar in step if bar.tag.endswith("rect")]
    assert [numbers(bar, "x", "width") for bar in bars] == [(14, 75), (89, 75), (164, 150)]
    assert hints(root) == ["a: mark 1: 1 of 4", "a: mark 2: 1 of 4", "a: mark 5: 2 of 4"]
    assert chart.rows == (("a", "1", "1", "0", "0", "2"), ("b", "0", "0", "0", "0", "0"))
    assert outside(root) == []


def test_phones_have_a_drawing_as_wide_as_they_are():
    chart = interval_chart("runs", "Runs", "Runs.", POINTS)
    assert size(parsed(chart.narrow))[0] <= 340
    assert size(parsed(chart.svg))[0] > 700
    ids = [element.get("id") for drawn in (chart.svg, chart.narrow) for element in parsed(drawn).iter() if element.get("id")]
    assert len(ids) == len(set(ids)) == 4
