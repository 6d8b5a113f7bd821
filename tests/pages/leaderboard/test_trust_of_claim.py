"""What is shown beside the score: from rows where there are any, by hand; else as recorded; nothing where it can't be told."""

from __future__ import annotations

from datetime import UTC, datetime
from shutil import copy, copytree
from zipfile import ZipFile

import pytest
from leaderboard_files import ROWS, SECTIONS, manifest_of
from llm_task_files import add_llm_tasks
from submission_files import edit_json, make_bundle, read_lines, write_lines, write_true_run
from trust_files import CIRCULAR, letters, probe_of_model, with_trust

from sevenllm_bench.comparison.circular_figures import LetterPreference
from sevenllm_bench.comparison.stress_drop import stress_drop
from sevenllm_bench.data.audit_records import load_audit
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.pages.leaderboard import bundle_rows
from sevenllm_bench.pages.leaderboard.bundle_rows import BundleRows, rows_of_run
from sevenllm_bench.pages.leaderboard.claim import Claim
from sevenllm_bench.pages.leaderboard.entry import Value
from sevenllm_bench.pages.leaderboard.manifest_entry import entry_of_manifest
from sevenllm_bench.pages.leaderboard.manifest_figures import claimed_figures
from sevenllm_bench.pages.leaderboard.model_trust import model_trust_parts
from sevenllm_bench.pages.leaderboard.recorded_beside import RecordedBeside
from sevenllm_bench.pages.leaderboard.submissions import read_submissions
from sevenllm_bench.pages.leaderboard.trust_export import trust_json, trust_lines
from sevenllm_bench.pages.leaderboard.trust_figures import LetterFigures
from sevenllm_bench.runs.reader import read_runs

pytestmark = pytest.mark.usefixtures("own_cache")

NOW = datetime(2026, 11, 27, tzinfo=UTC)
#: Official ids of each section.
IDS = {section: range(1000 * place, 1000 * place + count) for place, (section, count) in enumerate(ROWS.items())}


def entry_of(manifest, rows=None, beside=None):
    claim = Claim(manifest, claimed_figures(manifest), rows, {}, beside or RecordedBeside())
    return entry_of_manifest(claim, NOW)


def test_the_drop_is_the_mean_over_pairs_of_extraction_and_of_analysis_by_hand():
    """Extraction loses 1 in half of four rows, analysis 0.2 in each of two: (0.5 + 0.2) / 2 = 0.35."""
    scores = {"en_understanding": {1: 1.0, 2: 1.0, 3: 1.0, 4: 1.0, 5: 0.0}, "en_generation": {11: 0.6, 12: 0.4}}
    noisy = {"en_understanding": {1: 1.0, 2: 0.0, 3: 1.0, 4: 0.0, 9: 1.0}, "en_generation": {11: 0.4, 12: 0.2}}
    trust = entry_of(manifest_of("org/m", {}), BundleRows({}, scores, (), noisy)).trust
    drop = trust.drops["en"]
    assert (drop.clean, drop.noisy, drop.mean) == pytest.approx(((1.0 + 0.5) / 2, (0.5 + 0.3) / 2, 0.35))
    assert drop.rows == 6
    assert drop.error == pytest.approx((1 / 3 / 4) ** 0.5 / 2)  # variance 1/3 over four pairs, 0 over the two others
    assert not drop.recorded
    assert trust.drop is None  # one language alone


def test_without_rows_the_drop_comes_from_whole_figures_and_says_so():
    trust = entry_of(with_trust("org/m", noisy=0.4)).trust
    assert {language: (drop.mean, drop.rows, drop.recorded) for language, drop in trust.drops.items()} == {
        "en": (pytest.approx(0.1), None, True),
        "zh": (pytest.approx(0.1), None, True),
    }
    assert trust.drop.mean == pytest.approx(0.1)
    assert trust.drop.recorded


@pytest.mark.parametrize("change", [{"partial": "3 of 600 items missing"}, {"rows": 300}])
def test_a_part_of_the_rows_with_noise_gives_no_recorded_drop(change):
    manifest = with_trust("org/m")
    for figure in manifest["figures"]:
        if figure["id"].endswith("stress_score"):
            figure.update(change)
    assert entry_of(manifest).trust.drops == {}


def test_where_more_than_the_noise_differs_there_is_no_drop_but_the_reason():
    manifest = with_trust("org/m")
    manifest["tasks"]["sevenllm-en-stress"]["num_fewshot"] = 3
    trust = entry_of(manifest).trust
    assert list(trust.drops) == ["zh"]
    assert trust.no_drop == ("few-shot examples: 0 without noise, 3 with noise",)


