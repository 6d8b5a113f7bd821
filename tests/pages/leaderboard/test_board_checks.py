"""Verification of a board's submissions: marks, reasons, each content once, and what can't be verified."""

import json
import os
import re
import shutil

import pytest
from forged_bundles import forge
from leaderboard_files import SECTIONS, manifest_of, write_bundle
from run_files import rows_of
from submission_files import copied, edit_json, packed, sign_again, write_true_run, zipped

from sevenllm_bench import __version__
from sevenllm_bench.cli.main import main
from sevenllm_bench.pages.leaderboard import board_checks
from sevenllm_bench.pages.leaderboard.board_checks import checked, mark_of
from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.submissions import find_submissions
from sevenllm_bench.submission.verify.findings import Finding, Verification, unconfirmed

pytestmark = pytest.mark.usefixtures("own_cache")

WHOLE = ("headline", *(f"{s}.{m}" for s, m in zip(SECTIONS, ("value_f1", "rouge_l", "acc") * 2, strict=True)))


@pytest.fixture(scope="module")
def folder(original, tmp_path_factory):
    """An honest bundle, one with a changed score, a plain run, a bundle without samples, and one of an older format."""
    made = tmp_path_factory.mktemp("board")
    zipped(original, made / "honest.zip")
    shutil.move(packed(forge(copied(original, made / "forged"), "sample-score")), made / "forged.zip")
    old = copied(original, made / "old")
    edit_json(old / "manifest.json", lambda m: m.update(version=2))
    sign_again(old)
    shutil.move(packed(old), made / "old.zip")
    for name in ("forged", "old"):
        shutil.rmtree(made / name)
    write_true_run(made / "run", rows_of("sevenllm_en_mcq"))
    write_bundle(made / "bare", manifest_of("org/bare", dict.fromkeys(SECTIONS, 0.5)))
    return made


@pytest.fixture(scope="module")
def entries(folder):
    found, _ = find_submissions([folder])
    steps = []
    made = checked(found, progress=lambda done, of: steps.append((done, of)))
    return {one.path.name.partition(".")[0].partition("_")[0]: entry for one, entry in zip(found, made, strict=True)}, steps


def test_each_submission_has_a_mark(entries):
    marks = {name: entry.check.result for name, entry in entries[0].items()}
    assert marks == {
        "honest": "verified",
        "forged": "refused",
        "old": "as submitted",
        "results": "as submitted",
        "bare": "as submitted",
    }
    check = entries[0]["honest"].check
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", check.date)
    assert check.version == __version__
    assert entries[1] == [(1, 2), (2, 2)]


def test_what_differs_loses_its_rank_and_what_cannot_be_verified_is_said(entries):
    found = entries[0]
    assert "sevenllm_en_mcq acc" in " ".join(found["forged"].refused)
    assert found["forged"].headline is None
    assert found["honest"].refused == ()
    assert "version 2, this package verifies 3" in found["old"].check.why[0]
    assert "no bundle" in found["results"].check.why[0]
    assert "no samples" in found["bare"].check.why[0]
    for name in ("old", "bare"):  # whole and without contradictions: their word alone gives no rank here
        assert found[name].headline is None
        assert found[name].refused == ()
    assert found["bare"].figures["headline"].mean == 0.5
    assert "its figures could not be computed again; the bundle has no samples" in found["bare"].why_unranked


def test_each_content_is_verified_once_for_each_version(folder, entries, monkeypatch):
    found, _ = find_submissions([folder])
    monkeypatch.setattr(board_checks, "verified_mark", lambda *_: pytest.fail("verified again"))
    again = {one.path.name: entry for one, entry in zip(found, checked(found), strict=True)}
    assert again["honest.zip"].check == entries[0]["honest"].check
    assert again["forged.zip"].refused == entries[0]["forged"].refused
    verified = []
    monkeypatch.setattr(board_checks, "__version__", "another")
    monkeypatch.setattr(board_checks, "_verified", lambda due, data_dir: verified.extend(due.values()) or [])
    checked(found)
    assert sorted(path.name for path in verified) == ["forged.zip", "honest.zip"]


