"""The figures that headlines are held against, computed from the official file and the published outputs."""

from __future__ import annotations

from collections import Counter

import pytest

from sevenllm_bench.catalog import SECTIONS
from sevenllm_bench.figures.anchors import (
    BEST_LETTER,
    CHANCE_MCQ,
    LONGEST_OPTION,
    PUBLISHED_MODELS,
    REFERENCE_GROUNDED,
    REFERENCE_INVENTED,
    WITHOUT_A_MODEL,
)
from sevenllm_bench.figures.sections import by_section
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.scoring import answers_for, reference_grounding, score_rows


def test_what_needs_no_model(official_rows):
    questions = [row for row in official_rows if row.kind == "mcq"]
    assert {len(row.choices) for row in questions} == {1 / CHANCE_MCQ}
    right = {language: Counter(row.output for row in questions if row.language == language) for language in ("en", "zh")}
    assert [right[language].most_common(1)[0] for language in ("en", "zh")] == [("B", 20), ("C", 20)]
    assert {language: (letter, round(share * 50)) for language, (letter, share) in BEST_LETTER.items()} == {
        "en": ("B", 20),
        "zh": ("C", 20),
    }
    for language, share in LONGEST_OPTION.items():
        asked = [row for row in questions if row.language == language]
        longest = [
            [letter for letter, text in row.choices.items() if len(text) == max(map(len, row.choices.values()))] for row in asked
        ]
        hits = [(row.output in own) / len(own) for row, own in zip(asked, longest, strict=True)]
        assert sum(hits) / 50 == pytest.approx(share, abs=5e-5)
    fixed = {
        "understanding": lambda row: "{}",
        "generation": lambda row: row.input,
        "mcq": lambda row: "BC"[row.language == "zh"],
    }
    answers = {row.id: fixed[row.kind](row) for row in official_rows}
    sections = by_section(score_rows(official_rows, answers_for(official_rows, answers)))
    means = [sections[name].means[HEADLINE[name.partition("_")[2]]] for name in SECTIONS]
    assert sum(means) / 6 == pytest.approx(WITHOUT_A_MODEL, abs=5e-5)


def test_what_the_references_score_themselves(official_rows):
    """As in the table of docs/grounding.md, to its three digits: 0.612 and 0.838, 0.000 and 0.010."""
    found = reference_grounding(official_rows)
    for language in ("en", "zh"):
        assert found[f"{language}_understanding"]["grounded"] == pytest.approx(REFERENCE_GROUNDED[language], abs=5e-5)
        assert found[f"{language}_generation"]["invented_indicators"] == pytest.approx(REFERENCE_INVENTED[language], abs=5e-5)


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
