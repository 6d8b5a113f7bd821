"""The part of a report about multiple choice with the options in every order, with figures by hand."""

from dataclasses import replace

from hostile_texts import MARKUP

from sevenllm_bench.comparison.mcq_words import preference_lines
from sevenllm_bench.encoder_tasks.encoder_task import Item, encoder_task_by_name
from sevenllm_bench.encoder_tasks.mcq_circular import score
from sevenllm_bench.pages.report.letters_part import letters_parts
from sevenllm_bench.runs.encoder_records import EncoderTaskRun, ItemSample
from sevenllm_bench.runs.records import Model, Run, Settings
from sevenllm_bench.stats.resampling import Draws

DOCUMENT = {"input": "", "question": "Which?", "choices": ["w", "x", "y", "z"], "answer": "B", "category": "c"}
RIGHT = ["B", "C", "D", "A"]


def run_of(label, answers, name="sevenllm-en-mcq-circular"):
    task = encoder_task_by_name(name)
    items = [Item(number, "mcq", "embedded", DOCUMENT) for number in range(len(answers))]
    own = zip(items, answers, score(items, answers), strict=True)
    samples = tuple(ItemSample(name, *sample) for sample in own)
    return Run(
        label, Model(label, "hf"), Settings(), {}, (), encoder_tasks={name: EncoderTaskRun(name, task)}, item_samples=samples
    )


def part_of(*runs):
    (part,) = letters_parts(runs, Draws(0, 200))
    return part


def test_accuracy_in_every_order_beside_the_average_and_the_letters():
    """Wilson's ends for 0 and for 12 of 12: 3.8415 / 15.8415 = 0.2425 and 12 / 15.8415 = 0.7575."""
    part = part_of(run_of("always B", [["B"] * 4] * 12), run_of("right", [RIGHT] * 12))
    assert part.columns[0] == "Run"
    b, others = "+0.750 (+0.750 to +0.750)", "-0.250 (-0.250 to -0.250)"
    none = "0.000 (0.000 to 0.000)"
    assert part.columns[-5:] == ("Letters it prefers", "A", "B", "C", "D")
    assert part.rows[3:] == (
        ("always B", "English", "12", "0.000 (0.000–0.242)", "0.250", "B", others, b, others, others),
        ("right", "English", "12", "1.000 (0.758–1.000)", "1.000", "none for certain", none, none, none, none),
    )
    assert len(part.sentences) == 3


def test_preferences_are_those_that_compare_prints():
    """Of all letters, also where none is preferred for certain."""
    answers = [["A", "C", "D", "A"], RIGHT] * 8
    run = run_of("mixed", answers)
    (line,) = preference_lines([run])
    cells = part_of(run).rows[-1][-4:]
    assert line.endswith(": " + ", ".join(f"{letter} {cell}" for letter, cell in zip("ABCD", cells, strict=True)) + ".")
    # Every second question has one answer more on A and one less on B: 1/2 x 1/4.
    assert [cell[:6] for cell in cells] == ["+0.125", "-0.125", "0.000 ", "0.000 "]


def test_the_first_lines_are_programs_without_knowledge():
    """Ten questions whose right option ties with three others, two where it is the only longest: (10/4 + 2) / 12 = 0.375."""
    run = run_of("right", [RIGHT] * 12)
    longer = {**DOCUMENT, "choices": ["w", "xx", "y", "z"]}
    samples = [
        replace(sample, item=replace(sample.item, document=longer)) if sample.id < 2 else sample for sample in run.item_samples
    ]
    part = part_of(replace(run, item_samples=tuple(samples)))
    dashes = ("–",) * 5
    assert part.rows[:3] == (
        ("one letter, always", "English", "12", "0.000", "0.250", *dashes),
        ("longest option", "English", "12", "0.375", "0.375", *dashes),
        ("chance", "English", "12", "0.004", "0.250", *dashes),
    )
    assert part.rows[3][0] == "right"


def test_a_run_of_few_questions_has_no_verdict_on_letters():
    part = part_of(run_of("few", [["B"] * 4] * 3, "sevenllm-zh-mcq-circular-logprob"))
    assert part.rows[3][1:3] == ("Chinese, by log-likelihood", "3")
    assert part.rows[3][5:] == ("–", "-0.250", "+0.750", "-0.250", "-0.250")


def test_questions_without_every_order_are_said_to_count_in_the_average_alone():
    part = part_of(run_of("cut", [["B", "C", None, None]]))
    assert part.rows[3][3:5] == ("–", "1.000")
    assert part.sentences[3].startswith("Questions that weren't asked in every order")


def test_runs_without_such_tasks_have_no_part_and_a_label_stays_as_it_is():
    run = run_of(MARKUP[0], [RIGHT] * 2)
    assert part_of(run).rows[3][0] == MARKUP[0]
    assert letters_parts([replace(run, item_samples=())], Draws(0, 200)) == letters_parts([], Draws(0, 200)) == []
