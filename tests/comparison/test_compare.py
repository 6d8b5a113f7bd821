"""Comparisons whose outcome is known by hand, and the authors' published outputs."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import MODELS
from run_files import rows_of, write_run
from scipy import stats

from sevenllm_bench.catalog import LEAVES
from sevenllm_bench.cli.main import main
from sevenllm_bench.comparison.compare_runs import compare_runs, score_run
from sevenllm_bench.comparison.export import CSV_COLUMNS, as_csv, as_json, as_markdown
from sevenllm_bench.comparison.table_cells import how_to_read, undecidable
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.errors import ConfigError, ResultsError
from sevenllm_bench.figures.cells import RowValues, headline_cells
from sevenllm_bench.figures.figures import why_partial
from sevenllm_bench.metrics.registry import paper_metric
from sevenllm_bench.runs.reader import read_runs

EVENT, THREAT, MCQ = "sevenllm_en_important_event_extraction", "sevenllm_zh_threat_analysis", "sevenllm_en_mcq"
EVERY = [leaf.name for leaf in LEAVES]


def runs_of(folder, *values, leaves=EVERY, **arguments):
    """Runs a, b, … over embedded rows; each value gives (row, metric) -> value."""
    rows = rows_of(*leaves)
    for name, value in zip("abcd", values, strict=False):
        write_run(folder, name, rows, value=value, **arguments)
    return read_runs([folder])


def constant(value):
    return lambda row, metric: value


def spread(shift=0.0):
    """Values between 0.1 and 0.5 that depend on the row alone, plus a shift; letters are right for even ids."""
    return lambda row, metric: float(row.id % 2 == 0) if row.kind == "mcq" else 0.1 + (row.id * 37 % 41) / 100 + shift


def finding(comparison, name, run="b"):
    (found,) = [f for f in comparison.findings if f.cell.name == name and f.run == run]
    return found


def test_the_headline_is_the_mean_of_six_sections(tmp_path):
    """value_f1 0.2 in English and 0.4 in Chinese, rouge_l 0.3 and 0.5, acc 1 and 0: the mean of the six is 0.4."""
    figures = {"en": (0.2, 0.3, 1.0), "zh": (0.4, 0.5, 0.0)}

    def value(row, metric):
        return figures[row.language][("understanding", "generation", "mcq").index(row.kind)]

    (run,) = runs_of(tmp_path, value)
    scores = {(s.cell.level, s.cell.name): s for s in score_run(run, resamples=200) if s.cell.metric in ("headline", "value_f1")}
    assert scores["overall", "headline"].mean == pytest.approx(0.4)
    assert scores["language", "en"].mean == pytest.approx(0.5)
    assert scores["language", "zh"].mean == pytest.approx(0.3)
    assert scores["kind", "understanding"].mean == pytest.approx(0.3)
    assert scores["section", "en_understanding"].mean == pytest.approx(0.2)
    assert scores["overall", "headline"].rows == 256
    assert why_partial(run) == "embedded rows, which are not the benchmark"


def test_a_model_that_is_better_in_every_row(tmp_path):
    comparison = compare_runs(runs_of(tmp_path, spread(), spread(0.05)), resamples=1_000)
    found = finding(comparison, "en_understanding")
    assert (found.verdict, found.paired.wins, found.paired.ties, found.paired.losses) == ("better", 52, 0, 0)
    assert found.paired.difference == pytest.approx(0.05)
    assert finding(comparison, "en_mcq").verdict == "cannot tell"
    assert "no row differs (n = 16)" in finding(comparison, "en_mcq").reason
    assert finding(comparison, EVENT).paired.why_not == "only 4 rows differ of 4, too few for a test: p can't be below 0.12"
    headline = finding(comparison, "headline")
    assert headline.paired.difference == pytest.approx(0.05 * 4 / 6)
    assert headline.verdict == "better"
    assert headline.family == 1


def test_equal_models_differ_in_nothing(tmp_path):
    comparison = compare_runs(runs_of(tmp_path, spread(), spread()), resamples=200)
    assert {f.verdict for f in comparison.findings} == {"cannot tell"}
    assert {f.p for f in comparison.findings} == {None}


def test_letters_are_compared_by_mcnemar_and_corrected_over_all_runs(tmp_path):
    """b is wrong where a is right in 8 of 16 rows: p = 2/256. c differs in 6: p = 2/64. Twice the first is 0.0156."""
    rows = [row.id for row in rows_of(MCQ)]

    def wrong_in(ids):
        return lambda row, metric: float(row.id not in ids)

    runs = runs_of(tmp_path, constant(1.0), wrong_in(rows[:8]), wrong_in(rows[:6]), leaves=[MCQ])
    comparison = compare_runs(runs, resamples=200)
    found = [finding(comparison, MCQ, run) for run in "bc"]
    assert [f.paired.test for f in found] == ["mcnemar", "mcnemar"]
    assert [f.paired.p for f in found] == pytest.approx([2 / 256, 2 / 64])
    assert [f.p for f in found] == pytest.approx([2 * 2 / 256, 2 / 64])
    assert [(f.verdict, f.family) for f in found] == [("worse", 2), ("worse", 2)]


def test_the_same_figures_whatever_else_is_compared_and_another_seed_moves_them(tmp_path):
    runs = runs_of(tmp_path, spread(), lambda row, metric: spread()(row, metric) ** (1 + row.id % 2), spread(0.01))
    two, three = compare_runs(runs[:2], resamples=2_000), compare_runs(runs, resamples=2_000)
    assert finding(two, "en_generation").paired == finding(three, "en_generation").paired
    assert compare_runs(runs[:2], resamples=2_000) == two
    assert (
        finding(compare_runs(runs[:2], resamples=2_000, seed=1), "en_generation").paired.interval
        != finding(two, "en_generation").paired.interval
    )


def figures(comparison):
    """Every interval and test, without the labels."""
    scores = [(s.cell, s.mean, s.interval) for s in comparison.scores]
    return scores, [(f.cell, f.paired, f.p) for f in comparison.findings]


def test_figures_come_from_the_rows_whatever_the_runs_are_called(tmp_path):
    runs = runs_of(tmp_path, spread(), lambda row, metric: spread()(row, metric) ** (1 + row.id % 2))
    before = figures(compare_runs(runs, resamples=300))
    for names in (("x", "y"), ("m (1)", "m (2)"), ("b", "a"), ("z" * 500, "\ud800")):
        renamed = [replace(run, label=name) for run, name in zip(runs, names, strict=True)]
        assert figures(compare_runs(renamed, resamples=300)) == before


def test_a_namesake_moves_no_figure(tmp_path):
    """A second run called a renames the first from "a" to "a (1)"."""
    rows = rows_of(*EVERY)
    write_run(tmp_path / "1", "a", rows, value=spread())
    write_run(tmp_path / "2", "b", rows, value=lambda row, metric: spread()(row, metric) ** (1 + row.id % 2))
    write_run(tmp_path / "3", "a", rows, value=spread(0.02))
    two, three = ([tmp_path / name for name in names] for names in ("12", "123"))
    before, after = (compare_runs(read_runs(paths), resamples=2_000) for paths in (two, three))
    assert [run.label for run in after.runs] == ["a (1)", "b", "a (2)"]
    named = [f"{run.label}: {run.path}" for run in after.runs]
    assert [line in how_to_read(after) for line in named] == [True, False, True]
    assert figures(after)[0][: len(before.scores)] == figures(before)[0]
    assert [f.paired for f in after.findings if f.run == "b"] == [f.paired for f in before.findings]


def test_the_order_of_rows_moves_no_figure(tmp_path):
    (run,) = runs_of(tmp_path, spread(), leaves=[THREAT, "sevenllm_zh_risk_assessment", "sevenllm_zh_impact_scope"])
    turned = replace(run, samples=run.samples[::-1])
    assert score_run(turned, resamples=300) == score_run(run, resamples=300)


def test_a_comparison_turned_around_is_its_mirror(tmp_path):
    runs = runs_of(tmp_path, spread(), lambda row, metric: spread()(row, metric) ** (1 + row.id % 2))
    one, other = (finding(compare_runs(pair, resamples=300), "en_generation", pair[1].label) for pair in (runs, runs[::-1]))
    assert one.paired.p == other.paired.p
    interval, mirrored = one.paired.interval, other.paired.interval
    assert (interval.low, interval.high) == pytest.approx((-mirrored.high, -mirrored.low))


def test_runs_without_samples_are_told_once_what_to_do(tmp_path):
    runs_of(tmp_path, spread(), spread())
    for file in tmp_path.rglob("samples_*"):
        file.unlink()
    with pytest.raises(ResultsError) as caught:
        compare_runs(read_runs([tmp_path]))
    assert str(caught.value) == "a and b: no samples to compare; run lm_eval again with --log_samples"


def test_as_many_draws_as_the_tests_of_a_level_need(tmp_path):
    """The least p of 100 draws is 1/101, and times 12 that is above 0.05. The least of 10,000, times 12, is 0.0012."""
    runs = runs_of(tmp_path, spread(), spread(0.01), spread(0.02), spread(0.03))
    comparison = compare_runs(runs, resamples=100)
    assert {level: (family.size, family.resamples) for level, family in comparison.families.items()} == {
        "overall": (3, 10_000),
        "language": (6, 10_000),
        "kind": (6, 10_000),
        "section": (12, 10_000),
        "task": (0, 0),
    }
    tested = [f for f in comparison.at("section") if f.p is not None]
    assert len(tested) == 12
    assert {f.verdict for f in tested} == {"better"}
    assert [f.p for f in tested] == pytest.approx([12 / 10_001] * 12)
    assert comparison.resamples == 100
    assert not any(undecidable(comparison, level) for level in comparison.families)
    (line,) = [line for line in how_to_read(comparison) if line.startswith("Intervals and")]
    assert line == (
        "Intervals and permutation tests use 100 random draws with seed 0. Small p-values use more, since the correction for "
        "many tests needs it: 10,000 at the level overall (3 tests), 10,000 at the level language (6 tests), 10,000 at the level "
        "kind (6 tests), 10,000 at the level section (12 tests)."
    )
    content = as_json(comparison)["families"]["section"]
    assert content == {"tests": 12, "resamples": 10_000, "least_p_holm": pytest.approx(12 / 10_001), "why_no_finding": None}


def test_a_level_that_can_have_no_finding_says_so_in_place(tmp_path):
    """Six of 16 letters differ: p is at least 2/64, and with three runs three times that."""
    rows = [row.id for row in rows_of(MCQ)]

    def wrong_in(ids):
        return lambda row, metric: float(row.id not in ids)

    runs = runs_of(tmp_path, constant(1.0), *(wrong_in(rows[start : start + 6]) for start in (0, 3, 6)), leaves=[MCQ])
    comparison = compare_runs(runs, resamples=200)
    words = (
        "No finding is possible at this level: with 3 tests, no corrected p-value can be below 0.09. "
        "Compare fewer runs at once, or look at a level with fewer tests."
    )
    assert undecidable(comparison, "section") == undecidable(comparison, "task") == words
    assert f"## By task\n\n{words}\n\n| run |" in as_markdown(comparison, "task")
    assert as_json(comparison)["families"]["task"]["why_no_finding"] == words
    assert undecidable(compare_runs(runs[:2], resamples=200), "task") == ""


def test_a_metric_by_name(tmp_path):
    runs = runs_of(tmp_path, spread(), spread(0.05))
    comparison = compare_runs(runs, ["rouge_l_paper", "json_valid"], resamples=200)
    names = {(f.cell.level, f.cell.name) for f in comparison.findings if f.cell.metric == "rouge_l_paper"}
    assert {("language", "en"), ("section", "zh_generation"), ("task", THREAT)} <= names
    # It means different things in the two languages, so there is no figure over both.
    assert not {level for level, _ in names} & {"overall", "kind"}
    assert ("overall", "json_valid") in {(f.cell.level, f.cell.name) for f in comparison.findings}
    with pytest.raises(ConfigError, match=r"unknown metric 'rogue'; did you mean 'rouge_l'\? Known: value_f1"):
        compare_runs(runs, ["rogue"])


def test_a_row_counts_where_it_is_asked_not_in_its_task(tmp_path):
    """As official rows 791 and 823: in the section of extraction, and in no task."""
    from dataclasses import replace

    (extraction, *_), leaf = rows_of(EVENT), "sevenllm_en_risk_assessment"
    write_run(tmp_path, "a", [*rows_of(leaf, EVENT), replace(extraction, category="Risk Assessment", id=7)])
    (run,) = read_runs([tmp_path])
    values = RowValues(run)
    rows = {
        cell.name: len(values.strata(cell)[0])
        for cell in headline_cells(run)
        if cell.level in ("section", "task") and values.has(cell)
    }
    assert rows == {"en_understanding": 5, "en_generation": 4, EVENT: 4, leaf: 4}


def test_rows_of_our_own_never_enter_an_official_figure(tmp_path):
    from dataclasses import replace

    official = [replace(row, source="official") for row in rows_of(MCQ)]
    write_run(tmp_path, "a", [*official, *rows_of("sevenllm_en_main_relation_extraction")])
    (run,) = read_runs([tmp_path])
    names = {(s.cell.level, s.cell.name) for s in score_run(run, resamples=200)}
    assert ("task", "sevenllm_en_main_relation_extraction") in names
    assert ("section", "en_understanding") not in names
    assert why_partial(run) == "1,284 of 1,300 rows missing"


def test_runs_that_differ_in_settings_are_refused_with_every_reason(tmp_path):
    runs_of(tmp_path / "1", spread(), leaves=[EVENT, MCQ])
    change = {"change": lambda r: (r["config"].update(limit=5), r["n-shot"].update({MCQ: 3}))}
    runs_of(tmp_path / "2", spread(0.1), leaves=[EVENT, MCQ], **change)
    runs = read_runs([tmp_path / "1", tmp_path / "2"])
    with pytest.raises(ResultsError) as error:
        compare_runs(runs)
    for words in ("limit: none in a (1); 5.0 in a (2)", f"few-shot examples [{MCQ}]: 0 in a (1); 3 in a (2)", "--force"):
        assert words in str(error.value)
    forced = compare_runs(runs, force=True, resamples=200)
    assert [difference.setting for difference in forced.forbidden] == ["limit", "few-shot examples"]
    assert "FORCED in spite of: limit" in as_markdown(forced, "task")
    assert as_json(forced)["forced_in_spite_of"][0]["setting"] == "limit"


def test_forced_comparisons_use_the_rows_that_both_have(tmp_path):
    rows = rows_of(MCQ)
    write_run(tmp_path, "a", rows, value=lambda row, metric: float(row.id < rows[8].id))
    write_run(tmp_path, "b", rows[4:], value=constant(1.0))
    runs = read_runs([tmp_path])
    with pytest.raises(ResultsError, match="b lacks"):
        compare_runs(runs)
    found = finding(compare_runs(runs, force=True, resamples=200), MCQ)
    assert (found.paired.rows, found.baseline_mean, found.mean) == (12, pytest.approx(4 / 12), 1.0)


def test_tasks_that_only_one_run_has_are_left_out_and_named(tmp_path):
    write_run(tmp_path, "a", rows_of(EVENT, THREAT, MCQ))
    write_run(tmp_path, "b", rows_of(EVENT, MCQ))
    comparison = compare_runs(read_runs([tmp_path]), resamples=200)
    assert {f.cell.name for f in comparison.at("task")} == {EVENT, MCQ}
    assert any("not run by b, left out" in line for line in as_markdown(comparison, "task").splitlines())
    assert not comparison.at("overall")
    assert any(note.startswith("no figure for headline of b") for note in comparison.notes)


def test_what_cannot_be_compared(tmp_path):
    runs = runs_of(tmp_path, spread(), spread(), leaves=[MCQ])
    with pytest.raises(ConfigError, match="two runs or more, found 1"):
        compare_runs(runs[:1])
    with pytest.raises(ConfigError, match="resamples must be"):
        compare_runs(runs, resamples=0)
    with pytest.raises(
        ResultsError, match="no rows with judge in common; were they run with --log_samples, and with this metric"
    ):
        compare_runs(runs, ["judge"])
    for file in (tmp_path / "b").glob("samples_*"):
        file.unlink()
    with pytest.raises(ResultsError, match="--log_samples"):
        compare_runs(read_runs([tmp_path]))
    with pytest.raises(ResultsError, match="no rows in common"):
        compare_runs(read_runs([tmp_path]), force=True)


def test_exports_hold_every_level_and_stay_harmless(tmp_path):
    rows = rows_of(EVENT, THREAT, MCQ)
    write_run(tmp_path / "1", "a", rows, value=spread())
    write_run(tmp_path / "2", "b", rows, value=spread(0.1), change=lambda r: r.update(model_name="=HYPERLINK(1)|<img src=x>"))
    comparison = compare_runs(read_runs([tmp_path / "1", tmp_path / "2"]), resamples=200)
    table = list(csv.DictReader(io.StringIO(as_csv(comparison))))
    assert tuple(table[0]) == CSV_COLUMNS
    assert {row["level"] for row in table} == {"section", "task"}
    assert table[0]["run"].startswith("'=HYPERLINK")
    assert float(table[0]["difference"]) == comparison.findings[0].paired.difference
    text = as_markdown(comparison, "task")
    assert "<img" not in text
    assert "\\|&lt;img" in text
    content = json.loads(json.dumps(as_json(comparison), allow_nan=False))
    assert len(content["findings"]) == len(comparison.findings)
    assert content["runs"][1]["label"] == "=HYPERLINK(1)|<img src=x>"


def test_the_command_line(tmp_path, capsys):
    runs_of(tmp_path, spread(), spread(0.05), spread(-0.05))
    words = ["compare", str(tmp_path), "--by", "kind", "--resamples", "300", "--baseline", "b"]
    out = {option: str(tmp_path / f"out.{option}") for option in ("json", "csv", "markdown")}
    assert main([*words, *(word for option, path in out.items() for word in (f"--{option}", path))]) == 0
    printed = capsys.readouterr().out
    for expected in (
        "headline scores",
        "by kind: against b",
        "understanding",
        "worse",
        "(partial)",
        "embedded rows",
        f"written: {out['csv']}",
    ):
        assert expected in printed
    content = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert content["baseline"] == "b"
    assert {(f["baseline"], f["run"]) for f in content["findings"]} == {("b", "a"), ("b", "c")}
    assert main([*words, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out) == content


def test_the_command_says_in_place_where_no_finding_is_possible(tmp_path, capsys):
    rows = rows_of(MCQ)
    ids = [row.id for row in rows]
    write_run(tmp_path, "a", rows)
    for start, name in enumerate("bcd"):
        wrong = ids[3 * start : 3 * start + 6]
        write_run(tmp_path, name, rows, value=lambda row, metric, wrong=wrong: float(row.id not in wrong))
    assert main(["compare", str(tmp_path), "--by", "task"]) == 0
    table, _, after = capsys.readouterr().out.partition("No finding is possible at this level: with 3 tests,")
    assert "by task" in table
    assert after.partition("Baseline: a.")[1]


def fails(capsys, *words):
    assert main(["compare", *map(str, words)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("sevenllm-bench: error: ")
    assert "Traceback" not in error
    return error


def test_mistakes_at_the_command_line(tmp_path, capsys):
    runs = runs_of(tmp_path, spread(), spread(), leaves=[MCQ])
    assert "no such file" in fails(capsys, tmp_path / "nowhere", tmp_path)
    assert "two runs or more, found 1 (a)" in fails(capsys, tmp_path / "a")
    assert "unknown metric" in fails(capsys, tmp_path, "--metric", "bleu")
    assert "no run of that name; found a, b" in fails(capsys, tmp_path, "--baseline", "z")
    assert "that file is among what is read" in fails(capsys, tmp_path, "--csv", runs[0].path)
    assert "can't be written" in fails(capsys, tmp_path, "--resamples", "100", "--csv", tmp_path / "no" / "folder.csv")
    (tmp_path / "a" / "results_2030-01-01T00-00-00.json").write_text("{")
    assert "broken JSON" in fails(capsys, tmp_path)


@pytest.fixture(scope="module")
def published(predictions_dir, official_rows):
    paths = [predictions_dir / f"{model}.jsonl" for model in MODELS]
    return {run.label: run for run in read_runs(paths, lambda: Benchmark("official", tuple(official_rows), "official"))}


@pytest.mark.predictions
def test_the_authors_figures_by_section(published, expected):
    for model, run in published.items():
        scores = {(s.cell.name, s.cell.metric): s for s in score_run(run, resamples=200) if s.cell.level == "section"}
        for section, wanted in expected[model]["sections"].items():
            found = scores[section, paper_metric(section.partition("_")[2])]
            # For id 1223 the authors' pattern finds no letter where ours does, see test_parity.
            wanted += 1 / 50 if (model, section) == ("llama2-13b-cot", "en_mcq") else 0
            assert found.mean == pytest.approx(wanted, abs=1e-6)
            assert found.interval.low < found.mean < found.interval.high
            assert found.rows == (50 if section.endswith("mcq") else 300)


@pytest.mark.predictions
def test_the_model_trained_on_less_is_worse_where_the_authors_values_say_so(published, expected):
    """Against Wilcoxon's signed-rank test of scipy on the authors' own values, corrected by Bonferroni."""
    comparison = compare_runs([published["qwen1_5-7b"], published["qwen1_5-7b-1000"]], ["value_f1", "rouge_l_paper", "acc"])
    full, less = (expected[model]["items"] for model in ("qwen1_5-7b", "qwen1_5-7b-1000"))
    for found in comparison.at("section"):
        ids = [s.id for s in published["qwen1_5-7b"].samples if s.row.section == found.cell.name]
        differences = np.array([less[str(i)] - full[str(i)] for i in ids])
        assert found.paired.difference == pytest.approx(differences.mean(), abs=1e-6)
        if found.cell.name.endswith("mcq"):
            assert found.verdict == "cannot tell"
        else:
            assert stats.wilcoxon(differences).pvalue * 6 < 0.05
            assert found.verdict == "worse"
    assert len(comparison.at("section")) == 6
    headline = compare_runs([published["qwen1_5-7b"], published["qwen1_5-7b-1000"]])
    assert finding(headline, "headline", "qwen1_5-7b-1000").verdict == "worse"


@pytest.mark.predictions
def test_another_model_task_by_task(published):
    """Every official task has a line, and the one-row tasks say that they cannot tell."""
    comparison = compare_runs([published["qwen1_5-7b"], published["llama2-13b-cot"]], resamples=2_000)
    tasks = comparison.at("task")
    assert {f.cell.name for f in tasks} == {leaf.name for leaf in LEAVES if leaf.is_official}
    assert sum(f.paired.rows for f in tasks) == 1298  # without rows 791 and 823
    single = [f for f in tasks if f.paired.rows < 6]
    assert len(single) >= 10
    assert all(f.verdict == "cannot tell" and f.p is None and f.paired.interval.low is None for f in single)
    assert not why_partial(published["qwen1_5-7b"])
