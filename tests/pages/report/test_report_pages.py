"""The report in a real browser, from disk: sorting, searching, opening, keyboard, phone, dark, print, and hostile answers."""

import pytest
from hostile_texts import MARKUP, TEXTS, TRIP
from run_files import rows_of, write_run

from sevenllm_bench.pages.report.report_pages import build_report
from sevenllm_bench.runs.reader import read_runs

LEAVES = (
    "sevenllm_en_threat_analysis",
    "sevenllm_en_malware_feature_extraction",
    "sevenllm_en_mcq",
    "sevenllm_zh_threat_analysis",
    "sevenllm_zh_malware_feature_extraction",
    "sevenllm_zh_mcq",
)
#: All that a page of these runs may lead to: the paper, and what a metric is.
LINKS = {"https://arxiv.org/abs/2405.03446", "https://aclanthology.org/W04-1013/"}
TASK = "tasks/sevenllm_en_malware_feature_extraction.html"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Two runs over six tasks; `better` scores 1 everywhere, `worse` a half, and 0 in the Chinese tasks."""
    folder = tmp_path_factory.mktemp("runs")
    rows = rows_of(*LEAVES)
    write_run(folder, "better", rows)
    half = {"acc": 1.0, "answered": 1.0, "json_valid": 1.0}
    write_run(
        folder,
        "worse",
        rows,
        value=lambda row, metric: 0.0 if row.language == "zh" else half.get(metric, 0.5),
        response=lambda row: "" if row.id % 7 == 0 else row.reference_text + "!",
    )
    target = tmp_path_factory.mktemp("report") / "pages"
    build_report(read_runs([folder / "better", folder / "worse"]), target, resamples=200)
    return target


@pytest.fixture(scope="module")
def hostile_report(tmp_path_factory):
    """Runs whose names and answers are hostile."""
    folder = tmp_path_factory.mktemp("hostile-runs")
    rows = rows_of(*LEAVES)
    names = {f"m{place}": text for place, text in enumerate((MARKUP[1], MARKUP[3]))}
    places = {row.id: place for place, row in enumerate(rows)}
    assert len(names) * len(rows) >= len(TEXTS)
    for number, (name, text) in enumerate(names.items()):
        write_run(
            folder,
            name,
            rows,
            response=lambda row, own=number: TEXTS[(len(names) * places[row.id] + own) % len(TEXTS)],
            change=lambda results, own=text: results.update(model_name=own, model_source=own),
        )
    target = tmp_path_factory.mktemp("hostile-report") / "pages"
    build_report(read_runs([folder / name for name in names]), target, resamples=200)
    return target


def column(page, table, place):
    return [text.strip() for text in page.locator(f"#{table} tbody tr > :nth-child({place})").all_inner_texts()]


def numbers(page, table, place):
    cells = page.locator(f"#{table} tbody tr > :nth-child({place})")
    return [float(value) for value in cells.evaluate_all("cells => cells.map((cell) => cell.dataset.v)") if value]


def wait_until(page, condition):
    """Waits up to ten seconds. Playwright's `wait_for_function` asks from within the page, where a policy refuses `eval`."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never came true: {condition}")


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def test_a_header_sorts_both_ways_and_says_so(report, open_page):
    page = open_page(report / "index.html")
    head = page.locator("#t-headline thead th").nth(1)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    # Six equal sections: 1 everywhere; and (0.5 + 0.5 + 1 + 0 + 0 + 0) / 6.
    assert numbers(page, "t-headline", 2) == pytest.approx([1.0, 1 / 3])
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert numbers(page, "t-headline", 2) == pytest.approx([1 / 3, 1.0])
    assert column(page, "t-headline", 1)[0].startswith("worse")


def test_search_and_filters_narrow_the_tasks(report, open_page):
    page = open_page(report / "index.html")
    assert page.locator("#t-tasks tbody tr").count() == 6
    page.locator(".tools[data-for=t-tasks] input").fill("恶意软件")
    assert page.locator("#t-tasks tbody tr").count() == 2
    page.locator(".tools[data-for=t-tasks] select[data-filter=language]").select_option("zh")
    assert page.locator("#t-tasks tbody tr").count() == 1
    assert page.locator(".tools[data-for=t-tasks] [role=status]").inner_text().startswith("1 of 6")
    page.locator(".tools[data-for=t-tasks] input").fill("no such task")
    assert page.locator("#t-tasks tbody tr").count() == 0


