"""The heat map: colours by kind, faded cells, the three views, the keyboard, and that every place has the same digits."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from run_files import rows_of, write_run

from sevenllm_bench.pages.report.heat_map import heat_maps
from sevenllm_bench.pages.report.report_pages import build_report
from sevenllm_bench.pages.report.run_order import by_score
from sevenllm_bench.pages.report.score_views import examine
from sevenllm_bench.runs.reader import read_runs

LEAVES = (
    "sevenllm_en_threat_analysis",
    "sevenllm_en_malware_feature_extraction",
    "sevenllm_en_mcq",
    "sevenllm_zh_threat_analysis",
    "sevenllm_zh_mcq",
)
#: Score of each run in every row; 0.0625 and 0.1875 are halves of the last digit, also in binary.
SCORES = {"base": 0.5, "r0625": 0.0625, "r1875": 0.1875, "r8": 0.8, "tie": 0.8, "long-name-of-a-run-that-is-much-too-long": 0.3}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, score in SCORES.items():
        write_run(folder, name, rows_of(*LEAVES), value=lambda row, metric, own=score: own * (0.5 if row.language == "zh" else 1))
    return read_runs([folder / name for name in SCORES])


@pytest.fixture(scope="module")
def report(runs, tmp_path_factory):
    return build_report(runs, tmp_path_factory.mktemp("report") / "pages", resamples=100).index


@pytest.fixture(scope="module")
def headline(runs):
    figures = examine(runs, 0, 100).figures
    return heat_maps(by_score(runs, figures).runs, figures, "base")[0]


def cells_of(heat_map, language, kind):
    """Cells by run of a kind's first task, in the order of the columns: r8, tie, base, long, r1875, r0625."""
    groups = next(groups for languages, groups in heat_map.tables if language in languages)
    return next(group for group in groups if group.kind == kind).rows[0].parts[0].cells


def test_cells_by_hand(headline):
    cells = cells_of(headline, "en", "understanding")
    assert [cell.score for cell in cells] == ["0.800", "0.800", "0.500", "0.300", "0.188", "0.062"]
    assert [cell.difference for cell in cells] == ["+0.300", "+0.300", "0.000", "-0.200", "-0.312", "-0.438"]
    assert [cell.rank for cell in cells] == [1, 1, 3, 4, 5, 6]
    # From 0.0625 to 0.8 in 20 steps: (0.5 - 0.0625) / 0.7375 * 20 = 11.9.
    assert [cell.step for cell in cells] == [20, 20, 12, 6, 3, 0]
    # From -0.4375 to 0.4375: (0.3 + 0.4375) / 0.875 * 20 = 16.9.
    assert [cell.difference_step for cell in cells] == [17, 17, 10, 5, 3, 0]
    assert [cell.rank_step for cell in cells] == [20, 20, 12, 8, 4, 0]


def test_each_kind_and_language_has_a_range_of_its_own(headline):
    ranges = {
        (group.kind, r.language): (r.low, r.high, r.most)
        for _, groups in headline.tables
        for group in groups
        for r in group.ranges
    }
    assert ranges["mcq", "en"] == ("0.062", "0.800", "0.438")
    assert ranges["generation", "zh"] == ("0.031", "0.400", "0.219")  # half of the English ones: 0.03125, 0.4, 0.21875
    assert ("understanding", "zh") not in ranges


def test_cells_of_few_rows_are_faded(headline):
    assert len(rows_of("sevenllm_en_malware_feature_extraction")) < 10 <= len(rows_of("sevenllm_en_mcq"))
    assert all(cell.few for cell in cells_of(headline, "en", "understanding"))
    assert not any(cell.few for cell in cells_of(headline, "en", "mcq"))


def test_the_views_change_texts_and_colours(report, open_page):
    page = open_page(report)
    table = page.locator("[data-value=headline] .heat-table").first
    cells = table.locator("tbody", has_text="Understanding").locator("a[data-views]")
    assert cells.all_inner_texts()[:3] == ["0.800", "0.800", "0.500"]
    page.get_by_role("radio", name="difference from the baseline").check()
    assert cells.all_inner_texts()[:4] == ["+0.300", "+0.300", "0.000", "-0.200"]
    assert cells.nth(3).locator("..").get_attribute("class") == "few d5"
    assert table.locator(".of-difference").first.is_visible()
    assert table.locator(".of-score").first.is_hidden()
    page.get_by_role("radio", name="rank").check()
    assert cells.all_inner_texts() == ["1", "1", "3", "4", "5", "6"]
    page.get_by_role("radio", name="score").check()
    assert cells.nth(0).locator("..").get_attribute("class") == "few h20"


