"""Verification of the tasks beside the benchmark: items by the seed of the noise, questions with all rotations or some."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_tasks.encoder_task import ENCODER_TASK_VERSION, encoder_task_by_name
from sevenllm_bench.encoder_tasks.stress import row_of
from sevenllm_bench.encoder_tasks.task_scoring import items_of, score_items
from sevenllm_bench.metrics.signature import encoder_signature
from sevenllm_bench.prompts import STYLES, render
from sevenllm_bench.runs.encoder_records import EncoderTaskRun, ItemSample
from sevenllm_bench.runs.records import Model, Run, Settings
from sevenllm_bench.submission.verify.check_encoder_tasks import check_encoder_tasks, rescore_items
from sevenllm_bench.submission.verify.check_item_prompts import check_item_prompts

BENCHMARK = load_benchmark("embedded")
BENCHMARKS = {"embedded": BENCHMARK}
STYLE = STYLES["alpaca"]
PROMPT = {"name": STYLE.name, "version": STYLE.version, "sha256": STYLE.sha256}


def run_of(name, answer, limit=None, **parts):
    entry = encoder_task_by_name(name)
    signature = encoder_signature(entry.metrics, entry.language, BENCHMARK.description, **parts)
    items = items_of(entry, BENCHMARK, signature)
    asked = items[: -(-limit // entry.documents_per_item) if limit else None]
    answers = [answer(item) for item in asked]
    values = score_items(entry, asked, answers)
    prompts = [render(row_of(item) if name.endswith("stress") else BENCHMARK.by_id[item.id], STYLE) for item in asked]
    samples = tuple(
        ItemSample(name, item, own, metrics, str(own), prompt)
        for item, own, metrics, prompt in zip(asked, answers, values, prompts, strict=True)
    )
    means = {metric: [own[metric] for own in values if metric in own] for metric in entry.metrics}
    figures = {metric: sum(own) / len(own) for metric, own in means.items() if own}
    task = EncoderTaskRun(
        name,
        entry,
        version=ENCODER_TASK_VERSION,
        rows=len(asked),
        rows_in_all=len(items),
        num_fewshot=0,
        output_type="generate_until",
        prompt=PROMPT,
        signature=signature,
        metrics=figures,
    )
    settings = Settings(limit=limit, chat_template=None)
    run = Run("a-model", Model("a-model", "hf"), settings, {}, (), encoder_tasks={name: task}, item_samples=samples)
    results = {"results": {name: {f"{metric}_stderr,none": "N/A" for metric in entry.metrics}}, "config": {"bootstrap_iters": 0}}
    return run, results


@pytest.fixture(scope="module")
def noisy():
    return run_of("sevenllm-en-stress", lambda item: "An answer.", stress={"version": 1, "seed": 5})


def test_rows_with_noise_are_confirmed_by_their_seed(noisy):
    run, results = noisy
    findings = [*check_encoder_tasks(run, results, BENCHMARKS), *check_item_prompts(run, BENCHMARKS, None)]
    assert {finding.status for finding in findings} == {"confirmed"}, findings
    assert [sample.metrics for sample in rescore_items(run, BENCHMARKS)] == [sample.metrics for sample in run.item_samples]


def test_another_seed_than_the_signature_says_is_found(noisy):
    run, results = noisy
    task = run.encoder_tasks["sevenllm-en-stress"]
    other = replace(task, signature={**task.signature, "stress": {"version": 1, "seed": 6}})
    found = list(check_encoder_tasks(replace(run, encoder_tasks={task.task: other}), results, BENCHMARKS))
    assert [(finding.check, finding.status) for finding in found if finding.check == "items"] == [("items", "differs")]


def test_questions_in_every_rotation_are_confirmed_and_a_lie_is_found():
    name = "sevenllm-zh-mcq-circular"
    run, results = run_of(name, lambda item: ["B"] * 4)
    findings = [*check_encoder_tasks(run, results, BENCHMARKS), *check_item_prompts(run, BENCHMARKS, None)]
    assert {finding.status for finding in findings} == {"confirmed"}, findings
    lie = replace(run.item_samples[0], metrics={"circular_acc": 1.0, "acc": 1.0, "answered": 1.0})
    wrong = list(check_encoder_tasks(replace(run, item_samples=(lie, *run.item_samples[1:])), results, BENCHMARKS))
    assert {finding.status for finding in wrong} == {"confirmed", "differs"}


def test_a_limit_counts_rotations():
    run, results = run_of("sevenllm-zh-mcq-circular", lambda item: ["B"] * 4, limit=8)
    assert len(run.item_samples) == 2
    assert {finding.status for finding in check_encoder_tasks(run, results, BENCHMARKS)} == {"confirmed", "note"}
