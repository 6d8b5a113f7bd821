"""The drop under noise: rows paired by id, means and intervals by hand, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sevenllm_bench.catalog import LEAVES
from sevenllm_bench.comparison.mcq_words import mcq_lines
from sevenllm_bench.comparison.stress_drop import stress_drop
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.encoder_tasks.task_scoring import items_of, score_items
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.cells import RowValues, metric_cells
from sevenllm_bench.runs.encoder_records import EncoderTaskRun, ItemSample
from sevenllm_bench.runs.records import LeafRun, Model, Run, Sample, Settings
from sevenllm_bench.scoring import score_rows

BENCHMARK = load_benchmark("embedded")
ROWS = [row for row in BENCHMARK.rows if row.kind != "mcq"]
PROMPT = {"name": "alpaca", "version": 1, "sha256": "1"}
SIGNATURE = {"stress": {"version": 1, "seed": 3}, "reading": 2}


def clean_run(answer, rows=ROWS, model="an-org/a-model"):
    samples = tuple(
        Sample(s.row.leaf.name, s.row, None, answer(s.row), s.metrics, s.metrics, s.reading)
        for s in score_rows(rows, [answer(row) for row in rows])
    )
    used = {sample.task for sample in samples}
    leaves = {
        leaf.name: LeafRun(leaf.name, leaf, num_fewshot=0, prompt=PROMPT, signature={"reading": 2})
        for leaf in LEAVES
        if leaf.name in used
    }
    return Run("clean", Model(model, "hf"), Settings(), leaves, samples)


def noisy_run(answer, model="an-org/a-model", languages=("en", "zh")):
    tasks, samples = {}, []
    for language in languages:
        entry = encoder_task_by_name(f"sevenllm-{language}-stress")
        items = items_of(entry, BENCHMARK, SIGNATURE)
        answers = [answer(BENCHMARK.by_id[item.id]) for item in items]
        values = score_items(entry, items, answers)
        samples += [
            ItemSample(entry.name, item, text, metrics) for item, text, metrics in zip(items, answers, values, strict=True)
        ]
        tasks[entry.name] = EncoderTaskRun(
            entry.name, entry, rows=len(items), rows_in_all=len(items), num_fewshot=0, prompt=PROMPT, signature=SIGNATURE
        )
    return Run("noisy", Model(model, "hf"), Settings(), {}, (), encoder_tasks=tasks, item_samples=tuple(samples))


def right(row):
    return row.reference_text


@pytest.fixture(scope="module")
def clean():
    return clean_run(right)


def test_a_model_that_ignores_the_text_has_drop_0(clean):
    found = stress_drop(clean, noisy_run(right), resamples=200)
    assert found.rows == 224
    assert found.unpaired == ()
    assert found.noise == {"version": 1, "seed": 3}
    assert [drop.paired.difference for drop in found.drops] == [0.0] * len(found.drops)
    assert all(drop.p is None and drop.paired.why_not.startswith("no row differs") for drop in found.drops)
    names = [drop.name for drop in found.drops if drop.level != "noise"]
    assert names[:3] == ["both languages", "English", "Chinese"]
    assert names[3:] == [f"{language}, {kind}" for language in ("English", "Chinese") for kind in ("understanding", "generation")]
    assert sum(drop.rows for drop in found.drops if drop.level == "noise") == 224


def test_the_drop_is_that_of_the_answers_that_change(clean):
    """A model that gives up where the row's id is even loses half of each kind of row."""
    found = stress_drop(clean, noisy_run(lambda row: right(row) if row.id % 2 else ""), resamples=500)
    by_name = {drop.name: drop for drop in found.drops}
    even = {
        (language, kind): [row.id % 2 == 0 for row in ROWS if (row.language, row.kind) == (language, kind)]
        for language in ("en", "zh")
        for kind in ("understanding", "generation")
    }
    shares = {key: sum(flags) / len(flags) for key, flags in even.items()}
    assert by_name["English, understanding"].paired.difference == pytest.approx(shares["en", "understanding"])
    total = by_name["English"]
    assert total.paired.difference == pytest.approx((shares["en", "understanding"] + shares["en", "generation"]) / 2)
    assert (total.clean, total.noisy) == (1.0, pytest.approx(1 - total.paired.difference))
    # 112 rows that lose 1 or nothing: the standard error is sqrt(0.25 / 112) = 0.047.
    assert total.paired.interval.low == pytest.approx(0.5 - 1.98 * 0.047, abs=0.03)
    assert total.paired.interval.high == pytest.approx(0.5 + 1.98 * 0.047, abs=0.03)
    assert total.p < 0.05
    assert found.as_json()["drops"][0]["drop"] == by_name["both languages"].paired.difference


