"""Tables of differences: what is folded, what is in the file, and what all runs share in "Repeat"."""

import csv
import io
from dataclasses import replace

import pytest
from run_files import rows_of, write_run

from sevenllm_bench.comparison.compare_runs import ComparedFigure, Comparison
from sevenllm_bench.figures.cells import Cell
from sevenllm_bench.pages.report.finding_tables import differences_csv, finding_tables, in_order, page_words
from sevenllm_bench.pages.report.repeat import repeating, settings
from sevenllm_bench.pages.report.report_pages import build_report
from sevenllm_bench.runs.reader import read_runs
from sevenllm_bench.stats.intervals import Interval
from sevenllm_bench.stats.paired import Paired

LEAVES = ("sevenllm_en_threat_analysis", "sevenllm_en_mcq", "sevenllm_zh_mcq")
NAMES = tuple(f"model-{letter}" for letter in "abcdefgh")


def findings(level, told, untold):
    """So many findings of a level, of which `told` are better."""
    paired = Paired(50, 0.1, Interval(0.05, 0.15, "bootstrap"), 9, 40, 1, 0.4, 0.01, "permutation")
    cell = Cell(level, "mcq", "acc", ())
    made = [ComparedFigure(cell, "=base", f"r{n}", 0.5, 0.6, paired, 0.01, 9, "better", "p") for n in range(told)]
    return [*made, *(replace(made[0] if made else ComparedFigure(cell, "=base", "r", 0.5, 0.6, paired), run=f"u{n}",
            verdict="cannot tell") for n in range(untold))]  # fmt: skip


def comparison(*found):
    return Comparison((), (), tuple(one for part in found for one in part), (), (), (), ("headline",), 0, 100)


def test_long_tables_are_folded_and_short_ones_are_not():
    made = dict(finding_tables(comparison(findings("kind", 2, 10), findings("section", 2, 11), findings("task", 1, 3))))
    assert [(len(made[level].first), len(made[level].folded), made[level].elsewhere) for level in made] == [
        (12, 0, False),
        (2, 11, False),
        (1, 0, True),
    ]
    assert {one.verdict for one in made["section"].folded} == {"cannot tell"}
    assert finding_tables(None) == []


def test_findings_about_a_figure_stand_in_the_order_of_the_runs():
    found = comparison(findings("kind", 3, 0), findings("section", 3, 0))
    assert [(one.cell.level, one.run) for one in in_order(found, ["r2", "=base", "r0", "r1"]).findings] == [
        *(("kind", run) for run in ("r2", "r0", "r1")),
        *(("section", run) for run in ("r2", "r0", "r1")),
    ]


def test_the_file_has_every_finding_and_no_formula():
    lines = list(csv.DictReader(io.StringIO(differences_csv(comparison(findings("task", 1, 3))).decode())))
    assert [line["run"] for line in lines] == ["r0", "u0", "u1", "u2"]
    assert {line["baseline"] for line in lines} == {"'=base"}
    assert float(lines[0]["difference"]) == 0.1


def test_words_of_the_score_but_not_names():
    assert page_words("Headline: a mean. The headline is") == "Score: a mean. The score is"
    assert page_words("headline-model: runs/headline") == "headline-model: runs/headline"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for place, name in enumerate(NAMES):
        write_run(folder, name, rows_of(*LEAVES), value=lambda row, metric, own=place: float((row.id + own) % 9 < 5))
    return read_runs([folder / name for name in NAMES])


@pytest.fixture(scope="module")
def report(runs, tmp_path_factory):
    return build_report(runs, tmp_path_factory.mktemp("report") / "pages", resamples=100).index


def test_what_all_runs_share_is_said_once(runs):
    found = repeating(runs)
    assert dict(found.settings)["limit"] == "none"
    for one, run in zip(found.runs, runs, strict=True):
        assert {name for name, _ in one.settings} >= {"model", "read from"}
        assert sorted([*one.settings, *found.settings]) == sorted(settings(run))
        assert not set(one.settings) & set(found.settings)
        assert one.signatures == ()
    alone = repeating(runs[:1])
    assert alone.settings == alone.notes == alone.signatures == ()
    assert alone.runs[0].signatures


def test_what_is_folded_is_open_in_print(report, open_page):
    page = open_page(report)
    folded = page.locator("details.folded")
    assert folded.count() > 0
    assert not folded.first.evaluate("(own) => own.open")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("[...document.querySelectorAll('details.folded, details.run')].every((own) => own.open)")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not folded.first.evaluate("(own) => own.open")


def test_the_bar_of_a_phone_shows_all_its_links(report, open_page):
    page = open_page(report, width=360)
    boxes = [link.bounding_box() for link in page.locator(".top a").all()]
    assert len(boxes) >= 6
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 360 for box in boxes)
    assert page.locator(".top nav").evaluate("(own) => own.scrollWidth <= own.clientWidth")


def test_nothing_is_wider_than_a_narrow_sheet(report, open_page):
    page = open_page(report, width=360)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_heat_map_that_is_not_shown_is_made_when_it_is(report, open_page):
    page = open_page(report, width=1280)
    maps = page.locator("[data-switched=heat]")
    assert maps.count() > 1
    hidden = maps.nth(1)
    assert hidden.locator("table").count() == 0
    name = hidden.get_attribute("data-value")
    page.locator(f"input[name=heat][value={name}]").check()
    table = hidden.locator(".heat-table:not([hidden])").first
    assert table.locator("a[tabindex='0']").count() == 1
    assert table.locator(".copy-table").count() == 1
    page.locator("input[name=heat-view][value=rank]").check()
    assert table.get_attribute("data-view") == "rank"
    again = open_page(report, f"#heat={name}&heat-view=rank")
    assert (
        again.locator("[data-switched=heat]").nth(1).locator(".heat-table:not([hidden])").first.get_attribute("data-view")
        == "rank"
    )
