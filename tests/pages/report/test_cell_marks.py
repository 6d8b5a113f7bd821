"""Bold means better by a test; the highest has a quieter mark, none for ties, one row or partial runs."""

import re
from dataclasses import replace

import pytest
from run_files import rows_of, write_run

from sevenllm_bench.catalog import LEAVES
from sevenllm_bench.comparison.compare_runs import ComparedFigure, Score, score_run
from sevenllm_bench.figures.cells import Cell
from sevenllm_bench.pages.report.cell_marks import CellMarks, marks_of
from sevenllm_bench.pages.report.report_pages import build_report
from sevenllm_bench.pages.site import environment
from sevenllm_bench.runs.reader import read_runs
from sevenllm_bench.stats.intervals import Interval
from sevenllm_bench.stats.paired import Paired

CELL = Cell("section", "en_mcq", "acc", (("en_mcq", "acc"),))
MCQ = "sevenllm_en_mcq"


def score(run, mean, rows=50, partial=""):
    return Score(run, CELL, rows, mean, Interval(0.1, 0.9, "wilson"), partial)


def finding(run, verdict):
    paired = Paired(50, 0.1, Interval(0.0, 0.2), 9, 40, 1, None, 0.02)
    return ComparedFigure(CELL, "a", run, 0.5, 0.6, paired, 0.04, 3, verdict)


def test_better_is_what_the_test_says_and_not_the_highest():
    scores = [score("a", 0.5), score("b", 0.6), score("c", 0.7), score("d", 0.4)]
    findings = [finding("b", "better"), finding("c", "cannot tell"), finding("d", "worse")]
    assert marks_of(scores, findings) == CellMarks(frozenset({"b"}), "c")
    assert marks_of(scores, ()) == CellMarks(frozenset(), "c")


@pytest.mark.parametrize(
    ("scores", "highest"),
    [
        ([], ""),
        ([score("a", 0.5)], ""),
        ([score("a", 0.5), score("b", 0.6)], "b"),
        ([score("a", 0.6), score("b", 0.6)], ""),
        ([score("a", 0.6001), score("b", 0.6004), score("c", 0.1)], ""),  # both are shown as 0.600
        ([score("a", 0.5996), score("b", 0.6014)], "b"),  # 0.600 and 0.601
        ([score("a", 0.1, rows=1), score("b", 0.9, rows=1)], ""),
        ([score("a", 0.5), score("b", 0.9, partial="1 of 50 rows missing")], ""),
        ([score("a", 0.5), score("b", 0.6), score("c", 0.9, partial="1 of 50 rows missing")], "b"),
    ],
)
def test_the_highest(scores, highest):
    assert marks_of(scores, ()).highest == highest


def cell(score, marks):
    template = environment().from_string('{% import "macros.html" as m %}{{ m.with_interval(score, marks) }}')
    return " ".join(template.render(score=score, marks=marks).split())


def test_the_marks_in_a_cell():
    one, a, b = score("a", 0.6), frozenset("a"), frozenset("b")
    better, highest = '<span class="sr"> (better than the baseline)</span>', '<span class="sr"> (highest)</span>'
    assert f'<b class="better">0.600</b>{better}' in cell(one, CellMarks(a))
    assert f'<span class="highest">0.600</span>{highest}' in cell(one, CellMarks(highest="a"))
    assert f'<b class="better highest">0.600</b>{better}{highest}' in cell(one, CellMarks(a, "a"))
    for none in (None, CellMarks(), CellMarks(b, "b")):
        assert not re.search("<b|highest|better", cell(one, none))
    assert "–" in cell(None, CellMarks(a, "a"))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """b is better than a in every row of generation, in all sections but not in letters; c is a's twin."""
    folder = tmp_path_factory.mktemp("runs")
    rows = rows_of(*(leaf.name for leaf in LEAVES))

    def value(shift):
        return lambda row, metric: float(row.id % 2) if row.kind == "mcq" else 0.2 + (row.id * 37 % 41) / 100 + shift

    for name, shift in (("a", 0.0), ("b", 0.1), ("c", 0.0)):
        write_run(folder, name, rows, value=value(shift))
    built = build_report(read_runs([folder]), tmp_path_factory.mktemp("report") / "pages")
    return built.index.read_text(encoding="utf-8")


def test_a_report_is_bold_where_the_test_finds_a_better_run(page):
    table = page.partition('id="t-headline"')[2].partition("</table>")[0]
    bold = re.findall(r'<b class="([^"]*)">', table)
    # The headline, both languages, understanding and generation of b; not the letters. Embedded rows: nothing is the highest.
    assert bold == ["better"] * 5
    assert 'class="highest"' not in page
    assert "best" not in re.findall(r'class="([^"]*)"', page)


def test_a_level_without_a_finding_has_its_heading_and_says_so(page):
    """Tasks have four embedded rows, too few for a test, and letters are alike."""
    section = page.partition('id="h-task"')[2].partition("</section>")[0].partition("<details>")[0]
    assert "By task, where one can tell" in section
    assert "In none: too few rows differ for any test." in section
    assert "<table" not in section


def test_a_level_that_can_have_no_finding_is_named_in_place(tmp_path):
    """Six of 16 letters differ: p is at least 2/64, three times that with three runs."""
    rows = rows_of(MCQ)
    ids = [row.id for row in rows]
    write_run(tmp_path / "in", "a", rows)
    for start, name in enumerate("bcd"):
        wrong = ids[3 * start : 3 * start + 6]
        write_run(tmp_path / "in", name, rows, value=lambda row, metric, wrong=wrong: float(row.id not in wrong))
    built = build_report(read_runs([tmp_path / "in"]), tmp_path / "out")
    text = built.index.read_text(encoding="utf-8")
    words = "No finding is possible at this level: with 3 tests, no corrected p-value can be below 0.09."
    for level in ("section", "task"):
        assert words in text.partition(f'id="h-{level}"')[2].partition("</section>")[0].partition("<h3")[0]


@pytest.mark.parametrize(("count", "wanted"), [(50, ""), (49, "1 of 50 rows missing")])
def test_a_score_says_why_it_is_partial(tmp_path, count, wanted):
    """A section is whole with all its official rows, whatever else the run lacks."""
    rows = rows_of(MCQ)
    write_run(tmp_path, "a", [replace(rows[place % len(rows)], id=place, source="official") for place in range(count)])
    scores = score_run(*read_runs([tmp_path]), resamples=200)
    assert {found.partial for found in scores if found.cell.name == "en_mcq"} == {wanted}


def test_embedded_rows_are_partial(tmp_path):
    write_run(tmp_path, "a", rows_of(MCQ))
    scores = score_run(*read_runs([tmp_path]), resamples=200)
    assert {found.partial for found in scores} == {"embedded rows, which are not the benchmark"}
