"""Rows and coverage of a bundle's samples; every expected finding is written out by hand."""

from dataclasses import replace

import pytest
from mcq_run import IDS, ROWS, SETTINGS, a_run, told

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.official import SHA256, SHA256_LF
from sevenllm_bench.runs.unknown import UNKNOWN
from sevenllm_bench.submission.verify.check_rows import check_rows


@pytest.fixture(scope="module")
def benchmarks():
    return {"embedded": load_benchmark("embedded")}


GOOD = [
    ("data", "confirmed", ""),
    ("rows", "confirmed", "16 rows"),
    ("coverage", "confirmed", "16 of 16 rows"),
]


def test_a_whole_run(benchmarks):
    assert len(ROWS) == 16
    assert told(check_rows(a_run(), benchmarks)) == GOOD


def test_rows_of_which_fields_were_changed(benchmarks):
    changed = [replace(ROWS[0], input="x", thought="y"), replace(ROWS[1], output="Z"), *ROWS[2:]]
    found = told(check_rows(a_run(changed), benchmarks))
    detail = f"2 rows are not the embedded ones: {IDS[0]} (input, thought), {IDS[1]} (output)"
    assert found == [GOOD[0], ("rows", "differs", detail), GOOD[2]]


def test_rows_of_another_task_and_none(benchmarks):
    foreign = replace(ROWS[0], id=7)
    found = told(check_rows(a_run([foreign, *ROWS[1:]]), benchmarks))
    assert found == [
        GOOD[0],
        GOOD[1],
        ("coverage", "differs", "rows that are not the task's: 7"),
        ("coverage", "differs", f"1 of 16 rows missing: {IDS[0]}"),
    ]
    assert told(check_rows(a_run([]), benchmarks)) == [
        GOOD[0],
        ("coverage", "differs", f"16 of 16 rows missing: {', '.join(map(str, IDS[:5]))} and 11 more"),
    ]


def test_counts_in_the_results(benchmarks):
    found = told(check_rows(a_run(rows_in_all=17, rows=15), benchmarks))
    assert found == [
        *GOOD[:2],
        ("coverage", "differs", "the results say the task has 17 rows, it has 16"),
        ("coverage", "differs", "the results count 15 rows, the samples have 16"),
        GOOD[2],
    ]


@pytest.mark.parametrize(
    ("limit", "rows", "lines"),
    [
        (None, 16, []),
        (-1, 16, []),
        (0.01, 1, [("limit", "note", "limit 0.01: 1 of 16 rows, so no figure of the benchmark")]),
        (16, 16, []),
        (17, 16, []),
        (1, 1, [("limit", "note", "limit 1: 1 of 16 rows, so no figure of the benchmark")]),
        (15, 15, [("limit", "note", "limit 15: 15 of 16 rows, so no figure of the benchmark")]),
        (0.5, 8, [("limit", "note", "limit 0.5: 8 of 16 rows, so no figure of the benchmark")]),
        (0.51, 9, [("limit", "note", "limit 0.51: 9 of 16 rows, so no figure of the benchmark")]),
        (UNKNOWN, 16, [("limit", "unconfirmed", "the results don't say whether the run was limited")]),
    ],
)
def test_limits(benchmarks, limit, rows, lines):
    found = told(check_rows(a_run(ROWS[:rows], replace(SETTINGS, limit=limit)), benchmarks))
    assert found == [GOOD[0], ("rows", "confirmed", f"{rows} rows"), *lines, ("coverage", "confirmed", f"{rows} of 16 rows")]


def test_a_limit_of_no_rows(benchmarks):
    found = told(check_rows(a_run([], replace(SETTINGS, limit=0)), benchmarks))
    assert found == [GOOD[0], ("limit", "note", "limit 0: 0 of 16 rows, so no figure of the benchmark")]


def test_rows_beyond_the_limit(benchmarks):
    found = told(check_rows(a_run(ROWS[:3], replace(SETTINGS, limit=2)), benchmarks))
    assert found[2:] == [
        ("limit", "differs", f"the run's limit is 2, but rows beyond it are there: {IDS[2]}"),
        ("limit", "note", "limit 2: 2 of 16 rows, so no figure of the benchmark"),
        ("coverage", "confirmed", "3 of 16 rows"),
    ]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"name": "sevenllm-bench embedded", "sha256": "right"}, "confirmed"),
        ({"name": "sevenllm-bench embedded", "sha256": "right", "modified": False}, "confirmed"),
        ({"name": "embedded", "sha256": "right", "modified": True}, "differs"),
        ({"name": "embedded", "sha256": "right", "modified": 0.5}, "differs"),
        ({"name": "embedded", "sha256": SHA256}, "differs"),
        ({"name": "embedded"}, "differs"),
        ({"name": "embedded", "sha256": ["a"]}, "differs"),
        ({"name": "embedded", "sha256": {}}, "differs"),
    ],
)
def test_the_file_that_was_run_on(benchmarks, data, status):
    known = benchmarks["embedded"].sha256
    data = {name: known if value == "right" else value for name, value in data.items()}
    (found, *_) = check_rows(a_run(signature={"data": data, "language": "en"}), benchmarks)
    assert found.status == status
    if status == "differs":
        assert found.detail == f"run on a file with sha256 {data.get('sha256')}, expected {known}"


def test_the_official_file_with_either_line_ending(benchmarks):
    from sevenllm_bench.data.hub import REVISION

    official = {"official": replace(benchmarks["embedded"], source="official", sha256=SHA256)}
    data = {"name": "SEvenLLM-Bench", "revision": REVISION, "modified": False}
    for sha256 in (SHA256, SHA256_LF):
        signature = {"data": {**data, "sha256": sha256}, "language": "en"}
        (found, *_) = check_rows(a_run(signature=signature), official)
        assert found.status == "confirmed"
    for change in ({"data": {**data, "sha256": SHA256, "revision": "b" * 40}}, {"language": "zh"}, {"language": None}):
        (found, *_) = check_rows(a_run(signature={**signature, **change}), official)
        assert found.status == "differs"
        assert found.detail.startswith("the signature is of other data: ")


def test_results_without_a_signature(benchmarks):
    (found, *_) = check_rows(a_run(signature={}), benchmarks)
    assert found.status == "unconfirmed"
    assert found.detail == "the results have no signature; run with sevenllm-bench's own tasks"
