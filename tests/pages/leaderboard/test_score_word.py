"""The overall figure is called "score" wherever a page of the leaderboard shows it; files keep "headline"."""

import html
import json
import re

import pytest
from leaderboard_files import SECTIONS, manifest_of, sections_at, write_bundle

from sevenllm_bench.figures.vocabulary import SCORE
from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard

pytestmark = pytest.mark.usefixtures("own_cache")

CODE = "sevenllm-vulnerable-code.code_acc"
#: Attributes that are shown, or read aloud.
_SHOWN = re.compile(r'(?:title|alt|aria-label|content|data-full)="([^"]*)"')


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """Two sizes, two days, a submission that was replaced, one refused, and tasks for encoders."""
    folder = tmp_path_factory.mktemp("word")
    for number, (name, score, date) in enumerate(
        (("lab/a-7B", 0.5, "2026-05-01"), ("lab/b-70B", 0.6, "2026-05-02"), ("lab/a-7B", 0.4, "2026-04-01"))
    ):
        manifest = manifest_of(name, sections_at(score), date)
        manifest["figures"].append({"id": CODE, "value": 0.61, "rows": 100, "stderr": (0.61 * 0.39 / 99) ** 0.5})
        write_bundle(folder / "in" / f"s{number}", manifest)
    liar = manifest_of("lab/liar", dict.fromkeys(SECTIONS, 0.5))
    liar["figures"][0]["value"] = 0.99
    write_bundle(folder / "in" / "liar", liar)
    return build_leaderboard([folder / "in"], folder / "out").index


def words_of(path):
    """What a page or a chart shows: its texts, and attributes that are shown."""
    text = path.read_text(encoding="utf-8")
    bare = re.sub(r"<(script|style)\b.*?</\1>", " ", text, flags=re.DOTALL)
    return html.unescape(" ".join([re.sub(r"<[^>]*>", " ", bare), *_SHOWN.findall(text)]))


def test_pages_and_charts_say_score(board):
    folder = board.parent
    files = [*folder.rglob("*.html"), *folder.rglob("*.svg")]
    assert len(files) >= 5
    assert SCORE == "score"
    for path in files:
        found = re.findall(r"[^.;]*headline[^.;]*", words_of(path), re.IGNORECASE)
        if path == board:
            assert [text.strip() for text in found] == ["files and the command line call it “headline”"]
        else:
            assert found == [], path.name
    words = " ".join(words_of(board).split())
    for part in (
        "Score by date",
        "Score and size",
        "The highest score is that of lab/b-70B",
        "None of it counts in the score",
        "its score is 0.9900",
        # (0.4517 + 0.4533) / 2
        "In multiple choice alone, always choosing the longest option gets 0.453.",
    ):
        assert part in words


def test_the_figure_and_the_description_of_a_submission_say_score(board):
    for path in (board.parent / "submissions").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert '<th scope="row">Score' in text
    assert any("lab/b-70B: score 0.600," in words_of(path) for path in (board.parent / "submissions").glob("*.html"))
    script = (board.parent / "assets" / "entries.js").read_text(encoding="utf-8")
    assert json.loads(script.partition("=")[2].rstrip(";\n"))["titles"][0][:3] == ["headline", "overall", "Score"]


def test_json_and_csv_keep_the_identifier(board):
    content = json.loads((board.parent / "leaderboard.json").read_text(encoding="utf-8"))
    assert content["headline"].startswith("unweighted mean")
    assert content["entries"][0]["figures"]["headline"]["mean"] == pytest.approx(0.6)
    assert ",headline," in (board.parent / "figures.csv").read_text(encoding="utf-8")
