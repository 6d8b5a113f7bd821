"""A comparison in tables, by hand: cells, headings, verdicts in words, the judge's scale, and what is not compared."""

from dataclasses import replace

import pytest
from run_files import rows_of, write_run

from sevenllm_bench.catalog import LEAVES, SECTION_ROWS, leaf_by_name
from sevenllm_bench.comparison.compare_runs import ComparedFigure, Comparison, Score, compare_runs, score_run
from sevenllm_bench.comparison.compatibility import Difference, differences
from sevenllm_bench.comparison.export import CSV_COLUMNS, as_json, as_markdown, finding_fields
from sevenllm_bench.comparison.table_cells import COLUMNS, finding_row, headline_rows, how_to_read
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.cells import Cell
from sevenllm_bench.figures.rounding import p_value
from sevenllm_bench.runs.reader import read_runs
from sevenllm_bench.runs.records import LeafRun, Model, Problem, Run, Sample, Settings
from sevenllm_bench.stats.intervals import Interval
from sevenllm_bench.stats.paired import Paired

EVENT, MCQ = "sevenllm_en_important_event_extraction", "sevenllm_en_mcq"
WHOLE = Cell("overall", "headline", "headline", ())
SECTION = Cell("section", "en_mcq", "acc", (("en_mcq", "acc"),))
NONE = Interval(None, None, why_not="fewer than 10 rows")


def judged_run(label, marks):
    """A run over embedded extraction rows of which each has a mark of the judge; rows are repeated under new ids."""
    rows = rows_of(EVENT)
    samples = tuple(
        Sample(EVENT, replace(rows[place % len(rows)], id=place), "p", "r", {"judge": mark}, {"judge": mark}, reading=None)
        for place, mark in enumerate(marks)
    )
    return Run(label, Model(label, "hf"), Settings(limit=None), {EVENT: LeafRun(EVENT, leaf_by_name(EVENT))}, samples)


def compared(cell=SECTION, run="b", p=0.01, verdict="worse", **changes):
    paired = Paired(1200, -0.25, Interval(-0.5, -0.125, "bootstrap"), 3, 1190, 7, -0.4, 0.005, "permutation", detectable=0.1)
    finding = ComparedFigure(cell, "a", run, 0.75, 0.5, replace(paired, **changes), p, 4, verdict, "p = 0.01")
    return finding if p is not None else replace(finding, reason="no row differs (n = 1200)")


def comparison_of(*findings, runs=("a", "b"), scores=(), **changes):
    made = tuple(Run(label, Model(label, "hf"), Settings(), {}, ()) for label in runs)
    return replace(Comparison(made, tuple(scores), findings, (), (), (), ("headline",), 3, 2500), **changes)


def test_a_finding_in_cells():
    assert dict(zip(COLUMNS, finding_row(compared()), strict=True)) == {
        "run": "b",
        "what": "English, multiple choice",
        "metric": "acc",
        "rows": "1,200",
        "baseline": "0.7500",
        "figure": "0.5000",
        "difference": "-0.2500",
        "95 % interval": "-0.5000 to -0.1250",
        "better/equal/worse": "3/1190/7",
        "p (Holm)": "0.0100",
        "finding": "worse",
    }
    assert finding_row(compared(), with_run=False) == finding_row(compared())[1:]


def test_a_finding_without_a_test_says_why():
    row = dict(zip(COLUMNS, finding_row(compared(p=None, verdict="cannot tell", interval=NONE)), strict=True))
    assert (row["p (Holm)"], row["95 % interval"]) == ("-", "-")
    assert row["finding"] == "cannot tell: no row differs (n = 1200)"


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0, "<0.0001"),
        (0.00009, "<0.0001"),
        (0.0001, "0.0001"),
        (0.0512, "0.0512"),
        (0.0599, "0.0599"),
        (0.06, "0.06"),
        (1, "1.00"),
    ],
)
def test_p_values_have_digits_where_they_decide(p, text):
    assert p_value(p) == text


