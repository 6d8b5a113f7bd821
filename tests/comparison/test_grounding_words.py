"""What `compare` says of the references' own grounding, with figures by hand."""

from dataclasses import replace

from run_files import rows_of

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.comparison.grounding_words import grounding_lines
from sevenllm_bench.runs.records import Model, Run, Sample, Settings

EN, ZH = rows_of("sevenllm_en_malware_feature_extraction")[:2], rows_of("sevenllm_zh_malware_feature_extraction")[:1]
#: The text has one of two values, and two of two: (0.5 + 1) / 2. Of the Chinese row it has one of three.
ROWS = [
    replace(EN[0], input="Brass Heron used Larkspur.", output={"group": "Brass Heron", "tool": "Foxglove"}),
    replace(EN[1], input="Brass Heron used Larkspur.", output={"group": "Brass Heron", "tool": "Larkspur"}),
    replace(ZH[0], input="攻击者使用了木马。", output={"工具": ["木马", "蠕虫", "后门"]}),
]


def run_of(rows, label="one", metric="grounded"):
    samples = (Sample(row.leaf.name, row, None, "{}", {metric: 0.0}, {}, read_answer("{}", "understanding")) for row in rows)
    return Run(label, Model(label, "hf"), Settings(), {}, tuple(samples))


def test_the_references_are_named_by_language():
    assert grounding_lines([run_of(ROWS)]) == [
        "Read grounded beside the references' own value, which is not 1: 0.750 in English, 0.333 in Chinese."
    ]


def test_a_row_that_several_runs_have_counts_once_and_one_without_the_metric_or_its_text_never():
    without_text = replace(ROWS[1], input="")
    runs = [run_of(ROWS[:1]), run_of(ROWS[:1], "two"), run_of(ROWS[1:2], "old", "value_f1"), run_of([without_text], "three")]
    assert grounding_lines(runs) == ["Read grounded beside the references' own value, which is not 1: 0.500 in English."]
    assert grounding_lines([run_of(ROWS, metric="value_f1")]) == grounding_lines([run_of([without_text])]) == []
