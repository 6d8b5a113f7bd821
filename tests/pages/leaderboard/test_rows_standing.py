"""Figures against the rows of a bundle: what differs is refused, and the figures that count are those of the rows."""

import json
import warnings
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from leaderboard_files import ROWS, SECTIONS, manifest_of
from submission_files import edit_json, edit_samples, make_bundle, official_run, packed, sign_again, unpacked

from sevenllm_bench.pages.leaderboard.board_checks import checked
from sevenllm_bench.pages.leaderboard.bundle_rows import BundleRows
from sevenllm_bench.pages.leaderboard.claim import Claim
from sevenllm_bench.pages.leaderboard.entry import Value
from sevenllm_bench.pages.leaderboard.manifest_entry import entry_of_manifest
from sevenllm_bench.pages.leaderboard.manifest_figures import claimed_figures
from sevenllm_bench.pages.leaderboard.submissions import find_submissions, read_submissions
from sevenllm_bench.runs.predictions import read_predictions

pytestmark = pytest.mark.usefixtures("own_cache")

NOW = datetime(2026, 11, 27, tzinfo=UTC)
MANIFEST = manifest_of("org/model", dict.fromkeys(SECTIONS, 0.5))
CLAIMED = claimed_figures(MANIFEST)
SCORES = {section: {row: float(row % 2) for row in range(count)} for section, count in ROWS.items()}


def entry_with(rows):
    return entry_of_manifest(Claim(MANIFEST, CLAIMED, rows, {}), NOW)


def rows_with(name="", scores=SCORES, wrong=(), **values):
    figures = {**CLAIMED, **({name: replace(CLAIMED[name], **values)} if name else {})}
    return BundleRows(figures, scores, wrong)


def test_rows_that_agree_are_no_matter():
    assert entry_with(rows_with()).refused == ()
    assert entry_with(rows_with()).row_scores == SCORES


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (rows_with("en_mcq.acc", mean=0.4), "en_mcq.acc is 0.5000, the samples give 0.4000"),
        (rows_with("en_mcq.acc", rows=49), "en_mcq.acc is over 50 rows, the samples have 49 rows"),
        (rows_with("en_mcq.acc", partial="1 of 50 rows missing"), "the samples have 50 rows (1 of 50 rows missing)"),
        (rows_with("en_mcq.acc", error=0.02), "has a standard error of 0.0714, the samples give 0.0200"),
        (rows_with("sevenllm_zh_mcq.acc", mean=0.4), "sevenllm_zh_mcq.acc is 0.5000, the samples give 0.4000"),
        (rows_with(scores={**SCORES, "en_mcq": {1: 1.0}}), "the samples have 1 different rows of en_mcq, the benchmark has 50"),
        (rows_with(wrong=("a line is broken",)), "a line is broken"),
        (BundleRows({}, {}), "headline is claimed, the samples have no rows for it"),
    ],
)
def test_figures_that_are_not_those_of_the_rows_are_named(rows, words):
    assert words in " | ".join(entry_with(rows).refused)


@pytest.mark.parametrize("kept", [(), ("sevenllm_en_mcq.acc",), tuple(name for name in CLAIMED if name != "headline")])
def test_rows_without_their_claims_are_held_to_the_same_rules(kept):
    """A manifest that claims nothing, over rows that give a headline: it would get a rank, so that every rule holds for it."""
    figures = [figure for figure in MANIFEST["figures"] if figure["id"] in kept]
    manifest = {**MANIFEST, "figures": figures, "settings": {**MANIFEST["settings"], "limit": 5}}
    entry = entry_of_manifest(Claim(manifest, claimed_figures(manifest), rows_with(), {}), NOW)
    assert "figures missing: headline" in " | ".join(entry.refused)
    assert "limit" in " | ".join(entry.refused)
    assert entry.headline is None


