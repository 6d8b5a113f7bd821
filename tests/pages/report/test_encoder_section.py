"""The report's section of encoder tasks, in a real browser."""

import encoder_run_files
import pytest
from hostile_texts import MARKUP
from run_files import rows_of, write_run

from sevenllm_bench.pages.report.report_pages import build_report
from sevenllm_bench.runs.reader import read_runs

CODE, ENTITIES = "sevenllm-vulnerable-code", "sevenllm-en-entities"


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoders")
    encoder_run_files.write(folder / "one", encoder_run_files.half_right, (CODE, ENTITIES), "an-org/one")
    encoder_run_files.write(folder / "two", encoder_run_files.right, (CODE,), MARKUP[1])
    build_report(read_runs([folder / "one", folder / "two"]), folder / "pages", resamples=200)
    return folder / "pages"


def test_encoders_have_a_table_costs_and_notes_and_no_empty_sections(open_page, encoders):
    page = open_page(encoders / "index.html")
    assert page.locator("#headline").count() == 0
    code = page.locator("#t-encoder-tasks tbody", has_text="Vulnerable code")
    assert "own rows" not in code.locator("tr").first.inner_text()
    assert "own rows" in page.locator("#t-encoder-tasks tbody", has_text="Entities, English").locator("tr").first.inner_text()
    lines = code.locator("tr").all_inner_texts()
    assert lines[1].startswith("code_acc\tall\t100")
    assert "1.000" in lines[1]
    assert any("\tpython\t20" in line for line in lines)
    assert page.locator("#t-encoder-costs tbody tr").count() == 3
    assert "1,000" in page.locator("#t-encoder-costs").inner_text()
    # The note has markup in it, which is shown as it is.
    assert page.locator("#encoder-tasks .note b").count() == 0
    assert encoder_run_files.NOTE in page.locator("#encoder-tasks .note", has_text="longer").first.inner_text()


def test_differences_of_encoder_tasks_are_named(open_page, encoders):
    page = open_page(encoders / "index.html")
    row = page.locator("#t-diff-encoder-task tbody tr").first.inner_text()
    assert "Vulnerable code" in row
    assert "better" in row


def test_rows_and_encoder_tasks_stand_in_one_report(open_page, tmp_path):
    rows = rows_of("sevenllm_en_mcq")
    write_run(tmp_path, "causal", rows)
    encoder_run_files.write(tmp_path / "encoder", encoder_run_files.right, (CODE,))
    build_report(read_runs([tmp_path / "causal", tmp_path / "encoder"]), tmp_path / "pages", resamples=200)
    page = open_page(tmp_path / "pages" / "index.html")
    assert page.locator("#headline").count() == 1
    assert page.locator("#t-encoder-tasks").count() == 1
