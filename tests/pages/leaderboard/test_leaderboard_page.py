"""The leaderboard in a real browser: hundreds of submissions stay fluid; two are compared; hostile names do nothing."""

import json

import pypdfium2
import pytest
from hostile_texts import TEXTS
from leaderboard_files import SECTIONS, manifest_of, write_bundle, write_many

from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.entry import Facts
from sevenllm_bench.pages.leaderboard.model_metadata import read_facts

pytestmark = pytest.mark.usefixtures("own_cache")

COUNT = 300


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    folder = tmp_path_factory.mktemp("submissions")
    facts = write_many(folder / "in", COUNT)
    encoder = manifest_of("lab/cti-bert", {})
    encoder["figures"] = [
        {"id": f"sevenllm-{x}-mcq-logprob.acc", "value": 0.3, "rows": 50, "stderr": (0.21 / 49) ** 0.5} for x in ("en", "zh")
    ]
    write_bundle(folder / "in" / "encoder", encoder)
    write_bundle(folder / "in" / "again", manifest_of(next(iter(facts)), dict.fromkeys(SECTIONS, 0.5), "2025-01-01"))
    (folder / "models.yaml").write_text(json.dumps(facts))
    return build_leaderboard([folder / "in"], folder / "out", read_facts(folder / "models.yaml"))


@pytest.fixture
def page(board, open_page):
    return open_page(board.index)


def values(page, column):
    return page.locator(f"#t-models tbody tr > :nth-child({column})").evaluate_all(
        "cells => cells.map((cell) => Number(cell.dataset.v))"
    )


def test_a_hundred_rows_are_shown_until_all_are_asked_for(board, page):
    assert board.entries == COUNT + 2
    assert page.locator("#t-models tbody tr").count() == 100
    page.locator("#models").get_by_role("button", name="Show all").click()
    assert page.locator("#t-models tbody tr").count() == COUNT
    page.locator("#t-models thead button").first.click()
    assert page.locator("#t-models tbody tr").count() == 100


def test_every_column_sorts(page):
    page.locator("#t-models thead button", has_text="Chinese").click()
    found = values(page, 6)
    assert found == sorted(found, reverse=True)
    page.locator("#t-models thead button", has_text="Rank").click()
    places = values(page, 2)
    assert places[:3] == [1, 2, 3]
    assert places == sorted(places)  # equal headlines share a place
    assert values(page, 4) == sorted(values(page, 4), reverse=True)


def test_filters_join_with_the_search(page, board):
    content = json.loads((board.index.parent / "leaderboard.json").read_text(encoding="utf-8"))
    wanted = [
        entry
        for entry in content["entries"]
        if entry["newest"]
        and not entry["encoder"]
        and entry["facts"]["licence"] == "mit"
        and "zh" in entry["facts"]["languages"]
        and entry["facts"]["tuning"] == "base"
        and 4 <= entry["facts"]["parameters"] < 9
        and "model-01" in entry["name"]
    ]
    assert wanted
    tools = page.locator(".tools[data-for=t-models]")
    for name, value in (("licence", "mit"), ("languages", "zh"), ("tuning", "base"), ("size", "4–9 B")):
        tools.locator(f"select[data-filter={name}]").select_option(value)
    tools.locator("input").fill("model-01")
    assert page.locator("#t-models tbody tr").count() == len(wanted)
    assert tools.locator("[role=status]").inner_text().startswith(f"{len(wanted)} of {COUNT}")


def test_two_models_are_compared_with_the_keyboard_alone(page):
    boxes = page.locator("#t-models .pick")
    assert page.locator("#tray").is_hidden()
    for place in (0, 1, 2):
        boxes.nth(place).focus()
        page.keyboard.press("Space")
    assert not boxes.nth(0).is_checked()  # the third replaced the first
    names = [page.locator("#t-models tbody th bdi").nth(place).inner_text() for place in (1, 2)]
    heads = values(page, 4)
    page.locator("#tray-go").focus()
    page.keyboard.press("Enter")
    body = page.locator("#comparison-body")
    body.locator("table").first.wait_for()
    heads_shown = body.locator("table").first.locator("thead th").all_inner_texts()
    assert [text.strip() for text in heads_shown if "/" in text] == names
    row = body.locator("tbody tr").first.locator("td").all_inner_texts()
    assert [float(text.split()[0]) for text in row[1:3]] == pytest.approx(heads[1:3], abs=5e-4)
    assert float(row[3]) == pytest.approx(heads[1] - heads[2], abs=5e-4)  # the first less the second
    assert body.locator("svg.bar.two").count() == body.locator("tbody tr").count()
    page.reload()
    body.locator("table").first.wait_for()
    assert [text.strip() for text in body.locator("thead th").all_inner_texts() if "/" in text][:2] == names


def test_figures_of_any_two_are_loaded_from_their_files(board, open_page):
    """Ten submissions share a file: neighbours, the first and the last one of the board."""
    text = (board.index.parent / "assets" / "entries.js").read_text(encoding="utf-8")
    ids = json.loads(text.partition("=")[2].rstrip(";\n"))["ids"]
    assert len(ids) == COUNT + 2
    files = sorted(path.name for path in (board.index.parent / "submissions").glob("*.js"))
    assert files == sorted(f"figures-{number}.js" for number in range(31))
    for first, second in ((0, 1), (9, 10), (0, len(ids) - 1)):
        page = open_page(board.index, f"#compare={ids[first]},{ids[second]}&at=comparison")
        page.locator("#comparison-body table").first.wait_for()
        assert page.evaluate("ids => ids.every((id) => window.sevenllmBoard.entries[id].name)", [ids[first], ids[second]])
        page.close()