def test_a_task_opens_with_its_rows(report, open_page):
    page = open_page(report / "index.html")
    page.locator("#t-tasks").get_by_role("link", name="Malware Feature Extraction").first.click()
    page.wait_for_url("**/sevenllm_en_malware_feature_extraction.html")
    page.locator("#t-rows[data-ready]").wait_for()
    reader = page.locator("#reader")
    assert reader.is_hidden()
    page.locator("#t-rows tbody th a").first.click()
    assert reader.locator(".answer").count() == 2
    for word in ("Question", "Incident", "Reference", "value_f1", "Values:"):
        assert word in reader.inner_text()
    page.get_by_role("link", name="All tasks").click()
    page.wait_for_url("**/index.html#tasks")


def test_the_heat_map_has_a_number_in_every_cell_and_switches_metrics(report, open_page):
    page = open_page(report / "index.html")
    cells = page.locator("[data-value=headline] table.heat td a")
    assert cells.count() == 12  # two runs, six tasks
    assert set(cells.all_inner_texts()) == {"1.000", "0.500", "0.000"}
    page.get_by_role("radio", name="Share of answers read").check()
    assert page.locator("[data-value=headline]").is_hidden()
    assert page.locator("[data-value=read] table.heat").is_visible()


def test_charts_are_drawn_without_scripts_and_change_with_the_language(report, open_page):
    bare = open_page(report / "index.html", java_script_enabled=False)
    for language in ("en", "zh"):
        assert bare.locator(f"#chart-tasks-{language} svg.wide .dot").count() == 6  # three tasks, two runs
        assert bare.locator(f"#chart-tasks-{language}").is_visible()
    assert bare.locator("#chart-lengths svg.wide .box").count() == 8  # four sections
    page = open_page(report / "index.html")
    assert [page.locator(f"#chart-tasks-{language}").is_visible() for language in ("en", "zh")] == [True, False]
    page.locator("input[name=intervals][value=zh]").check()
    assert [page.locator(f"#chart-tasks-{language}").is_visible() for language in ("en", "zh")] == [False, True]
    page.emulate_media(media="print")
    assert [page.locator(f"#chart-tasks-{language}").is_visible() for language in ("en", "zh")] == [True, True]
    assert page.locator("#chart-tasks-en a[download]").get_attribute("href") == "charts/tasks-en.svg"
    assert (report / "charts" / "tasks-en.svg").read_bytes().startswith(b"<?xml")


