"""The section "Can it be trusted?" of a report that has every part, in a real browser."""

from dataclasses import replace

import pytest
from axe_checks import findings
from hostile_texts import MARKUP
from llm_task_files import add_llm_tasks
from run_files import rows_of
from submission_files import write_true_run

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.memorisation.probe_result import ProbeResult, ProbeTest
from sevenllm_bench.pages.report.report_pages import build_report
from sevenllm_bench.published.published_runs import published_runs
from sevenllm_bench.runs.reader import read_runs
from sevenllm_bench.runs.run_labels import relabelled

BENCHMARK = load_benchmark("embedded")
LEAVES = ("sevenllm_en_malware_feature_extraction", "sevenllm_en_threat_analysis", "sevenllm_zh_impact_scope", "sevenllm_en_mcq")
TESTS = (
    ProbeTest("option-order", "en", 50, 0, 0.4, 0.2, 0.6, 0.00001, 0.1),
    ProbeTest("reference-tokens", "zh", 0, 0, None, None, None, None, None, MARKUP[2]),
)
TITLES = [
    "Multiple choice without knowledge",
    "Multiple choice with the options in every order",
    "Incident texts with noise",
    "Are the answers in the text?",
    "Has the model seen the rows?",
]


def half(row):
    return row.reference_text if row.id % 2 else "no idea"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs with every kind of task; the second has a hostile name."""
    folder = tmp_path_factory.mktemp("trust")
    for name, letter in (("one", "B"), ("two", None)):
        results = write_true_run(folder / name, rows_of(*LEAVES), answer=half)
        add_llm_tasks(results, BENCHMARK, lambda row, letter=letter: letter or row.output, lambda row: "no idea")
    names = [str(folder / name) for name in ("one", "two")]
    return relabelled(read_runs(names), names, [f"{names[0]}=one", f"{names[1]}={MARKUP[0]}"])


@pytest.fixture(scope="module")
def report(runs, tmp_path_factory):
    probe = ProbeResult("0.1.0", 0, 99, {"base": "m"}, {}, {}, 0, TESTS)
    target = tmp_path_factory.mktemp("report") / "pages"
    build_report(runs, target, resamples=100, probes={MARKUP[0]: probe})
    return target


def test_every_part_is_there_under_its_title(report, open_page):
    page = open_page(report / "index.html")
    assert page.locator("#trust h3").all_inner_texts() == TITLES
    assert page.locator("#trust table").count() == len(TITLES)
    heads = page.locator("#trust thead th").all_inner_texts()
    assert all(head[0].isupper() for head in heads), heads
    letters = page.locator("#trust section", has_text="in every order").nth(1)
    always_b = letters.locator("tbody tr", has_text="+0.750")
    assert always_b.locator("td").all_inner_texts()[-5:] == [
        "B",
        "-0.250 (-0.250 to -0.250)",
        "+0.750 (+0.750 to +0.750)",
        *["-0.250 (-0.250 to -0.250)"] * 2,
    ]
    assert page.evaluate("window.tripped") is None
    assert page.get_by_role("link", name="Trust").get_attribute("href") == "#trust"


def test_figures_are_at_the_right(report, open_page):
    """All but the language, and the p-value, which eight rows have none of."""
    page = open_page(report / "index.html")
    own = {table.locator("xpath=../..").locator("h3").inner_text(): table for table in page.locator("#trust table").all()}
    drop = own["Incident texts with noise"].locator("tbody tr").first.locator("td")
    assert [cell.get_attribute("class") or "" for cell in drop.all()] == ["", "num", "num", "num", "num", ""]


@pytest.mark.parametrize("width", [1440, 360])
@pytest.mark.parametrize("name", ["index.html", f"tasks/{LEAVES[0]}.html#first", "tasks/sevenllm-en-stress.html"])
def test_axe_finds_nothing(report, open_page, name, width):
    file, _, opened = name.partition("#")
    page = open_page(report / file, width=width)
    page.wait_for_timeout(100)
    if opened:
        page.locator("#t-rows tbody a").first.click()
        page.locator(".support").first.wait_for()
    assert findings(page) == []
    page.emulate_media(color_scheme="dark")
    assert findings(page, ["wcag2aa"]) == []


def test_no_page_is_wider_than_a_phone(report, open_page):
    for name in ("index.html", f"tasks/{LEAVES[0]}.html"):
        page = open_page(report / name, width=360)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_pages_of_multiple_choice_say_what_scores_without_knowledge(report, open_page):
    """Each letter is right in 4 of the 16 embedded English questions; other tasks' pages say nothing."""
    said = "Without knowledge, multiple choice in"
    for name, words in (
        ("sevenllm_en_mcq", f"{said} English scores: always A 0.250, longest option "),
        (
            "sevenllm-zh-mcq-circular",
            "in every rotation in Chinese scores, as circular_acc and acc: one letter, always 0.000 and 0.250",
        ),
    ):
        notes = (
            open_page(report / "tasks" / f"{name}.html")
            .locator("section[aria-labelledby=h-figures] p.without-knowledge")
            .all_inner_texts()
        )
        assert len(notes) == 1
        assert words in notes[0]
    assert said not in (report / "tasks" / "sevenllm_en_threat_analysis.html").read_text(encoding="utf-8")
    assert said not in (report / "tasks" / "sevenllm-en-stress.html").read_text(encoding="utf-8")


