"""The report of the twelve published models' answers: the largest that is real, as it is seen, loaded and walked through."""

import pytest
from axe_checks import findings, tab_stops

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.pages.report.report_pages import build_report
from sevenllm_bench.published.published_runs import published_names
from sevenllm_bench.runs.reader import read_runs

pytest.importorskip("axe_playwright_python")
pytestmark = pytest.mark.predictions


@pytest.fixture(scope="module")
def written(tmp_path_factory, data_dir, predictions_dir):
    files = [predictions_dir / f"{name}.jsonl" for name in published_names()]
    runs = read_runs(files, load=lambda: load_benchmark("official", data_dir))
    return build_report(runs, tmp_path_factory.mktemp("report") / "pages")


def test_no_row_is_left_out_and_it_is_under_twelve_megabytes(written):
    assert (written.pages, written.left_out) == (46, 0)
    assert written.size < 12e6


def test_two_rows_count_with_another_task_and_every_place_says_so(written, open_page):
    """Of 48 official rows of this task, row 791 or 823 asks for JSON, and counts with the tasks that do."""
    page = open_page(written.index)
    task = "tasks/sevenllm_en_protection_strategy_research.html"
    page.locator("#t-tasks").wait_for()
    (line,) = [row for row in page.locator("#t-tasks tbody tr").all() if row.locator(f"a[href='{task}']").count()]
    assert line.locator("td").nth(2).inner_text() == "47"
    heat = page.locator(f"#map tr:has(a[href='{task}'])").first
    assert heat.locator("td").first.inner_text() == "47"
    page = open_page(written.index.parent / task)
    assert "48 rows, 47 of which count in its figures" in page.locator(".lead").inner_text()


def test_differences_stand_in_the_order_of_the_scores(written, open_page):
    page = open_page(written.index)
    scores = page.locator("#t-headline tbody tr th .label").all_inner_texts()
    found = page.locator("#t-diff-overall tbody th .label").all_inner_texts()
    assert len(found) == 11
    assert found == [name for name in scores if name in found][: len(found)]


@pytest.mark.parametrize("width", [1440, 360])
def test_its_first_page_has_under_sixty_tab_stops_and_axe_finds_nothing(written, open_page, width):
    page = open_page(written.index, width=width)
    page.wait_for_timeout(300)
    assert findings(page) == []
    found = tab_stops(page)
    assert 10 < len(found) < 60, found
