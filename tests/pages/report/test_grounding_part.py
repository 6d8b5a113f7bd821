"""The part of a report about grounding: runs below the references, with figures by hand."""

from dataclasses import replace

from hostile_texts import MARKUP
from run_files import rows_of

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.pages.report.grounding_part import grounding_parts
from sevenllm_bench.runs.records import Model, Run, Sample, Settings
from sevenllm_bench.stats.resampling import Draws

TEXT = "Brass Heron used Larkspur from evil.example."
#: The text has one of two values of each reference, and one of two indicators.
EXTRACTION = [
    replace(row, input=TEXT, output={"group": "Brass Heron", "tool": "Foxglove"})
    for row in rows_of("sevenllm_en_malware_feature_extraction")
]
ANALYSIS = [
    replace(row, input=TEXT, output="It reached evil.example and 192.0.2.7.") for row in rows_of("sevenllm_en_threat_analysis")
]
ENOUGH = [replace(EXTRACTION[0], id=number) for number in range(12)]


def run_of(label, rows, values, metric):
    kind = rows[0].kind
    samples = (
        Sample(row.leaf.name, row, None, "{}", {metric: value}, {}, read_answer("{}", kind))
        for row, value in zip(rows, values, strict=True)
    )
    return Run(label, Model(label, "hf"), Settings(), {}, tuple(samples))


def part_of(*runs):
    (part,) = grounding_parts(runs, Draws(0, 500))
    return part


def test_the_references_come_first_and_runs_below_them():
    """(0.25 + 0.5 + 0.75 + 1) / 4 is 0.625; four rows have no interval."""
    part = part_of(
        run_of("one", EXTRACTION, [0.25, 0.5, 0.75, 1.0], "grounded"), run_of("two", EXTRACTION, [0, 0, 0, 1.0], "grounded")
    )
    assert part.columns == ("Run", "Values in the text, English")
    assert part.rows == (("the references", "0.500"), ("one", "0.625"), ("two", "0.250"))
    assert len(part.sentences) == 2


def test_ten_rows_have_an_interval_unless_all_are_the_same():
    """Six of twelve: about 0.5 +- 2.2 standard errors of 0.151."""
    part = part_of(run_of("one", ENOUGH, [0.0, 1.0] * 6, "grounded"))
    assert part.rows[0] == ("the references", "0.500")
    mean, _, interval = part.rows[1][1].partition(" ")
    low, high = map(float, interval.strip("()").split("–"))
    assert mean == "0.500"
    assert abs(low - (0.5 - 2.2 * 0.151)) < 0.07
    assert abs(high - (0.5 + 2.2 * 0.151)) < 0.07


def test_indicators_that_nobody_gave_stand_beside_them():
    values = [0.0] * (len(ANALYSIS) - 1) + [1.0]
    part = part_of(run_of("one", EXTRACTION, [1.0] * 4, "grounded"), run_of("two", ANALYSIS, values, "invented_indicators"))
    assert part.columns == ("Run", "Values in the text, English", "Invented indicators, English")
    assert part.rows[0] == ("the references", "0.500", "0.500")
    assert part.rows[1] == ("one", "1.000", "–")
    assert part.rows[2][1:] == ("–", f"{1 / len(ANALYSIS):.3f}")


def test_a_run_that_lacks_rows_has_the_references_of_its_own():
    other = replace(EXTRACTION[0], output={"group": "Brass Heron"})
    part = part_of(run_of("whole", EXTRACTION, [1.0] * 4, "grounded"), run_of("cut", [other], [1.0], "grounded"))
    assert part.rows[2] == ("cut", "1.000 [1.000]")
    assert "in brackets" in part.sentences[1]


def test_rows_without_text_or_metric_and_variants_count_nowhere():
    run = run_of(MARKUP[0], EXTRACTION, [1.0] * 4, "grounded")
    assert part_of(run).rows[1] == (MARKUP[0], "1.000")
    variant = replace(run, samples=tuple(replace(sample, task="sevenllm-en-variant") for sample in run.samples))
    bare = run_of("bare", [replace(row, input="") for row in EXTRACTION], [1.0] * 4, "grounded")
    old = run_of("old", EXTRACTION, [1.0] * 4, "value_f1")
    assert grounding_parts([variant, bare, old], Draws(0, 200)) == grounding_parts([], Draws(0, 200)) == []
