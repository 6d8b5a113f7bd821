"""Published models in a report: quiet marks in the first chart, a table of tests, and why there is none."""

import re
from dataclasses import replace

import pytest
from run_files import rows_of, write_run

from sevenllm_bench.cli.main import main
from sevenllm_bench.pages.report.first_screen import first_screen
from sevenllm_bench.pages.report.published_beside import published_beside
from sevenllm_bench.pages.report.run_order import by_score
from sevenllm_bench.pages.report.score_views import examine
from sevenllm_bench.published.published_runs import published_runs


@pytest.fixture(scope="module")
def mine():
    """A run with the scores of a model whose figures are known: 0.5369, and 0.5056 where it was trained on 1,000 rows."""
    (run,) = published_runs(["qwen1_5-7b"])
    return replace(run, label="mine")


@pytest.fixture(scope="module")
def beside(mine):
    return published_beside(mine, published_runs(["qwen1_5-7b-1000", "llama2-13b", "llama2-7b-cot"]), 0, 500)


def test_each_model_is_held_against_the_run(beside):
    assert [line.label for line in beside.lines] == [
        "llama2-13b (published)",
        "llama2-7b-cot (published)",
        "qwen1_5-7b-1000 (published)",
    ]
    assert [round(line.finding.paired.difference, 4) for line in beside.lines] == [0.0140, -0.0072, -0.0313]
    assert [line.finding.verdict for line in beside.lines] == ["cannot tell", "cannot tell", "worse"]
    assert beside.why_not == ""
    assert {whose for whose, _ in beside.notes} == {"", "qwen1_5-7b-1000 (published)", "llama2-7b-cot (published)"}


def test_the_chart_has_them_as_quiet_marks_in_their_places(mine, beside):
    examined = examine([mine], 0, 200)
    ordered = by_score([mine], examined.figures)
    chart = first_screen(ordered, examined, {"mine": "mine"}, None, 0, 200, beside).chart
    lines = re.findall(r'class="line( quiet)?"', str(chart.svg))
    assert lines == [" quiet", "", " quiet", " quiet"]
    assert [row[0] for row in chart.rows][:2] == ["llama2-13b (published)", "mine"]
    alone = first_screen(ordered, examined, {"mine": "mine"}, None, 0, 200).chart
    assert "quiet" not in alone.svg


def test_the_first_screen_says_where_the_run_stands(mine, beside):
    examined = examine([mine], 0, 200)
    ordered = by_score([mine], examined.figures)

    def last(published):
        parts = first_screen(ordered, examined, {"mine": "mine"}, None, 0, 200, published).verdict[-1]
        return "".join(part if isinstance(part, str) else part.label for part in parts)

    assert last(beside) == "By tests against mine, of 3 published models 1 is worse and 2 can't be told apart."
    one = replace(beside, lines=beside.lines[2:])
    assert last(one) == "The published model qwen1_5-7b-1000 (published) is worse than mine by test."
    one = replace(beside, lines=beside.lines[:1])
    assert last(one) == "The published model llama2-13b (published) can't be told apart from mine by test."
    none = replace(beside, lines=tuple(replace(line, finding=None) for line in beside.lines))
    assert last(none) == last(None)


def test_a_run_of_other_rows_has_the_reason_instead_of_marks(tmp_path, capsys):
    write_run(tmp_path, "own", rows_of("sevenllm_en_mcq", "sevenllm_zh_mcq"))
    assert main(["report", str(tmp_path / "own"), "-o", str(tmp_path / "out"), "--published", "llama2-7b"]) == 0
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    part = page[page.index('<section id="published"') :]
    part = part[: part.index("</section>")]
    assert "They can't be compared with" in part
    assert "data (sha256)" in part
    assert "llama2-7b (published)" in part
    assert "0.543" in part
    assert "quiet" not in page[page.index('id="chart-first"') : page.index('<section id="headline"')]


def test_an_unknown_name_stops_the_report(tmp_path, capsys):
    write_run(tmp_path, "own", rows_of("sevenllm_en_mcq"))
    assert main(["report", str(tmp_path / "own"), "-o", str(tmp_path / "out"), "--published", "llama-7b"]) == 2
    assert "unknown published model 'llama-7b'; did you mean 'llama2-7b'?" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_run_after_the_option_is_no_name(tmp_path, capsys):
    write_run(tmp_path, "own", rows_of("sevenllm_en_mcq"))
    assert main(["compare", str(tmp_path / "own"), "--published", str(tmp_path / "own")]) == 2
    assert "name the runs before --published" in capsys.readouterr().err


def test_compare_refuses_a_run_of_other_rows(tmp_path, capsys):
    write_run(tmp_path, "own", rows_of("sevenllm_en_mcq"))
    assert main(["compare", str(tmp_path / "own"), "--published", "llama2-7b"]) == 2
    assert "data (sha256)" in capsys.readouterr().err
