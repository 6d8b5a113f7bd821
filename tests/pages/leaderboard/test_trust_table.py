"""The leaderboard's section "Can it be trusted?": its table, submissions' pages, JSON and CSV."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
from hostile_texts import TEXTS
from leaderboard_files import SECTIONS, manifest_of, write_bundle
from trust_files import CIRCULAR, probe_bytes, probe_of_model, with_trust, write_files

from sevenllm_bench.comparison.circular_figures import LetterPreference
from sevenllm_bench.memorisation.probe_result import OF_COMPLETIONS, ProbeTest
from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.entry import Entry, Value
from sevenllm_bench.pages.leaderboard.model_trust import model_trust_parts
from sevenllm_bench.pages.leaderboard.submissions import read_submissions
from sevenllm_bench.pages.leaderboard.trust_cells import circular_cell, drop_cell, probe_cell
from sevenllm_bench.pages.leaderboard.trust_export import trust_json
from sevenllm_bench.pages.leaderboard.trust_figures import (
    AuditedScore,
    LetterFigures,
    NoiseDrop,
    TrustFigures,
)
from sevenllm_bench.pages.leaderboard.trust_table import trust_table

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """A submission with everything that has no rows, one whose probe finds the rows, one with the benchmark alone."""
    folder = tmp_path_factory.mktemp("board")
    write_files(folder / "in" / "all", with_trust("org/all"), {"probe.json": probe_bytes("org/all")})
    seen = manifest_of("org/seen", dict.fromkeys(SECTIONS, 0.6))
    write_files(folder / "in" / "seen", seen, {"probe.json": probe_bytes("org/seen", 0.0001)})
    write_bundle(folder / "in" / "bare", manifest_of("org/bare", dict.fromkeys(SECTIONS, 0.4)))
    return build_leaderboard([folder / "in"], folder / "out").index.parent


def heads(page):
    return [" ".join(text.split()) for text in page.locator("#t-trust thead th").all_inner_texts()]


def lines(page):
    rows = page.locator("#t-trust tbody tr")
    return [[" ".join(text.split()) for text in rows.nth(n).locator("th, td").all_inner_texts()] for n in range(rows.count())]


def test_the_table_has_a_line_for_each_rank_in_its_order(board, open_page):
    page = open_page(board / "index.html", width=1440)
    assert heads(page) == [
        "Model",
        "Multiple choice, English longest option: 0.452",
        "Multiple choice, Chinese longest option: 0.453",
        "Values in the text, English references: 0.612",
        "Values in the text, Chinese references: 0.838",
        "Every order, English",
        "Every order, Chinese",
        "Drop under noise",
        "Seen the rows?",
    ]
    recorded, nothing = "figures as recorded, without rows", ["–"] * 5
    found = "evidence order of the rows; order of the options"
    assert lines(page) == [
        [f"org/seen {recorded}", "0.600 +0.148", "0.600 +0.147", *nothing, found],
        [
            f"org/all {recorded}",
            *["0.500 +0.048", "0.500 +0.047"],
            *["0.600 -0.012", "0.600 -0.238"],
            *["0.200 as recorded"] * 2,
            "+0.100 as recorded",
            "none found 4 tests",
        ],
        [f"org/bare {recorded}", "0.400 -0.052", "0.400 -0.053", *nothing, "–"],
    ]


def test_the_meaning_of_each_column_is_said_and_of_no_other(board, open_page):
    page = open_page(board / "index.html", width=1440)
    terms = page.locator("#trust dt").all_inner_texts()
    assert terms == ["Multiple choice", "Values in the text", "Every order", "Drop under noise", "Seen the rows?"]
    assert "as the submitter says" in page.locator("#trust dd").last.inner_text()


def test_the_table_is_sorted_and_searched(board, open_page):
    page = open_page(board / "index.html", width=1440)
    page.locator("#t-trust thead button", has_text="Values in the text, English").click()
    assert lines(page)[0][0].startswith("org/all")
    page.locator("#trust input[type=search]").fill("bare")
    assert [line[0].split()[0] for line in lines(page)] == ["org/bare"]


def test_a_page_has_the_details_of_its_submission(board, open_page):
    ids = {entry["name"]: entry["id"] for entry in content(board)["entries"]}
    page = open_page(board / "submissions" / f"{ids['org/all']}.html", width=1440)
    assert page.locator("#trust h3").all_inner_texts() == [
        "Multiple choice without knowledge",
        "Are the answers in the text?",
        "Multiple choice with the options in every order",
        "Incident texts with noise",
        "Has the model seen the rows?",
    ]
    text = page.locator("#trust").inner_text()
    assert "submitter's word" in text
    assert "English (as recorded)" in text
    assert page.locator("#trust tbody tr").count() == 4 + 2 + 2 + 3 + 4
    bare = open_page(board / "submissions" / f"{ids['org/bare']}.html", width=1440)
    assert bare.locator("#trust h3").all_inner_texts() == ["Multiple choice without knowledge"]


def content(board):
    return json.loads((board / "leaderboard.json").read_text(encoding="utf-8"))


def test_json_has_the_figures_and_what_they_are(board):
    whole = content(board)
    everything, bare = (next(e for e in whole["entries"] if e["name"] == f"org/{name}") for name in ("all", "bare"))
    assert set(everything["trust"]) == {"knowledge", "grounded", "circular", "noise_drop", "probe"} <= set(whole["trust"])
    assert everything["trust"]["knowledge"]["zh"] == {
        "acc": 0.5,
        "best_letter": "C",
        "best_letter_acc": 0.4,
        "longest_option_acc": 0.4533,
    }
    circular = everything["trust"]["circular"][CIRCULAR[0]]
    assert circular == {"circular_acc": 0.2, "acc": 0.5, "preferences": {}, "preferred": [], "recorded": True}
    assert everything["trust"]["noise_drop"]["both"]["drop"] == pytest.approx(0.1)
    assert everything["trust"]["probe"]["summary"].startswith("No evidence found in 4 tests")
    assert len(everything["trust"]["probe"]["tests"]) == 4
    assert list(bare["trust"]) == ["knowledge"]


def test_csv_has_the_same_figures(board):
    with (board / "figures.csv").open(encoding="utf-8-sig", newline="") as file:
        found = {row["figure"]: row for row in csv.DictReader(file) if row["model"] == "org/all"}
    assert float(found[f"{CIRCULAR[0]}.circular_acc"]["mean"]) == 0.2
    assert float(found["sevenllm-en-stress.stress_score"]["mean"]) == 0.4
    assert float(found["noise_drop"]["mean"]) == pytest.approx(0.1)
    assert (found["probe.row-order.en"]["low"], found["probe.row-order.en"]["high"]) == ("0.05", "0.45")


def entry(**trust):
    figures = {f"{task}.circular_acc": Value(0.3, 0.05, 50) for task in CIRCULAR}
    return Entry("org/m", figures=figures, trust=TrustFigures(**trust))


PREFERS = LetterFigures((LetterPreference("A", 0.2, 0.1, 0.3), LetterPreference("B", -0.2, -0.3, -0.1)))
UNSURE = LetterFigures((LetterPreference("A", 0.1, -0.1, 0.3), LetterPreference("B", -0.1, -0.3, 0.1)))


@pytest.mark.parametrize(
    ("letters", "small"),
    [
        (PREFERS, "prefers A"),
        (UNSURE, "prefers no letter"),
        (replace(PREFERS, recorded=True), "prefers A, as recorded"),
        (LetterFigures(), ""),
    ],
)
def test_a_letter_is_preferred_where_its_interval_is_above_zero(letters, small):
    assert circular_cell("en")(entry(letters={CIRCULAR[0]: letters})).small == small


def test_a_page_has_each_letter_and_the_interval_of_those_preferred():
    part = next(
        part for part in model_trust_parts(entry(letters={CIRCULAR[0]: PREFERS, CIRCULAR[1]: UNSURE})) if "every" in part.title
    )
    assert part.columns == ("Language", "Right in every order", "Right on average", "Letters it prefers", "A", "B", "C", "D")
    assert part.rows == (
        ("English", "0.300", "–", "A +0.200 (+0.100 to +0.300)", "+0.200", "-0.200", "–", "–"),
        ("Chinese", "0.300", "–", "none for certain", "+0.100", "-0.100", "–", "–"),
    )


def test_a_drop_has_its_interval_and_that_one_language_is_missing():
    """Standard error 0.01: 0.1 less and plus 1.96 of them."""
    one = NoiseDrop(0.5, 0.4, 0.01, 600)
    assert drop_cell(entry(drops={"zh": one})).small == "+0.080 to +0.120, Chinese only"
    both = drop_cell(entry(drops={"en": one, "zh": NoiseDrop(0.5, 0.5, 0.0, 600)}))
    assert (both.text, both.small) == ("+0.050", "+0.040 to +0.060")


def test_a_probe_without_a_test_finds_nothing_and_says_so():
    probe = probe_of_model("org/m")
    empty = replace(probe, tests=tuple(replace(t, p=None, effect=None, error=None, why_not="no rows") for t in probe.tests))
    assert probe_cell(entry(probe=empty)).text == "no test"


def test_a_probe_of_no_tests_has_no_table_but_says_so():
    none = entry(probe=replace(probe_of_model("org/m"), tests=()))
    assert probe_cell(none).text == "no test"
    part = next(part for part in model_trust_parts(none) if part.title == "Has the model seen the rows?")
    assert part.sentences[0] == "No test was made."
    assert (part.columns, part.rows) == ((), ())


def test_a_probe_with_completions_says_on_the_models_page_how_little_they_say():
    probe = probe_of_model("org/m")
    written = replace(probe, tests=(ProbeTest("option-completion", "en", 48, 0, 0.1, -0.1, 0.3, 0.2, 0.1),))
    pages = [model_trust_parts(entry(probe=own)) for own in (written, replace(probe, tests=(probe.tests[0],)))]
    said = [next(part.sentences for part in parts if part.title == "Has the model seen the rows?") for parts in pages]
    assert [OF_COMPLETIONS in sentences for sentences in said] == [True, False]


def test_both_ends_of_the_widest_interval_that_a_file_can_hold_are_shown():
    large = ProbeTest("incident-tokens", "en", 10, 10, -1e6, -1e6, 1e6, 0.5, 1e6)
    none = replace(large, name="row-order", low=None, high=None, controls=0)
    own = entry(probe=replace(probe_of_model("org/m"), tests=(large, none)))
    part = next(part for part in model_trust_parts(own) if part.title == "Has the model seen the rows?")
    assert [row[3:5] for row in part.rows] == [
        ("-1000000.000", "-1000000.000 to +1000000.000"),
        ("-1000000.000", "–"),
    ]


def test_a_difference_that_style_alone_can_make_is_not_called_evidence():
    probe = probe_of_model("org/m")
    apart = replace(probe.tests[0], name="incident-tokens", language="zh", controls=18, p=0.0001)
    cell = probe_cell(entry(probe=replace(probe, tests=(apart, *probe.tests[1:]))))
    assert (cell.text, cell.small) == ("none found", "4 tests, 1 not as the controls")
    sure = tuple(replace(test, p=0.0001) for test in probe.tests[1:])
    assert probe_cell(entry(probe=replace(probe, tests=(apart, *sure)))).text == "evidence"


def test_a_models_page_has_the_intervals_of_accuracies():
    """0.8 less and more 1.96 x 0.05; a partial figure is none, and one of few rows has no interval."""
    own = entry()
    few, partial = Value(0.6, 0.1, 5), Value(0.9, 0.01, 20, "20 of 50 rows")
    for chinese, cell in ((few, "0.600"), (partial, "–")):
        figures = {**own.figures, "en_mcq.acc": Value(0.8, 0.05, 50), "zh_mcq.acc": chinese}
        part = model_trust_parts(replace(own, figures=figures))[0]
        assert part.title == "Multiple choice without knowledge"
        assert part.rows[-1] == ("this submission", "0.800 (0.702–0.898)", cell)


def test_a_models_page_has_the_intervals_of_both_scores():
    """0.45 and 0.5 less and more 1.96 x 0.01."""
    own = entry(audited=AuditedScore(0.5, 0.01, 477))
    parts = model_trust_parts(replace(own, figures={**own.figures, "headline": Value(0.45, 0.01, 1300)}))
    (part,) = (part for part in parts if part.title == "On audited rows")
    assert part.rows == (("this submission", "0.450 (0.430–0.470)", "0.500 (0.480–0.520)", "477"),)


def test_audited_scores_are_shown_with_their_interval():
    (line,) = trust_table([entry(audited=AuditedScore(0.5, 0.01, 477))]).lines
    assert "0.500<small>0.480–0.520</small>" in line[1]


def test_a_submission_without_anything_has_no_section():
    assert model_trust_parts(Entry("org/m")) == []
    assert trust_json(Entry("org/m")) == {}


def test_hostile_texts_are_escaped_everywhere(tmp_path, open_page):
    """In names, in reasons of a probe, in settings that differ."""
    manifest = with_trust("org/hostile")
    manifest["tasks"]["sevenllm-en-stress"]["prompt"] = {"name": "<img src=x onerror=alert(1)>", "version": 1, "sha256": "x"}
    probe = probe_of_model("org/hostile")
    tests = [
        replace(
            probe.tests[0], p=None, effect=None, error=None, low=None, high=None, why_not=TEXTS[0] + "<script>alert(1)</script>"
        )
    ]
    from sevenllm_bench.memorisation.probe_file import probe_as_json

    content = json.dumps(probe_as_json(replace(probe, tests=(*tests, *probe.tests[1:])))).encode()
    path = write_files(tmp_path / "in" / "b", manifest, {"probe.json": content})
    (read,), _ = read_submissions([path])
    assert read.refused == ()
    built = build_leaderboard([tmp_path / "in"], tmp_path / "out")
    (file,) = (built.index.parent / "submissions").glob("*.html")
    text = file.read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "not made: " in text
    open_page(file, width=360)
