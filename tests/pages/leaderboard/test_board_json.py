"""leaderboard.json: what the page shows, sorted by rank, with ids from the content and no folder of the machine."""

import hashlib
import json
from dataclasses import fields
from pathlib import Path

import pytest
from hostile_texts import LONG
from leaderboard_files import SECTIONS, manifest_of, write_bundle
from run_files import rows_of, write_run

from sevenllm_bench.pages.leaderboard.board_json import board_json, ranks_of
from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.entry import Entry, Value
from sevenllm_bench.pages.leaderboard.leader_tests import LeaderTest
from sevenllm_bench.pages.leaderboard.places import without_places
from sevenllm_bench.pages.leaderboard.published_models import PublishedBoard

pytestmark = pytest.mark.usefixtures("own_cache")

ODD = "Q7x of the keeper"
RUN = "run/results_2026-11-24T19-01-45.882114.json"
VALUES = {"best": 0.7, "equal": 0.5, "equal too": 0.5, "worst": 0.2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Submissions of every kind in a deep folder: with local checkpoints, broken, refused, too long."""
    made = tmp_path_factory.mktemp("x") / ODD / "b" / "submissions"
    for number, (name, value) in enumerate(VALUES.items()):
        extra = (
            {"source_url": "https://example.org/run", "notes": "a note"}
            if name == "best"
            else {"notes": LONG, "source_url": "javascript:x"}
        )
        write_bundle(made / f"s{number}", manifest_of(f"org/{name}", dict.fromkeys(SECTIONS, value), **extra))
    liar = manifest_of("org/liar", dict.fromkeys(SECTIONS, 0.5))
    liar["created"] = f"{made}/never"
    write_bundle(made / "liar", liar)
    (made / "text.zip").write_text("no zip")
    (made / "gone.zip").symlink_to(made / "nowhere")

    def local(results):
        results["config"]["model_args"] = {"pretrained": f"{made}/checkpoint", "peft": f"{made}/adapter"}
        results["model_name"] = f"{made}/checkpoint"

    write_run(made, "run", rows_of("sevenllm_en_mcq"), change=local)
    write_run(made, "lost", rows_of("sevenllm_en_mcq"), stamp="2026-01-01T00-00-00").unlink()
    return made


@pytest.fixture(scope="module")
def board(folder):
    build_leaderboard([folder], folder.parent / "out")
    return folder.parent / "out"


@pytest.fixture(scope="module")
def content(board):
    return json.loads((board / "leaderboard.json").read_text(encoding="utf-8"))


def test_no_file_names_a_folder_of_the_machine(board, content):
    files = [file for file in board.rglob("*") if file.is_file()]
    assert len(files) > 5
    for file in files:
        assert ODD.encode() not in file.read_bytes(), file.name
    assert {item["path"] for item in content["left_out"]} == {
        "text.zip",
        "gone.zip",
        "lost/samples_sevenllm_en_mcq_2026-01-01T00-00-00.jsonl",
    }
    assert {entry["path"] for entry in content["entries"]} >= {
        "s0.zip",
        "liar.zip",
        RUN,
    }
    assert [entry["name"] for entry in content["entries"] if entry["path"].startswith("run")] == ["checkpoint + adapter"]


def test_a_file_that_was_named_itself_is_called_by_its_name(folder, tmp_path):
    build_leaderboard([folder / "s0.zip", folder / "run"], tmp_path / "out")
    content = json.loads((tmp_path / "out" / "leaderboard.json").read_text(encoding="utf-8"))
    assert [entry["path"] for entry in content["entries"]] == ["s0.zip", "results_2026-11-24T19-01-45.882114.json"]


def test_ids_come_from_the_content_alone(folder, content, tmp_path):
    by_path = {entry["path"]: entry["id"] for entry in content["entries"]}
    for name in ("s0.zip", "s3.zip", RUN):
        assert by_path[name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()[:12]
    (tmp_path / "moved.zip").write_bytes((folder / "s0.zip").read_bytes())
    build_leaderboard([tmp_path / "moved.zip"], tmp_path / "out")
    moved = json.loads((tmp_path / "out" / "leaderboard.json").read_text(encoding="utf-8"))
    assert moved["entries"][0]["id"] == by_path["s0.zip"]


def test_entries_are_sorted_by_rank_and_ties_share_one(content):
    found = [(entry["name"], entry["rank"]) for entry in content["entries"]]
    assert found == [
        ("org/best", 1),
        ("org/equal", 2),
        ("org/equal too", 2),
        ("org/worst", 4),
        ("checkpoint + adapter", None),
        ("org/liar", None),
    ]


def test_what_a_page_shows_is_there_and_bounded(content):
    best, equal, *_ = content["entries"]
    assert (best["organization"], best["source"], best["notes"]) == ("somebody", "hf", "a note")
    assert best["source_url"] == "https://example.org/run"
    assert equal["source_url"] == ""
    assert len(equal["notes"]) <= 500
    assert best["protocol"] == "alpaca 1, 0-shot"
    assert best["check"] is None
    assert content["entries"][-1]["refused"]
    assert len(json.dumps(content)) < 100_000


def test_every_key_is_documented(content):
    for key in {*content, *content["entries"][0]}:
        assert f"`{key}`" in board_json.__doc__


def test_every_key_of_a_published_model_is_documented(content):
    words = PublishedBoard.as_json.__doc__
    report = (Path(__file__).parents[3] / "docs" / "report.md").read_text(encoding="utf-8")
    for key in {*content["published"][0], "test", "against", *(field.name for field in fields(LeaderTest))}:
        assert f"`{key}`" in words
        assert f"`{key}`" in report


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        " https://example.org",
        "data:text/html,x",
        "https://example.org/\u202e",
        'https://example.org/"x',
        "ftp://example.org",
        "//example.org",
        5,
        None,
    ],
)
def test_only_addresses_of_the_web_are_led_to(address):
    from sevenllm_bench.pages.leaderboard.manifest_entry import web_address

    assert web_address(address) == ""
    assert web_address("HTTPS://example.org/run?a=1&b=2#c") == "HTTPS://example.org/run?a=1&b=2#c"


def test_ranks_count_the_better_ones():
    made = [Entry(name, figures={"headline": Value(mean)}) for name, mean in (("a", 0.5), ("b", 0.7), ("c", 0.5), ("d", 0.1))]
    assert [ranks_of(made)[id(entry)] for entry in made] == [2, 1, 2, 4]


def test_places_are_taken_out_of_texts(tmp_path):
    place = tmp_path / "a"
    assert without_places(f"--x {place}/b/c.json {place} /other", [place]) == "--x b/c.json a /other"