def test_everything_can_be_done_with_the_keyboard(report, open_page):
    page = open_page(report / "index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    button = page.locator("#t-tasks thead button").first
    for _ in range(200):
        page.keyboard.press("Tab")
        if button.evaluate("(own) => own === document.activeElement"):
            break
    assert button.evaluate("(own) => own === document.activeElement")
    assert button.evaluate("(own) => getComputedStyle(own).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    names = column(page, "t-tasks", 1)
    assert names == sorted(names)
    page.keyboard.press("Enter")
    assert column(page, "t-tasks", 1)[0] == names[-1] or column(page, "t-tasks", 1)[0].startswith("Threat")
    page.locator("#t-tasks tbody a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/*.html")
    page.locator("#t-rows[data-ready]").wait_for()
    page.locator("#t-rows tbody a").first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "reader-title"
    page.keyboard.press("Escape")
    assert page.locator("#reader").is_hidden()
    assert page.evaluate("document.activeElement.closest('#t-rows') !== null")


@pytest.mark.parametrize("name", ["index.html", TASK])
def test_a_phone_needs_no_sideways_scrolling(report, open_page, name):
    page = open_page(report / name, width=360, height=740, has_touch=True)
    assert overflow(page) <= 0
    if name == TASK:
        page.locator("#t-rows[data-ready]").wait_for()
        page.locator("#t-rows tbody a").first.click()
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    assert overflow(page) <= 0


def test_dark_follows_the_system_and_the_switch_is_kept(report, open_page):
    page = open_page(report / "index.html", color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    assert dark == "rgb(17, 22, 29)"
    page.get_by_role("button", name="Theme").click()
    assert page.evaluate(background) == "rgb(255, 255, 255)"
    page.reload()
    assert page.evaluate(background) == "rgb(255, 255, 255)"
    page.get_by_role("button", name="Theme").click()
    page.emulate_media(color_scheme="light")
    assert page.evaluate(background) == dark


def test_print_leaves_the_tools_out_and_is_light(report, open_page):
    page = open_page(report / TASK, color_scheme="dark")
    page.emulate_media(media="print")
    assert page.locator(".tools").first.is_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("#t-figures").is_visible()


def test_without_scripts_the_figures_and_the_index_are_there(report, open_page):
    page = open_page(report / TASK, java_script_enabled=False)
    assert column(page, "t-rows", 5) == ["1.00"] * page.locator("#t-rows tbody tr").count()
    assert column(page, "t-rows", 3) == ["+0.50"] * page.locator("#t-rows tbody tr").count()
    assert page.locator(".tools").first.is_hidden()
    assert "needs JavaScript" in page.locator("noscript").inner_text()


def test_chinese_is_marked_as_chinese(report, open_page):
    page = open_page(report / "tasks/sevenllm_zh_threat_analysis.html")
    page.locator("#t-rows[data-ready]").wait_for()
    page.locator("#t-rows tbody a").first.click()
    text = page.locator("#reader .text").first
    assert text.get_attribute("lang") == "zh-Hans"
    assert "Noto Sans CJK SC" in text.evaluate("(own) => getComputedStyle(own).fontFamily")


def test_the_tripwire_would_notice(chromium):
    """The same texts, in a page that takes them for HTML: they do execute there."""
    page = chromium.new_page()
    page.route("**/*", lambda route: route.abort())
    page.set_content(MARKUP[0] + MARKUP[2] + MARKUP[3])
    wait_until(page, "window.tripped >= 2")
    page.close()


@pytest.mark.parametrize("name", ["index.html", *(f"tasks/{leaf}.html" for leaf in LEAVES)])
def test_nothing_hostile_executes_and_the_layout_holds(hostile_report, open_page, name):
    page = open_page(hostile_report / name, width=360, height=740)
    if name.startswith("tasks/"):
        page.locator("#t-rows[data-ready]").wait_for()
        page.locator("#t-rows tbody a").first.click()
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    for place in page.locator("main a").all()[:40]:
        place.dispatch_event("mouseover")
        place.dispatch_event("focus")
    page.locator("main").click(position={"x": 5, "y": 5})
    page.wait_for_timeout(200)
    assert page.evaluate("window.tripped") is None
    assert (
        page.locator("main iframe, main object, main style, main img, main video, main link, main base, main meta").count() == 0
    )
    assert page.locator("main script:not([type='application/json'])").count() == 0
    addresses = page.locator("main a").evaluate_all("links => links.map((link) => link.href)")
    assert {address for address in addresses if not address.startswith("file:")} <= LINKS
    assert overflow(page) <= 0
    assert page.locator("footer").is_visible()
    handlers = (
        "[...document.querySelectorAll('main *')].filter((e) => [...e.attributes].some((a) => a.name.startsWith('on'))).length"
    )
    assert page.evaluate(handlers) == 0


def test_a_page_refuses_what_would_get_in_nevertheless(hostile_report, chromium):
    """The policy is the second line: a script put into the page by force doesn't run (and the console says so)."""
    page = chromium.new_page()
    page.goto((hostile_report / TASK).as_uri())
    page.evaluate(
        f"""() => {{
            window.violations = 0;
            addEventListener("securitypolicyviolation", () => {{ window.violations += 1; }});
            const holder = document.createElement("div");
            holder.innerHTML = "<img src='data:,' onerror='{TRIP}'>";
            document.body.append(holder);
        }}"""
    )
    wait_until(page, "window.violations > 0")
    assert page.evaluate("window.tripped") is None
    page.close()
