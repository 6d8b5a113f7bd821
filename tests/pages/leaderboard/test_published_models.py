"""The published models on the leaderboard: their figures, and the place that their scores would have."""

import json
import re
from dataclasses import replace

import pytest
from leaderboard_files import SECTIONS, manifest_of, write_bundle

from sevenllm_bench.comparison.compare_runs import compare_runs
from sevenllm_bench.figures.figures import figures_of
from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.entry import Entry, Value
from sevenllm_bench.pages.leaderboard.leader_tests import leader_tests, leader_with_rows
from sevenllm_bench.pages.leaderboard.published_models import published_models
from sevenllm_bench.published.published_runs import published_runs


def ranked(*headlines):
    return [Entry(str(value), figures={"headline": Value(value)}) for value in headlines]


def test_places_among_the_ranked():
    """The best of the twelve has 0.5509, the last 0.5056."""
    models = published_models(ranked(0.7, 0.52, 0.1)).models
    assert len(models) == 12
    assert (models[0].entry.name, round(models[0].headline.mean, 4), models[0].place) == ("llama2-13b (published)", 0.5509, 2)
    last = models[-1]
    assert (last.entry.name, round(last.headline.mean, 4), last.place) == ("qwen1_5-7b-1000 (published)", 0.5056, 3)
    assert [model.place for model in published_models([]).models] == [1] * 12


def test_parts_are_those_of_the_paper():
    """Means of the authors' figures: 0.9200 and 0.9800 of the letters, 0.3079 and 0.3948 of the values."""
    model = next(model for model in published_models([]).models if model.entry.name.startswith("llama2-7b (")).entry
    assert round(model.group("mcq").mean, 4) == 0.95
    assert round(model.group("understanding").mean, 4) == round((0.30794 + 0.39483) / 2, 4)


def test_the_page_shows_them_without_a_rank(tmp_path, own_cache):
    write_bundle(tmp_path / "in" / "one", manifest_of("lab/model", dict.fromkeys(SECTIONS, 0.54)))
    built = build_leaderboard([tmp_path / "in"], tmp_path / "out")
    page = built.index.read_text(encoding="utf-8")
    section = page[page.index('<section id="published"') :]
    section = section[: section.index("</section>")]
    assert section.count("(published)") >= 12
    assert "their prompts and settings aren't known" in section
    assert "among the 1 ranked submission." in section
    assert "llama2-13b" not in page[: page.index('<section id="published"')]
    assert "Finding" not in section  # no submission has rows
    content = json.loads((tmp_path / "out" / "leaderboard.json").read_text(encoding="utf-8"))
    assert "llama2" not in json.dumps(content["entries"])
    first = content["published"][0]
    assert (first["name"], round(first["mean"], 4), first["would_be"]) == ("llama2-13b (published)", 0.5509, 1)
    assert first["low"] < 0.5509 < first["high"]
    assert not any("test" in model for model in content["published"])


def test_figures_are_those_of_a_run_of_the_same_scores():
    """The columns of the file give what the rows of a run give."""
    models = {model.entry.name: model.entry.figures for model in published_models([]).models}
    for run in published_runs():
        of_run = {figure.id: figure for figure in figures_of(run)}
        figures = models[run.label]
        assert len(figures) == 7
        for name, value in figures.items():
            figure = of_run[name]
            assert (value.mean, value.error) == pytest.approx((figure.value, figure.stderr), abs=1e-12), name
            assert (value.rows, value.partial) == (figure.rows, figure.why_partial), name


def published(name):
    """A published model's entry."""
    return next(model.entry for model in published_models([]).models if model.entry.name == f"{name} (published)")


def changed(entry, section, by, rows):
    """The entry with so many rows of a section changed by a number."""
    own = dict(entry.row_scores[section])
    for row in list(own)[:rows]:
        own[row] += by
    return replace(entry, row_scores={**entry.row_scores, section: own})


