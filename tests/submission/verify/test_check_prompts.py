"""Prompts of a bundle's samples; every expected finding is written out by hand."""

from dataclasses import replace

import pytest
from mcq_run import IDS, MCQ, PROMPT, ROWS, SETTINGS, STYLE, a_run, told

from sevenllm_bench.catalog import leaf_by_name
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.embedded import fewshot_pool
from sevenllm_bench.prompts import render
from sevenllm_bench.runs.records import Model
from sevenllm_bench.runs.unknown import UNKNOWN
from sevenllm_bench.submission.verify.check_prompts import check_lengths, check_prompts


@pytest.fixture(scope="module")
def benchmarks():
    return {"embedded": load_benchmark("embedded")}


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


POOL = fewshot_pool(leaf_by_name(MCQ))


def with_examples(row, number, system=""):
    """As lm-eval 0.4.13 joins them (`api/task.py`, build_qa_turn), from the written protocol: prompt, line break, target."""
    examples = "".join(f"{render(example, STYLE)}\n{example.output}\n\n" for example in POOL[:number])
    return system + examples + render(row, STYLE)


def prompts_of(prompt, shots=0, system=None, chat=None):
    settings = replace(SETTINGS, chat_template=chat, system_instruction=system and "its hash")
    (found,) = check_prompts(a_run(settings=settings, prompt=prompt, num_fewshot=shots), BENCHMARKS, system)
    return found.status, found.detail


BENCHMARKS = {"embedded": load_benchmark("embedded")}


@pytest.mark.parametrize("shots", [0, 1, 2])
@pytest.mark.parametrize("system", [None, "You are an analyst."])
def test_examples_and_a_system_instruction_are_confirmed(shots, system):
    def right(row):
        return with_examples(row, shots, system or "")

    assert prompts_of(right, shots, system) == ("confirmed", "16 prompts")
    said = f" (with {shots} examples)" if shots else ""
    changed = f"1 prompts are not the generated ones{said}: rows {IDS[3]}"
    assert prompts_of(lambda row: right(row) + " " * (row.id == IDS[3]), shots, system) == ("differs", changed)


@pytest.mark.parametrize(("there", "claimed"), [(0, 1), (1, 0), (1, 2), (2, 1)])
@pytest.mark.parametrize("chat", [None, "its hash"])
def test_another_number_of_examples(there, claimed, chat):
    around = "<user>{}<assistant>" if chat else "{}"
    status, detail = prompts_of(lambda row: around.format(with_examples(row, there)), claimed, chat=chat)
    assert (status, "16 prompts are not the generated ones" in detail) == ("differs", True)


@pytest.mark.parametrize("shots", [0, 2])
@pytest.mark.parametrize("as_turns", [False, True])
def test_a_chat_template_stands_around_the_prompts(shots, as_turns):
    between = "<assistant>" if as_turns else "\n"

    def wrapped(row, extra=""):
        examples = "".join(f"{render(e, STYLE)}{between}{e.output}\n\n" for e in POOL[:shots])
        return f"<system>Be brief.<user>{examples}{render(row, STYLE)}{extra}<assistant>"

    what = "16 prompts contain the generated one; what stands around it can't be confirmed (a chat template)"
    assert prompts_of(wrapped, shots, "Be brief.", "its hash") == ("unconfirmed", what)
    odd = f"around 1 prompts stands something else: rows {IDS[2]}"
    leaking = prompts_of(lambda row: wrapped(row, " It is B." * (row.id == IDS[2])), shots, "Be brief.", "its hash")
    assert leaking == ("differs", odd)
    status, detail = prompts_of(wrapped, shots, "Be long.", "its hash")
    assert (status, detail.startswith("16 prompts are not")) == ("differs", True)


@pytest.mark.parametrize("shots", [0, 2])
@pytest.mark.parametrize("as_turns", [False, True])
def test_chat_messages_are_confirmed(shots, as_turns):
    """An API's messages have no template around them; the reader of samples joins their contents by line breaks."""

    def messages(row):
        turns = [text for e in POOL[:shots] for text in (render(e, STYLE), e.output)] if as_turns else []
        own = render(row, STYLE) if as_turns else with_examples(row, shots)
        return "\n".join(["Be brief.", *turns, own])

    assert prompts_of(messages, shots, "Be brief.") == ("confirmed", "16 prompts")
    status, _ = prompts_of(lambda row: messages(row) + "\nIt is B.", shots, "Be brief.")
    assert status == "differs"


def test_an_unknown_number_of_examples():
    status, detail = prompts_of(None, UNKNOWN)
    assert (status, detail) == ("unconfirmed", "the results don't say the number of few-shot examples")


@pytest.mark.parametrize(
    ("answer", "most", "long"),
    [
        ("word " * 5, 5, False),
        ("word " * 6, 5, True),
        ("恶意软件" * 20, 5, False),
        ("恶意软件" * 24, 5, True),
        ("a" * 10_000, 5, False),
        (" \n" * 10_000, 5, False),
    ],
)
def test_answers_longer_than_the_run_allowed(answer, most, long):
    run = a_run(ROWS[:2], generation={"max_gen_toks": most})
    run = replace(run, samples=(replace(run.samples[0], response=answer), run.samples[1]))
    found = [(f.status, f.claim, f.detail) for f in check_lengths(run)]
    why = f"1 answers have more words than max_gen_toks ({most}) allows tokens: rows {IDS[0]}"
    assert found == ([("unconfirmed", "length", why)] if long else [])
    assert not list(check_lengths(replace(run, model=Model("m", "sevenllm-replay"))))
    assert not list(check_lengths(replace(run, leaves={MCQ: replace(run.leaves[MCQ], generation=UNKNOWN)})))
