"""What a bundle claims, checked place by place; every expected finding is written out by hand."""

import hashlib
import json

import pytest
from run_files import rows_of

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.catalog import leaf_by_name
from sevenllm_bench.figures.cells import Cell
from sevenllm_bench.figures.figures import Figure
from sevenllm_bench.runs.records import LeafRun, Model, Run, Sample, Settings
from sevenllm_bench.submission.verify import check_claims
from sevenllm_bench.submission.verify.check_claims import check_figures, check_files, check_groups, check_manifest

MCQ, EVENTS = "sevenllm_en_mcq", "sevenllm_en_time_element_acquisition"
ACC = Figure(Cell("section", "en_mcq", "acc", (("en_mcq", "acc"),)), 0.5, 4, 0.25, "96 of 100 rows missing")
HEADLINE = Figure(Cell("overall", "headline", "headline", ()), 0.5, 4, None)
RIGHT = {"id": "en_mcq.acc", "value": 0.5, "rows": 4, "stderr": 0.25, "partial": "96 of 100 rows missing"}


def told(findings):
    return [(f.check, f.what, f.status, f.detail) for f in findings]


def record(content):
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_files_and_the_list_of_them(tmp_path):
    for name in ("a", "b", "extra", "manifest.json"):
        (tmp_path / name).write_bytes(name.encode())
    listed = {"a": record(b"a"), "b": record(b"other"), "gone": record(b"")}
    found = list(check_files(tmp_path, ["a", "b", "extra", "manifest.json"], {"files": listed}))
    other, real = hashlib.sha256(b"other").hexdigest()[:12], hashlib.sha256(b"b").hexdigest()[:12]
    assert told(found) == [
        ("manifest", "b", "differs", f"its sha256 is {real}…, the manifest says {other}…"),
        ("manifest", "gone", "differs", "missing: listed in the manifest, not in the bundle"),
        ("manifest", "extra", "differs", "not listed in the manifest"),
        ("manifest", "sha256", "confirmed", "1 files"),
    ]
    assert told(check_files(tmp_path, ["a"], {"files": ["a"]})) == [("manifest", "files", "differs", "no list of files in it")]


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


@pytest.mark.parametrize(
    ("wanted", "found", "differences"),
    [
        ([1, 2], [1, 2], []),
        ([1, 2], [1, 3], ["x[1]: 3, expected 2"]),
        ([1, 2], [1], ["x: 1 entries, expected 2"]),
        ([[1]], [[2]], ["x[0][0]: 2, expected 1"]),
        (1.0, 1.0 + 9e-7, []),
        (1.0, 1.0 + 1.1e-6, ["x: 1.0000011, expected 1.0"]),
        (1, True, ["x: true, expected 1"]),
        (None, 0, ["x: 0, expected null"]),
        ({}, [], ["x: list, expected dict"]),
        ("a", "a", []),
        (float("nan"), 1.0, ["x: 1.0, expected NaN"]),
    ],
)
def test_differences_of_json_values(wanted, found, differences):
    assert list(check_claims._differences(wanted, found, "x")) == differences


def test_long_keys_and_values_are_cut():
    found, wanted = f'"{"f" * 58}…', f'"{"w" * 58}…'
    assert list(check_claims._differences("w" * 100, "f" * 100, "x")) == [f"x: {found}, expected {wanted}"]
    key, shown = "k" * 100, "k" * 79 + "…"
    assert list(check_claims._differences({key: 1}, {}, "x")) == [f"x.{shown}: missing"]
    assert list(check_claims._differences({}, {key: 1}, "x")) == [f"x.{shown}: unexpected"]
    assert list(check_claims._differences({key: 1}, {key: 2}, "x")) == [f"x.{shown}: 2, expected 1"]


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}])
def test_sixty_levels_are_compared_and_no_more(wrap):
    def nested(levels, value):
        for _ in range(levels):
            value = wrap(value)
        return value

    assert list(check_claims._differences(nested(60, 1), nested(60, 1), "x")) == []
    assert len(list(check_claims._differences(nested(60, 1), nested(60, 2), "x"))) == 1
    (line,) = check_claims._differences(nested(61, 1), nested(61, 1), "x")
    assert line.endswith(": too deep")


