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


@pytest.mark.parametrize("width", [1440, 360])
def test_its_first_page_has_under_sixty_tab_stops_and_axe_finds_nothing(written, open_page, width):
    page = open_page(written.index, width=width)
    page.wait_for_timeout(300)
    assert findings(page) == []
    found = tab_stops(page)
    assert 10 < len(found) < 60, found
