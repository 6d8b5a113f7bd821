import pytest

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.data.rows import parse_row
from sevenllm_bench.figures.sections import by_section
from sevenllm_bench.metrics.registry import ADDED_LATER
from sevenllm_bench.scoring import answers_for, score_rows


def row(record, **change):
    return parse_row({**record, **change}, "x")


def without_grounding(metrics):
    """The metrics that compare with the reference; the others have tests of their own (tests/metrics/test_grounding.py)."""
    return {name: value for name, value in metrics.items() if name not in ADDED_LATER}


def test_gold_scores_one_on_every_metric_as_value_and_as_text():
    rows = embedded_split("test")
    for answers in ([r.output for r in rows], [r.reference_text for r in rows]):
        sections = by_section(score_rows(rows, answers))
        assert list(sections) == [
            f"{language}_{kind}" for kind in ("understanding", "generation", "mcq") for language in ("en", "zh")
        ]
        for section in sections.values():
            assert min(without_grounding(section.means).values()) == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("answer", ["", "   ", None, "N/A", "<think>", "..."])
def test_blank_answers_score_about_nothing(answer):
    rows = embedded_split("test")
    for section in by_section(score_rows(rows, [answer] * len(rows))).values():
        assert max(without_grounding(section.means).values()) <= 0.01


@pytest.mark.data
@pytest.mark.parametrize("answer", ["", "N/A", None])
def test_blank_answers_score_about_nothing_on_official_rows(official_rows, answer):
    for section in by_section(score_rows(official_rows, [answer] * len(official_rows))).values():
        assert max(without_grounding(section.means).values()) <= 0.01


@pytest.mark.data
def test_gold_scores_one_on_every_official_row(official_rows):
    for answers in ([r.output for r in official_rows], [r.reference_text for r in official_rows]):
        for score in score_rows(official_rows, answers):
            assert min(without_grounding(score.metrics).values()) == pytest.approx(1.0, abs=1e-8), score.row.id


def test_an_empty_answer_to_an_empty_reference_is_still_nothing(embedded_record):
    """Official ids 141 and 894 have {} as reference."""
    empty = row(embedded_record, output={})
    values = [score.metrics["value_f1"] for score in score_rows([empty] * 3, ["{}", "", '{"a": "x"}'])]
    assert values == [1.0, 0.0, 0.0]


def test_a_list_where_an_object_is_asked_for_is_text_to_the_paper(embedded_record):
    """As in the authors' figures (ids 70, 76, 180 of published outputs); the normalised score reads it."""
    asked_for_object = score_rows([row(embedded_record)], ['[{"day": "3 May 2024"}]'])[0].metrics
    assert without_grounding(asked_for_object) == {"value_f1": 0.0, "value_f1_norm": 1.0, "json_valid": 1.0}
    asked_for_list = score_rows([row(embedded_record, output=[{"day": "3 May 2024"}])], ['[{"day": "3 May 2024"}]'])[0].metrics
    assert asked_for_list["value_f1"] == 1.0


def test_a_bare_text_reference_takes_a_bare_text_answer(embedded_record):
    """Official id 260: its reference is a string, not an object."""
    metrics = score_rows([row(embedded_record, output="ransomware")], ["ransomware"])[0].metrics
    assert without_grounding(metrics) == {"value_f1": 1.0, "value_f1_norm": 1.0, "json_valid": 1.0}


def test_repaired_json_is_text_to_the_paper_and_counts_elsewhere(embedded_record):
    asked = row(embedded_record, output={"a": "x", "b": "y"})
    (score,) = score_rows([asked], ["{'a': 'x', 'b': \"y\", // both\n}"])
    assert score.reading.how == "repaired"
    assert without_grounding(score.metrics) == {"value_f1": 0.0, "value_f1_norm": 1.0, "json_valid": 1.0}


def test_text_that_is_no_json_counts_as_one_value(embedded_record):
    metrics = score_rows([row(embedded_record)], ["3 May 2024"])[0].metrics
    assert without_grounding(metrics) == {"value_f1": 1.0, "value_f1_norm": 1.0, "json_valid": 0.0}


def test_a_leaf_scores_its_rows_as_its_own_kind(embedded_record):
    score = score_rows([row(embedded_record)], ['{"day": "3 May 2024"}'], kind="generation")[0]
    assert set(score.metrics) == {"rouge_l_paper", "rouge_l", "invented_indicators"}
    assert score.metrics["rouge_l"] == 1.0


def test_an_object_given_for_prose_counts_as_its_json_text(embedded_record):
    instruction = "Execute the following analysis generation task and return the result in text format: x"
    prose = row(embedded_record, instruction=instruction, output="The day was 3 May.")
    as_value, as_text = score_rows([prose] * 2, [{"day": "3 May"}, '{"day": "3 May"}'])
    assert as_value.metrics == as_text.metrics
    assert 0 < as_value.metrics["rouge_l"] < 1


def test_order_is_kept_over_mixed_kinds_and_languages():
    rows = list(embedded_split("test"))[::-7]
    assert [score.row.id for score in score_rows(rows, [None] * len(rows))] == [r.id for r in rows]


def test_missing_answers_are_none(embedded_record):
    assert answers_for([row(embedded_record), row(embedded_record, id=2)], {2: "x"}) == [None, "x"]


def test_sections_count_readings_and_cut_answers(embedded_record):
    rows = [row(embedded_record, id=n) for n in (1, 2, 3)]
    section = by_section(score_rows(rows, ['{"day": "3 May 2024"}', '{"day": "3 M', ""]))["en_understanding"]
    assert (section.rows, section.readings, section.cut) == (3, {"json": 1, "text": 1, "empty": 1}, 1)
    assert section.means["json_valid"] == pytest.approx(1 / 3)