@pytest.mark.parametrize("task", [None, 3, {"num_fewshot": "0", "prompt": [], "generation": 1e999, "signature": "x"}])
def test_settings_that_a_manifest_does_not_say_are_no_difference(task):
    manifest = with_trust("org/m")
    manifest["tasks"]["sevenllm-en-stress"] = task
    assert set(entry_of(manifest).trust.drops) == {"en", "zh"}


def test_letters_by_answers_count_before_what_is_recorded():
    by_answers = {CIRCULAR[0]: LetterFigures((LetterPreference("A", 0.75, 0.75, 0.75),))}
    beside = RecordedBeside(dict.fromkeys(CIRCULAR, letters("B")))
    manifest = with_trust("org/m")
    rows = BundleRows(claimed_figures(manifest), {}, (), {}, by_answers)
    trust = entry_of(manifest, rows, beside).trust
    assert trust.letters[CIRCULAR[0]] == by_answers[CIRCULAR[0]]
    recorded = trust.letters[CIRCULAR[1]]
    assert recorded.recorded
    assert recorded.preferred == (LetterPreference("B", 0.3, 0.25, 0.35),)


def test_letters_that_can_not_be_are_not_shown():
    beside = RecordedBeside(dict.fromkeys(CIRCULAR, letters("B", 2.0)))
    found = entry_of(with_trust("org/m"), None, beside).trust.letters
    assert found == dict.fromkeys(CIRCULAR, LetterFigures((), recorded=True))


def scores_of(value):
    return {section: {row: value(section, row) for row in IDS[section]} for section in SECTIONS}


def test_the_audited_score_is_the_mean_of_the_sections_over_audited_rows_by_hand(monkeypatch):
    """Of each section two rows are audited, with the values 1 and 0, of multiple choice 1 and 1: (4 * 0.5 + 2 * 1) / 6."""
    sound = frozenset(row for ids in IDS.values() for row in ids[:2])
    monkeypatch.setitem(load_audit().__dict__, "sound", sound)
    scores = scores_of(lambda section, row: float(section.endswith("mcq") or row % 2))
    audited = entry_of(manifest_of("org/m", dict.fromkeys(SECTIONS, 0.5)), BundleRows({}, scores)).trust.audited
    assert audited.mean == pytest.approx(4 / 6)
    assert audited.rows == 12
    assert audited.error == pytest.approx((4 * 0.5**2) ** 0.5 / 6)  # of 1 and 0: √(0.5 / 2) = 0.5


@pytest.mark.parametrize("lacking", SECTIONS[:2])
def test_without_a_section_there_is_no_audited_score(lacking):
    scores = {section: values for section, values in scores_of(lambda *_: 1.0).items() if section != lacking}
    assert entry_of(manifest_of("org/m", {}), BundleRows({}, scores)).trust.audited is None


def test_other_rows_than_those_audited_have_no_audited_score(monkeypatch):
    monkeypatch.setitem(load_audit().__dict__, "sound", frozenset(row for ids in IDS.values() for row in ids))
    manifest = manifest_of("org/m", dict.fromkeys(SECTIONS, 0.5))
    rows = BundleRows({}, scores_of(lambda *_: 1.0))
    assert entry_of(manifest, rows).trust.audited.rows == 1300
    manifest["tasks"]["sevenllm_en_mcq"]["signature"]["data"]["sha256"] = "0" * 64
    assert entry_of(manifest, rows).trust.audited is None


def test_nothing_beside_the_score_moves_a_headline():
    plain, more = manifest_of("org/m", dict.fromkeys(SECTIONS, 0.5)), with_trust("org/m")
    beside = RecordedBeside(dict.fromkeys(CIRCULAR, letters()), probe_of_model("org/m", 0.0001))
    entry = entry_of(more, None, beside)
    assert entry.refused == ()
    assert entry.headline == entry_of(plain).headline == 0.5


def test_a_probe_of_another_model_is_the_reason_and_is_not_shown():
    for probed, shown in (("org/m", True), ("org/other", False)):
        probe = probe_of_model(probed)
        entry = entry_of(with_trust("org/m"), None, RecordedBeside({}, probe))
        assert any("a probe of org/other" in reason for reason in entry.refused) != shown
        assert entry.trust.probe == (probe if shown else None)
        assert ("probe" in trust_json(entry)) == shown
        assert any(line.name.startswith("probe.") for line in trust_lines(entry)) == shown
        assert any(part.title == "Has the model seen the rows?" for part in model_trust_parts(entry)) == shown


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    """A run of all embedded rows that always gives B, right in every second row, with noise in every fourth; and its bundle."""
    folder = tmp_path_factory.mktemp("run")
    benchmark = load_benchmark("embedded")
    run = write_true_run(folder, benchmark.rows, lambda row: row.reference_text if row.id % 2 == 0 else "no idea")
    add_llm_tasks(run, benchmark, lambda row: "B", lambda row: row.reference_text if row.id % 4 == 0 else "no idea")
    return run, make_bundle(run, folder.parent / "bundle" / "b.zip")