def test_figures_that_are_right():
    assert told(check_figures({"figures": [RIGHT]}, [ACC], frozenset())) == [("figures", "en_mcq.acc", "confirmed", "")]
    whole = [{"id": "headline", "value": 0.5, "rows": 4, "stderr": None}]
    assert told(check_figures({"figures": whole}, [HEADLINE], frozenset())) == [("figures", "headline", "confirmed", "")]


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
    (found,) = check_figures({"figures": [RIGHT | change]}, [ACC], frozenset())
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
    found = check_figures({"figures": figures}, [ACC], frozenset())
    assert [finding.what for finding in found if finding.status == "differs"] == lines


def test_figures_of_rows_that_could_not_be_scored():
    records = [{"id": "headline", "value": 0.5, "rows": 4, "stderr": None}, RIGHT]
    found = told(check_figures({"figures": records}, [HEADLINE, ACC], frozenset({"zh_mcq"})))
    assert [line[2] for line in found] == ["unconfirmed", "confirmed"]
    assert found[0][3] == "some answers are too long to be scored here"
    assert next(f.status for f in check_figures({"figures": records}, [ACC], frozenset({"en_mcq"}))) == "unconfirmed"


@pytest.mark.parametrize(
    ("metric", "needs"), [("semantic", "the embedding model"), ("judge", "the judge"), ("judge_scored", "the judge")]
)
def test_figures_that_need_a_model(metric, needs):
    figure = Figure(Cell("task", EVENTS, metric, ()), 0.5, 4, None)
    (found,) = check_figures({"figures": [{"id": figure.id, "value": 0.5, "rows": 4}]}, [figure], frozenset())
    assert (found.status, found.of_task, found.claimed, found.found) == ("unconfirmed", True, 0.5, 0.5)
    assert found.detail == f"the mean of its rows' values, which can't be confirmed (needs {needs})"
    (found,) = check_figures({"figures": [{"id": figure.id, "value": 0.7, "rows": 4}]}, [figure], frozenset())
    assert found.status == "differs"


def groups_run():
    rows = {MCQ: rows_of(MCQ)[:2], EVENTS: rows_of(EVENTS)[:1]}
    metrics = {MCQ: [{"acc": 1.0}, {"acc": 0.5}], EVENTS: [{"value_f1": 0.25, "semantic": 0.9}]}
    samples = tuple(
        Sample(task, row, "p", "", values, values, read_answer("", row.kind))
        for task in rows
        for row, values in zip(rows[task], metrics[task], strict=True)
    )
    leaves = {task: LeafRun(task, leaf_by_name(task)) for task in rows}
    return Run("m", Model("m", "hf"), Settings(), leaves, samples)


def test_group_figures_are_means_over_rows():
    run = groups_run()
    members = {"sevenllm_en": [MCQ, "sevenllm_en_inner"], "sevenllm_en_inner": [EVENTS, "sevenllm_en"], "sevenllm_none": ["x"]}
    results = {
        "groups": {
            "sevenllm_en": {"acc,none": 0.75, "value_f1,none": 0.3, "semantic,none": 0.1, "alias": "x"},
            "sevenllm_en_inner": {"acc,none": 0.75, "rouge_l,none": 0.5},
            "sevenllm_none": {"acc,none": 0.5},
            "mmlu": {"acc,none": 0.1},
            "sevenllm_broken": 7,
        },
        "group_subtasks": members,
    }
    assert told(check_groups(results, run, run.samples)) == [
        (
            "group figures",
            "sevenllm_en value_f1",
            "differs",
            "claimed 0.300000, recomputed 0.250000 (differs by +0.050000)",
        ),
        ("group figures", "sevenllm_en acc", "confirmed", ""),
        ("group figures", "sevenllm_en_inner rouge_l", "differs", "no row in the bundle to compute it from"),
        ("group figures", "sevenllm_en_inner acc", "confirmed", ""),
    ]
    assert list(check_groups({"groups": []}, run, run.samples)) == []


