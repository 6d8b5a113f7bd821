"""All kinds of chart on one page, in a real browser: accessible, whole at any width, in the dark, in print, without scripts."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from chart_samples import every_chart
from hostile_texts import TEXTS
from jinja2 import ChoiceLoader, DictLoader

from sevenllm_bench.pages.site import POLICY, Site, environment

NAMES = ("org/first-7B", "org/second-一个很长的名字", "third", "a-very-long-name-of-a-model-that-takes-much-room-q4", "e", "f")
PAGE = """{% extends "base.html" %}{% import "macros.html" as m %}{% block main %}<h1>Charts</h1>
{% for chart in charts %}{{ m.figure(chart) }}{% endfor %}{% endblock %}"""


def write_charts(folder, names):
    site = Site(folder, "report")
    site._environment = environment().overlay(loader=ChoiceLoader([DictLoader({"charts.html": PAGE}), environment().loader]))
    site.page("index.html", "charts.html", title="Charts", charts=every_chart(*names))
    return site.index


@pytest.fixture(scope="module")
def charts(tmp_path_factory):
    return write_charts(tmp_path_factory.mktemp("charts") / "pages", NAMES)


def axe_source() -> str:
    found = find_spec("axe_playwright_python")
    if found is None or not found.submodule_search_locations:
        pytest.skip("no axe (pip install axe-playwright-python)")
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")


def test_axe_finds_nothing(charts, open_page):
    page = open_page(charts, width=1440)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    page.evaluate(axe_source())
    # Whether texts of a drawing stand out is left to people by axe, and decided in the next test.
    found = page.evaluate("async () => await axe.run({ exclude: [['svg.plot > *']] }, { preload: false })")
    assert [(item["id"], item["nodes"][0]["html"][:200]) for item in found["violations"]] == []
    assert [item["id"] for item in found["incomplete"]] == []
    assert "svg-img-alt" in [item["id"] for item in found["passes"]]


def luminance(colour):
    """Of WCAG 2.2, from "#rrggbb"."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_texts_and_marks_stand_out_from_the_paper():
    """What axe leaves to people: the ratio is 4.5 or more for texts, 3 for marks; also for the counts in bars."""
    assets = Path(__file__).parents[3] / "sevenllm_bench" / "pages" / "assets"
    sheet = (assets / "plot.css").read_text(encoding="utf-8")
    light = dict(re.findall(r"--([\w-]+): (#\w{6})", sheet))
    dark = dict(re.findall(r"--([\w-]+): (#\w{6})", (assets / "charts.css").read_text(encoding="utf-8")))
    assert light.keys() == dark.keys()
    for colours in (light, dark):
        for name in colours.keys() - {"plot-paper", "plot-grid"}:
            assert contrast(colours[name], colours["plot-paper"]) >= (4.5 if name in ("plot-ink", "plot-soft") else 3), name
    steps = re.findall(r"\.step\d \{ fill: (#\w{6}); \}", sheet)
    ink, light_ink = re.search(r"\.inside \{ fill: (#\w{6})", sheet), re.search(r"\.step4 \.inside \{ fill: (#\w{6})", sheet)
    assert [contrast(step, ink[1]) >= 4.5 for step in steps] == [True] * 4 + [False]
    assert contrast(steps[4], light_ink[1]) >= 4.5


@pytest.mark.parametrize("width", [1440, 1024, 768, 360])
def test_each_chart_is_drawn_once_and_within_the_page(charts, open_page, width):
    page = open_page(charts, width=width)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    for figure in page.locator("figure.chart").all():
        shown = figure.locator("svg.plot:not(.panel):visible").filter(has=page.locator("desc"))
        panels = figure.locator("svg.panel:visible").count()
        assert (shown.count(), panels) in ((1, 0), (0, 2))
    heights = page.evaluate(
        """() => [...document.querySelectorAll("figure svg text")].filter((text) => text.getClientRects().length)
            .map((text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)"""
    )
    assert min(heights) >= 10


def test_texts_are_within_their_drawings(charts, open_page):
    for width in (1440, 360):
        page = open_page(charts, width=width)
        cut = page.evaluate(
            """() => [...document.querySelectorAll("figure svg text")].filter((text) => text.getClientRects().length)
                .filter((text) => {
                    const own = text.getBoundingClientRect(), all = text.ownerSVGElement.getBoundingClientRect();
                    return own.left < all.left - 1 || own.right > all.right + 1 || own.bottom > all.bottom + 3;
                }).map((text) => text.textContent)"""
        )
        assert cut == []


