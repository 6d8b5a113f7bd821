"""Figures by hand: which rows count where, means, errors, and why a figure is none of the whole benchmark."""

from dataclasses import replace

import pytest

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.catalog import LEAVES, SECTION_ROWS, SECTIONS, leaf_by_name
from sevenllm_bench.data.benchmark import Benchmark, load_benchmark
from sevenllm_bench.errors import PredictionsError
from sevenllm_bench.figures.cells import HEADLINE_NAME, Cell, RowValues, headline_cell, headline_cells, mean_over, metric_cells
from sevenllm_bench.figures.figures import combined_error, figures_of, standard_error, why_partial
from sevenllm_bench.figures.sections import by_section, score_predictions
from sevenllm_bench.metrics.registry import METRIC_VERSIONS, bounds, kinds_of
from sevenllm_bench.runs.predictions import Predictions
from sevenllm_bench.runs.records import LeafRun, Model, Run, Sample, Settings
from sevenllm_bench.scoring import score_rows

ROWS = load_benchmark("embedded").rows
EVENTS, RISK, MCQ = "sevenllm_en_important_event_extraction", "sevenllm_en_risk_assessment", "sevenllm_en_mcq"
LOGPROB = "sevenllm-en-mcq-logprob"


def row_of(task, place=0, source="official", **changes):
    return replace([row for row in ROWS if row.leaf.name == task][place], source=source, **changes)


def sample(task, row, **metrics):
    return Sample(task, row, None, "x", metrics, metrics, read_answer("x", row.kind, row.choices))


def run_of(*samples, tasks=()):
    names = dict.fromkeys([*(s.task for s in samples), *tasks])
    leaves = {name: LeafRun(name, leaf_by_name(MCQ if name == LOGPROB else name)) for name in names}
    return Run("m", Model("m", "hf"), Settings(), leaves, samples)


def figures(run):
    return {figure.id: figure for figure in figures_of(run)}


def cell(name, metric, level="section"):
    return Cell(level, name, metric, ((name, metric),))


def test_a_mean_its_error_and_its_rows():
    """Mean of 0.2, 0.4 and 0.9 is 0.5; squared distances 0.09, 0.01, 0.16 sum to 0.26; 0.26 / 2 / 3 = 0.0433…"""
    run = run_of(*(sample(EVENTS, row_of(EVENTS, n), value_f1=value) for n, value in enumerate((0.2, 0.4, 0.9))))
    for name in (f"{EVENTS}.value_f1", "en_understanding.value_f1"):
        figure = figures(run)[name]
        assert figure.value == pytest.approx(0.5)
        assert figure.rows == 3
        assert figure.stderr == pytest.approx((0.26 / 6) ** 0.5)
    assert figures(run)[f"{EVENTS}.value_f1"].why_partial == "22 of 25 rows missing"
    assert figures(run)["en_understanding.value_f1"].why_partial == "297 of 300 rows missing"


def test_the_figures_of_a_run_come_in_one_order():
    run = run_of(sample(EVENTS, row_of(EVENTS), value_f1=1.0, json_valid=1.0), sample(MCQ, row_of(MCQ), acc=0.0))
    assert list(figures(run)) == [
        "en_understanding.value_f1", "en_understanding.json_valid", "en_mcq.acc",
        f"{EVENTS}.value_f1", f"{EVENTS}.json_valid", f"{MCQ}.acc",
    ]  # fmt: skip
    first = figures_of(run)[0]
    assert (first.level, first.name, first.metric) == ("section", "en_understanding", "value_f1")
    wanted = {"id": "en_understanding.value_f1", "value": 1.0, "rows": 1, "stderr": None, "partial": "299 of 300 rows missing"}
    assert first.as_json() == wanted


def whole(value=lambda row: 0.5, without=()):
    """A run over as many official rows as there are, in one task per section."""
    metric = {"understanding": ("value_f1", "json_valid"), "generation": ("rouge_l",), "mcq": ("acc",)}
    samples = []
    for section in SECTIONS:
        pattern = next(row for row in ROWS if row.section == section)
        for number in range(SECTION_ROWS[section]):
            row = replace(pattern, id=len(samples) + 1, source="official")
            names = metric[row.kind] if (section, number) not in without else metric[row.kind][1:]
            samples.append(sample(row.leaf.name, row, **dict.fromkeys(names, value(row))))
    return run_of(*samples)


def test_the_headline_weights_sections_alike():
    """Sections of 300, 300, 50 rows in each language at 0.1 … 0.6: (0.1 + … + 0.6) / 6 = 0.35, whatever their sizes."""
    values = dict(zip(SECTIONS, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6), strict=True))
    found = figures(whole(lambda row: values[row.section]))[HEADLINE_NAME]
    assert (found.value, found.rows, found.why_partial) == (pytest.approx(0.35), 1300, "")
    assert found.stderr == pytest.approx(0, abs=1e-12)
    assert "partial" not in found.as_json()
    assert why_partial(whole()) == ""


