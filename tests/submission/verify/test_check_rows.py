"""Rows, coverage and prompts of a bundle's samples; every expected finding is written out by hand."""

from dataclasses import replace

import pytest
from run_files import rows_of

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.catalog import leaf_by_name
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.official import SHA256, SHA256_LF
from sevenllm_bench.prompts import STYLES, render
from sevenllm_bench.runs.records import UNKNOWN, LeafRun, Model, Run, Sample, Settings
from sevenllm_bench.submission.verify.check_rows import check_prompts, check_rows

MCQ = "sevenllm_en_mcq"
STYLE = STYLES["alpaca"]
ROWS = rows_of(MCQ)
IDS = [row.id for row in ROWS]
PROMPT = {"name": STYLE.name, "version": STYLE.version, "sha256": STYLE.sha256}
SETTINGS = Settings(limit=None, chat_template=None, system_instruction=None)


@pytest.fixture(scope="module")
def benchmarks():
    return {"embedded": load_benchmark("embedded")}


def a_run(sampled=ROWS, settings=SETTINGS, prompt=None, **leaf):
    samples = tuple(
        Sample(MCQ, row, render(row, STYLE) if prompt is None else prompt(row), "A", {}, {}, read_answer("A", "mcq"))
        for row in sampled
    )
    data = {"name": "embedded", "sha256": load_benchmark("embedded").sha256, "modified": False}
    record = LeafRun(
        MCQ,
        leaf_by_name(MCQ),
        rows=len(sampled),
        rows_in_all=len(ROWS),
        num_fewshot=0,
        prompt=PROMPT,
        signature={"data": data},
    )
    return Run("m", Model("m", "hf"), settings, {MCQ: replace(record, **leaf)}, samples)


def told(findings):
    return [(f.check, f.status, f.detail) for f in findings]


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
        ({"name": "embedded", "sha256": "right"}, "confirmed"),
        ({"name": "embedded", "sha256": "right", "modified": False}, "confirmed"),
        ({"name": "embedded", "sha256": "right", "modified": True}, "differs"),
        ({"name": "embedded", "sha256": "right", "modified": 0.5}, "differs"),
        ({"name": "embedded", "sha256": SHA256}, "differs"),
        ({"name": "embedded"}, "differs"),
    ],
)
def test_the_file_that_was_run_on(benchmarks, data, status):
    known = benchmarks["embedded"].sha256
    data = {name: known if value == "right" else value for name, value in data.items()}
    (found, *_) = check_rows(a_run(signature={"data": data}), benchmarks)
    assert found.status == status
    if status == "differs":
        assert found.detail == f"run on a file with sha256 {data.get('sha256')}, expected {known}"


def test_the_official_file_with_either_line_ending(benchmarks):
    official = {"official": benchmarks["embedded"]}
    for sha256 in (SHA256, SHA256_LF):
        data = {"name": "SEvenLLM-Bench", "sha256": sha256}
        (found, *_) = check_rows(a_run(signature={"data": data}), official)
        assert found.status == "confirmed"


def test_results_without_a_signature(benchmarks):
    (found, *_) = check_rows(a_run(signature={}), benchmarks)
    assert found.status == "unconfirmed"
    assert found.detail == "the results have no signature; run with sevenllm-bench's own tasks"


def test_prompts_as_generated(benchmarks):
    assert told(check_prompts(a_run(), benchmarks)) == [("prompts", "confirmed", "16 prompts")]
    assert told(check_prompts(a_run([]), benchmarks)) == []


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ({}, "no prompt"),
        (PROMPT | {"version": 99}, "prompt 'alpaca', version 99"),
        (PROMPT | {"name": "other"}, f"prompt 'other', version {STYLE.version}"),
        (PROMPT | {"sha256": "0"}, f"prompt 'alpaca', version {STYLE.version}"),
    ],
)
def test_prompts_of_an_unknown_style(benchmarks, prompt, named):
    run = a_run()
    run = replace(run, leaves={MCQ: replace(run.leaves[MCQ], prompt=prompt)})
    detail = f"the results name {named}, which this package can't generate"
    assert told(check_prompts(run, benchmarks)) == [("prompts", "unconfirmed", detail)]


def test_prompts_that_differ(benchmarks):
    def changed(row):
        return render(row, STYLE) + ("!" if row.id in IDS[1:3] else "")

    detail = f"2 prompts are not the generated ones: rows {IDS[1]}, {IDS[2]}"
    assert told(check_prompts(a_run(prompt=changed), benchmarks)) == [("prompts", "differs", detail)]


def test_prompts_that_are_not_there(benchmarks):
    run = a_run()
    run = replace(run, samples=(replace(run.samples[0], prompt=None), *run.samples[1:]))
    assert told(check_prompts(run, benchmarks)) == [("prompts", "unconfirmed", "1 samples have no prompt")]


@pytest.mark.parametrize(
    ("settings", "leaf", "around"),
    [
        (replace(SETTINGS, chat_template="abc"), {}, "a chat template"),
        (replace(SETTINGS, system_instruction="abc"), {}, "a system instruction"),
        (SETTINGS, {"num_fewshot": 3}, "3 few-shot examples"),
        (
            replace(SETTINGS, chat_template="a", system_instruction="b"),
            {"num_fewshot": 1},
            "1 few-shot examples, a chat template, a system instruction",
        ),
    ],
)
def test_prompts_with_something_around_them(benchmarks, settings, leaf, around):
    run = a_run(settings=settings, prompt=lambda row: f"<s>{render(row, STYLE)}</s>")
    run = replace(run, leaves={MCQ: replace(run.leaves[MCQ], **leaf)})
    detail = f"16 prompts contain the generated one; what stands around it can't be confirmed ({around})"
    assert told(check_prompts(run, benchmarks)) == [("prompts", "unconfirmed", detail)]
    run = replace(run, samples=(replace(run.samples[0], prompt="something else"), *run.samples[1:]))
    detail = f"1 prompts are not the generated ones: rows {IDS[0]}"
    assert told(check_prompts(run, benchmarks)) == [("prompts", "differs", detail)]
