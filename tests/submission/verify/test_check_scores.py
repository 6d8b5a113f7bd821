"""Scores of a bundle's samples, computed again; every expected finding is written out by hand."""

from dataclasses import replace

import pytest
from run_files import rows_of

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.catalog import TASK_VERSION, leaf_by_name
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.metrics.registry import METRIC_VERSIONS
from sevenllm_bench.runs.records import LeafRun, Model, Run, Sample, Settings
from sevenllm_bench.scoring import score_rows
from sevenllm_bench.submission.verify import check_scores as module
from sevenllm_bench.submission.verify.check_scores import check_scores, rescore

MCQ, EVENTS = "sevenllm_en_mcq", "sevenllm_en_time_element_acquisition"
ROWS = rows_of(MCQ)[:4]
WRONG = {"A": "B", "B": "C", "C": "D", "D": "A"}


@pytest.fixture(scope="module")
def benchmarks():
    return {"embedded": load_benchmark("embedded")}


def sample(row, answer, values, task=MCQ):
    return Sample(task, row, "p", answer, values, values, read_answer(answer, row.kind, row.choices))


def a_run(samples, task=MCQ, **leaf):
    record = LeafRun(task, leaf_by_name(task), version=TASK_VERSION, output_type="generate_until")
    return Run("m", Model("m", "hf"), Settings(), {task: replace(record, **leaf)}, tuple(samples))


def right_and_wrong():
    """Four answers, the first two right."""
    answers = [row.output if place < 2 else WRONG[row.output] for place, row in enumerate(ROWS)]
    return [
        sample(row, answer, {"acc": float(place < 2), "answered": 1.0})
        for place, (row, answer) in enumerate(zip(ROWS, answers, strict=True))
    ]


def told(run, benchmarks):
    return [(f.check, f.what, f.status, f.detail) for f in check_scores(run, rescore(run, benchmarks))]


def test_true_scores(benchmarks):
    run = a_run(right_and_wrong(), metrics={"acc": 0.5, "answered": 1.0})
    assert told(run, benchmarks) == [
        ("task figures", f"{MCQ} acc", "confirmed", ""),
        ("task figures", f"{MCQ} answered", "confirmed", ""),
    ]
    assert list(rescore(run, benchmarks).samples) == list(run.samples)


@pytest.mark.parametrize(("by", "status"), [(9e-7, "confirmed"), (1.1e-6, "differs"), (-9e-7, "confirmed"), (-1.1e-6, "differs")])
def test_scores_and_means_up_to_rounding(benchmarks, by, status):
    first, *others = right_and_wrong()
    off = replace(first, reported={"acc": 1.0 + by, "answered": 1.0})
    run = a_run([off, *others], metrics={"acc": 0.5 + by, "answered": 1.0})
    found = {(check, what): state for check, what, state, _ in told(run, benchmarks)}
    assert found.get(("scores", f"{MCQ} acc"), "confirmed") == status
    assert found["task figures", f"{MCQ} acc"] == status
    assert found["task figures", f"{MCQ} answered"] == "confirmed"


def test_scores_that_are_wrong_and_missing(benchmarks):
    one, two, three, four = right_and_wrong()
    three = replace(three, reported={"acc": 1.0, "answered": 1.0})
    four = replace(four, reported={"answered": 1.0})
    run = a_run([one, two, three, four], metrics={"acc": 0.75, "answered": 1.0})
    detail = f"2 of 4 rows differ: row {three.id} claims 1.000000, recomputed 0.000000, "
    detail += f"row {four.id} claims no value, recomputed 0.000000"
    assert told(run, benchmarks) == [
        ("scores", f"{MCQ} acc", "differs", detail),
        ("task figures", f"{MCQ} acc", "differs", "claimed 0.750000, recomputed 0.500000 (differs by +0.250000)"),
        ("task figures", f"{MCQ} answered", "confirmed", ""),
    ]


def test_a_row_that_was_altered_is_scored_against_the_true_one(benchmarks):
    row = ROWS[0]
    swapped = {"question": row.instruction["question"], "choice": {letter: row.choices[WRONG[letter]] for letter in "ABCD"}}
    altered = replace(row, instruction=swapped, output=WRONG[row.output])
    text = row.choices[row.output]
    run = a_run([sample(altered, text, {"acc": 1.0, "answered": 1.0})], metrics={"acc": 1.0, "answered": 1.0})
    (again,) = rescore(run, benchmarks).samples
    assert again.row == row
    assert again.reading.letter == row.output
    assert again.reported == {"acc": 1.0, "answered": 1.0}
    run = a_run([sample(altered, WRONG[row.output], {"acc": 1.0, "answered": 1.0})], metrics={"acc": 1.0, "answered": 1.0})
    assert [line[2] for line in told(run, benchmarks)] == ["differs", "differs", "confirmed"]


def test_the_likeliest_letter(benchmarks):
    samples = [replace(s, response=None, reported={"acc": 0.0}, metrics={}) for s in right_and_wrong()]
    run = a_run(samples, output_type="multiple_choice", metrics={"acc": 0.0})
    assert [again.reported for again in rescore(run, benchmarks).samples] == [{"acc": value} for value in (1.0, 1.0, 0.0, 0.0)]