def end_the_process(path, data_dir):
    if path.name == "forged.zip":
        os._exit(1)
    return board_checks._mark("verified", [])


def test_a_bundle_that_ends_the_process_costs_no_other_its_mark(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("SEVENLLM_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(board_checks, "verified_mark", end_the_process)
    found, _ = find_submissions([folder / "honest.zip", folder / "forged.zip"])
    honest, forged = checked(found)
    assert (honest.check.result, forged.check.result) == ("verified", "refused")
    assert "ended the process" in forged.refused[0]


def verification(*more, status="confirmed"):
    return Verification((*(Finding("figures", name, status) for name in WHOLE), *more))


@pytest.mark.parametrize(
    ("findings", "result", "words"),
    [
        ((), "verified", ""),
        ((unconfirmed("model", "x", "model", "why"), unconfirmed("replay", "x", "replay", "why")), "verified", "model, replay"),
        ((unconfirmed("scores", "x", "length", "why"),), "as submitted", "length"),
        ((unconfirmed("scores", "x", "settings", "why"),), "as submitted", "settings"),
        ((Finding("rows", "a task", "differs", "other rows"),), "refused", "rows: a task: other rows"),
        (tuple(Finding("rows", f"task {n}", "differs") for n in range(9)), "refused", "and 4 more differences"),
    ],
)
def test_the_mark_of_what_was_found(findings, result, words):
    check = mark_of(verification(*findings))
    assert check.result == result
    assert words in " ".join(check.why)


def test_a_headline_that_cannot_be_confirmed_is_not_verified():
    assert mark_of(verification(status="unconfirmed")).result == "as submitted"


def test_the_page_says_what_was_verified(folder, entries, tmp_path, capsys):
    command = ["leaderboard", "build", str(folder), "-o", str(tmp_path / "out")]
    assert main(command) == 0
    assert "nothing was verified for this page" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert main([*command, "--verify"]) == 0
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert (
        "1 agrees; 1 differs and has no rank; 3 could not be verified, and are marked “as submitted” without a rank"
        in " ".join(page.split())
    )
    assert f"with sevenllm-bench {__version__}" in page
    assert "nothing was verified" not in page
    assert "refused: an-org/a-model (forged.zip): " in capsys.readouterr().err


def test_what_cannot_be_verified_replaces_nothing_and_is_listed_apart(tmp_path):
    """A newer bundle without samples, with a higher score, beside a verified one of the same model."""
    for name, value, date in (("sound", 0.3, "2026-01-01"), ("word", 0.9, "2026-03-01"), ("other", 0.2, "2026-02-01")):
        write_bundle(tmp_path / "in" / name, manifest_of("org/other" if name == "other" else "org/a", _at(value), date))

    def check(found):
        results = {one.path.stem: "as submitted" if one.path.stem == "word" else "verified" for one in found}
        marks = [board_checks._mark(results[one.path.stem], ["no samples"]) for one in found]
        return [board_checks._with_check(one.entry, mark) for one, mark in zip(found, marks, strict=True)]

    built = build_leaderboard([tmp_path / "in"], tmp_path / "out", check=check)
    entries = json.loads((tmp_path / "out" / "leaderboard.json").read_text(encoding="utf-8"))["entries"]
    found = [(entry["name"], entry["date"], entry["rank"], entry["check"]["result"]) for entry in entries]
    assert found == [
        ("org/a", "2026-01-01", 1, "verified"),
        ("org/other", "2026-02-01", 2, "verified"),
        ("org/a", "2026-03-01", None, "as submitted"),
    ]
    page = built.index.read_text(encoding="utf-8")
    assert "Without a rank (1)" in page
    assert "its figures could not be computed again; no samples" in page
    assert "0.900" not in page[: page.index("Without a rank (1)")]
    assert "not verified" in (tmp_path / "out" / "submissions" / "figures-0.js").read_text(encoding="utf-8")


def _at(value):
    return dict.fromkeys(SECTIONS, value)


def test_without_verification_there_is_no_mark(folder, tmp_path):
    build_leaderboard([folder], tmp_path / "out")
    assert '"check": null' in (tmp_path / "out" / "leaderboard.json").read_text(encoding="utf-8")
