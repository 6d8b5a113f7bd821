"""Answers of the references and of other submissions, found by `verify`."""

import json
import re

import pytest
from leaderboard_files import SECTIONS, manifest_of, write_bundle
from submission_files import make_bundle, official_run, verify

from sevenllm_bench.cli.main import main
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.submission.verify.check_copies import Other, check_copies, read_others

SKETCHES = {row: f"{row:016x}" for row in range(100)}


def manifest(generation=0.0, understanding=0.0, rows=600):
    def counts(alike):
        return {"rows": rows, "identical": 0.0, "alike": alike}

    like = {"generation": counts(generation), "understanding": counts(understanding)}
    return {"answers": {"like_references": like, "sketches": {str(row): text for row, text in SKETCHES.items()}}}


@pytest.mark.parametrize(
    ("given", "statuses"),
    [
        ({}, ["note", "note"]),
        ({"generation": 0.03, "understanding": 0.25}, ["note", "note"]),
        ({"generation": 0.04}, ["note", "unconfirmed"]),
        ({"understanding": 0.26}, ["unconfirmed", "note"]),
        ({"generation": 1.0, "understanding": 1.0, "rows": 49}, ["note", "note"]),
    ],
)
def test_shares_of_references(given, statuses):
    found = list(check_copies(manifest(**given), "m"))
    assert [f.status for f in found] == statuses
    assert all(f.claim == "copies" for f in found if f.status == "unconfirmed")


@pytest.mark.parametrize(("share", "status"), [(30, None), (31, "unconfirmed"), (100, "unconfirmed")])
def test_another_submissions_answers(share, status):
    others = {row: text if row < share else "f" * 16 for row, text in SKETCHES.items()}
    found = [f for f in check_copies(manifest(), "m", [Other("org/x", "x.zip", others)]) if f.what == "org/x"]
    assert [f.status for f in found] == ([status] if status else [])
    if status:
        assert found[0].detail == f"{share}.0% of 100 answers are the same as in x.zip, or nearly"
    (same,) = [f for f in check_copies(manifest(), "m", [Other("m", "x.zip", SKETCHES)]) if f.what == "m"]
    assert same.status == "note"


def test_other_submissions_in_folders(tmp_path):
    for name in ("a", "b/c"):
        write_bundle(tmp_path / name, manifest_of(f"org/{name}", dict.fromkeys(SECTIONS, 0.5)))
    (tmp_path / "broken.zip").write_text("x")
    own = tmp_path / "a.zip"
    assert [other.name for other in read_others([tmp_path], own)] == ["org/b/c"]
    with pytest.raises(ResultsError, match="broken"):
        read_others([tmp_path / "broken.zip"], own)
    with pytest.raises(ResultsError, match="no such file"):
        read_others([tmp_path / "none"], own)


@pytest.fixture(scope="module")
def published(official_rows, predictions_dir, tmp_path_factory):
    """Bundles of the answers that were published, of the references, and of the same answers with a word more."""
    from sevenllm_bench.runs.predictions import read_predictions

    folder = tmp_path_factory.mktemp("copies")
    saved = read_predictions([predictions_dir / "qwen1_5-14b.jsonl"]).answers
    other = read_predictions([predictions_dir / "qwen1_5-7b.jsonl"]).answers
    texts = {i: a if isinstance(a, str) else json.dumps(a, ensure_ascii=False, indent=2) for i, a in saved.items()}
    answers = {
        "honest": saved,
        "other": other,
        "copy": {i: text.replace("。", "，", 1) if i % 3 else f"{text} " for i, text in texts.items()},
        "cribbed": {row.id: row.reference_text if row.id % 4 == 0 else other[row.id] for row in official_rows},
    }
    return {
        name: make_bundle(
            official_run(folder / name, official_rows, own, change=lambda r, n=name: r.update(model_name=n)),
            folder / f"{name}.zip",
        )
        for name, own in answers.items()
    }


def test_published_answers_and_copies_of_them(published, data_dir, capsys):
    """The shares of the docs: no published model's answer in prose is a reference; a quarter cribbed is 25 %."""
    found = {name: verify(path, data_dir) for name, path in published.items()}
    claims = {name: {f.claim for f in one.of("unconfirmed")} for name, one in found.items()}
    assert claims == {"honest": set(), "other": set(), "copy": set(), "cribbed": {"copies"}}
    lines = {f.what: f.detail for f in found["honest"].findings if f.check == "copies"}
    assert lines["generation"] == "0.0% of 600 answers are the same as the references, or nearly"
    command = ["verify", str(published["copy"]), "--data-dir", str(data_dir), "--against", str(published["copy"].parent)]
    assert main(command) == 1
    out = capsys.readouterr().out
    assert re.search(r"cannot be confirmed: copies: honest: (100|9\d)\.\d% of 1,?\d+ answers are the same as in ", out)
    assert "copies: other" not in out
    assert main([*command, "--allow-unconfirmed", "copies"]) == 0
