from pathlib import Path

from sevenllm_bench.metrics.choice import acc, answered
from sevenllm_bench.metrics.registry import METRIC_VERSIONS, READING_VERSION, paper_metric
from sevenllm_bench.metrics.signature import signature, signature_line


def test_a_missing_letter_is_wrong_and_unanswered():
    assert acc(["A", None, "B"], ["A", "A", "A"]) == [1.0, 0.0, 0.0]
    assert answered(["A", None, "B"]) == [1.0, 0.0, 1.0]


def test_every_metric_is_documented():
    docs = Path(__file__).parents[2] / "docs"
    text = (docs / "metrics.md").read_text(encoding="utf-8") + (docs / "judge.md").read_text(encoding="utf-8")
    assert [name for name in METRIC_VERSIONS if f"`{name}`" not in text] == []


def test_the_papers_metrics():
    """Table 3 of the paper: value F1 for extraction, ROUGE-L for analysis, accuracy for MCQ."""
    assert [paper_metric(kind) for kind in ("understanding", "generation", "mcq")] == ["value_f1", "rouge_l_paper", "acc"]


def test_a_signature_says_what_was_measured():
    fields = signature("generation", "zh", {"name": "x", "sha256": "abc"})
    assert fields["data"]["sha256"] == "abc"
    assert "jieba 0.42.1" in fields["segmenter"]
    line = signature_line(fields)
    assert "language:zh" in line
    assert "metrics.rouge_l:1" in line
    assert "data.sha256:abc" in line
    assert "segmenter" not in signature("mcq", "en", {})


def test_optional_parts_stand_in_the_signature_where_they_apply():
    parts = {"embedding": {"model": "m"}, "judge": None}
    assert signature("generation", "en", {}, **parts)["embedding"] == {"model": "m"}
    optional = list(signature("generation", "en", {}, **parts)["metrics"])
    assert optional == ["rouge_l_paper", "rouge_l", "invented_indicators", "semantic", "semantic_f1"]
    judged = signature("understanding", "en", {}, judge={"model": "j"})["metrics"]
    assert list(judged) == ["value_f1", "value_f1_norm", "json_valid", "grounded", "judge", "judge_scored"]
    assert "semantic_f1" in signature("understanding", "en", {}, **parts)["metrics"]
    assert "judge" not in signature("understanding", "en", {}, **parts)["metrics"]
    assert "embedding" not in signature("mcq", "en", {}, **parts)


def test_versions_of_published_figures():
    """A figure carries the version of its metric. One moves only where the metric gives other values, with a CHANGELOG line."""
    first = ["value_f1", "rouge_l_paper", "rouge_l", "acc", "answered", "semantic", "semantic_f1", "judge", "judge_scored"]
    first += ["grounded", "invented_indicators"]
    assert dict(METRIC_VERSIONS) == {**dict.fromkeys(first, 1), "value_f1_norm": 2, "json_valid": 2}
    assert READING_VERSION == 2