def test_encoders_and_replaced_submissions_have_places_of_their_own(page):
    assert "lab/cti-bert" in page.locator("#t-encoders").inner_text()
    page.locator(".tools[data-for=t-models] input").fill("cti-bert")
    assert page.locator("#t-models tbody tr").count() == 0
    assert "org0/model-0000-" in page.locator("#t-older").inner_text()


def test_a_phone_shows_name_score_and_interval_and_the_rest_when_asked(board, open_page):
    page = open_page(board.index, width=360, height=740, color_scheme="dark")
    row = page.locator("#t-models tbody tr").first
    box = row.locator("td", has=page.locator("svg.bar")).bounding_box()
    assert box["x"] + box["width"] <= 360
    assert row.locator("th").is_visible()
    assert row.locator("td.extra").first.is_hidden()
    assert page.locator("select[data-filter=licence]").is_hidden()
    page.get_by_role("button", name="Filters").click()
    assert page.locator("select[data-filter=licence]").is_visible()
    page.locator("#models").get_by_role("button", name="All columns").click()
    assert row.locator("td.extra").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 22, 29)"


def test_a_header_stays_in_sight_and_the_first_column_too(board, open_page):
    page = open_page(board.index, width=800)
    box = page.locator(".scroll:has(#t-models)")
    box.evaluate("(own) => { own.scrollIntoView(); own.scrollTo(300, 900); }")
    edges = box.bounding_box()
    assert page.locator("#t-models thead").bounding_box()["y"] == pytest.approx(edges["y"] + 1, abs=1)
    names = page.locator("#t-models tbody th").nth(20)
    assert names.bounding_box()["x"] == pytest.approx(edges["x"] + 1, abs=1)
    wide = open_page(board.index, width=1920)
    wide.locator("#t-models tbody tr").nth(40).scroll_into_view_if_needed()
    bar = wide.locator(".top").bounding_box()
    assert wide.locator("#t-models thead").bounding_box()["y"] == pytest.approx(bar["y"] + bar["height"], abs=1.5)


def test_print_has_every_row_of_the_filter_and_all_columns(board, open_page):
    page = open_page(board.index)
    tools = page.locator(".tools[data-for=t-models]")
    tools.locator("input").fill("model")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#t-models tbody tr").count() == COUNT
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#t-models tbody tr").count() == 100
    page.emulate_media(media="print")
    assert page.locator("#t-models td.extra").last.is_visible()
    assert tools.is_hidden()
    assert page.locator(".copy-table:visible").count() == 0


def test_every_printed_page_of_a_table_has_its_heads(board, open_page):
    page = open_page(board.index)
    with pypdfium2.PdfDocument(page.pdf(format="A4")) as document:
        texts = [document[number].get_textpage().get_text_range() for number in range(len(document))]
    of_ranks = [text for text in texts if text.count("by intervals") > 5]
    assert len(of_ranks) > 5
    assert all("value_f1" in text and "Protocol" in text for text in of_ranks)


def test_hostile_submissions_do_nothing(tmp_path, open_page):
    known = {}
    for place, text in enumerate(TEXTS):
        manifest = manifest_of(text, dict.fromkeys(SECTIONS, place % 51 / 50), f"2026-01-{place + 1:02d}", organization=text)
        manifest["tasks"]["sevenllm_en_mcq"]["prompt"]["name"] = text
        manifest["command"] = text
        manifest["figures"][0]["partial"] = text if place % 5 == 4 else ""
        write_bundle(tmp_path / "in" / f"s{place}", manifest)
        known[text[:300].casefold()] = Facts(place + 1.0, False, text, (text,), "tuned")
    built = build_leaderboard([tmp_path / "in"], tmp_path / "out", known)
    ids = sorted(file.stem for file in (built.index.parent / "submissions").glob("*.html"))
    assert len(ids) == len(TEXTS)
    page = open_page(built.index, f"#compare={ids[0]},{ids[1]}", width=360, height=740)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    page.get_by_role("button", name="Filters").click()
    for select in page.locator(".tools select").all():
        select.select_option(index=1)
        select.select_option(index=0)
    for place in range(4):
        page.locator("#t-models .pick").nth(place).check()
        page.locator("#tray-go").click()
        page.locator("#comparison-body table").first.wait_for()
    assert page.evaluate("window.tripped") is None
    assert page.locator("main iframe, main object, main style, main img, main video, main base, main meta").count() == 0
    assert page.locator("main a[href^='javascript'], main a[href^='http']").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert built.index.stat().st_size < 1_000_000
    for own_id in ids:
        model = open_page(built.index.parent / "submissions" / f"{own_id}.html", width=360, height=740)
        assert model.evaluate("window.tripped") is None
        assert model.locator("main iframe, main object, main style, main img, main video, main base, main meta").count() == 0
        assert model.locator("main a[href^='javascript'], main a[href^='http']").count() == 0
        assert model.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