def test_every_table_with_multiple_choice_says_what_scores_without_knowledge(report, open_page):
    """Each letter is right in 4 of the 16 embedded English questions, and the longest option in fewer."""
    page = open_page(report / "index.html")
    for section in ("headline", "map"):
        (words,) = page.locator(f"#{section} p.without-knowledge").all_inner_texts()
        assert words.startswith("Without knowledge, multiple choice in English scores: always A 0.250, longest option 0.177, ")
    for table, rows in (("t-sections", "English, multiple choice"), ("t-tasks", "Multiple choice")):
        level = page.locator(f"#{table} small.without-knowledge")
        assert level.all_text_contents() == ["without knowledge: 0.250 (always A)"]
        assert level.locator("xpath=ancestor::tr/th").inner_text().startswith(rows)


def test_on_a_phone_the_table_of_letters_scrolls_in_its_box_and_breaks_no_figure(report, open_page):
    page = open_page(report / "index.html", width=360)
    box = page.locator("#trust section", has_text="in every order").nth(1).locator(".scroll")
    wide, seen = box.evaluate("box => [box.scrollWidth, box.clientWidth]")
    assert seen <= 360 < wide
    heights = box.locator("tbody tr", has_text="+0.750").locator("td").evaluate_all("cells => cells.map(c => c.clientHeight)")
    assert max(heights) < 70


def test_runs_without_ordinary_rows_have_the_section_and_further_tasks(runs, open_page, tmp_path):
    bare = [replace(run, leaves={}, samples=()) for run in runs]
    build_report(bare, tmp_path / "out", resamples=100)
    page = open_page(tmp_path / "out" / "index.html")
    assert page.locator("#trust h3").all_inner_texts() == TITLES[1:3]
    assert page.get_by_role("link", name="Trust").count() == 1
    assert page.locator("#h-encoder-tasks").inner_text() == "Further tasks"
    assert "encoders can run" not in page.locator(".lead").inner_text()
    page = open_page(tmp_path / "out" / "tasks" / "sevenllm-en-stress.html")
    assert "A further task, which counts in no figure of the benchmark" in page.locator(".lead").inner_text()
    assert page.get_by_role("link", name="All further tasks").count() == 1


def test_audited_rows_are_the_last_part(open_page, tmp_path):
    build_report(published_runs(["llama2-7b", "qwen1_5-7b"]), tmp_path / "out", resamples=100)
    page = open_page(tmp_path / "out" / "index.html")
    assert page.locator("#trust h3").all_inner_texts()[-1] == "On audited rows"