def test_the_leaders_tests_by_hand():
    """Six rows that all differ to one side: 2 patterns of 64. Five can't reach 0.05."""
    other = published("llama2-7b")
    (test,) = leader_tests(changed(other, "en_generation", 0.25, 6), [other])
    assert (test.rows, test.p, test.verdict, test.why_not) == (1300, 2 / 64, "better", "")
    assert test.difference == pytest.approx(0.25 * 6 / 300 / 6)
    (test,) = leader_tests(changed(other, "en_generation", -0.25, 6), [other])
    assert (test.p, test.verdict, test.difference < 0) == (2 / 64, "worse", True)
    both = leader_tests(changed(other, "en_generation", 0.25, 6), [other, other])
    assert [(test.p, test.tests, test.verdict) for test in both] == [(4 / 64, 2, "cannot tell")] * 2
    few, same = leader_tests(changed(other, "en_mcq", 1, 5), [other, changed(other, "en_mcq", 1, 5)])
    assert few.verdict == same.verdict == "cannot tell"
    assert few.why_not.startswith("only 5 rows differ of 1,300")
    assert same.why_not == "no row differs (n = 1,300)"
    assert few.tests == 0


def test_only_shared_rows_are_tested():
    other = published("llama2-7b")
    cut = {section: dict(list(rows.items())[:20]) for section, rows in other.row_scores.items()}
    (test,) = leader_tests(changed(other, "en_generation", 0.3, 6), [replace(other, row_scores=cut)])
    assert (test.rows, test.difference) == (120, pytest.approx(0.3 * 6 / 20 / 6))
    assert leader_tests(other, [replace(other, row_scores={**cut, "zh_mcq": {}})]) == [None]


def test_the_tests_are_those_of_compare():
    """The same rows give the same differences, p-values and findings, turned around: there the run is the baseline."""
    run, *others = published_runs()
    findings = {finding.run: finding for finding in compare_runs([run, *others]).at("overall")}
    leader = published(run.label.removesuffix(" (published)"))
    entries = [model.entry for model in published_models([]).models if model.entry.name != run.label]
    turned = {"better": "worse", "worse": "better", "cannot tell": "cannot tell"}
    for entry, test in zip(entries, leader_tests(leader, entries), strict=True):
        finding = findings[entry.name]
        assert test.difference == pytest.approx(-finding.paired.difference, abs=1e-12)
        assert (test.p, test.rows, test.tests) == (finding.p, finding.paired.rows, finding.family)
        assert test.verdict == turned[finding.verdict]
    assert len(findings) == 11


def test_the_leader_is_the_best_that_has_rows():
    first, second = ranked(0.7, 0.6)
    with_rows = replace(second, row_scores=published("llama2-7b").row_scores)
    assert leader_with_rows([first, with_rows]) is with_rows
    assert leader_with_rows([first, second]) is None
    assert leader_with_rows([replace(second, row_scores={"en_mcq": {1: 1.0}})]) is None


def test_the_page_and_the_json_have_the_tests_of_the_leader(tmp_path, own_cache):
    for name, value in (("bare", 0.9), ("leader", 0.54)):
        write_bundle(tmp_path / "in" / name, manifest_of(f"lab/{name}", dict.fromkeys(SECTIONS, value)))
    rows = published("llama2-13b").row_scores  # its score is 0.5509

    def with_rows(found):
        return [replace(one.entry, row_scores=rows) if one.entry.name == "lab/leader" else one.entry for one in found]

    built = build_leaderboard([tmp_path / "in"], tmp_path / "out", check=with_rows)
    content = json.loads((tmp_path / "out" / "leaderboard.json").read_text(encoding="utf-8"))
    tests = [model["test"] for model in content["published"]]
    own_id = next(entry["id"] for entry in content["entries"] if entry["name"] == "lab/leader")
    assert {test["against"] for test in tests} == {own_id}
    for model, test in zip(content["published"], tests, strict=True):
        assert test["difference"] == pytest.approx(content["published"][0]["mean"] - model["mean"])
        assert (test["rows"], test["tests"]) == (1300, 11)
    assert (tests[0]["p"], tests[0]["why_not"]) == (None, "no row differs (n = 1,300)")
    page = built.index.read_text(encoding="utf-8")
    section = page[page.index('<section id="published"') :]
    section = section[: section.index("</section>")]
    assert "lab/leader</a>, the best ranked submission with rows" in section
    lines = re.findall(r"<tr><td.*?</tr>", section, re.DOTALL)
    assert len(lines) == 12
    for line, test in zip(lines, tests, strict=True):
        assert f'<span class="{test["verdict"].replace(" ", "-")}">{test["verdict"]}</span>' in line
    assert {test["verdict"] for test in tests} >= {"better", "cannot tell"}