def test_a_view_and_a_language_have_an_address(report, open_page):
    page = open_page(report, "#heat-view=rank&heat-language=zh")
    tables = page.locator("[data-value=headline] .heat-table")
    assert tables.nth(0).is_hidden()
    assert tables.nth(1).locator("a[data-views]").first.inner_text() == "1"


def test_one_tab_stop_and_the_arrow_keys(report, open_page):
    page = open_page(report)
    table = page.locator("[data-value=headline] .heat-table").first
    assert table.locator("a[tabindex='0']").count() == 1
    assert table.locator("a:not([tabindex])").count() == 0
    table.locator("a[tabindex='0']").focus()
    place = "[document.activeElement.closest('tr').rowIndex, document.activeElement.parentElement.cellIndex]"
    row, column = page.evaluate(place)
    for key, moved in (
        ("ArrowRight", (0, 1)),
        ("ArrowLeft", (0, 0)),
        ("ArrowLeft", (0, 0)),
        ("End", (0, 5)),
        ("Home", (0, 0)),
    ):
        page.keyboard.press(key)
        assert page.evaluate(place) == [row + moved[0], column + moved[1]], key
    page.keyboard.press("ArrowDown")  # over the heading of the next kind
    assert page.evaluate(place) == [row + 2, column]
    page.keyboard.press("Control+End")
    assert page.evaluate(place)[1] == column + 5
    assert table.locator("a[tabindex='0']").count() == 1
    assert page.locator("#heat-cell").inner_text() == page.evaluate("document.activeElement.title")


def test_a_cell_is_described_in_full_with_the_digits_that_it_shows(report, open_page):
    page = open_page(report)
    cell = page.locator("[data-value=headline] .heat-table").first.locator("tbody tr:nth-child(2) a").nth(3)
    cell.hover()
    words = page.locator("#heat-cell").inner_text()
    assert words == (
        "long-name-of-a-run-that-is-much-too-long, Malware Feature Extraction, English: 0.300 "
        f"(-0.200 from the baseline, rank 4 of 6), n = {len(rows_of('sevenllm_en_malware_feature_extraction'))}"
    )
    assert cell.get_attribute("title") == words


def test_names_stay_apart_and_the_baseline_is_marked(report, open_page):
    page = open_page(report)
    heads = page.locator("[data-value=headline] .heat-table").first.locator("th.run")
    names = heads.locator(".label").all_inner_texts()
    assert len(set(names)) == len(SCORES)
    assert heads.filter(has_text="baseline").locator(".label").inner_text() == "base"
    shortened = heads.locator(".label[data-full]")
    assert shortened.get_attribute("data-full") == "long-name-of-a-run-that-is-much-too-long"
    page.emulate_media(media="print")
    content = shortened.evaluate("(own) => getComputedStyle(own, '::after').content")
    assert content == '"long-name-of-a-run-that-is-much-too-long"'


class _Texts(HTMLParser):
    """Texts of elements with a title (hint), and of SVG groups with a `title` child."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[list] = []
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag, attributes):
        if tag not in {"meta", "link", "input", "br", "circle", "line", "path", "rect", "polygon"}:
            self.open.append([tag, dict(attributes).get("title") or "", ""])

    def handle_endtag(self, tag):
        while self.open:
            name, hint, text = self.open.pop()
            if name == "title" and self.open:
                self.open[-1][1] = text
            else:
                self.found += [(hint, text)] if hint else []
                if self.open:
                    self.open[-1][2] += text
            if name == tag:
                break

    def handle_data(self, data):
        if self.open:
            self.open[-1][2] += data


def test_hints_and_texts_have_the_same_digits(report):
    """Wherever a hint names figures, what is shown is one of them, digit by digit; the tables and the map agree too."""
    parser = _Texts()
    page = report.read_text(encoding="utf-8")
    parser.feed(page)
    figure = re.compile(r"[+-]?\d\.\d+")
    hinted = [(hint, text) for hint, text in parser.found if figure.search(hint) and figure.search(text)]
    assert len(hinted) >= len(SCORES)  # the chart of the first screen
    for hint, text in hinted:
        assert set(figure.findall(text)) <= set(figure.findall(hint.replace("–", " "))), (hint, text)
    shown = set(re.findall(r'data-views="(\d\.\d+) ', page))
    assert {"0.062", "0.188"} <= shown  # half to even; half up would give 0.063
    tasks = page[page.index('id="t-tasks"') :]
    assert shown <= set(figure.findall(tasks[: tasks.index("</table>")]))
