"""Marks of entries whose answers were replayed, or are the references' or another submission's."""

import json
import random
import time
from dataclasses import replace

import pytest
from leaderboard_files import SECTIONS, manifest_of, write_bundle

from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.entry import Entry
from sevenllm_bench.pages.leaderboard.marks import REPLAYED, with_marks
from sevenllm_bench.pages.leaderboard.published_models import published_entries
from sevenllm_bench.pages.leaderboard.submissions import read_submissions

pytestmark = pytest.mark.usefixtures("own_cache")

FIGURES = dict.fromkeys(SECTIONS, 0.5)


def sketches(seed, rows=1_100, of=None, share=0.0):
    """Random sketches; a share of them those of another, with two of 16 digits changed."""
    chance = random.Random(seed)
    found = {row: f"{chance.getrandbits(64):016x}" for row in range(rows)}
    for row in range(int(rows * share)):
        found[row] = of[row][:14] + f"{chance.getrandbits(8):02x}"
    return found


def marks_of(*entries):
    return [entry.marks for entry in with_marks(entries)]


def test_replayed_answers_are_marked():
    assert marks_of(Entry("a", source="sevenllm-replay"), Entry("b", source="hf")) == [(REPLAYED,), ()]


def test_a_published_models_answers_under_another_name_are_marked():
    """All of its rows, then with one in 50 changed, then without rows."""
    model = next(entry for entry, _ in published_entries() if entry.name == "llama2-7b (published)")
    copy = replace(model, name="org/mine", source="hf")
    assert marks_of(copy) == [("the same scores as llama2-7b (published) in 1,300 of 1,300 rows",)]
    changed = {
        section: {row: value + 0.01 * (row % 50 == 0) for row, value in scores.items()}
        for section, scores in copy.row_scores.items()
    }
    assert marks_of(replace(copy, row_scores=changed)) == [()]
    assert marks_of(replace(copy, row_scores={})) == [()]


def test_answers_like_the_references_are_marked():
    assert marks_of(Entry("a", like_references={"generation": 0.5})) == [("50% of generation answers like the references",)]


@pytest.mark.parametrize(("share", "marked"), [(0.0, False), (0.1, False), (0.29, False), (0.4, True), (1.0, True)])
def test_another_submissions_answers_are_marked_in_both(share, marked):
    one, between = sketches(1), sketches(2)
    copy = Entry("org/copy", sketches=sketches(3, of=one, share=share))
    said = f"{share:.0%} of answers like org/{{}}"
    expected = [(said.format("copy"),), (), (said.format("one"),)] if marked else [(), (), ()]
    assert marks_of(Entry("org/one", sketches=one), Entry("org/two", sketches=between), copy) == expected


def test_the_same_model_may_have_the_same_answers_and_few_answers_say_nothing():
    one = sketches(1)
    assert marks_of(Entry("org/One", sketches=one), Entry("org/one", sketches=one)) == [(), ()]
    few = sketches(1, rows=49)
    assert marks_of(Entry("org/one", sketches=few), Entry("org/two", sketches=few)) == [(), ()]


def test_marks_stand_on_the_page_and_in_its_json(tmp_path):
    one = sketches(1, rows=200)
    for name, source in (("org/one", "hf"), ("org/two<b>", "sevenllm-replay")):
        manifest = manifest_of(name, FIGURES)
        manifest["model"]["source"] = source
        manifest["answers"] = {
            "sketches": {str(row): text for row, text in one.items()} | {"x": "y", "7": 5, "8": "zz"},
            "like_references": {"generation": {"rows": 600, "identical": 0.9, "alike": 0.95}, "understanding": "?"},
        }
        write_bundle(tmp_path / "in" / name.replace("/", "-").strip("<>"), manifest)
    built = build_leaderboard([tmp_path / "in"], tmp_path / "out")
    page = built.index.read_text(encoding="utf-8")
    assert REPLAYED in page
    assert "95% of generation answers like the references" in page
    assert "100% of answers like org/two&lt;b&gt;" in page
    entries = json.loads((tmp_path / "out" / "leaderboard.json").read_text(encoding="utf-8"))["entries"]
    assert [len(entry["marks"]) for entry in entries] == [2, 3]
    assert "sketches" not in entries[0]


@pytest.mark.parametrize("answers", [None, [], "x", {"sketches": []}, {"sketches": {"1": None, "": "0" * 16, "-1": "0" * 16}}])
def test_what_is_no_sketch_is_passed_over(tmp_path, answers):
    manifest = {**manifest_of("org/one", FIGURES), "answers": answers}
    (entry,), _ = read_submissions([write_bundle(tmp_path / "a", manifest)])
    assert (entry.sketches, entry.like_references, entry.marks) == ({}, {}, ())


def test_three_hundred_submissions_are_compared_in_seconds():
    entries = [Entry(f"org/m{number}", sketches=sketches(number)) for number in range(300)]
    started = time.process_time()
    with_marks(entries)
    assert time.process_time() - started < 20