def test_the_headline_of_a_run_without_one_is_a_dash():
    scores = [
        Score("a", WHOLE, 1300, 0.5, Interval(0.45, 0.55, "bootstrap"), "rows of this project's own"),
        Score("a", Cell("language", "en", "headline", ()), 650, 0.6, NONE),
        Score("a", Cell("kind", "generation", "rouge_l", ()), 600, 0.3, NONE),
        Score("a", Cell("kind", "generation", "rouge_l_paper", ()), 600, 0.9, NONE),
    ]
    first, second = headline_rows(comparison_of(scores=scores))
    # A figure that is none of the benchmark is marked.
    assert first == ["a", "1,300", "0.5000 (partial)", "0.4500 to 0.5500", "0.6000", "-", "-", "0.3000", "-"]
    assert second == ["b", "0", "-", "-", "-", "-", "-", "-", "-"]


def whole_run(label, value=0.5):
    """As many official rows as the benchmark has, in one task per section, each with the metric of the headline."""
    metric = {"understanding": "value_f1", "generation": "rouge_l", "mcq": "acc"}
    patterns = [row for leaf in LEAVES for row in rows_of(leaf.name)]
    samples = []
    for section, count in SECTION_ROWS.items():
        pattern = next(row for row in patterns if row.section == section)
        for _ in range(count):
            row, values = replace(pattern, id=len(samples), source="official"), {metric[pattern.kind]: value}
            samples.append(Sample(row.leaf.name, row, "p", "r", values, values, reading=None))
    leaves = {name: LeafRun(name, leaf_by_name(name)) for name in dict.fromkeys(sample.task for sample in samples)}
    return Run(label, Model(label, "hf"), Settings(), leaves, tuple(samples))


def test_a_whole_run_is_not_called_partial():
    run = whole_run("a")
    comparison = comparison_of(runs=(), scores=score_run(run, resamples=200))
    comparison = replace(comparison, runs=(run,))
    assert headline_rows(comparison)[0][:4] == ["a", "1,300", "0.5000", "-"]
    assert not [line for line in how_to_read(comparison) if "Not the benchmark's headline" in line]
    assert as_json(comparison)["runs"][0]["headline_is_partial"] is None


def test_how_to_read_names_what_was_forced_once():
    limit, note = Difference("limit", "forbids", "none in a; 5 in b"), Difference("seeds", "note", "0 in a; 1 in b")
    lines = how_to_read(comparison_of(differences=(limit, note), forbidden=(limit,), notes=("a note",)))
    assert lines[-3:] == ["FORCED in spite of: limit: none in a; 5 in b", "note: seeds: 0 in a; 1 in b", "a note"]
    assert "Intervals and permutation tests use 2,500 random draws with seed 3." in lines


def headings(text):
    return [line for line in text.splitlines() if line.startswith("#")]


def test_markdown_has_the_levels_asked_for():
    text = as_markdown(comparison_of(compared(WHOLE), compared()), "section")
    assert headings(text) == ["# Comparison", "## Overall", "## By section"]
    overall, section = text.split("## By section")
    assert "| headline | headline | 1,200 |" in overall
    assert "| English, multiple choice | acc | 1,200 |" in section
    assert "English, multiple choice" not in overall
    assert headings(as_markdown(comparison_of(compared()), "task")) == ["# Comparison"]
    assert headings(as_markdown(comparison_of(compared(WHOLE)), "overall")) == ["# Comparison", "## Overall"]


def test_markdown_names_the_run_where_there_are_several():
    two, three = comparison_of(compared()), comparison_of(compared(), compared(run="c"), runs=("a", "b", "c"))
    assert f"| {' | '.join(COLUMNS[1:])} |" in as_markdown(two, "section")
    assert f"| {' | '.join(COLUMNS)} |" in as_markdown(three, "section")
    assert "| c | English, multiple choice | acc |" in as_markdown(three, "section")


