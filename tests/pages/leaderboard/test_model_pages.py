"""The page of each submission: facts, figures, history; links that lead somewhere; the figures as CSV."""

import csv
import re

import pytest
from leaderboard_files import SECTIONS, manifest_of, write_bundle

from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.entry import Entry, Facts, RankBand, Value
from sevenllm_bench.pages.leaderboard.model_pages import hub_link
from sevenllm_bench.pages.leaderboard.standings import leader, standings

pytestmark = pytest.mark.usefixtures("own_cache")

SCORES = dict(zip(SECTIONS, (0.1, 0.2, 0.3, 0.4, 0.575, 0.6), strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("models")
    write_bundle(place / "in" / "a", manifest_of("lab/alpha-7b", SCORES, "2026-03-01"))
    write_bundle(place / "in" / "old", manifest_of("lab/alpha-7b", dict.fromkeys(SECTIONS, 0.26), "2026-01-01"))
    write_bundle(place / "in" / "b", manifest_of("=lab|beta", dict.fromkeys(SECTIONS, 0.9), "2026-02-01"))
    return build_leaderboard(
        [place / "in"], place / "out", {"lab/alpha-7b": Facts(7.0, False, "mit", ("en",), "tuned")}
    ).index.parent


def page_of(folder, words):
    found = [file for file in (folder / "submissions").glob("*.html") if words in file.read_text(encoding="utf-8")]
    assert len(found) == 1
    return found[0]


def test_a_page_holds_what_is_known_of_the_submission(folder, open_page):
    page = open_page(page_of(folder, "2 of 2"))
    text = page.locator("main").inner_text()
    for words in (
        "lab/alpha-7b",
        "place 2 of 2" if "place" in text else "rank 2 of 2",
        "somebody",
        "a" * 40,
        "alpaca 1, 0-shot",
        "mit",
        "tuned",
    ):
        assert words in text
    # (0.1 + 0.2 + 0.3 + 0.4 + 0.575 + 0.6) / 6 = 0.3625, halves to even. Standard errors of the sections: 0.00718, 0.00814,
    # 0.06547, 0.01428, 0.01421, 0.06999; the root of the sum of their squares, divided by 6, is 0.01642, so that the interval is
    # 0.0322 on each side.
    assert "0.362" in text
    assert "0.330–0.395" in text
    assert "lm_eval --model hf" in page.locator("pre.command").inner_text()
    assert page.title().startswith("lab/alpha-7b: ")
    assert page.locator("#history tbody tr").count() == 2
    assert page.get_by_role("link", name="lab/alpha-7b").get_attribute("href") == "https://huggingface.co/lab/alpha-7b"
    page.locator("#history a").click()
    page.get_by_text("A newer submission").wait_for()


def test_the_table_leads_to_the_page_and_the_page_to_the_comparison(folder, open_page):
    page = open_page(folder / "index.html")
    page.locator("#t-models").get_by_role("link", name="lab/alpha-7b").click()
    page.get_by_role("link", name="Compare it with another model").click()
    page.locator("#comparison-body table").first.wait_for()
    assert page.locator("#t-models").get_by_label("compare lab/alpha-7b").is_checked()


def test_every_link_leads_to_a_file(folder):
    for page in [folder / "index.html", *(folder / "submissions").glob("*.html")]:
        for link in re.findall(r'(?:href|src)="([^"#:]+)(?:#[^"]*)?"', page.read_text(encoding="utf-8")):
            assert (page.parent / link).is_file(), (page.name, link)


def test_the_figures_are_in_a_csv_file_unrounded(folder):
    with (folder / "figures.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert {line["id"] for line in lines} == {page.stem for page in (folder / "submissions").glob("*.html")}
    found = next(line for line in lines if line["model"] == "lab/alpha-7b" and line["figure"] == "zh_mcq.acc")
    assert (float(found["mean"]), int(found["rows"])) == (0.6, 50)
    assert float(found["low"]) == pytest.approx(0.6 - 1.959964 * (0.6 * 0.4 / 49) ** 0.5)
    assert {line["model"] for line in lines} == {"lab/alpha-7b", "'=lab|beta"}  # no formula


@pytest.mark.parametrize(
    "text", ["lab/x/y", "../x", "lab/x?y", "javascript:alert(1)/x", "lab/ x", "", "lab\u202e/x", "a" * 97 + "/x"]
)
def test_no_link_is_made_from_what_is_no_repository(text):
    assert hub_link(text) == ""


def entry(score, band=None, error=0.01):
    return Entry("m", figures={"headline": Value(score, error, 1300)}, band=band)


def test_equal_headlines_share_a_place_and_bands_are_said_in_words():
    entries = [entry(0.5, RankBand(1, 2)), entry(0.5, RankBand(1, 2)), entry(0.4, RankBand(3, 3, False))]
    found = standings(entries)
    assert [found[id(one)].place for one in entries] == [1, 1, 3]
    assert [found[id(one)].text for one in entries] == ["1–2", "1–2", "3"]
    assert "intervals" in found[id(entries[2])].how


def test_who_leads_is_said_with_whether_that_is_certain():
    assert leader([entry(0.5)]) is None
    assert leader([entry(0.5), entry(0.4)]).alone  # 0.48 to 0.52 and 0.38 to 0.42
    near = leader([entry(0.5), entry(0.47), entry(0.4)])
    assert (near.alone, near.others) == (False, 1)  # 0.45 to 0.49 reaches 0.48
    assert leader([entry(0.5), entry(0.47, error=None)]).others is None
    bands = leader([entry(0.5, RankBand(1, 2)), entry(0.49, RankBand(1, 3)), entry(0.3, RankBand(2, 3))])
    assert (bands.alone, bands.others) == (False, 1)


@pytest.mark.parametrize(
    ("paired", "how"),
    [
        ((True, True), "by paired tests, corrected over all pairs"),
        ((False, False), "by intervals alone"),
        ((True, False), "by paired tests, corrected over all pairs, and by intervals where rows are lacking"),
    ],
)
def test_by_what_it_is_told_who_leads(paired, how):
    entries = [entry(0.5 - place / 100, RankBand(1, 2, own)) for place, own in enumerate(paired)]
    assert leader(entries).how == how
