"""The figures that headlines are held against, computed from the official file and the published outputs."""

from __future__ import annotations

from collections import Counter

import pytest

from sevenllm_bench.catalog import SECTIONS
from sevenllm_bench.figures.anchors import CHANCE_MCQ, PUBLISHED_MODELS, WITHOUT_A_MODEL
from sevenllm_bench.figures.sections import by_section
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.scoring import answers_for, score_rows


def test_what_needs_no_model(official_rows):
    questions = [row for row in official_rows if row.kind == "mcq"]
    assert {len(row.choices) for row in questions} == {1 / CHANCE_MCQ}
    right = {language: Counter(row.output for row in questions if row.language == language) for language in ("en", "zh")}
    assert [right[language].most_common(1)[0] for language in ("en", "zh")] == [("B", 20), ("C", 20)]
    fixed = {
        "understanding": lambda row: "{}",
        "generation": lambda row: row.input,
        "mcq": lambda row: "BC"[row.language == "zh"],
    }
    answers = {row.id: fixed[row.kind](row) for row in official_rows}
    sections = by_section(score_rows(official_rows, answers_for(official_rows, answers)))
    means = [sections[name].means[HEADLINE[name.partition("_")[2]]] for name in SECTIONS]
    assert sum(means) / 6 == pytest.approx(WITHOUT_A_MODEL, abs=5e-5)


def test_the_published_models(data_dir, predictions_dir):
    """The least and the greatest of them; ROUGE-L is the one metric of the three that the authors have not published."""
    from sevenllm_bench.data.benchmark import load_benchmark
    from sevenllm_bench.figures.sections import score_predictions
    from sevenllm_bench.runs.predictions import read_predictions

    found = []
    for name in ("qwen1_5-7b-1000", "llama2-13b"):
        if not (predictions_dir / f"{name}.jsonl").exists():
            pytest.skip(f"no {name}.jsonl among the published outputs")
        scores = score_predictions(load_benchmark(data_dir=data_dir), read_predictions([predictions_dir / f"{name}.jsonl"]))
        means = [scores.sections[section].means[HEADLINE[section.partition("_")[2]]] for section in SECTIONS]
        found.append(sum(means) / 6)
    assert found == pytest.approx(PUBLISHED_MODELS, abs=5e-5)