@pytest.mark.parametrize("claimed", [0.5, 0.9999])
def test_answers_that_are_not_scored_again_keep_their_values(benchmarks, monkeypatch, claimed):
    """The mean must agree with them all the same: it can't be anything."""
    monkeypatch.setattr(module, "MOST_CHARACTERS", 3)
    run = a_run(right_and_wrong(), metrics={"acc": claimed, "answered": 1.0})
    again = rescore(run, benchmarks)
    assert again.too_long == {MCQ: [ROWS[3].id]}
    assert {s.id for s in again.samples} == {row.id for row in ROWS}
    found = {f.what: f for f in check_scores(run, again)}
    assert found[f"{MCQ} acc"].status == ("unconfirmed" if claimed == 0.5 else "differs")
    assert found[f"{MCQ} answered"].claim == "length"
    why = f"answers of more than 3 characters together; not scored again: rows {ROWS[3].id}"
    assert found[f"{MCQ} answered"].detail == why


@pytest.mark.parametrize("padding", [" " * 100_001, "\n" * 100_001, "<think>" + "so " * 50_000 + "</think>"])
def test_padded_answers_are_scored_as_any_other(benchmarks, padding):
    first, *others = right_and_wrong()
    text = padding + first.response if padding.startswith("<") else first.response + padding
    padded = sample(first.row, text, {"acc": 0.0, "answered": 1.0})
    again = rescore(a_run([padded, *others]), benchmarks)
    assert again.too_long == {}
    assert next(s for s in again.samples if s.id == first.id).reported == {"acc": 1.0, "answered": 1.0}


@pytest.mark.parametrize(("most", "too_long"), [(4, []), (3, [3]), (2, [2, 3]), (0, [0, 1, 2, 3])])
def test_answers_too_long_together(benchmarks, monkeypatch, most, too_long):
    monkeypatch.setattr(module, "MOST_CHARACTERS", most)
    found = rescore(a_run(right_and_wrong()), benchmarks).too_long
    assert found == ({MCQ: [ROWS[place].id for place in too_long]} if too_long else {})


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"judge": 4.0, "judge_scored": 1.0, "semantic": 0.5}, []),
        ({"judge_scored": 0.0}, []),
        ({"judge": 4.5, "judge_scored": 1.0}, ["judge"]),
        ({"judge": 4.0, "judge_scored": 0.0}, ["judge_scored"]),
        ({"judge_scored": 1.0}, ["judge_scored"]),
        ({"judge": 4.0, "judge_scored": 1.0, "empty": True, "semantic": 0.1}, ["semantic"]),
        ({"empty": True, "semantic": 0.0}, []),
    ],
)
def test_values_that_no_model_gives(benchmarks, values, wrong):
    row = rows_of(EVENTS)[0]
    answer = "" if values.pop("empty", False) else row.reference_text
    lexical = score_rows([row], [answer])[0].metrics
    values = {**lexical, **values}
    run = a_run([sample(row, answer, values, EVENTS)], EVENTS, metrics=values)
    found = [f.what for f in check_scores(run, rescore(run, benchmarks)) if f.status == "differs"]
    assert found == [f"{EVENTS} {metric}" for metric in wrong]


def test_a_metric_of_another_kind_of_row(benchmarks):
    first, *others = right_and_wrong()
    run = a_run([replace(first, reported={**first.reported, "rouge_l": 1.0}), *others], metrics={"acc": 0.5, "answered": 1.0})
    found = {what: detail for _, what, status, detail in told(run, benchmarks) if status == "differs"}
    assert found[f"{MCQ} rouge_l"].startswith("missing") or "claims 1.000000, recomputed no value" in found[f"{MCQ} rouge_l"]


@pytest.mark.parametrize(
    ("metric", "signature", "needs"),
    [
        ("semantic", {"embedding": {"model": "labse"}}, "the embedding model labse"),
        ("judge", {"judge": {"model": "a-judge"}}, "the judge a-judge"),
    ],
)
def test_figures_that_need_a_model(benchmarks, metric, signature, needs):
    row = rows_of(EVENTS)[0]
    values = {"value_f1": 1.0, "value_f1_norm": 1.0, "json_valid": 1.0, metric: 0.5}
    means = {"value_f1": 1.0, metric: 0.5}
    run = a_run([sample(row, row.reference_text, values, EVENTS)], EVENTS, metrics=means, signature=signature)
    found = {line[1]: line[2:] for line in told(run, benchmarks)}
    detail = f"the mean of its rows' values, which can't be confirmed (needs {needs})"
    assert found[f"{EVENTS} {metric}"] == ("unconfirmed", detail)
    assert found[f"{EVENTS} value_f1"] == ("confirmed", "")
    assert found[f"{EVENTS} json_valid"] == ("differs", "missing, or no finite number")
    run = replace(run, leaves={EVENTS: replace(run.leaves[EVENTS], metrics=means | {metric: 0.6})})
    assert {line[1]: line[2] for line in told(run, benchmarks)}[f"{EVENTS} {metric}"] == "differs"


def test_versions(benchmarks):
    versions = {"acc": 99, "answered": METRIC_VERSIONS["answered"], "charm": 1}
    run = a_run(
        right_and_wrong(), version="0-Z", signature={"metrics": versions, "reading": 1}, metrics={"acc": 0.5, "answered": 1.0}
    )
    assert told(run, benchmarks)[:4] == [
        ("scores", MCQ, "unconfirmed", f"task version 0-Z, this package has {TASK_VERSION}"),
        ("scores", MCQ, "unconfirmed", "answers read by version 1, this package has 2"),
        ("scores", f"{MCQ} acc", "unconfirmed", f"version 99, this package has {METRIC_VERSIONS['acc']}"),
        ("scores", f"{MCQ} charm", "unconfirmed", "version 1, this package has None"),
    ]
    assert [line[2] for line in told(run, benchmarks)[4:]] == ["confirmed", "confirmed"]
