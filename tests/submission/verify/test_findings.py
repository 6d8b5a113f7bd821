"""Findings, their lines, their JSON, and the exit code."""

import pytest

from sevenllm_bench.submission.verify.findings import CLAIMS, Finding, Verification, figure_finding, some, unconfirmed


def test_a_finding_in_one_line():
    assert Finding("rows", "a\nb", "differs", "one\x1b[0m\ntwo").line == "rows: a\ufffdb: one\ufffd[0m\ufffdtwo"
    assert Finding("rows", "task", "confirmed").line == "rows: task"
    assert Finding("rows", "task", "note", "x" * 5_000).line == f"rows: task: {'x' * 599}…"


def test_a_finding_as_json():
    assert Finding("c", "w", "confirmed").as_json() == {"check": "c", "what": "w", "status": "confirmed"}
    assert Finding("c", "w", "differs", "d", 0.0, 1.0, of_task=True).as_json() == {
        "check": "c",
        "what": "w",
        "status": "differs",
        "detail": "d",
        "claimed": 0.0,
        "found": 1.0,
    }


@pytest.mark.parametrize(
    ("claimed", "found", "status", "detail"),
    [
        (0.5, 0.5, "confirmed", ""),
        (0.5 + 9e-7, 0.5, "confirmed", ""),
        (0.5 - 9e-7, 0.5, "confirmed", ""),
        (0.25, 0.5, "differs", "claimed 0.250000, recomputed 0.500000 (differs by -0.250000)"),
        (0.75, 0.5, "differs", "claimed 0.750000, recomputed 0.500000 (differs by +0.250000)"),
        (None, 0.5, "differs", "missing, or no finite number"),
        (0.5, None, "differs", "no row in the bundle to compute it from"),
        (None, None, "differs", "missing, or no finite number"),
    ],
)
def test_a_figure_claimed_and_recomputed(claimed, found, status, detail):
    assert figure_finding("figures", "acc", claimed, found) == Finding("figures", "acc", status, detail, claimed, found)


@pytest.mark.parametrize(
    ("statuses", "counts", "exit_codes"),
    [
        (["confirmed", "note"], [0, 0, 1, 1], (0, 0)),
        (["unconfirmed", "confirmed", "confirmed"], [0, 1, 0, 2], (0, 1)),
        (["differs"], [1, 0, 0, 0], (1, 1)),
        ([], [0, 0, 0, 0], (0, 0)),
    ],
)
def test_counts_and_exit_codes(statuses, counts, exit_codes):
    verification = Verification(
        tuple(Finding("c", "w", status, claim="judge" * (status == "unconfirmed")) for status in statuses)
    )
    assert list(verification.counts.items()) == list(zip(("differs", "unconfirmed", "note", "confirmed"), counts, strict=True))
    assert (verification.exit_code(allowed={"judge"}), verification.exit_code()) == exit_codes
    assert [finding.status for finding in verification.of("confirmed")] == ["confirmed"] * counts[3]


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, ""), (1, "0"), (5, "0, 1, 2, 3, 4"), (6, "0, 1, 2, 3, 4 and 1 more"), (1505, "0, 1, 2, 3, 4 and 1,500 more")],
)
def test_some_items_of_many(count, text):
    assert some(range(count)) == text
    assert some(["a", "b", "c"], 2) == "a, b and 1 more"


def test_claims_that_are_allowed_by_name():
    found = [unconfirmed("figures", name, name, "why") for name in ("judge", "semantic")]
    verification = Verification((*found, Finding("c", "w", "note")))
    assert [f.what for f in verification.refused()] == ["judge", "semantic"]
    assert [f.what for f in verification.refused({"judge", "prompts"})] == ["semantic"]
    assert [verification.exit_code(allowed) for allowed in ((), {"judge"}, {"judge", "semantic"})] == [1, 1, 0]
    assert Verification((Finding("c", "w", "differs"),)).exit_code(CLAIMS) == 1


def test_a_line_in_words_names_no_identifier_that_has_words():
    for what, words in (
        ("en_mcq.acc", "English, multiple choice (acc)"),
        ("sevenllm_zh_threat_analysis rouge_l", "Threat Analysis, Chinese (rouge_l)"),
        ("sevenllm_en_mcq", "Multiple choice, English"),
        ("headline", "headline"),
        ("run/results_1.json", "run/results_1.json"),
        ("a model", "a model"),
    ):
        finding = Finding("scores", what, "differs", "why")
        assert finding.line_in_words == f"scores: {words}: why"
        assert finding.line == f"scores: {what}: why"
        assert finding.as_json()["what"] == what
        assert finding.as_json().get("title", what) == words
