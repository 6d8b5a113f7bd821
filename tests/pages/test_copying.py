"""Tables copied as CSV, Markdown and LaTeX: what is filtered and sorted, on all pages of the table, and right in each format."""

import csv
import io

import pytest
from leaderboard_files import manifest_of, sections_at, write_bundle
from markdown_it import MarkdownIt

from sevenllm_bench.pages.leaderboard import board_tables
from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.entry import Facts

#: Names with what has a meaning in CSV, Markdown or LaTeX.
NAMES = ("=1+2", 'a,"b"|*c*_d_ `e` <f> [g](h)', "50% & $5 #1 {x} ~y^z \\w", "plain--name")


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """Four models, two to a page of the table."""
    folder = tmp_path_factory.mktemp("copying")
    for place, name in enumerate(NAMES):
        write_bundle(folder / "in" / f"s{place}", manifest_of(name, sections_at(0.5 - place / 8)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(board_tables, "PAGE", 2)
        facts = {name.casefold(): Facts(licence="mit" if place else "other") for place, name in enumerate(NAMES)}
        return build_leaderboard([folder / "in"], folder / "out", facts).index


@pytest.fixture
def copied(board, open_page):
    """Opens the page and returns what a button of the first table's menu gives to the clipboard."""

    def copy(format_, fragment=""):
        page = open_page(board, fragment)
        page.evaluate(
            "Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.copied = text; } } })"
        )
        menu = page.locator(".tools[data-for=t-models] .copy-table")
        menu.locator("summary").click()
        menu.get_by_role("button", name=format_).click()
        menu.get_by_text("Copied").wait_for()
        return page.evaluate("window.copied")

    return copy


def test_csv_is_read_back_by_a_csv_reader(copied):
    lines = list(csv.DictReader(io.StringIO(copied("CSV"), newline="")))
    assert [line["Model"] for line in lines] == ["'=1+2", *NAMES[1:]]  # all pages; no spreadsheet takes the first for a formula
    score = next(name for name in lines[0] if name.startswith("Score"))
    assert [float(line[score]) for line in lines] == [0.5, 0.375, 0.25, 0.125]
    # Standard errors of the sections: 0.00718, 0.00814, 0.07143, 0.01428, 0.01421, 0.07143; the root of the sum of their squares,
    # divided by 6, is 0.01726; 1.959964 of these are 0.0338.
    assert lines[0][f"{score}: interval or note"] == "0.466–0.534"


def test_what_is_copied_is_filtered_and_sorted(copied):
    lines = list(csv.DictReader(io.StringIO(copied("CSV", "#t-models.licence=mit&t-models.sort=headline,up"), newline="")))
    assert [line["Model"] for line in lines] == [*NAMES[:0:-1]]


def test_markdown_is_the_same_table_to_a_parser(copied):
    tokens = MarkdownIt("commonmark").enable("table").parse(copied("Markdown"))
    texts = ["".join(child.content for child in token.children) for token in tokens if token.type == "inline"]
    kinds = {child.type for token in tokens if token.type == "inline" for child in token.children}
    width = sum(token.type == "th_open" for token in tokens)
    rows = [texts[start : start + width] for start in range(width, len(texts), width)]
    assert [row[1] for row in rows] == list(NAMES)
    assert rows[0][2] == "0.500 (0.466–0.534)"
    assert kinds <= {"text", "text_special"}  # nothing is emphasised, a link or code


def test_latex_has_its_special_characters_escaped(copied):
    text = copied("LaTeX")
    lines = text.splitlines()
    assert lines[0] == "% \\usepackage{booktabs}"
    assert lines[1].startswith("\\begin{tabular}{r")
    rows = [line for line in lines[lines.index("\\midrule") + 1 :] if "&" in line]
    assert rows[0].startswith("1 {\\scriptsize (by intervals)} & =1+2 & 0.500 {\\scriptsize (0.466--0.534)} & ")
    assert 'a,{"}b{"}\\textbar{}{*}c{*}\\_d\\_ `e` \\textless{}f\\textgreater{} {[}g{]}(h)' in rows[1]
    assert "50\\% \\& \\$5 \\#1 \\{x\\} \\textasciitilde{}y\\textasciicircum{}z \\textbackslash{}w" in rows[2]
    assert "plain-{}-name" in rows[3]
    assert all(row.endswith(" \\\\") for row in rows)
    assert lines[-1] == "\\end{tabular}"


def test_where_the_browser_copies_nothing_the_text_is_selected(board, open_page):
    page = open_page(board)
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new Error('no')) } })"
    )
    menu = page.locator(".tools[data-for=t-models] .copy-table")
    menu.locator("summary").click()
    menu.get_by_role("button", name="CSV").click()
    menu.locator("textarea").wait_for()
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    assert page.evaluate("getSelection().toString()").count("\n") >= len(NAMES)