def test_rows_that_one_run_lacks_are_named(clean):
    part = clean_run(right, ROWS[:40])
    found = stress_drop(part, noisy_run(right, languages=("en",)), resamples=200)
    assert found.rows == 40
    assert len(found.unpaired) == 112 - 40
    with pytest.raises(ResultsError, match="none of the rows that noisy has with noise"):
        stress_drop(clean_run(right, [row for row in ROWS if row.language == "zh"][:2]), noisy_run(right, languages=("en",)))
    with pytest.raises(ResultsError, match="no rows with noise in it; run lm_eval with --tasks sevenllm-en-stress"):
        stress_drop(clean, clean)


def test_runs_that_differ_in_more_than_the_noise_are_refused(clean):
    other = noisy_run(right, model="an-org/another", languages=("en",))
    changed = replace(other.encoder_tasks["sevenllm-en-stress"], prompt={"name": "cot"}, num_fewshot=3)
    other = replace(other, encoder_tasks={"sevenllm-en-stress": changed})
    with pytest.raises(ResultsError) as caught:
        stress_drop(clean, other)
    assert "model: an-org/a-model without noise, an-org/another with noise" in str(caught.value)
    assert "few-shot examples: 0 without noise, 3 with noise" in str(caught.value)
    assert "prompt: " in str(caught.value)
    forced = stress_drop(clean, other, resamples=200, force=True)
    assert len(forced.forced) == 3


def test_texts_and_rows_that_are_not_what_they_should_be_are_refused(clean):
    run = noisy_run(right, languages=("en",))
    first, second, *rest = run.item_samples

    def with_row(sample, **fields):
        row = {**sample.item.document["row"], **fields}
        return replace(sample, item=replace(sample.item, document={**sample.item.document, "row": row}))

    forged = replace(run, item_samples=(with_row(first, input="Easy."), with_row(second, category="Impact Scope"), *rest))
    with pytest.raises(ResultsError) as caught:
        stress_drop(clean, forged)
    assert f"1 are not the clean text with the noise of the run's seed ({first.id})" in str(caught.value)
    assert f"1 differ in more than the incident text ({second.id})" in str(caught.value)


def test_figures_of_stress_tasks_are_apart_from_those_of_the_benchmark():
    run = noisy_run(right, languages=("en",))
    values = RowValues(run)
    cells = metric_cells(run, "value_f1")
    own = [cell for cell in cells if values.has(cell)]
    assert [(cell.level, cell.name) for cell in own] == [("encoder task", "sevenllm-en-stress")]
    assert len(values.values(own[0])[0]) == 52
    score = next(cell for cell in metric_cells(run, "stress_score") if values.has(cell))
    assert len(values.values(score)[0]) == 112
    assert not [cell for cell in metric_cells(run, "rouge_l") if cell.level == "overall" and values.has(cell)]


def test_multiple_choice_has_its_baselines_and_preferences_in_words():
    rows = [row for row in BENCHMARK.rows if row.kind == "mcq" and row.language == "en"]
    run = clean_run(right, rows)
    entry = encoder_task_by_name("sevenllm-en-mcq-circular")
    items = items_of(entry, BENCHMARK)
    samples = tuple(ItemSample(entry.name, item, ["C"] * 4, {}) for item in items)
    run = replace(run, encoder_tasks={entry.name: EncoderTaskRun(entry.name, entry)}, item_samples=samples)
    baselines, in_every, preference = mcq_lines([run])
    assert in_every.startswith("Without knowledge, multiple choice in every rotation in English scores, as circular_acc and acc:")
    assert mcq_lines([replace(run, leaves={}, samples=())]) == [in_every, preference]
    assert baselines.startswith("Without knowledge, multiple choice in English scores: always A 0.250")
    assert preference.startswith(
        "clean, Multiple choice in every rotation, English: prefers C; share of answers less 1/4: A -0.250"
    )
    assert "C +0.750 (+0.750 to +0.750)" in preference
