"""What submissions record beside the score may be anything: what can't be is refused with its reason, and nothing breaks."""

from __future__ import annotations

import copy
import json
import zipfile
from datetime import UTC, datetime

import pytest
from hostile_texts import TEXTS
from hypothesis import given
from hypothesis import strategies as st
from trust_files import CIRCULAR, RESULTS, STRESS, letters, probe_bytes, probe_of_model, results_bytes, with_trust, write_files

from sevenllm_bench.pages.leaderboard.beside_rules import why_impossible_letters
from sevenllm_bench.pages.leaderboard.board_cache import BoardCache
from sevenllm_bench.pages.leaderboard.claim import Claim
from sevenllm_bench.pages.leaderboard.manifest_entry import entry_of_manifest
from sevenllm_bench.pages.leaderboard.manifest_figures import claimed_figures
from sevenllm_bench.pages.leaderboard.recorded_beside import RecordedBeside, recorded_beside
from sevenllm_bench.pages.leaderboard.submissions import read_submissions

pytestmark = pytest.mark.usefixtures("own_cache")

NOW = datetime(2026, 11, 27, tzinfo=UTC)
MODEL = "org/m"


def refused(manifest, beside=None):
    return " | ".join(
        entry_of_manifest(Claim(manifest, claimed_figures(manifest), None, {}, beside or RecordedBeside()), NOW).refused
    )


def changed(name, **values):
    manifest = with_trust(MODEL)
    next(figure for figure in manifest["figures"] if figure["id"] == name).update(values)
    return manifest


@pytest.mark.parametrize("task", [CIRCULAR[0], STRESS[1]])
@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ((), None, "the manifest says nothing of it"),
        (("rows",), 3, "it was not run on all of its"),
        (("rows_in_all",), True, "it was not run on all of its"),
        (("output_type",), "encoder", "output type encoder, it has generate_until"),
        (("version",), "9-Z", "version 9-Z of the tasks, this package has 1-A"),
        (("signature", "data"), {"name": "mine", "sha256": "0" * 64}, "other data than the official file"),
        (("signature", "data", "modified"), True, "other data than the official file"),
        (("signature", "reading"), 1, "read by version 1"),
        (("signature", "metrics"), {}, "has version None, this package has"),
        (("signature",), [], "other data than the official file"),
    ],
)
def test_a_whole_figure_beside_the_score_is_of_the_official_task(task, path, value, words):
    manifest = with_trust(MODEL)
    place = manifest["tasks"]
    for key in (task, *path)[:-1]:
        place = place[key]
    place[(task, *path)[-1]] = value
    found = refused(manifest)
    assert f"{task}: " in found
    assert words in found
    for figure in manifest["figures"]:
        if figure["id"].startswith(task):
            figure["partial"] = "other rows"
    assert f"{task}: " not in refused(manifest), "what is called partial claims nothing of the official task"


@pytest.mark.parametrize("noise", [None, {"version": 99, "seed": 0}, {"version": 1, "seed": -1}, {"version": True, "seed": 0}])
def test_noise_of_another_version_is_no_whole_figure(noise):
    manifest = with_trust(MODEL)
    manifest["tasks"][STRESS[0]]["signature"]["stress"] = noise
    assert "this package has another version" in refused(manifest)


def test_an_honest_submission_is_not_refused():
    beside = RecordedBeside(dict.fromkeys(CIRCULAR, letters()), probe_of_model(MODEL))
    assert refused(with_trust(MODEL), beside) == ""


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("circular_acc", {"value": 1.2}, "a value of 1.2"),
        ("circular_acc", {"value": -0.02}, "a value of -0.02"),
        ("circular_acc", {"value": 1e999}, "a value of inf"),
        ("circular_acc", {"value": float("nan")}, "a value of nan"),
        ("circular_acc", {"value": "0.2"}, "a value of 0.2"),
        ("circular_acc", {"value": 0.21}, "a value of 0.21, which is no share of 50 rows"),
        ("circular_acc", {"value": 0.6, "stderr": (0.6 * 0.4 / 49) ** 0.5}, "circular_acc is 0.6000, above acc (0.5000)"),
        ("circular_acc", {"rows": 10}, "circular_acc is over 10 items, the benchmark has 50"),
        ("circular_acc", {"rows": 10**400}, "rows"),
        ("acc", {"value": 0.502}, "a value of 0.502, which is no share of 200 rotations"),
    ],
)
def test_figures_of_every_order_that_can_not_be(name, values, words):
    assert words in refused(changed(f"{CIRCULAR[0]}.{name}", **values))


