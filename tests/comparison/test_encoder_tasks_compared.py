"""Encoders compared item by item, apart from the headline."""

import encoder_run_files
import pytest

from sevenllm_bench.cli.main import main
from sevenllm_bench.comparison.compare_runs import compare_runs
from sevenllm_bench.comparison.export import as_json, as_markdown
from sevenllm_bench.comparison.table_cells import encoder_rows
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.runs.reader import read_runs

CODE = "sevenllm-vulnerable-code"


@pytest.fixture
def folders(tmp_path):
    encoder_run_files.write(tmp_path / "one", encoder_run_files.half_right, (CODE,), "an-org/one")
    encoder_run_files.write(tmp_path / "two", encoder_run_files.right, (CODE,), "an-org/two")
    return [str(tmp_path / "one"), str(tmp_path / "two")]


def test_a_better_encoder_is_found_better(folders):
    comparison = compare_runs(read_runs(folders), resamples=500)
    (finding,) = comparison.at("encoder task")
    assert (finding.cell.name, finding.cell.metric) == (CODE, "code_acc")
    assert finding.mean == 1.0
    assert finding.baseline_mean == pytest.approx(0.5, abs=0.02)
    # As many items were lost as have an odd id: all of them are gained, none is lost.
    assert (finding.paired.losses, finding.paired.wins) == (0, round(100 * (1 - finding.baseline_mean)))
    assert finding.verdict == "better"
    assert {f.cell.name for f in comparison.at("encoder group")} == {
        f"{CODE}.{name}" for name in ("c", "go", "java", "php", "python")
    }
    assert comparison.at("overall") == []


def test_tables_have_figures_and_costs(folders):
    comparison = compare_runs(read_runs(folders), resamples=500)
    rows = encoder_rows(comparison)
    assert [row[1] for row in rows] == ["an-org/one", "an-org/two"]
    assert rows[1][4] == "1.0000"
    assert rows[0][6:] == ["1,000", "25.0", "1 MiB", "2"]
    text = as_markdown(comparison, "section")
    assert "## Further tasks" in text
    assert "<b>" not in text
    assert as_json(comparison)["runs"][0]["encoder_costs"][CODE]["texts"] == 50


def test_the_command_prints_no_headline_of_runs_without_rows(folders, capsys):
    assert main(["compare", *folders, "--resamples", "200"]) == 0
    printed = capsys.readouterr().out
    assert "headline scores" not in printed
    assert "by encoder task: an-org/two against an-org/one" in printed


def test_runs_over_other_items_are_not_compared(tmp_path, folders):
    encoder_run_files.write(tmp_path / "three", encoder_run_files.right, (CODE,), "an-org/three", limit=40)
    with pytest.raises(ResultsError, match="items") as raised:
        compare_runs(read_runs([folders[0], str(tmp_path / "three")]), resamples=500)
    assert "an-org/three lacks" in str(raised.value)
