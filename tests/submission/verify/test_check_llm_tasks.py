"""Verification of the tasks beside the benchmark: items by the seed of the noise, questions with all rotations or some."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_tasks.encoder_task import ENCODER_TASK_VERSION, encoder_task_by_name
from sevenllm_bench.encoder_tasks.stress import row_of
from sevenllm_bench.encoder_tasks.task_scoring import further_figures, items_of, score_items
from sevenllm_bench.metrics.registry import READING_VERSION
from sevenllm_bench.metrics.signature import encoder_signature
from sevenllm_bench.prompts import STYLES, render
from sevenllm_bench.runs.encoder_records import EncoderTaskRun, ItemSample
from sevenllm_bench.runs.records import Model, Run, Settings
from sevenllm_bench.submission.verify import check_scores, rescored_tasks
from sevenllm_bench.submission.verify.check_encoder_tasks import check_encoder_tasks
from sevenllm_bench.submission.verify.check_item_prompts import check_item_prompts
from sevenllm_bench.submission.verify.rescored_tasks import rescore_items

BENCHMARK = load_benchmark("embedded")
BENCHMARKS = {"embedded": BENCHMARK}
STYLE = STYLES["alpaca"]
PROMPT = {"name": STYLE.name, "version": STYLE.version, "sha256": STYLE.sha256}


def sent(entry, item):
    """Number of a document to its prompt."""
    if entry.documents_per_item == 1:
        return {0: render(row_of(item), STYLE)}
    texts = item.document["choices"]
    return {number: by_hand(item, texts[-number:] + texts[:-number]) for number in range(4)}


def by_hand(item, texts):
    """The prompt of a question with its options in the order given: the one of the row, with other texts behind the letters."""
    row = BENCHMARK.by_id[item.id]
    choice = dict(zip("ABCD", texts, strict=True))
    return render(replace(row, instruction={"question": row.instruction["question"], "choice": choice}), STYLE)


def run_of(name, answer, limit=None, **parts):
    entry = encoder_task_by_name(name)
    signature = encoder_signature(entry.metrics, entry.language, BENCHMARK.description, **parts) | {"reading": READING_VERSION}
    items = items_of(entry, BENCHMARK, signature)
    asked = items[: -(-limit // entry.documents_per_item) if limit else None]
    answers = [answer(item) for item in asked]
    values = score_items(entry, asked, answers)
    prompts = [sent(entry, item) for item in asked]
    samples = tuple(
        ItemSample(name, item, own, metrics, str(own), prompt[0], prompt if len(prompt) > 1 else {})
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
        further=further_figures(entry, asked, answers),
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
    (again,) = rescore_items(run, BENCHMARKS)
    assert [sample.metrics for sample in again.again] == [sample.metrics for sample in run.item_samples]
    assert again.too_long == []


@pytest.mark.parametrize("claimed", ["true", "other"])
def test_answers_with_noise_that_are_too_long_together_keep_their_values(noisy, monkeypatch, claimed):
    """Ten characters an answer, so that 25 hold two; the mean must agree with the values that the bundle has."""
    for module in (rescored_tasks, check_scores):
        monkeypatch.setattr(module, "MOST_CHARACTERS", 25)
    run, results = noisy
    samples = [replace(s, metrics={**s.metrics, "stress_score": 0.75}) for s in run.item_samples[2:]]
    samples = [*run.item_samples[:2], *samples]
    (task,) = run.encoder_tasks.values()
    mean = sum(s.metrics["stress_score"] for s in samples) / len(samples) if claimed == "true" else 0.999
    of_run = replace(task, metrics={**task.metrics, "stress_score": mean})
    run = replace(run, item_samples=tuple(samples), encoder_tasks={task.task: of_run})
    (again,) = rescore_items(run, BENCHMARKS)
    assert again.too_long == [s.id for s in samples[2:]]
    assert [s.metrics["stress_score"] for s in again.again[2:]] == [0.75] * (len(samples) - 2)
    found = {f.what: f for f in check_encoder_tasks(run, results, BENCHMARKS, [again]) if f.check == "task figures"}
    figure = found[f"{task.task} stress_score"]
    assert (figure.status, figure.claim) == (("unconfirmed", "length") if claimed == "true" else ("differs", ""))
    if claimed == "true":
        rows = ", ".join(str(s.id) for s in samples[2:7])
        assert figure.detail == (
            f"answers of more than 25 characters together; not scored again: rows {rows} and {len(samples) - 7} more"
        )


def test_reasoning_and_blanks_do_not_count_as_the_answers_length(noisy, monkeypatch):
    run, _ = noisy
    monkeypatch.setattr(rescored_tasks, "MOST_CHARACTERS", 10 * len(run.item_samples))
    padded = [replace(s, answer=f"<think>{'so ' * 50}</think>{s.answer}" + " " * 100) for s in run.item_samples]
    (again,) = rescore_items(replace(run, item_samples=tuple(padded)), BENCHMARKS)
    assert again.too_long == []


def test_letters_have_no_length(monkeypatch):
    monkeypatch.setattr(rescored_tasks, "MOST_CHARACTERS", 0)
    run, _ = run_of("sevenllm-en-mcq-circular", lambda item: ["B"] * 4)
    assert [task.too_long for task in rescore_items(run, BENCHMARKS)] == [[]]


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


@pytest.mark.parametrize("rotation", range(4))
def test_a_changed_prompt_of_any_rotation_is_found(rotation):
    run, _ = run_of("sevenllm-en-mcq-circular", lambda item: ["C"] * 4)
    first = run.item_samples[0]
    easier = replace(first, rotations={**first.rotations, rotation: f"{first.rotations[rotation]} The answer is C."})
    (found,) = check_item_prompts(replace(run, item_samples=(easier, *run.item_samples[1:])), BENCHMARKS, None)
    assert (found.status, found.detail) == ("differs", f"1 prompts are not the generated ones: items {first.id}")
    lacking = replace(first, rotations={**first.rotations, rotation: None})
    (unknown,) = check_item_prompts(replace(run, item_samples=(lacking, *run.item_samples[1:])), BENCHMARKS, None)
    assert unknown.status == "unconfirmed"


@pytest.mark.parametrize(
    ("path", "value"),
    [(("position", "B", "preference"), 0.0), (("position", "D", "high"), 0.5), (("right_in", "1"), 3), (("questions",), 200)],
)
def test_a_changed_preference_for_a_letter_is_found(path, value):
    """A model that always gives B prefers it by 0.75, and is right in one rotation of each question."""
    run, results = run_of("sevenllm-en-mcq-circular", lambda item: ["B"] * 4)
    (task,) = run.encoder_tasks.values()
    assert task.further["position"]["B"]["preference"] == 0.75
    further = json.loads(json.dumps(task.further))
    own = further
    for key in path[:-1]:
        own = own[key]
    own[path[-1]] = value
    lie = replace(run, encoder_tasks={task.task: replace(task, further=further)})
    wrong = [found for found in check_encoder_tasks(lie, results, BENCHMARKS) if found.status == "differs"]
    assert [found.check for found in wrong] == ["task figures"]
    assert ".".join(path) in wrong[0].detail


@pytest.mark.parametrize("rotation", range(4))
def test_a_question_without_one_of_its_rotations_is_found(rotation):
    """Without its wrong answers, a model that knows nothing would be right in every rotation that is there."""
    run, results = run_of("sevenllm-zh-mcq-circular", lambda item: ["B"] * 4)
    first = run.item_samples[0]
    kept = {number: prompt for number, prompt in first.rotations.items() if number != rotation}
    less = replace(first, rotations=kept, answer=[None if number == rotation else "B" for number in range(4)])
    found = list(check_encoder_tasks(replace(run, item_samples=(less, *run.item_samples[1:])), results, BENCHMARKS))
    details = [finding.detail for finding in found if (finding.check, finding.status) == ("coverage", "differs")]
    assert details == [f"1 items without all their rotations: {first.id}"]
    assert not [finding for finding in found if (finding.check, finding.status) == ("coverage", "confirmed")]


@pytest.mark.parametrize(
    ("limit", "there", "lacking"), [(6, {0, 1}, False), (6, {0}, True), (7, {0, 1}, True), (8, {0, 1}, True)]
)
def test_a_limit_may_end_within_a_question(limit, there, lacking):
    run, results = run_of("sevenllm-zh-mcq-circular", lambda item: ["B"] * 4, limit=limit)
    assert len(run.item_samples) == 2
    last = run.item_samples[1]
    cut = replace(last, rotations={number: prompt for number, prompt in last.rotations.items() if number in there})
    found = list(check_encoder_tasks(replace(run, item_samples=(run.item_samples[0], cut)), results, BENCHMARKS))
    assert any("without all their rotations" in finding.detail for finding in found) == lacking


def test_a_limit_counts_rotations():
    run, results = run_of("sevenllm-zh-mcq-circular", lambda item: ["B"] * 4, limit=8)
    assert len(run.item_samples) == 2
    assert {finding.status for finding in check_encoder_tasks(run, results, BENCHMARKS)} == {"confirmed", "note"}
