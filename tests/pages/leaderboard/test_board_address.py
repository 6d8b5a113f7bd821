"""What is chosen on the leaderboard is in its address: links show it again, "back" undoes it, and ids outlive new submissions."""

import decimal
import shutil

import pytest
from leaderboard_files import manifest_of, sections_at, write_bundle

from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.entry import Facts

pytestmark = pytest.mark.usefixtures("own_cache")


def submit(folder, name, score):
    write_bundle(folder / name, manifest_of(f"lab/{name}", sections_at(score)))


@pytest.fixture(scope="module")
def boards(tmp_path_factory):
    """A board of four models, and the same a while later, with better ones and without one."""
    folder = tmp_path_factory.mktemp("boards")
    scores = {"first-7b": 0.5, "second-7b": 0.4375, "third-70b": 0.25, "gone-7b": 0.375}
    for name, score in scores.items():
        submit(folder / "in", name, score)
    facts = {f"lab/{name}": Facts(licence="mit" if "7b" in name else "other") for name in scores}
    before = build_leaderboard([folder / "in"], folder / "before", facts)
    (folder / "in" / "gone-7b.zip").unlink()
    for number in range(3):
        submit(folder / "in", f"newer-{number}", 0.6 + number / 100)
    return before.index, build_leaderboard([folder / "in"], folder / "after", facts).index


@pytest.fixture
def page(boards, open_page):
    return open_page(boards[0])


def names(page):
    return [text.removeprefix("lab/") for text in page.locator("#t-models tbody th bdi").all_inner_texts()]


def fragment(page):
    return page.evaluate("location.hash")


def compared(page):
    page.locator("#comparison-body table").first.wait_for()
    return [
        text.strip()
        for text in page.locator("#comparison-body table").first.locator("thead th").all_inner_texts()
        if "lab/" in text
    ]


def choose(page, *wanted):
    for name in wanted:
        page.get_by_label(f"compare lab/{name}").check()
    page.locator("#tray-go").click()


def test_sorting_searching_and_filtering_are_in_the_address(boards, page, open_page):
    page.locator("#t-models thead").get_by_role("button", name="Model").click()
    page.locator(".tools[data-for=t-models] select[data-filter=licence]").select_option("mit")
    page.locator(".tools[data-for=t-models] input").fill("7b d")
    assert fragment(page) == "#t-models.sort=model,up&at=models&t-models.licence=mit&t-models.q=7b%20d"
    page.locator(".tools[data-for=t-models] input").fill("7b")
    again = open_page(boards[0], fragment(page))
    assert names(again) == ["first-7b", "gone-7b", "second-7b"]
    assert again.locator("th[aria-sort=ascending]").inner_text().startswith("Model")
    assert again.locator(".tools[data-for=t-models] input").input_value() == "7b"
    assert again.locator(".tools[data-for=t-models] select[data-filter=licence]").input_value() == "mit"


def test_back_undoes_what_was_chosen_but_not_each_letter(page):
    page.locator("#t-models thead").get_by_role("button", name="Model").click()
    page.locator(".tools[data-for=t-models] select[data-filter=licence]").select_option("mit")
    page.locator(".tools[data-for=t-models] input").press_sequentially("third")
    assert names(page) == []  # its licence is another
    page.go_back()
    assert names(page) == ["first-7b", "gone-7b", "second-7b", "third-70b"]
    assert page.locator(".tools[data-for=t-models] input").input_value() == ""
    page.go_back()
    assert names(page) == ["first-7b", "second-7b", "gone-7b", "third-70b"]
    page.go_forward()
    assert names(page) == ["first-7b", "gone-7b", "second-7b", "third-70b"]


def test_a_link_to_a_part_keeps_what_is_chosen(page):
    page.locator("#t-models thead").get_by_role("button", name="Model").click()
    page.get_by_role("link", name="History").click()
    assert names(page)[1] == "gone-7b"
    assert "at=history" in fragment(page)
    page.go_back()
    assert "at=models" in fragment(page)


def test_an_address_with_nonsense_shows_the_page(boards, open_page):
    page = open_page(
        boards[0], "#t-models.sort=nothing,down&t-models.licence=none&t-models.q=%E0%A4%A&t-models.show=x&__proto__=1&=2"
    )
    assert names(page) == ["first-7b", "second-7b", "gone-7b", "third-70b"]


def test_an_old_link_shows_the_same_two_models_after_new_submissions(boards, page, open_page):
    choose(page, "third-70b", "first-7b")
    assert compared(page) == ["lab/third-70b", "lab/first-7b"]
    later = open_page(boards[1], fragment(page))
    assert compared(later) == ["lab/third-70b", "lab/first-7b"]
    assert later.get_by_label("compare lab/third-70b").is_checked()
    assert names(later)[0] == "newer-2"


def test_back_leads_from_a_comparison_to_the_one_before(page):
    choose(page, "first-7b", "second-7b")
    compared(page)
    choose(page, "third-70b")
    page.locator("#comparison-body thead").get_by_text("third-70b").first.wait_for()
    assert compared(page) == ["lab/second-7b", "lab/third-70b"]
    page.go_back()
    page.locator("#comparison-body thead").get_by_text("first-7b").first.wait_for()
    assert compared(page) == ["lab/first-7b", "lab/second-7b"]


def test_a_link_to_a_submission_that_is_gone_says_so(boards, page, open_page):
    choose(page, "gone-7b", "first-7b")
    compared(page)
    later = open_page(boards[1], fragment(page))
    assert compared(later) == ["lab/first-7b"]
    assert "isn't on this board" in later.locator("#comparison-body .warning").inner_text()


def test_numbers_of_earlier_versions_are_refused_with_a_note(boards, open_page):
    page = open_page(boards[1], "#compare=3,5")
    assert "older form" in page.locator("#comparison-body .warning").inner_text()
    assert page.locator("#comparison-body table").count() == 0


def test_a_difference_is_rounded_once_half_to_even(page):
    choose(page, "first-7b", "second-7b")
    compared(page)
    shown = page.locator("#comparison-body tbody tr").first.locator("td").nth(3).inner_text()
    exact = decimal.Decimal("0.5") - decimal.Decimal("0.4375")
    assert decimal.Decimal(shown) == exact.quantize(decimal.Decimal("0.001"), decimal.ROUND_HALF_EVEN) == decimal.Decimal("0.062")


def test_ids_depend_on_nothing_but_the_submission(boards, tmp_path):
    folder = boards[0].parents[1]
    for place, file in enumerate(sorted((folder / "in").glob("*.zip"), reverse=True)):
        shutil.copyfile(file, tmp_path / f"{place}.zip")
    built = build_leaderboard([tmp_path], tmp_path / "out").index
    found = {
        page.stem: page.read_text(encoding="utf-8").split("</title>")[0] for page in (built.parent / "submissions").glob("*.html")
    }
    later = {
        page.stem: page.read_text(encoding="utf-8").split("</title>")[0]
        for page in (boards[1].parent / "submissions").glob("*.html")
    }
    assert found == later
    assert len(found) == 6
