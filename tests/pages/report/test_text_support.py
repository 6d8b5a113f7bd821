"""What the text says of values and indicators, in the data of a task's page and in a browser."""

import re
from dataclasses import replace
from importlib.resources import files

import pytest
from hostile_texts import MARKUP
from run_files import rows_of, write_run

from sevenllm_bench.pages.report.report_pages import build_report
from sevenllm_bench.pages.report.task_rows import explore_task, samples_by_task
from sevenllm_bench.pages.report.text_support import SUPPORT, support_letters
from sevenllm_bench.runs.reader import read_runs

EXTRACTION, ANALYSIS = "sevenllm_en_malware_feature_extraction", "sevenllm_en_threat_analysis"
TEXT = "Brass Heron stole two thousand records on June 3, 2021. It hid its long list of stolen names in a folder. " * 3
#: A value to the letter of what the text says of it, by docs/grounding.md.
VALUES = {
    "Brass Heron": "e",
    "BRASS HERON!": "n",
    "2,000": "u",
    "2021-06-03": "d",
    "hid the long list of stolen names": "f",
    "Larkspur": "a",
    TEXT.strip(): "l",
    "unknown": "c",
}
FIRST, SECOND, *_ = rows_of(EXTRACTION)
ROW = replace(FIRST, input=TEXT, output={"group": "Brass Heron", "tool": "Foxglove"})
EMPTY = replace(SECOND, input="", output={"group": "Brass Heron"})
PROSE = replace(rows_of(ANALYSIS)[0], input="It called c2.example.", instruction="Explain CVE-2021-44228.")
ANSWER = "It called c2[.]example over CVE-2021-44228, then 192.0.2.7 and T1059."


def respond(row):
    if row.id == ROW.id:
        return '{"a": "Brass Heron", "b": ["Larkspur", "2,000"]}'
    return ANSWER if row.id == PROSE.id else row.reference_text


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("support")
    write_run(folder, "one", [ROW, EMPTY, PROSE], value=lambda row, metric: 0.5, response=respond)
    write_run(folder, "two", [ROW, EMPTY, PROSE], value=lambda row, metric: 0.5, response=lambda row: "I can't say")
    return folder


def test_every_way_has_its_letter():
    assert support_letters(list(VALUES), TEXT) == "".join(VALUES.values())
    assert set(VALUES.values()) == set(SUPPORT.values())
    script = files("sevenllm_bench.pages").joinpath("assets", "reader.js").read_text(encoding="utf-8")
    words = re.search(r"const SUPPORT = \{(.*?)\};", script, re.DOTALL)[1]
    assert re.findall(r'\b([a-z]): "', words) == list(SUPPORT.values())
    assert support_letters(["Brass Heron"], "") == support_letters([], TEXT) == ""


def test_a_row_has_a_letter_for_each_value_that_its_answers_show_first(folder):
    """Of the first run: same "Brass Heron", missing "Foxglove", added "Larkspur" and "2,000"; the second's can't be read."""
    runs = read_runs([folder / "one", folder / "two"])
    found = explore_task([samples_by_task(run) for run in runs], EXTRACTION, runs[0].leaves[EXTRACTION].leaf)
    assert [row.support for row in found.rows] == ["eaau", ""]
    data = found.data()["rows"]
    assert (len(data[0]), data[0][3], len(data[1])) == (4, "eaau", 3)
    same, alike, missing, added = data[0][2][0][4]
    assert [found.texts.as_json()[number] for number in same + alike + missing + added] == [
        "Brass Heron",
        "Foxglove",
        "Larkspur",
        "2,000",
    ]


def test_an_analysis_lists_the_indicators_that_nobody_gave(folder):
    run = read_runs([folder / "one"])[0]
    explored = explore_task([samples_by_task(run)], ANALYSIS, run.leaves[ANALYSIS].leaf)
    (answer,) = explored.rows[0].answers
    assert [explored.texts.as_json()[number] for number in answer.invented] == ["192.0.2.7", "t1059"]
    none = replace(run, samples=tuple(replace(own, metrics={"invented_indicators": 0.0}) for own in run.samples))
    (answer,) = explore_task([samples_by_task(none)], ANALYSIS, run.leaves[ANALYSIS].leaf).rows[0].answers
    assert answer.invented == ()


def test_a_browser_says_it_in_words(folder, open_page, tmp_path):
    build_report(read_runs([folder / "one", folder / "two"]), tmp_path / "out", resamples=100)
    page = open_page(tmp_path / "out" / "tasks" / f"{EXTRACTION}.html", f"#row-{ROW.id}")
    page.locator(".answer").first.wait_for()
    first, second = page.locator(".answer").all()
    assert first.locator(".diff li bdi").all_inner_texts() == ["Brass Heron", "Foxglove", "Larkspur", "2,000"]
    assert first.locator(".support").all_inner_texts() == [
        "in the text",
        "not in the text",
        "not in the text",
        "in the text (number)",
    ]
    assert second.locator(".support").count() == 0
    page = open_page(tmp_path / "out" / "tasks" / f"{ANALYSIS}.html", f"#row-{PROSE.id}")
    page.locator(".invented").wait_for()
    assert page.locator(".invented").all_inner_texts() == ["Neither in the text nor in the question: 192.0.2.7, t1059"]


def test_hostile_values_are_shown_as_they_are(open_page, tmp_path):
    row = replace(ROW, input=f"It said {MARKUP[0]} to everybody who opened the page, and then it said nothing more.")
    write_run(tmp_path, "one", [row], response=lambda row: f'{{"a": {MARKUP[0]!r}}}'.replace("'", '"'))
    build_report(read_runs([tmp_path / "one"]), tmp_path / "out", resamples=100)
    page = open_page(tmp_path / "out" / "tasks" / f"{EXTRACTION}.html", f"#row-{row.id}")
    page.locator(".answer").wait_for()
    item = page.locator(".diff li", has_text="script")
    assert item.locator("bdi").inner_text() == MARKUP[0]
    assert item.locator(".support").inner_text() == "in the text"
    assert page.evaluate("window.tripped") is None
