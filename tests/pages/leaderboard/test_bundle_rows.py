"""The values of a bundle's rows, read from the zip file without unpacking it: the same as the run's; what is wrong is said."""

import hashlib
import json
import zipfile
from dataclasses import replace

import pytest
from submission_files import edit_samples, make_bundle, packed, sign_again, small_rows, unpacked, write_true_run

from sevenllm_bench.pages.leaderboard.board_cache import BoardCache
from sevenllm_bench.pages.leaderboard.bundle_rows import bundle_rows
from sevenllm_bench.pages.leaderboard.submissions import read_submissions

pytestmark = pytest.mark.usefixtures("own_cache")

MCQ = "sevenllm_en_mcq"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """With a row that asks for extraction in a generation task, as the official rows 791 and 823 do."""
    rows = [*small_rows(), replace(small_rows()[0], category="Risk Assessment", id=7)]
    return write_true_run(tmp_path_factory.mktemp("run"), rows)


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory):
    return make_bundle(run, tmp_path_factory.mktemp("bundle") / "b.zip")


def rows_of_bundle(path):
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    with BoardCache("rows") as cache:
        return bundle_rows(path, hashlib.sha256(path.read_bytes()).hexdigest(), manifest, cache), manifest


def test_the_figures_over_the_rows_are_those_of_the_manifest(whole):
    rows, manifest = rows_of_bundle(whole)
    assert rows.wrong == ()
    claimed = {figure["id"]: (figure["value"], figure["rows"], figure["stderr"]) for figure in manifest["figures"]}
    assert {name: (value.mean, value.rows, value.error) for name, value in rows.figures.items()} == claimed


def test_every_row_has_the_value_of_its_sections_metric(run, whole):
    (of_run,), _ = read_submissions([run.parent])
    (of_bundle,), _ = read_submissions([whole])
    right = {row.id: float(row.id % 2 == 0) for row in small_rows() if row.section == "en_mcq"}
    assert of_bundle.row_scores["en_mcq"] == right  # half of the answers are right, those to even ids
    assert of_bundle.row_scores == of_run.row_scores
    assert (
        of_bundle.row_scores["en_understanding"][7] == 0.0
    )  # the row of a generation task, scored as the extraction it asks for


def test_rows_are_read_once(whole, monkeypatch):
    first = rows_of_bundle(whole)[0]
    monkeypatch.setattr("sevenllm_bench.pages.leaderboard.bundle_rows._read", lambda *_: pytest.fail("read again"))
    assert rows_of_bundle(whole)[0] == first


@pytest.mark.parametrize("content", [b"", b"[]", b'{"figures": 3}', b"\xff"])
def test_a_damaged_cache_is_read_again(whole, tmp_path, monkeypatch, content):
    monkeypatch.setenv("SEVENLLM_CACHE_DIR", str(tmp_path))
    (tmp_path / "leaderboard-1.sqlite").write_bytes(content)
    assert rows_of_bundle(whole)[0].scores["en_mcq"]


def _drop(lines):
    del lines[3:]


@pytest.mark.parametrize(
    ("change", "signed", "words"),
    [
        (lambda lines: lines.append(lines[0]), True, "was there already"),
        (lambda lines: lines[0].update(acc="1"), True, "acc is no number from 0 to 1"),
        (lambda lines: lines[0].update(doc=None), True, "no row in it"),
        (_drop, False, "isn't the file that its manifest lists"),
    ],
)
def test_what_is_wrong_with_samples_is_said(whole, tmp_path, change, signed, words):
    folder = unpacked(whole, tmp_path / "b")
    edit_samples(folder, MCQ, change)
    if signed:
        sign_again(folder)
    rows, _ = rows_of_bundle(packed(folder))
    assert words in " ".join(rows.wrong)


def test_samples_that_unpack_to_gigabytes_are_not_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", "{}")
        archive.writestr(f"run/samples_{MCQ}_2026-11-24T19-01-45.882114.jsonl", b"\n" * (16 << 20))
    rows, _ = rows_of_bundle(tmp_path / "b.zip")
    assert "larger than allowed" in rows.wrong[0]
    assert rows.figures == {}


def test_a_bundle_without_samples_has_no_rows(tmp_path):
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("manifest.json", "{}")
    assert rows_of_bundle(tmp_path / "b.zip")[0] is None