def test_a_manifest_that_can_be_read_in_two_ways_is_left_out(tmp_path):
    text = json.dumps(MANIFEST)
    twice = f'{{"settings": {{"limit": 5}}, {text[1:]}'
    for name, manifests in (("sound", [text]), ("key", [twice]), ("two", [text.replace("0.5", "0.9"), text])):
        with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            warnings.simplefilter("ignore")  # that a name is in it twice
            for manifest in manifests:
                archive.writestr("manifest.json", manifest)
    found, left_out = read_submissions([tmp_path])
    assert len(found) == 1
    reasons = {item.path: item.why for item in left_out}
    assert "a key stands twice in one object" in reasons["key.zip"]
    assert "manifest.json is in it 2 times" in reasons["two.zip"]


def test_the_figures_that_count_are_those_of_the_rows():
    entry = entry_with(rows_with("en_mcq.acc", mean=0.5 - 9e-7))
    assert entry.refused == ()  # as far apart as numbers of six digits
    assert entry.figures["en_mcq.acc"].mean == 0.5 - 9e-7
    assert entry.headline == pytest.approx(0.5 - 1.5e-7, abs=1e-12)
    assert entry.figures["headline"] == Value(entry.headline, CLAIMED["headline"].error, 1300)


@pytest.fixture(scope="module")
def whole(official_rows, predictions_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    answers = read_predictions([predictions_dir / "qwen1_5-7b.jsonl"]).answers
    return make_bundle(official_run(folder / "run", official_rows, answers), folder / "b.zip")


def _better(lines):
    for line in lines:
        line["acc"] = 1.0


@pytest.mark.predictions
def test_a_bundle_of_official_rows_has_a_rank_until_anything_is_changed(whole, tmp_path, data_dir):
    (entry,), _ = read_submissions([whole])
    assert entry.refused == ()
    assert entry.headline == pytest.approx(0.5369, abs=5e-5)
    assert {section: len(scores) for section, scores in entry.row_scores.items()} == ROWS
    mcq = "sevenllm_en_mcq"
    for name, change, words in (
        ("samples", lambda folder: edit_samples(folder, mcq, _better), "en_mcq.acc is 0."),
        ("row", lambda folder: edit_samples(folder, mcq, lambda lines: lines.pop()), "the samples have 49 rows"),
        ("manifest", _lie, "its score is 0.9900, the mean of its sections 0.5369"),
        ("file", lambda folder: next(folder.glob(f"run/samples_{mcq}_*")).unlink(), f"lists no samples of {mcq}"),
    ):
        folder = unpacked(whole, tmp_path / name)
        change(folder)
        sign_again(folder)
        (spoilt,), _ = read_submissions([packed(folder)])
        assert spoilt.headline is None, name
        assert words in " | ".join(spoilt.refused)


def _lie(folder):
    edit_json(folder / "manifest.json", lambda manifest: manifest["figures"][0].update(value=0.99))


@pytest.mark.predictions
def test_verification_finds_what_the_recorded_values_hide(whole, tmp_path, data_dir):
    """Better recorded values with every figure made again from them: the answers tell."""
    folder = unpacked(whole, tmp_path / "forged")
    for language in ("en", "zh"):
        edit_samples(folder, f"sevenllm_{language}_mcq", _better)
    figures = {f"{prefix}{x}_mcq.acc" for x in ("en", "zh") for prefix in ("", "sevenllm_")}

    def forge(manifest):
        by_id = {figure["id"]: figure for figure in manifest["figures"]}
        parts = [by_id[name] for name in by_id if name in figures]
        for figure in parts:
            figure.update(value=1.0, stderr=0.0)
        six = [figure for name, figure in by_id.items() if name.endswith(("anding.value_f1", "ation.rouge_l")) and name[2] == "_"]
        six += [by_id["en_mcq.acc"], by_id["zh_mcq.acc"]]
        by_id["headline"]["value"] = sum(figure["value"] for figure in six) / 6
        by_id["headline"]["stderr"] = sum(figure["stderr"] ** 2 for figure in six) ** 0.5 / 6

    edit_json(folder / "manifest.json", forge)
    sign_again(folder)
    found, _ = find_submissions([packed(folder)])
    assert found[0].entry.refused == ()
    (entry,) = checked(found, data_dir)
    assert entry.check.result == "refused"
    assert entry.headline is None
    assert "sevenllm_en_mcq" in " ".join(entry.refused)