def test_print_is_light_and_has_the_wide_drawings(charts, open_page):
    page = open_page(charts, color_scheme="dark", width=360)
    fill = "getComputedStyle(document.querySelector('figure .wide .value')).fill"
    assert page.evaluate(fill) == "rgb(228, 233, 239)"
    page.emulate_media(media="print")
    assert page.evaluate(fill) == "rgb(22, 32, 44)"
    assert page.locator("svg.wide").first.is_visible()
    assert page.locator("svg.narrow").first.is_hidden()


def test_no_figure_is_bold(charts, open_page):
    """On a page, bold is better by test; the name of the run that others are compared with may be."""
    page = open_page(charts)
    weights = "(own) => own.map((text) => getComputedStyle(text).fontWeight)"
    assert page.locator("figure .marked text.value, figure .best text.value").count() > 1
    assert set(page.locator("figure text.value").evaluate_all(weights)) == {"400"}
    assert "600" in page.locator("figure .marked text:not(.value)").evaluate_all(weights)


def test_forced_colours_keep_lines_and_marks(charts, open_page):
    page = open_page(charts, forced_colors="active")
    ink = page.evaluate("getComputedStyle(document.querySelector('figure .wide text')).fill")
    for name in (".wide .whisker", ".wide .dot", ".wide .median"):
        stroke = page.evaluate(
            "(name) => getComputedStyle(document.querySelector(name)).stroke", f"figure .line:not(.marked) {name.split()[1]}"
        )
        assert stroke == ink


def test_without_scripts_nothing_is_missing(charts, open_page):
    page = open_page(charts, java_script_enabled=False)
    assert page.locator("svg.wide:visible").count() == 6
    assert page.locator("svg.panel:visible").count() == 2
    assert page.locator("figure a[download]").count() == 7


def test_each_chart_has_its_file_and_its_table(charts, open_page):
    page = open_page(charts)
    for figure in page.locator("figure.chart").all():
        file = charts.parent / figure.locator("a[download]").get_attribute("href")
        assert file.read_bytes().startswith(b"<?xml")
        figure.locator(".under > summary").click()
        assert figure.locator("tbody tr").count() > 0
    drawing = open_page(charts.parent / "charts" / "panels.svg")
    assert drawing.evaluate("document.documentElement.tagName") == "svg"
    assert drawing.evaluate("getComputedStyle(document.querySelector('.paper')).fill") == "rgb(255, 255, 255)"


def test_hostile_texts_do_nothing(tmp_path, open_page):
    for start in range(0, len(TEXTS), 8):
        names = [TEXTS[(start + place) % len(TEXTS)] + str(place) for place in range(8)]
        written = write_charts(tmp_path / f"pages{start}", names)
        assert not set("\u202e\x00\x1b\u2066\u2028") & set(written.read_text(encoding="utf-8"))
        page = open_page(written, width=360)
        assert page.evaluate("window.tripped") is None
        kinds = ("script", "iframe", "object", "style", "img", "video", "image", "use", "meta", "base", "link")
        assert page.locator(", ".join(f"main {kind}" for kind in kinds)).count() == 0
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        names = page.evaluate("[...document.querySelectorAll('main *')].flatMap((e) => [...e.attributes]).map((a) => a.name)")
        assert [name for name in names if name.startswith("on") or name == "style"] == []


def test_no_template_or_asset_needs_more_than_the_policy_allows():
    """No style attribute, no handler and no script in a page; no script sets a style or HTML."""
    package = Path(__file__).parents[3] / "sevenllm_bench" / "pages"
    assert "unsafe" not in POLICY
    assert "style-src 'self'" in POLICY
    for template in package.glob("templates/**/*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\s(style|on\w+)\s*=", text, re.IGNORECASE), template
        assert not re.search(r"<style|javascript:", text, re.IGNORECASE), template
        for script in re.findall(r"<script[^>]*>", text):
            assert "src=" in script or 'type="application/json"' in script, template
    for script in package.glob("assets/*.js"):
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|cssText", text), (
            script
        )
        assert not re.search(r"""setAttribute\(\s*["'](style|on)""", text), script