def test_the_headlines_error_is_that_of_a_mean_of_six_means():
    found = figures(whole(lambda row: float(row.id % 2)))
    parts = [found[f"{section}.{ {'u': 'value_f1', 'g': 'rouge_l', 'm': 'acc'}[section[3]] }"].stderr for section in SECTIONS]
    assert found[HEADLINE_NAME].stderr == pytest.approx(sum(part**2 for part in parts) ** 0.5 / 6)


def test_a_row_without_a_value_makes_a_figure_partial():
    run = whole(without={("en_understanding", 0), ("en_understanding", 1)})
    assert why_partial(run) == "2 rows have no value"
    assert figures(run)["en_understanding.value_f1"].rows == 298
    assert figures(run)["en_understanding.json_valid"].why_partial == ""


def test_a_section_that_is_missing_is_counted():
    run = whole()
    cut = replace(run, samples=tuple(s for s in run.samples if s.row.section != "zh_mcq"))
    assert why_partial(cut) == "50 of 1,300 rows missing"
    assert HEADLINE_NAME not in figures(cut)


def test_a_row_that_was_not_judged_is_counted_elsewhere():
    run = run_of(sample(EVENTS, row_of(EVENTS), value_f1=1.0, judge=4.0), sample(EVENTS, row_of(EVENTS, 1), value_f1=1.0))
    values = RowValues(run)
    assert values.why_partial(cell(EVENTS, "judge", "task")) == "23 of 25 rows missing"
    complete = replace(
        run, samples=tuple(replace(s, row=replace(s.row, id=n)) for s in run.samples for n in range(s.id, s.id + 13))
    )
    assert RowValues(complete).why_partial(cell(EVENTS, "judge", "task")) == ""


def test_a_row_that_asks_for_something_else_counts_in_its_section_alone():
    """As the official rows 791 and 823; they have no semantic similarity of their kind, and need none."""
    other = row_of(EVENTS, category="Risk Assessment", id=823)
    prose = [sample(RISK, row_of(RISK, n), rouge_l=0.5) for n in range(2)]
    run = run_of(*prose, sample(RISK, other, value_f1=0.25), sample(EVENTS, row_of(EVENTS), value_f1=0.75, semantic=1.0))
    found = figures(run)
    assert found["en_understanding.value_f1"].value == pytest.approx(0.5)
    assert found["en_understanding.value_f1"].rows == 2
    assert found[f"{RISK}.rouge_l"].rows == 2
    assert f"{RISK}.value_f1" not in found
    assert found["en_understanding.semantic"].why_partial == "298 of 300 rows missing"


def test_what_a_row_that_asks_for_something_else_must_have(monkeypatch):
    """The section needs its value_f1 and not its semantic similarity; one row missing is enough to be partial."""
    monkeypatch.setitem(SECTION_ROWS, "en_understanding", 2)
    other = row_of(EVENTS, category="Risk Assessment", id=823)
    own = sample(EVENTS, row_of(EVENTS), value_f1=0.75, semantic=1.0)
    found = figures(run_of(own, sample(RISK, other, value_f1=0.25)))
    assert found["en_understanding.semantic"].why_partial == ""
    assert found["en_understanding.value_f1"].why_partial == ""
    found = figures(run_of(own, sample(RISK, other, json_valid=1.0)))
    assert found["en_understanding.value_f1"].why_partial == "1 rows have no value"
    assert figures(run_of(own))["en_understanding.value_f1"].why_partial == "1 of 2 rows missing"


def test_a_whole_task_is_whole_without_the_row_that_asks_for_something_else():
    rows = [sample(RISK, row_of(RISK, id=n), rouge_l=0.5) for n in range(leaf_by_name(RISK).official_rows_scored)]
    other = sample(RISK, row_of(EVENTS, category="Risk Assessment", id=9_999), value_f1=0.25)
    assert figures(run_of(*rows, other))[f"{RISK}.rouge_l"].why_partial == ""
    assert figures(run_of(*rows[1:], other))[f"{RISK}.rouge_l"].why_partial == f"1 of {len(rows)} rows missing"


def test_embedded_rows_are_no_benchmark():
    why = "embedded rows, which are not the benchmark"
    embedded = run_of(*(sample(EVENTS, row_of(EVENTS, n, "embedded"), value_f1=1.0) for n in range(3)))
    assert {figure.why_partial for figure in figures_of(embedded)} == {why}
    assert why_partial(embedded) == why
    ours = "sevenllm_en_main_relation_extraction"
    mixed = run_of(sample(EVENTS, row_of(EVENTS), value_f1=1.0), sample(ours, row_of(ours, source="embedded"), value_f1=0.0))
    assert figures(mixed)[f"{ours}.value_f1"].why_partial == why
    assert figures(mixed)["en_understanding.value_f1"].rows == 1


def test_variants_are_tasks_but_in_no_section():
    run = run_of(sample(LOGPROB, row_of(MCQ), acc=1.0), sample(MCQ, row_of(MCQ, 1), acc=0.0))
    assert figures(run)[f"{LOGPROB}.acc"].value == 1.0
    assert figures(run)["en_mcq.acc"].value == 0.0
    assert figures(run)[f"{LOGPROB}.acc"].why_partial == "49 of 50 rows missing"


