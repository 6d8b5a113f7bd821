"""The published models on the leaderboard: their figures, and the place that their scores would have."""

import pytest
from leaderboard_files import SECTIONS, manifest_of, write_bundle

from sevenllm_bench.figures.figures import figures_of
from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.entry import Entry, Value
from sevenllm_bench.pages.leaderboard.published_models import published_models
from sevenllm_bench.published.published_runs import published_runs


def ranked(*headlines):
    return [Entry(str(value), figures={"headline": Value(value)}) for value in headlines]


def test_places_among_the_ranked():
    """The best of the twelve has 0.5509, the last 0.5056."""
    models = published_models(ranked(0.7, 0.52, 0.1))
    assert len(models) == 12
    assert (models[0].entry.name, round(models[0].headline.mean, 4), models[0].place) == ("llama2-13b (published)", 0.5509, 2)
    last = models[-1]
    assert (last.entry.name, round(last.headline.mean, 4), last.place) == ("qwen1_5-7b-1000 (published)", 0.5056, 3)
    assert [model.place for model in published_models([])] == [1] * 12


def test_parts_are_those_of_the_paper():
    """Means of the authors' figures: 0.9200 and 0.9800 of the letters, 0.3079 and 0.3948 of the values."""
    model = next(model for model in published_models([]) if model.entry.name.startswith("llama2-7b (")).entry
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
    assert "llama2" not in (tmp_path / "out" / "leaderboard.json").read_text(encoding="utf-8")


def test_figures_are_those_of_a_run_of_the_same_scores():
    """The columns of the file give what the rows of a run give."""
    models = {model.entry.name: model.entry.figures for model in published_models([])}
    for run in published_runs():
        of_run = {figure.id: figure for figure in figures_of(run)}
        figures = models[run.label]
        assert len(figures) == 7
        for name, value in figures.items():
            figure = of_run[name]
            assert (value.mean, value.error) == pytest.approx((figure.value, figure.stderr), abs=1e-12), name
            assert (value.rows, value.partial) == (figure.rows, figure.why_partial), name