def test_a_question_without_all_rotations_may_have_another_share():
    """Two of three rotations: a third of one, in figures that are called partial."""
    manifest = changed(f"{CIRCULAR[0]}.acc", value=2 / 3, partial="49 of 50 items missing", rows=1, stderr=None)
    assert "rotations" not in refused(manifest)


@pytest.mark.parametrize(("rows", "words"), [(599, "over 599 items, the benchmark has 600"), (600, "")])
def test_rows_with_noise_are_all_there_or_called_partial(rows, words):
    found = refused(changed(f"{STRESS[0]}.stress_score", rows=rows))
    assert words in found if words else found == ""


def with_position(**changes):
    further = copy.deepcopy(letters())
    for letter, values in changes.items():
        further["position"][letter].update(values)
    return further


@pytest.mark.parametrize(
    ("further", "words"),
    [
        (with_position(B={"preference": 0.76}), "a preference of 0.76 for B"),
        (with_position(A={"preference": -0.26}), "a preference of -0.26 for A"),
        (with_position(B={"preference": 0.2, "low": 0.1}), "preferences that sum to -0.1000, not to 0"),
        (with_position(B={"preference": float("nan")}), "a preference of nan for B"),
        (with_position(B={"preference": "0.3"}), "a preference of 0.3 for B"),
        (with_position(B={"preference": None}), "a preference of None for B"),
        (with_position(B={"preference": True}), "a preference of True for B"),
        (with_position(B={"low": 0.31}), "an interval from 0.31 to 0.35 for B"),
        (with_position(B={"high": float("inf")}), "an interval from 0.25 to inf for B"),
        (with_position(B={"low": None}), "an interval from None to 0.35 for B"),
        ({**letters(), "position": {"A": {}}}, "no preference for each letter"),
        ({**letters(), "position": [[]]}, "no preference for each letter"),
        ({}, "no preference for each letter"),
        ([], "no preference for each letter"),
        (None, "no preference for each letter"),
        ({**letters(), "right_in": {"4": "10"}}, "no number of questions for each number of right rotations"),
        (
            {**letters(), "right_in": {**letters()["right_in"], "4": 40}},
            "40 of 80 questions right in every rotation, its circular_acc is 0.2000",
        ),
    ],
)
def test_letters_that_can_not_be(further, words):
    assert f"{CIRCULAR[0]} records {words}" in refused(with_trust(MODEL), RecordedBeside({CIRCULAR[0]: further}))


def test_letters_of_few_questions_have_no_interval_and_of_none_no_preference():
    none = {letter: dict.fromkeys(("share", "preference", "low", "high")) for letter in "ABCD"}
    assert why_impossible_letters({**letters(), "position": none}) == ""
    assert why_impossible_letters(with_position(**{letter: {"low": None, "high": None} for letter in "ABCD"})) == ""


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda v: (
            st.lists(v, max_size=4)
            | st.dictionaries(
                st.sampled_from(["position", "A", "B", "C", "D", "preference", "low", "high", "right_in"]), v, max_size=5
            )
        ),
        max_leaves=20,
    )
)
def test_anything_recorded_gives_a_reason_or_can_be(further):
    beside = RecordedBeside({CIRCULAR[0]: further})
    manifest = with_trust(MODEL)
    entry = entry_of_manifest(Claim(manifest, claimed_figures(manifest), None, {}, beside), NOW)
    assert bool(entry.refused) != bool(entry.trust.letters[CIRCULAR[0]].preferences)


def beside_of(path):
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    with BoardCache("rows") as cache:
        return recorded_beside(path, f"{path.name} {path.stat().st_mtime_ns}", manifest, cache)


def test_what_a_bundle_records_is_read_and_kept(tmp_path):
    path = write_files(tmp_path / "b", with_trust(MODEL), {RESULTS: results_bytes(letters()), "probe.json": probe_bytes(MODEL)})
    found = beside_of(path)
    assert found.wrong == ()
    assert found.further == dict.fromkeys(CIRCULAR, letters())
    assert found.probe == probe_of_model(MODEL)
    assert beside_of(path) == found


