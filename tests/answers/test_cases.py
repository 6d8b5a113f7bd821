"""Answers that were read wrong once, with the right values: those beside the official data."""

import json

from sevenllm_bench.answers.extraction import read_extraction
from sevenllm_bench.answers.reading import read_answer


def cases(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def test_values_of_extraction_answers(cases_dir):
    def values(output):
        found = read_extraction(output)
        return found.values if found.is_json else None

    wrong = [case for case in cases(cases_dir / "answers_json.jsonl") if values(case["output"]) != case["values"]]
    assert wrong == []


def test_letters_of_mcq_answers(cases_dir, official_rows):
    rows = {row.id: row for row in official_rows}

    def accuracy(case):
        row = rows[case["id"]]
        return float(read_answer(case["output"], "mcq", row.choices).letter == row.output)

    wrong = [case for case in cases(cases_dir / "answers_mcq.jsonl") if accuracy(case) != case["right"]]
    assert wrong == []
