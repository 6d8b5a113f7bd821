"""The first screen of a report: what can be said in a sentence, in which order runs stand, what may be linked."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import encoder_run_files
import pytest
from hostile_texts import MARKUP
from run_files import rows_of, write_run

from sevenllm_bench.pages.report.first_screen import first_screen, hub_address
from sevenllm_bench.pages.report.report_pages import build_report
from sevenllm_bench.pages.report.run_order import by_score
from sevenllm_bench.pages.report.score_views import examine
from sevenllm_bench.runs.reader import read_runs
from sevenllm_bench.runs.records import Model

LEAVES = (
    "sevenllm_en_threat_analysis",
    "sevenllm_en_malware_feature_extraction",
    "sevenllm_en_mcq",
    "sevenllm_zh_threat_analysis",
    "sevenllm_zh_malware_feature_extraction",
    "sevenllm_zh_mcq",
)
OWN = "All of them ran on this project's own rows, which are not the benchmark."


def written(folder, **values):
    """Runs named as the keywords; each scores its value in every row, or what `value` gives."""
    for name, value in values.items():
        write_run(folder, name, rows_of(*LEAVES), value=value if callable(value) else lambda row, metric, own=value: own)
    return read_runs([folder / name for name in values])


def screen_of(runs):
    examined = examine(runs, 0, 200)
    ordered = by_score(runs, examined.figures)
    baseline = runs[0].label if len(runs) > 1 else None
    return first_screen(ordered, examined, {run.label: run.label for run in runs}, baseline, 0, 200)


def said(runs):
    """The sentences of the verdict as text."""
    sentences = screen_of(runs).verdict
    return ["".join(part if isinstance(part, str) else part.label for part in sentence) for sentence in sentences]


def test_one_run_is_said_to_be_what_it_is(tmp_path):
    lines = said(written(tmp_path, only=0.5))
    assert lines[0] == f"only scores 0.500 over {len(rows_of(*LEAVES))} rows."  # too few rows for an interval
    assert lines[1:] == ["It ran on this project's own rows, which are not the benchmark."]


def test_a_pair_that_differs_in_nothing_else(tmp_path):
    first, *more = said(written(tmp_path, a=1.0, b=lambda row, metric: 0.5 if row.id % 2 else 0.9))
    assert re.fullmatch(
        r"b is worse than a: -0\.3\d\d \(no interval\), p [=<] 0\.\d+; their recorded settings are the same\.", first
    )
    assert more == [OWN]
    # Turned around, the sentence is too.
    assert said(read_runs([tmp_path / "b", tmp_path / "a"]))[0].startswith("a is better than b: +0.3")


def test_a_pair_that_cannot_be_told_apart(tmp_path):
    rows = rows_of(*LEAVES)
    write_run(tmp_path, "a", rows, value=lambda row, metric: float(row.id % 2))
    write_run(tmp_path, "b", rows, value=lambda row, metric: float((row.id + (row.id % 4 < 2)) % 2))
    first = said(read_runs([tmp_path / "a", tmp_path / "b"]))[0]
    assert first.startswith("It can't be told whether b is better or worse than a: ")
    equal = said(written(tmp_path, c=1.0, d=1.0))[0]
    assert "no row differs" in equal
    assert ": 0.000 (" in equal


def test_what_else_differs_is_named(tmp_path):
    rows = rows_of(*LEAVES)
    write_run(tmp_path, "a", rows)
    write_run(tmp_path, "b", rows, value=lambda row, metric: 0.5, change=lambda results: results.update(lm_eval_version="0.4.9"))
    assert said(read_runs([tmp_path / "a", tmp_path / "b"]))[0].endswith("; they also differ in version of lm-eval.")
    write_run(tmp_path, "c", rows, value=lambda row, metric: 0.5, change=lambda results: results["config"].pop("limit"))
    assert said(read_runs([tmp_path / "a", tmp_path / "c"]))[0].endswith("; the files don't say whether limit was the same.")


def test_runs_that_cannot_be_compared_say_why(tmp_path):
    rows = rows_of(*LEAVES)
    write_run(tmp_path, "a", rows)
    write_run(tmp_path, "b", rows, change=lambda results: results["config"].update(limit=2))
    assert said(read_runs([tmp_path / "a", tmp_path / "b"]))[0] == (
        "These runs can't be compared: they differ in limit. Their figures stand side by side, but nothing is tested."
    )


def test_the_best_of_several_and_those_that_are_like_it(tmp_path):
    # `like` has 0.9 and 1.1 times the best's figure in turn; `low` is far below in every row.
    runs = written(
        tmp_path,
        base=0.4,
        low=0.1,
        best=lambda row, metric: 0.8,
        like=lambda row, metric: 0.7 if row.id % 2 else 0.89,
    )
    lines = said(runs)
    assert re.fullmatch(
        r"(best|like) has the highest score, 0\.\d{3}.*, but (best|like) can't be told apart from it; the others are worse .*",
        lines[0],
    )
    assert lines[1] == "Against the baseline base: 2 better, 1 worse."
    assert lines[2] == "Their recorded settings are the same."


@pytest.mark.parametrize(
    ("source", "replayed", "words"),
    [
        ("sevenllm-replay", 3, "All answers were replayed from files, which don't say how the models were run."),
        ("predictions", 1, "The answers of 1 of 3 runs were replayed from files, which don't say how the models were run."),
    ],
)
def test_of_answers_from_files_nothing_is_said_of_how_models_were_run(tmp_path, source, replayed, words):
    runs = written(tmp_path, base=0.4, low=0.1, best=0.8)
    runs[:replayed] = [replace(run, model=replace(run.model, source=source)) for run in runs[:replayed]]
    assert words in said(runs)


def test_runs_stand_by_score_and_partial_ones_last(tmp_path, monkeypatch):
    runs = written(tmp_path, base=0.4, low=0.1, best=0.9)
    figures = examine(runs, 0, 200).figures
    assert [run.label for run in by_score(runs, figures).runs] == ["best", "base", "low"]
    lacking = {"best": "5 of 1,300 rows missing"}
    monkeypatch.setattr("sevenllm_bench.pages.report.run_order._why_partial", lambda run, _: lacking.get(run.label, ""))
    assert [run.label for run in by_score(runs, figures).runs] == ["base", "low", "best"]
    lines = said(runs)
    assert lines[0].startswith("base is the best, 0.400: the others are worse by test.")
    assert lines[-1] == "best ran a part of the rows (5 of 1,300 rows missing), so that this is not the benchmark's score."


def test_without_a_headline_the_widest_figure_counts(tmp_path):
    rows = rows_of("sevenllm_en_mcq")
    write_run(tmp_path, "a", rows, value=lambda row, metric: 0.0)
    write_run(tmp_path, "b", rows)
    screen = screen_of(read_runs([tmp_path / "a", tmp_path / "b"]))
    first = "".join(part if isinstance(part, str) else part.label for part in screen.verdict[0])
    assert first.startswith("b is better than a in English, multiple choice (acc): +1.000 (")
    assert screen.chart.title == "English, multiple choice (acc) with 95 % interval, best first"
    assert [row[0] for row in screen.chart.rows] == ["b", "a"]
    assert screen.meaning[0].startswith("The score is acc: share of questions with the right letter. The best possible is 1")


def test_encoders_are_spoken_of_by_their_tasks(tmp_path):
    encoder_run_files.write(tmp_path / "one", encoder_run_files.half_right, ("sevenllm-vulnerable-code",), "an-org/one")
    encoder_run_files.write(tmp_path / "two", encoder_run_files.right, ("sevenllm-vulnerable-code",), "an-org/two")
    first = said(read_runs([tmp_path / "one", tmp_path / "two"]))[0]
    assert first.startswith("an-org/two is better than an-org/one in Vulnerable code (code_acc): +0.500 (")


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Qwen/Qwen3-8B", "https://huggingface.co/Qwen/Qwen3-8B"),
        ("org/..", None),
        ("org/a..b", None),
        ("org/a/b", None),
        ("javascript:alert(1)/x", None),
        ("org/naïve", None),
        (f"{'o' * 97}/x", None),
        (MARKUP[3], None),
    ],
)
def test_only_names_of_repositories_become_links(name, address):
    assert hub_address(SimpleNamespace(repository=(name, ""))) == address
    assert hub_address(SimpleNamespace(repository=(None, "not known"))) is None


def test_the_page_links_the_paper_and_the_models_and_nothing_else(tmp_path):
    runs = written(tmp_path, a=1.0, b=0.5)
    known = replace(runs[0], model=Model("org/a", "hf", {"pretrained": "org/a"}, sha="ab" * 20))
    page = build_report([known, runs[1]], tmp_path / "out", resamples=100).index.read_text(encoding="utf-8")
    links = re.findall(r'<a href="(http[^"]*)"([^>]*)>', page)
    assert {address for address, _ in links} == {
        "https://arxiv.org/abs/2405.03446",
        "https://aclanthology.org/W04-1013/",
        "https://huggingface.co/org/a",
    }
    assert all(more == ' rel="noreferrer noopener"' for _, more in links)