def test_nesting_as_deep_as_can_be_read_breaks_nothing(tmp_path):
    for depth in (100, 400, 700, 900, 950, 990):
        further = {**letters(), "position": json.loads("[" * 90 + "]" * 90), "right_in": {"4": {"a": {"b": {"c": 1}}}}}
        content = results_bytes(further).replace(b"[" * 90 + b"]" * 90, b'{"A": ' * depth + b"1" + b"}" * depth)
        found = beside_of(write_files(tmp_path / f"d{depth}", with_trust(MODEL), {RESULTS: content}))
        assert found.wrong or len(json.dumps(found.further)) < 1_000
        assert "no preference for each letter" in refused(with_trust(MODEL), found) or found.wrong


@pytest.mark.parametrize("depth", [5, 300, 700, 900, 950, 990])
def test_a_probe_with_nested_settings_is_read_or_a_reason(tmp_path, depth):
    content = probe_bytes(MODEL).replace(b'"settings": {}', b'"settings": ' + b'{"a": ' * depth + b"1" + b"}" * depth)
    found = beside_of(write_files(tmp_path / "b", with_trust(MODEL), {"probe.json": content}))
    assert bool(found.probe) != bool(found.wrong)


_DEEP = b'{"configs": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (RESULTS, b"{", "its results file can't be read"),
        (RESULTS, b"\xff\xfe", "its results file can't be read"),
        (RESULTS, _DEEP, "its results file can't be read"),
        (RESULTS, b'{"configs": {}, "configs": {}}', "its results file can't be read"),
        ("probe.json", b"{", "the result of its probe can't be read"),
        ("probe.json", _DEEP, "the result of its probe can't be read"),
        ("probe.json", b'{"format": "sevenllm-bench probe", "version": 1}', "the result of its probe can't be read"),
        ("probe.json", probe_bytes(MODEL).replace(b'"p": 0.4', b'"p": 1.4'), "the result of its probe can't be read"),
        (
            "probe.json",
            probe_bytes(MODEL).replace(b'"effect": 0.25', b'"effect": 1e999'),
            "the result of its probe can't be read",
        ),
        ("probe.json", probe_bytes(MODEL).replace(b'"p": 0.4', b'"p": 0.4, "p": 0.01'), "a key stands twice in one object"),
        ("probe.json", probe_bytes(MODEL).replace(b'"low": 0.05', b'"low": 0.3'), "outside its interval, 0.3 to 0.45"),
        ("probe.json", probe_bytes(MODEL).replace(b'"effect": 0.25', b'"effect": NaN'), "the result of its probe can't be read"),
        (
            "probe.json",
            probe_bytes(MODEL).replace(b'"effect": 0.25', b'"effect": "0.25"'),
            "the result of its probe can't be read",
        ),
        ("probe.json", b" " * (1 << 20) + probe_bytes(MODEL), "more than 1,048,576"),
    ],
)
def test_files_that_are_damaged_are_a_reason(tmp_path, name, content, words):
    files = {RESULTS: results_bytes(letters()), "probe.json": probe_bytes(MODEL)} | {name: content}
    found = beside_of(write_files(tmp_path / "b", with_trust(MODEL), files))
    assert words in " | ".join(found.wrong)
    assert words in refused(with_trust(MODEL), found)


def test_other_files_than_the_manifest_lists_are_a_reason(tmp_path):
    path = write_files(tmp_path / "b", with_trust(MODEL), {"probe.json": probe_bytes(MODEL)})
    with zipfile.ZipFile(path) as archive:
        manifest = archive.read("manifest.json")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", manifest)
        archive.writestr("probe.json", probe_bytes(MODEL, 0.0001))
    assert "not the file that the manifest lists" in " | ".join(beside_of(path).wrong)


def test_a_probe_of_another_model_is_refused_also_in_a_file(tmp_path):
    path = write_files(tmp_path / "b", with_trust(MODEL), {"probe.json": probe_bytes("org/other")})
    (entry,), _ = read_submissions([path])
    assert entry.refused == ("the result of its probe is a probe of org/other, not of the run's model org/m",)


@pytest.mark.parametrize("text", TEXTS[:6])
def test_hostile_names_in_a_probe_are_printable(text):
    found = refused(with_trust(MODEL), RecordedBeside({}, probe_of_model(text)))
    assert found.isprintable()
    assert "not of the run's model org/m" in found