def test_fields_of_a_finding():
    fields = finding_fields(compared())
    assert tuple(fields) == CSV_COLUMNS
    assert [fields[name] for name in ("p", "p_holm", "family", "interval", "test", "low", "high", "detectable")] == [
        0.005, 0.01, 4, "bootstrap", "permutation", -0.5, -0.125, 0.1,
    ]  # fmt: skip
    fields = finding_fields(compared(p=None, interval=NONE, test=""))
    assert (fields["interval"], fields["test"], fields["low"], fields["p_holm"]) == (None, None, None, None)


def test_marks_of_the_judge_have_a_scale_from_1_to_5():
    """Marks of 4 and 5 on 12 rows: mean 4.5. On a scale from 0 to 1 the interval would end at 1."""
    high, low = judged_run("high", [4.0, 5.0] * 6), judged_run("low", [1.0, 2.0] * 6)
    score = next(s for s in score_run(high, resamples=500) if s.cell.name == EVENT)
    assert score.mean == 4.5
    assert 4 < score.interval.low < 4.5 < score.interval.high <= 5
    low_end = next(s for s in score_run(judged_run("one", [1.0] * 11 + [2.0]), resamples=500) if s.cell.name == EVENT)
    assert low_end.interval.low == 1.0
    # Differences of 2, 3 and 4 marks are within the scale's width of 4, not of 1.
    spread = judged_run("spread", [3.0, 5.0, 5.0] * 4)
    found = compare_runs([judged_run("ones", [1.0, 2.0, 1.0] * 4), spread], ["judge"], resamples=500, force=True)
    figure = next(f for f in found.at("task"))
    assert figure.paired.difference == 3.0
    assert 2 < figure.paired.interval.low < 3 < figure.paired.interval.high < 4
    most = [judged_run("ones", [1.0] * 12), judged_run("fives", [5.0] * 11 + [4.0])]
    assert compare_runs(most, ["judge"], resamples=500, force=True).at("task")[0].paired.interval.high == 4.0
    assert compare_runs([low, high], ["judge"], resamples=500, force=True).at("task")[0].verdict == "better"


def test_a_verdict_in_words():
    marks = [1.0, 2.0, 3.0, 4.0] * 4
    apart = [mark + (1 if place % 2 else -1) * (place % 3 == 0) for place, mark in enumerate(marks)]
    (figure,) = compare_runs([judged_run("a", marks), judged_run("b", apart)], ["judge"], resamples=500, force=True).at("task")
    assert figure.verdict == "cannot tell"
    assert figure.family == 1
    assert "Holm" not in figure.reason
    assert figure.reason.startswith(f"p = {figure.p:.2f}; 16 rows find differences from about ")


def test_few_rows_have_a_test_but_no_detectable_difference():
    """Of 8 rows all are better: p = 2 / 256 by all sign patterns; with fewer than 10 rows nothing is said of a spread."""
    runs = [judged_run("a", [2.0] * 8), judged_run("b", [3.0, 4.0] * 4)]
    (figure,) = compare_runs(runs, ["judge"], resamples=500, force=True).at("task")
    assert (figure.p, figure.reason) == (2 / 256, "p = 0.0078")
    mixed = [judged_run("a", [2.0] * 8), judged_run("b", [3.0, 1.0] * 4)]
    (figure,) = compare_runs(mixed, ["judge"], resamples=500, force=True).at("task")
    assert (figure.verdict, figure.reason) == ("cannot tell", "p = 1.00")


def test_a_share_has_wilsons_interval_and_a_mark_the_bootstraps(tmp_path):
    write_run(tmp_path, "a", rows_of(MCQ, EVENT), value=lambda row, metric: float(row.id % 2))
    (run,) = read_runs([tmp_path])
    methods = {s.cell.metric: s.interval.method for s in score_run(run, resamples=200) if s.cell.name == "en_mcq"}
    assert methods == {"acc": "wilson", "answered": "wilson"}


def test_every_figure_of_a_run_once_and_the_headlines_first(tmp_path):
    write_run(tmp_path, "a", rows_of(MCQ))
    (run,) = read_runs([tmp_path])
    cells = [(s.cell.level, s.cell.name, s.cell.metric) for s in score_run(run, resamples=200)]
    assert cells == [
        ("section", "en_mcq", "acc"),
        ("section", "en_mcq", "answered"),
        ("task", MCQ, "acc"),
        ("task", MCQ, "answered"),
    ]