def test_a_file_made_from_the_run(tmp_path):
    def told_of(wanted, name="a.json"):
        found = check_claims._format("hub results", tmp_path, name, wanted)
        return found.check, found.what, found.status, found.detail

    assert told_of([]) == ("hub results", "a.json", "confirmed", "no figure of the run qualifies, and none is there")
    assert told_of({"a": 1}) == ("hub results", "a.json", "differs", "missing")
    (tmp_path / "a.json").write_text('{"a": 1, "b": [1, 2, 3, 4, 5]}')
    assert told_of([]) == ("hub results", "a.json", "differs", "there, though no figure of the run qualifies")
    assert told_of({"a": 1, "b": [1, 2, 3, 4, 5]}) == ("hub results", "a.json", "confirmed", "")
    assert told_of({"a": 1, "b": [5, 4, 3, 2, 1]})[2:] == (
        "differs",
        "4 values differ: .b[0]: 1, expected 5, .b[1]: 2, expected 4, .b[3]: 4, expected 2 and 1 more",
    )
    (tmp_path / "a.json").write_text('{"a": 1}' + " " * 70_000)
    assert told_of({"a": 1})[2] == "confirmed"
    (tmp_path / "a.json").write_text('{"a": ')
    assert told_of({"a": 1})[2:][1].startswith("a.json: broken JSON")
    (tmp_path / "a.yaml").write_text("a: [1")
    assert told_of({"a": 1}, "a.yaml")[3].startswith("a.yaml: broken YAML")
    (tmp_path / "a.yaml").write_text("a: 1" + " " * (65_536 - 4))
    assert told_of({"a": 1}, "a.yaml")[2] == "confirmed"
    (tmp_path / "a.yaml").write_text("a: 1" + " " * (65_536 - 3))
    assert told_of({"a": 1}, "a.yaml")[3] == "a.yaml: 65,537 bytes, too large for this file"


@pytest.mark.parametrize(
    ("lines", "detail"),
    [
        (['{"a": 1}', "", '{"a": 2}'], ""),
        (['{"a": 1}'], "1 values differ: line 2: missing"),
        (['{"a": 1}', '{"a": 3}'], "1 values differ: line 2.a: 3, expected 2"),
        (['{"a": 1}', '{"a": 2}', "{}"], "1 values differ: more lines than the run has rows and metrics"),
        (["{", '{"a": 2}'], "1 values differ: line 1: broken JSON"),
    ],
)
def test_lines_of_instances(tmp_path, lines, detail):
    (tmp_path / "i.jsonl").write_text("\n".join(lines))
    found = check_claims._instances(tmp_path / "i.jsonl", "i.jsonl", iter([{"a": 1}, {"a": 2}]))
    assert (found.check, found.what, found.status) == ("every_eval_ever", "i.jsonl", "differs" if detail else "confirmed")
    assert found.detail.startswith(detail)


def test_of_many_lines_that_differ_some_hundred_are_read(tmp_path):
    (tmp_path / "i.jsonl").write_text("\n".join(json.dumps({"a": 0}) for _ in range(500)))
    found = check_claims._instances(tmp_path / "i.jsonl", "i.jsonl", iter([{"a": 1}] * 500))
    assert found.detail.startswith("101 values differ: line 1.a: 0, expected 1, line 2.a")
    (tmp_path / "i.jsonl").write_text("\n".join(json.dumps({"a": 0}) for _ in range(100)))
    found = check_claims._instances(tmp_path / "i.jsonl", "i.jsonl", iter([{"a": 1}] * 100 + [{"a": 0}]))
    assert found.detail.endswith("98 more")
