"""What the manifest claims, checked place by place; every expected finding is written out by hand."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sevenllm_bench.figures.cells import Cell
from sevenllm_bench.figures.figures import Figure
from sevenllm_bench.runs.records import Model, Run, Settings
from sevenllm_bench.runs.unknown import UNKNOWN
from sevenllm_bench.submission.formats.hub_results import for_the_hub
from sevenllm_bench.submission.verify.check_manifest import check_figures, check_files, check_manifest, check_times

NOW = datetime(2026, 11, 24, 20, 0, 0, tzinfo=UTC)
MCQ, EVENTS = "sevenllm_en_mcq", "sevenllm_en_time_element_acquisition"
ACC = Figure(Cell("section", "en_mcq", "acc", (("en_mcq", "acc"),)), 0.5, 4, 0.25, "96 of 100 rows missing")
HEADLINE = Figure(Cell("overall", "headline", "headline", ()), 0.5, 4, None)
RIGHT = {"id": "en_mcq.acc", "value": 0.5, "rows": 4, "stderr": 0.25, "partial": "96 of 100 rows missing"}


def told(findings):
    return [(f.check, f.what, f.status, f.detail) for f in findings]


def record(content):
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def figures_of(records, figures, unscored=()):
    left_out = for_the_hub(figures, {})[1]
    return check_figures({"figures": records, "left_out_of_hub_formats": left_out}, figures, {}, unscored)


def test_files_and_the_list_of_them(tmp_path):
    for name in ("a", "b", "extra", "manifest.json"):
        (tmp_path / name).write_bytes(name.encode())
    listed = {"a": record(b"a"), "b": record(b"other"), "gone": record(b"")}
    found = list(check_files(tmp_path, ["a", "b", "extra", "manifest.json"], {"files": listed}, {"manifest.json", "a", "b"}))
    other, real = hashlib.sha256(b"other").hexdigest()[:12], hashlib.sha256(b"b").hexdigest()[:12]
    assert told(found) == [
        ("manifest", "b", "differs", f"its sha256 is {real}…, the manifest says {other}…"),
        ("manifest", "gone", "differs", "missing: listed in the manifest, not in the bundle"),
        ("manifest", "extra", "differs", "not listed in the manifest"),
        ("bundle", "extra", "differs", "not a file that a bundle of this run has"),
        ("manifest", "sha256", "confirmed", "1 files"),
    ]
    assert told(check_files(tmp_path, ["a"], {"files": ["a"]}, {"a"})) == [
        ("manifest", "files", "differs", "no list of files in it")
    ]


def test_the_manifest_against_the_results():
    described = {"model": {"name": "m"}, "date": "2026", "tasks": {"t": {"rows": 3}}}
    assert told(check_manifest(described, described)) == [("manifest", key, "confirmed", "") for key in described]
    changed = {"model": {"name": "x", "more": 1}, "tasks": {"t": {}}}
    assert told(check_manifest(changed, described)) == [
        (
            "manifest",
            "model",
            "differs",
            'not what the results say: model.more: unexpected, model.name: "x", expected "m"',
        ),
        ("manifest", "date", "differs", 'not what the results say: date: null, expected "2026"'),
        ("manifest", "tasks", "differs", "not what the results say: tasks.t.rows: missing"),
    ]


def test_figures_that_are_right():
    assert told(figures_of([RIGHT], [ACC])) == [("figures", "en_mcq.acc", "confirmed", "")]
    whole = [{"id": "headline", "value": 0.5, "rows": 4, "stderr": None}]
    assert told(figures_of(whole, [HEADLINE])) == [("figures", "headline", "confirmed", "")]


@pytest.mark.parametrize(
    ("change", "status", "detail"),
    [
        ({"value": 0.6}, "differs", "claimed 0.600000, recomputed 0.500000 (differs by +0.100000)"),
        ({"value": None}, "differs", "missing, or no finite number"),
        ({"rows": 5}, "differs", "it is over 4 rows (96 of 100 rows missing), the manifest says 5 rows"),
        ({"partial": ""}, "differs", "it is over 4 rows (96 of 100 rows missing), the manifest says 4 rows"),
        ({"stderr": 0.3}, "differs", "its standard error is 0.25, the manifest says 0.3"),
        ({"stderr": "e" * 30}, "differs", f"its standard error is 0.25, the manifest says {'e' * 19}…"),
        ({"rows": "r" * 30}, "differs", f"it is over 4 rows (96 of 100 rows missing), the manifest says {'r' * 19}… rows"),
        ({"stderr": None}, "differs", "its standard error is 0.25, the manifest says None"),
        ({"value": 0.6, "rows": 5, "stderr": 1}, "differs", "claimed 0.600000, recomputed 0.500000 (differs by +0.100000)"),
    ],
)
def test_a_figure_that_is_wrong(change, status, detail):
    (found,) = figures_of([RIGHT | change], [ACC])
    assert (found.check, found.what, found.status, found.detail) == ("figures", "en_mcq.acc", status, detail)


@pytest.mark.parametrize(
    ("figures", "lines"),
    [
        (None, ["en_mcq.acc", "figures"]),
        ([], ["en_mcq.acc"]),
        ([RIGHT, RIGHT], ["figures"]),
        ([RIGHT, 7], ["figures"]),
        ([RIGHT, RIGHT | {"id": "en_mcq.charm"}], ["en_mcq.charm"]),
    ],
)
def test_the_list_of_figures(figures, lines):
    found = figures_of(figures, [ACC])
    assert [finding.what for finding in found if finding.status == "differs"] == lines


def test_figures_of_rows_that_were_not_scored_again():
    """Their values are the run's own: the figure must agree with them, and can't be confirmed."""
    records = [{"id": "headline", "value": 0.5, "rows": 4, "stderr": None}, RIGHT]
    found = list(figures_of(records, [HEADLINE, ACC], {"zh_mcq"}))
    assert [(f.status, f.claim) for f in found] == [("unconfirmed", "length"), ("confirmed", "")]
    assert found[0].detail == "some answers are too long to be scored here; their values are the run's own"
    assert [f.status for f in figures_of(records, [ACC], {"en_mcq"})][:1] == ["unconfirmed"]
    (found,) = figures_of([RIGHT | {"value": 0.9999}], [ACC], {"en_mcq"})
    assert found.status == "differs"


@pytest.mark.parametrize(
    ("metric", "needs", "claim"),
    [("semantic", "the embedding model", "semantic"), ("judge", "the judge", "judge"), ("judge_scored", "the judge", "judge")],
)
def test_figures_that_need_a_model(metric, needs, claim):
    figure = Figure(Cell("task", EVENTS, metric, ()), 0.5, 4, None)
    (found,) = figures_of([{"id": figure.id, "value": 0.5, "rows": 4, "stderr": None}], [figure])
    assert (found.status, found.claim, found.of_task, found.claimed, found.found) == ("unconfirmed", claim, True, 0.5, 0.5)
    assert found.detail == f"the mean of its rows' values, which can't be confirmed (needs {needs})"
    (found,) = figures_of([{"id": figure.id, "value": 0.7, "rows": 4}], [figure])
    assert found.status == "differs"


@pytest.mark.parametrize(
    ("date", "created", "what"),
    [
        (0, "2026-11-24T20:00:00Z", None),
        (UNKNOWN, "2026-11-24T20:00:00Z", None),
        (NOW.timestamp(), "2026-11-25T19:00:00Z", None),
        (NOW.timestamp() + 86_000, "2026-11-24T20:00:00Z", None),
        (NOW.timestamp() + 87_000, "2026-11-24T20:00:00Z", "date"),
        (0, "2026-11-25T21:00:00Z", "created"),
        (1e18, "2026-11-24T20:00:00Z", "date"),
        (-1e18, "2026-11-24T20:00:00Z", "date"),
    ],
)
def test_times(date, created, what):
    """The bundle after the run, and neither in the future; a day is left for clocks."""
    run = Run("m", Model("m", "hf"), Settings(), {}, (), date=date)
    found = list(check_times({"created": created}, run, NOW))
    assert [(f.what, f.status) for f in found] == ([(what, "differs")] if what else [])


def test_other_parts_and_what_was_left_out():
    found = [f for f in check_manifest({"date": "2026", "trust": "me"}, {"date": "2026"}) if f.status == "differs"]
    assert [(f.what, f.detail) for f in found] == [("trust", "not a part of a manifest")]
    left_out = for_the_hub([ACC], {})[1]
    assert list(left_out) == ["en_mcq.acc"]
    for given in ({}, {"en_mcq.acc": "other"}, None, {**left_out, "more": "x"}):
        (found,) = [
            f for f in check_figures({"figures": [RIGHT], "left_out_of_hub_formats": given}, [ACC], {}) if f.status == "differs"
        ]
        assert found.what == "left_out_of_hub_formats"


@pytest.mark.parametrize("change", [{"rows": True}, {"more": 1}, {"stderr": "0.25"}])
def test_a_figure_of_another_form(change):
    (found,) = figures_of([RIGHT | change], [replace(ACC, rows=1) if change == {"rows": True} else ACC])
    assert found.status == "differs"
