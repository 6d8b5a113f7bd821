"""Which submissions are in the leaderboard's charts, and what is said of the others."""

from dataclasses import replace

import pytest
from chart_reader import hints, of_class, parsed

from sevenllm_bench.pages.leaderboard.board_charts import board_charts, board_preview
from sevenllm_bench.pages.leaderboard.entry import Entry, Facts, Value

pytestmark = pytest.mark.usefixtures("own_cache")


def entry(name, headline, size=None, date="2026-05-01", **more):
    figures = {"headline": Value(headline, 0.01, 1300), "sevenllm_en_mcq.acc": Value(0.5, 0.1, 50)}
    return Entry(name, date=date, figures=figures, facts=Facts(parameters=size, **more))


ENTRIES = [
    entry("lab/a-7B", 0.5, 7.0, from_name=True),
    entry("lab/b", 0.6, 70.0, "2026-05-03"),
    entry("lab/no-size", 0.55, None, "2026-05-02"),
    replace(entry("lab/liar", 0.99, 1.0, "2026-05-02"), refused=("its headline isn't that of its sections",)),
    replace(entry("lab/partial", 0.9, 1.0), figures={"headline": Value(0.9, partial="300 of 1300 rows")}),
    entry("lab/encoder", 0.8, 0.3, encoder=True),
]


def test_only_what_has_a_rank_and_a_size_is_in_the_chart_of_sizes():
    chart = board_charts(ENTRIES, ENTRIES)["size"]
    # 1.959964 standard errors of 0.01 are 0.0196.
    assert chart.rows == (
        ("lab/b", "70", "0.600", "0.580–0.620", "best up to its size"),
        ("lab/a-7B", "7 (by its name)", "0.500", "0.480–0.520", "best up to its size"),
    )
    assert chart.note == "Not in the chart, since their size isn't known: lab/no-size."
    assert len(of_class(parsed(chart.svg), "open")) == 1


def test_many_models_without_a_size_are_counted():
    many = [entry(f"m{place}", 0.4) for place in range(20)]
    note = board_charts([], [*ENTRIES[:2], *many])["size"].note
    assert note.endswith("m11 and 8 more.")


def test_the_history_has_every_headline_that_counts():
    chart = board_charts([*ENTRIES, entry("lab/undated", 0.7, 7.0, "")], ENTRIES)["history"]
    found = [words.partition(" · ")[0] for words in hints(parsed(chart.svg))]
    assert sorted(found) == ["lab/a-7B", "lab/b", "lab/encoder", "lab/no-size"]


@pytest.mark.parametrize("entries", [[], ENTRIES[:1], ENTRIES[2:]])
def test_no_chart_of_one_point_or_of_one_day(entries):
    assert board_charts([one for one in entries if one.date == "2026-05-01"], entries) == {}


def test_the_preview_begins_with_the_highest_that_has_a_rank():
    shown = board_preview(ENTRIES, 6)
    assert [line.name for line in shown.lines] == ["lab/b", "lab/no-size", "lab/a-7B"]
    assert shown.description.startswith(
        "6 submissions on 28 cyber threat intelligence tasks. The highest score is that of lab/b: 0.600"
    )
