"""`score --rows audited` and `compare --rows audited`: figures beside the official ones."""

import json
import math

import pytest

from sevenllm_bench.cli.main import main
from sevenllm_bench.data.audit_records import load_audit


@pytest.mark.data
def test_score_has_both_figures(data_dir, predictions_dir, expected, official_rows, tmp_path, capsys):
    """The paper's metrics on audited rows are means of the authors' own scores of these rows."""
    target = tmp_path / "scores.json"
    answers = str(predictions_dir / "llama2-7b.jsonl")
    assert main(["score", answers, "--data-dir", str(data_dir), "--rows", "audited", "--json", str(target)]) == 0
    content = json.loads(target.read_text(encoding="utf-8"))
    sections = {row.id: row.section for row in official_rows}
    items = {int(row_id): value for row_id, value in expected["llama2-7b"]["items"].items()}
    for name, metric in (("zh_understanding", "value_f1"), ("en_generation", "rouge_l_paper"), ("en_mcq", "acc")):
        authors = [items[row_id] for row_id in load_audit().sound if sections[row_id] == name and row_id in items]
        found = content["audited"]["metrics"][name]
        assert found["rows"] == len(authors)
        assert found[metric] == pytest.approx(math.fsum(authors) / len(authors), abs=1e-6)
    assert content["coverage"]["rows"] == 1300, "the official figures are still there"
    printed = capsys.readouterr().out
    assert "no official result" in printed
    assert printed.index("data: SEvenLLM-Bench") < printed.index("headline on audited rows")


def test_embedded_rows_have_no_audited_figures(tmp_path, capsys):
    from sevenllm_bench.data.embedded import embedded_split

    row = embedded_split("test")[0]
    answers = tmp_path / "answers.jsonl"
    answers.write_text(json.dumps({"id": row.id, "output": row.output}), encoding="utf-8")
    assert main(["score", str(answers), "--dataset", "embedded", "--rows", "audited"]) == 2
    assert "audited rows are rows of the official file" in capsys.readouterr().err


@pytest.mark.data
def test_compare_has_both_tables(data_dir, predictions_dir, tmp_path, capsys):
    target = tmp_path / "table.md"
    run = str(predictions_dir / "llama2-7b.jsonl")
    options = ["--published", "llama2-7b", "--rows", "audited", "--resamples", "100", "--markdown", str(target)]
    assert main(["compare", run, *options, "--data-dir", str(data_dir), "--json", "-"]) == 0
    content = json.loads(capsys.readouterr().out)
    headline = next(finding for finding in content["audited"]["findings"] if finding["level"] == "overall")
    assert (headline["rows"], headline["difference"]) == (len(load_audit().sound), 0.0)
    assert content["findings"][0]["rows"] == 1300