def test_only_tasks_without_common_rows_are_passed_over_in_silence(tmp_path):
    write_run(tmp_path, "a", rows_of(EVENT, MCQ))
    write_run(tmp_path, "b", rows_of(MCQ))
    comparison = compare_runs(read_runs([tmp_path]), resamples=200)
    assert any(note.startswith("no figure for en_understanding of b") for note in comparison.notes)
    assert not any(EVENT in note for note in comparison.notes)


def test_a_refusal_names_twelve_reasons_and_counts_the_others(tmp_path):
    run = judged_run("a", [1.0, 2.0])

    def spoilt(count):
        return replace(run, label="b", problems=tuple(Problem("broken-line", f"file {n}", "broken") for n in range(count)))

    settings = len([d for d in differences([run, spoilt(0)]) if d.weight == "forbids"])
    for count, said in ((12 - settings, None), (15 - settings, "  - and 3 more reasons")):
        with pytest.raises(ResultsError) as error:
            compare_runs([run, spoilt(count)], ["judge"], resamples=200)
        lines = str(error.value).splitlines()
        assert lines[0] == "a and b can't be compared:"
        assert sum("file" in line for line in lines) == 12 - settings
        assert [line for line in lines if "more reasons" in line] == ([said] if said else [])


@pytest.mark.parametrize(
    ("count", "shown"), [(1, "t0"), (3, "t0, t1, t2"), (4, "t0, t1, t2 and 1 more tasks"), (6, "t0, t1, t2 and 3 more tasks")]
)
def test_three_tasks_are_named(count, shown):
    assert Difference("limit", "note", "x", tasks=tuple(f"t{n}" for n in range(count))).line == f"limit [{shown}]: x"


def test_a_metric_and_a_task_make_a_difference_matter():
    found = Difference("judge", "forbids", "x", metrics=("judge",), tasks=(EVENT,))
    assert found.line == f"judge [{EVENT}]: x (concerns judge)"
    assert found.concerns(["judge", "acc"], [EVENT, MCQ])
    assert not found.concerns(["acc"], [EVENT])
    assert not found.concerns(["judge"], [MCQ])
    assert Difference("limit", "forbids", "x").concerns([], [])


def test_log_likelihoods_have_no_generation_arguments(tmp_path):
    """What `generation_kwargs` says of a task that generates nothing is no difference."""

    def likelihood(tokens):
        def change(results):
            results["configs"][MCQ].update(output_type="multiple_choice", generation_kwargs={"max_gen_toks": tokens})

        return change

    for name, tokens in (("a", 1), ("b", 2)):
        write_run(tmp_path, name, rows_of(MCQ), change=likelihood(tokens))
    assert differences(read_runs([tmp_path])) == []


def test_rows_of_tasks_that_do_not_say_how_many_are_not_counted(tmp_path):
    def change(results):
        results["n-samples"][MCQ] = {"original": 50, "effective": 16}
        results["n-samples"][EVENT] = {"original": 25}

    for name in "ab":
        write_run(tmp_path, name, rows_of(MCQ, EVENT), change=change)
    found = [d.detail for d in differences(read_runs([tmp_path])) if d.setting == "partial run"]
    assert found == ["a ran 16 of the 50 rows of its tasks", "b ran 16 of the 50 rows of its tasks"]


def test_prompts_are_compared_only_where_their_names_agree(tmp_path):
    def cot(results):
        results["configs"][MCQ]["metadata"]["sevenllm"]["signature"]["prompt"]["name"] = "cot"

    write_run(tmp_path, "a", rows_of(MCQ, EVENT))
    write_run(tmp_path, "b", rows_of(MCQ, EVENT), prompt="another", change=cot)
    found = [d for d in differences(read_runs([tmp_path])) if d.setting == "text of prompts"]
    assert [d.tasks for d in found] == [(EVENT,)]
