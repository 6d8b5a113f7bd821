"""Accessibility of report and leaderboard: axe at both widths and themes, tab stops, focus in sight, sizes, arrow keys."""

import json

import pytest
from axe_checks import findings, hidden_focus, tab_stops
from leaderboard_files import SECTIONS, manifest_of, write_bundle, write_many
from run_files import rows_of, write_run
from trust_files import probe_bytes, with_trust, write_files

from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.model_metadata import read_facts
from sevenllm_bench.pages.report.report_pages import build_report
from sevenllm_bench.runs.reader import read_runs

pytest.importorskip("axe_playwright_python")
LEAVES = ("sevenllm_en_threat_analysis", "sevenllm_en_malware_feature_extraction", "sevenllm_en_mcq", "sevenllm_zh_mcq")
RUNS = 12


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Twelve runs over four tasks, each a little worse than the one before."""
    folder = tmp_path_factory.mktemp("runs")
    rows = rows_of(*LEAVES)
    names = [f"model-{chr(97 + number)}" for number in range(RUNS)]
    for number, name in enumerate(names):
        write_run(folder, name, rows, value=lambda row, metric, worse=number: float((row.id * 7 + worse) % 12 < 11 - worse / 2))
    target = tmp_path_factory.mktemp("report") / "pages"
    build_report(read_runs([folder / name for name in names]), target, resamples=100)
    return target


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    folder = tmp_path_factory.mktemp("board")
    facts = write_many(folder / "in", 12)
    encoder = manifest_of("lab/cti-bert", {})
    encoder["figures"] = [
        {"id": f"sevenllm-{x}-mcq-logprob.acc", "value": 0.3, "rows": 50, "stderr": (0.21 / 49) ** 0.5} for x in ("en", "zh")
    ]
    write_bundle(folder / "in" / "encoder", encoder)
    write_bundle(folder / "in" / "again", manifest_of(next(iter(facts)), dict.fromkeys(SECTIONS, 0.5), "2025-01-01"))
    write_files(folder / "in" / "trust", with_trust("org/trust"), {"probe.json": probe_bytes("org/trust", 0.0001)})
    (folder / "models.yaml").write_text(json.dumps(facts))
    return build_leaderboard([folder / "in"], folder / "out", read_facts(folder / "models.yaml")).index.parent


def check(page):
    """Everything in the light, then the contrast in the dark."""
    assert findings(page) == []
    page.emulate_media(color_scheme="dark")
    assert findings(page, ["wcag2aa"]) == []


@pytest.mark.parametrize("width", [1440, 360])
@pytest.mark.parametrize("name", ["index.html", f"tasks/{LEAVES[2]}.html"])
def test_axe_finds_nothing_in_the_report(report, open_page, name, width):
    page = open_page(report / name, width=width)
    page.wait_for_timeout(100)
    check(page)


@pytest.mark.parametrize("width", [1440, 360])
def test_axe_finds_nothing_in_the_leaderboard(board, open_page, width):
    ids = sorted(file.stem for file in (board / "submissions").glob("*.html"))
    page = open_page(board / "index.html", f"#compare={ids[0]},{ids[1]}", width=width)
    page.locator("#comparison-body table").first.wait_for()
    check(page)
    check(open_page(board / "submissions" / f"{ids[0]}.html", width=width))


@pytest.mark.parametrize("width", [1440, 360])
def test_axe_finds_nothing_in_a_submission_with_everything_beside_its_score(board, open_page, width):
    entries = json.loads((board / "leaderboard.json").read_text(encoding="utf-8"))["entries"]
    (own_id,) = (entry["id"] for entry in entries if entry["name"] == "org/trust")
    page = open_page(board / "submissions" / f"{own_id}.html", width=width)
    assert page.locator("#trust table").count() == 5
    check(page)


def test_axe_would_notice(chromium):
    page = chromium.new_page()
    page.set_content("<main><h1>x</h1><input><p style='color: #999'>pale</p></main>")
    assert {line.split(":")[0] for line in findings(page)} >= {"label", "color-contrast", "html-has-lang"}
    page.close()


def test_the_report_has_under_sixty_tab_stops(report, open_page):
    page = open_page(report / "index.html", width=1440)
    page.wait_for_timeout(300)
    found = tab_stops(page)
    assert 10 < len(found) < 60, found


def test_the_leaderboard_has_under_sixty_tab_stops(board, open_page):
    assert 10 < len(tab_stops(open_page(board / "index.html", width=1440))) < 60


@pytest.mark.parametrize("width", [1440, 360])
def test_the_focus_is_never_under_the_bar_a_header_or_the_tray(board, report, open_page, width):
    page = open_page(board / "index.html", width=width, height=740)
    page.locator("#t-models .pick").nth(1).check()
    page.locator("h1").click()
    assert hidden_focus(page, 30) == []
    page = open_page(report / "index.html", width=width, height=740)
    page.wait_for_timeout(200)
    assert hidden_focus(page, 55) == []


def test_arrow_keys_move_in_a_header_and_in_the_rows(board, open_page):
    page = open_page(board / "index.html", width=1440)
    heads = page.locator("#t-models thead button")
    heads.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent").startswith("Score")
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.textContent") == "Date"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "pick"
    first = page.evaluate("document.activeElement.value")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.value") != first
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.tagName") == "A"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.textContent") == "Date"  # one stop, where it was left


def test_sort_buttons_are_large_enough_and_their_arrows_are_not_read(board, open_page):
    page = open_page(board / "index.html", width=1440)
    for button in page.locator("#t-models thead button").all():
        box = button.bounding_box()
        assert box["height"] >= 24
        assert box["width"] >= 24
    tree = page.locator("#t-models thead").aria_snapshot()
    assert "Model" in tree
    assert not set("↕↑↓") & set(tree)
    assert "↕" in page.locator("#t-models thead button").last.evaluate("(own) => getComputedStyle(own, '::after').content")