def test_a_run_and_its_bundle_give_the_same_figures(embedded):
    run, bundle = embedded
    (of_run,), _ = read_submissions([run.parent])
    (of_bundle,), left_out = read_submissions([bundle])
    (again,), _ = read_submissions([bundle])  # out of the cache
    assert left_out == []
    assert of_bundle.trust == again.trust
    assert of_bundle.figures.keys() == of_run.figures.keys()
    assert of_run.trust.drops.keys() == of_bundle.trust.drops.keys() == {"en", "zh"}
    assert of_run.trust == of_bundle.trust


def test_the_letters_are_those_of_the_answers(embedded):
    """Always B: all of the answers are on it, so that its preference is 1 - 0.25, and a question is right in one rotation."""
    (entry,), _ = read_submissions([embedded[1]])
    for task in CIRCULAR:
        own = entry.trust.letters[task]
        assert {one.letter: one.mean for one in own.preferences} == {"A": -0.25, "B": 0.75, "C": -0.25, "D": -0.25}
        assert [one.letter for one in own.preferred] == ["B"]
        assert not own.recorded
        assert entry.figures[f"{task}.circular_acc"].mean == 0.0
        assert entry.figures[f"{task}.acc"].mean == 0.25


def test_answers_that_are_too_long_to_be_read_leave_what_is_recorded(embedded, tmp_path, monkeypatch):
    monkeypatch.setattr(bundle_rows, "MOST_READ", 1_000)
    bundle = copy(embedded[1], tmp_path / "long.zip")
    with ZipFile(bundle, "a") as archive:
        archive.comment = b"another sha256, so that it is read again"
    (entry,), _ = read_submissions([bundle])
    own = entry.trust.letters[CIRCULAR[0]]
    assert own.recorded
    assert [one.mean for one in own.preferred] == [0.75]
    assert entry.figures[f"{CIRCULAR[0]}.acc"].mean == 0.25


def test_the_drop_is_that_of_the_command(embedded):
    (entry,), _ = read_submissions([embedded[1]])
    (run,) = read_runs([embedded[0]])
    totals = {drop.name: drop for drop in stress_drop(run, run, resamples=100).drops if drop.level == "total"}
    for name, own in (("both languages", entry.trust.drop), ("English", entry.trust.drops["en"])):
        assert own.mean == pytest.approx(totals[name].paired.difference, abs=1e-12)
        assert (own.clean, own.noisy, own.rows) == (
            pytest.approx(totals[name].clean),
            pytest.approx(totals[name].noisy),
            totals[name].rows,
        )


def test_figures_of_every_order_are_held_to_the_samples():
    name = f"{CIRCULAR[0]}.circular_acc"
    manifest = with_trust("org/m", circular=0.4)
    figures = claimed_figures(manifest)
    rows = BundleRows({**figures, name: Value(0.2, figures[name].error, 50)}, scores_of(lambda *_: 0.5))
    entry = entry_of(manifest, rows)
    assert f"{name} is 0.4000, the samples give 0.2000" in entry.refused
    assert entry.figures[name].mean == 0.2


def test_letters_that_can_not_be_are_refused_in_a_plain_run_too(embedded, tmp_path):
    """Of a run, whose answers give its letters, the results record them too."""
    folder = copytree(embedded[0].parent, tmp_path / "run")

    def lie(results):
        results["configs"][CIRCULAR[1]]["metadata"]["sevenllm"]["further"]["position"]["C"]["preference"] = 0.9

    edit_json(folder / embedded[0].name, lie)
    (entry,), _ = read_submissions([folder])
    assert entry.refused == (f"{CIRCULAR[1]} records a preference of 0.9 for C",)


@pytest.mark.parametrize("answer", ["no idea", "B"])
def test_scores_of_every_order_that_the_answers_don_t_give_are_wrong(embedded, tmp_path, answer):
    """All right as recorded, where the answers have no letter, or one that is right in one order of four."""
    folder = copytree(embedded[0].parent, tmp_path / "run")
    file = next(folder.glob(f"samples_{CIRCULAR[0]}_*.jsonl"))
    lines = read_lines(file)
    for line in lines:
        line.update(acc=1.0, circular_acc=1.0, answered=1.0, resps=[[answer]], filtered_resps=[answer])
    write_lines(file, lines)
    (run,) = read_runs([folder])
    wrong = (f"{CIRCULAR[0]}: 16 questions have other scores than their answers",)
    assert rows_of_run(run, {}).wrong == wrong
    refused = entry_of(manifest_of("org/m", dict.fromkeys(SECTIONS, 0.5)), BundleRows({}, {}, wrong)).refused
    assert wrong[0] in refused
    (honest,) = read_runs([embedded[0].parent])
    assert rows_of_run(honest, {}).wrong == ()
