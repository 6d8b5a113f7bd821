"""Two submissions side by side on the leaderboard: the first less the second, and words from the first one's point of view."""

import json

import pytest
from leaderboard_files import manifest_of, section_figure, section_of, sections_at, task_figure, write_bundle

from sevenllm_bench.catalog import LEAVES
from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard

pytestmark = pytest.mark.usefixtures("own_cache")

INVENTED = "en_generation.invented_indicators"


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """Two models whose scores differ by more than their intervals; the better one invents fewer indicators."""
    folder = tmp_path_factory.mktemp("comparison")
    for name, score, invented in (("good-7b", 0.75, 0.125), ("poor-7b", 0.25, 0.5)):
        manifest = manifest_of(f"lab/{name}", sections_at(score))
        leaves = [leaf for leaf in LEAVES if leaf.is_official and section_of(leaf) == "en_generation"]
        manifest["figures"].append(section_figure(INVENTED, invented, leaves))
        manifest["figures"] += [task_figure(leaf, "invented_indicators", invented) for leaf in leaves]
        for leaf in leaves:
            manifest["tasks"][leaf.name]["signature"]["metrics"]["invented_indicators"] = 1
        write_bundle(folder / "in" / name, manifest)
    return build_leaderboard([folder / "in"], folder / "out").index


def compared(open_page, board, first, second):
    """The heads of the first table, and of each figure the difference and the finding."""
    page = open_page(board)
    for name in (first, second):
        page.get_by_label(f"compare lab/{name}").check()
    assert page.locator("#tray-text").inner_text().split() == [f"lab/{first}", "against", f"lab/{second}"]
    page.locator("#tray-go").click()
    body = page.locator("#comparison-body")
    body.locator("table").first.wait_for()
    heads = [" ".join(text.split()) for text in body.locator("table").first.locator("thead th").all_inner_texts()]
    found = {}
    for row in body.locator("tbody tr").all():
        cells = [" ".join(text.split()) for text in row.locator("th, td").all_inner_texts()]
        found[cells[0], cells[-1]] = cells[-3:-1]
    return heads, found


def test_it_is_the_first_less_the_second_as_in_reports(board, open_page):
    heads, found = compared(open_page, board, "good-7b", "poor-7b")
    assert heads[-3:-1] == ["Difference good-7b less poor-7b", "Finding good-7b is"]
    values = list(found.values())
    assert values[0] == ["+0.500", "better intervals apart"]
    assert found["English, multiple choice", "acc"] == ["0.000", "cannot tell intervals overlap"]
    assert found["English, generation", "invented_indicators"] == ["-0.375", "better intervals apart"]


def test_the_other_way_round_all_of_it_turns(board, open_page):
    heads, found = compared(open_page, board, "poor-7b", "good-7b")
    assert heads[-3:-1] == ["Difference poor-7b less good-7b", "Finding poor-7b is"]
    assert next(iter(found.values())) == ["-0.500", "worse intervals apart"]
    assert found["English, generation", "invented_indicators"] == ["+0.375", "worse intervals apart"]


def test_words_and_directions_come_from_python(board):
    script = (board.parent / "assets" / "entries.js").read_text(encoding="utf-8")
    content = json.loads(script.partition("=")[2].rstrip(";\n"))
    assert content["verdicts"] == {"better": "better", "worse": "worse", "cannot tell": "cannot tell"}
    lower = {title[0].rpartition(".")[2] for title in content["titles"] if not title[-1]}
    assert lower == {"invented_indicators"}
