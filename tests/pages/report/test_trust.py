"""The section "Can it be trusted?": shown only where there is a part."""

import pytest
from run_files import rows_of, write_run

from sevenllm_bench.pages.report import report_pages, task_pages
from sevenllm_bench.pages.report.report_pages import build_report
from sevenllm_bench.pages.trust.trust_part import TrustPart
from sevenllm_bench.runs.reader import read_runs

#: A leaf of which a report has no part.
LEAF = "sevenllm_en_threat_analysis"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder, "one", rows_of(LEAF), value=lambda row, metric: 0.5)
    return read_runs([folder / "one"])


def test_a_page_without_parts_has_no_section(runs, tmp_path):
    build_report(runs, tmp_path / "out", resamples=100)
    for name in ("index.html", f"tasks/{LEAF}.html"):
        assert "trust" not in (tmp_path / "out" / name).read_text()


def test_parts_are_shown_on_the_first_page_and_on_the_tasks(runs, tmp_path, monkeypatch):
    seen = []

    def parts(runs, comparison, task="", *further):
        seen.append(task)
        return [TrustPart("Letters <b>", ("One sentence.", "Another."), ("run", "share"), (("one", "0.36"),))]

    monkeypatch.setattr(report_pages, "trust_parts", parts)
    monkeypatch.setattr(task_pages, "trust_parts", parts)
    build_report(runs, tmp_path / "out", resamples=100)
    assert sorted(seen) == ["", LEAF]
    for name in ("index.html", f"tasks/{LEAF}.html"):
        text = (tmp_path / "out" / name).read_text()
        assert "Can it be trusted?" in text
        assert "Letters &lt;b&gt;" in text
        assert "One sentence. Another." in text
        assert '<th scope="col">Run</th><th scope="col" class="num">Share</th>' in text
        assert '<td class="num">0.36</td>' in text