def test_samples_scored_again_take_the_place_of_the_runs_own():
    run = run_of(sample(MCQ, row_of(MCQ), acc=1.0))
    again = [replace(run.samples[0], metrics={"acc": 0.0})]
    assert [figure.value for figure in figures_of(run, again)] == [0.0, 0.0]
    assert [figure.value for figure in figures_of(run)] == [1.0, 1.0]


def test_rows_in_common_are_paired_by_id():
    one = run_of(*(sample(MCQ, row_of(MCQ, n), acc=float(n == 1)) for n in (0, 1, 2)))
    two = run_of(*(sample(MCQ, row_of(MCQ, n), acc=float(n == 2)) for n in (2, 1)))
    (first,), (second,) = RowValues(one).common(RowValues(two), cell(MCQ, "acc", "task"))
    assert (first.tolist(), second.tolist()) == ([1.0, 0.0], [0.0, 1.0])


def test_cells_by_level():
    run = run_of(tasks=[EVENTS, RISK, MCQ])
    named = [(c.level, c.name, c.metric) for c in headline_cells(run)]
    assert named[:6] == [
        ("overall", "headline", "headline"), ("language", "en", "headline"), ("language", "zh", "headline"),
        ("kind", "understanding", "value_f1"), ("kind", "generation", "rouge_l"), ("kind", "mcq", "acc"),
    ]  # fmt: skip
    assert set(named[6:]) == {
        *(("section", s, {"u": "value_f1", "g": "rouge_l", "m": "acc"}[s[3]]) for s in SECTIONS),
        ("task", EVENTS, "value_f1"), ("task", RISK, "rouge_l"), ("task", MCQ, "acc"),
    }  # fmt: skip
    assert len(headline_cell().strata) == 6


def test_what_differs_by_language_is_never_averaged_over_both():
    run = run_of(tasks=[EVENTS, RISK])
    assert {c.level for c in metric_cells(run, "rouge_l_paper")} == {"section", "task", "language"}
    assert {c.level for c in metric_cells(run, "rouge_l")} == {"section", "task", "language", "kind", "overall"}
    overall = next(c for c in metric_cells(run, "semantic") if c.level == "overall")
    assert {name for name, _ in overall.strata} == {s for s in SECTIONS if "mcq" not in s}


@pytest.mark.parametrize(("values", "error"), [([], None), ([1.0], None), ([1, 0, 1, 1], 0.25), ([0.5, 0.5], 0.0)])
def test_standard_error(values, error):
    """1, 0, 1, 1: squared distances sum to 0.75; 0.75 / 3 / 4 = 0.0625, the square of 0.25."""
    assert standard_error(values) == (None if error is None else pytest.approx(error))


def test_combined_error():
    """Means with errors 0.3 and 0.4: √(0.09 + 0.16) / 2 = 0.25."""
    assert combined_error([0.3, 0.4]) == pytest.approx(0.25)
    assert combined_error([0.3, None]) is None


def test_mean_over_strata():
    assert mean_over([[1.0, 0.0, 0.0, 1.0], [1.0]]) == pytest.approx(0.75)


def test_kinds_and_bounds_of_metrics():
    assert kinds_of("value_f1") == ("understanding",)
    assert kinds_of("acc") == ("mcq",)
    assert kinds_of("judge") == kinds_of("semantic") == ("understanding", "generation")
    assert {name: bounds(name) for name in METRIC_VERSIONS if bounds(name) != (0.0, 1.0)} == {"judge": (1.0, 5.0)}


def test_sections_of_scored_answers():
    rows = [row_of(EVENTS), row_of(EVENTS, 1), row_of(MCQ)]
    found = by_section(score_rows(rows, [rows[0].output, '{"a": "b', rows[2].output]))
    assert list(found) == ["en_understanding", "en_mcq"]
    section = found["en_understanding"]
    assert (section.rows, section.means["value_f1"], section.cut) == (2, 0.5, 1)
    assert section.readings == {"json": 1, "text": 1}


def test_saved_answers_against_a_benchmark():
    rows = tuple(row_of(MCQ, n) for n in range(4))
    benchmark = Benchmark("official", rows, "0")
    answers = Predictions({rows[0].id: rows[0].output, rows[1].id: "none of these", 7: "A"}, names=("a.jsonl",))
    found = score_predictions(benchmark, answers)
    assert found.sections["en_mcq"].means == {"acc": 0.25, "answered": 0.25}
    assert (found.coverage.missing, found.coverage.unknown) == ((rows[2].id, rows[3].id), (7,))
    assert score_predictions(benchmark, answers, partial=True).sections["en_mcq"].means == {"acc": 0.5, "answered": 0.5}
    with pytest.raises(PredictionsError, match="no id in it is one of the official rows"):
        score_predictions(benchmark, Predictions({7: "A"}))


def test_the_catalogue_counts_the_rows_of_figures():
    assert sum(leaf.official_rows_scored for leaf in LEAVES) == 1298
    assert sum(SECTION_ROWS.values()) == 1300
