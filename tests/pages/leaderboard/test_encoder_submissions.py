"""Encoders on the leaderboard: a table of their tasks beside LLMs, with cost; figures that can't be are left out."""

import json
from datetime import UTC, datetime

import encoder_run_files
import pytest
from leaderboard_files import SECTIONS, manifest_of, write_bundle
from submission_files import DECLARED

from sevenllm_bench.pages.leaderboard import submissions
from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.submission import bundle

pytestmark = pytest.mark.usefixtures("own_cache")

CODE = "sevenllm-vulnerable-code"
FIGURE = f"{CODE}.code_acc"


@pytest.fixture
def folder(tmp_path):
    results = encoder_run_files.write(tmp_path / "run", encoder_run_files.half_right, (CODE,))
    bundle.write_bundle(
        bundle.one_run(str(results)), tmp_path / "in" / "encoder.zip", DECLARED, datetime(2026, 11, 25, tzinfo=UTC)
    )
    return tmp_path / "in"


def test_a_bundle_of_an_encoder_is_an_entry_without_a_rank(folder):
    (entry,), left_out = submissions.read_submissions([folder])
    assert left_out == []
    assert entry.is_encoder
    assert entry.has_encoder_tasks
    assert entry.headline is None
    assert entry.figures[FIGURE].rows == 100
    assert entry.figures[f"{CODE}.python.code_acc"].rows == 20
    assert entry.cost == {"parameters": 1_000.0, "texts_per_second": 25.0, "peak_memory_bytes": float(1 << 20)}


def test_the_page_shows_it_beside_a_causal_model(folder, open_page, tmp_path):
    causal = manifest_of("an-org/causal", dict.fromkeys(SECTIONS, 0.5))
    causal["figures"].append({"id": FIGURE, "value": 0.61, "rows": 100, "stderr": (0.61 * 0.39 / 99) ** 0.5})
    write_bundle(folder / "causal.zip", causal)
    built = build_leaderboard([folder], tmp_path / "out")
    page = open_page(built.index)
    text = page.locator("#t-encoder-tasks").inner_text()
    assert "an-org/causal" in text
    assert "an-org/a-model" in text
    assert "0.610" in text
    assert "1,000" in text
    assert page.locator("#t-models tbody tr").count() == 1


@pytest.mark.parametrize(
    "figure",
    [
        {"id": f"{CODE}.other_metric", "value": 0.5, "rows": 5},
        {"id": FIGURE, "value": 1.5, "rows": 5},
        {"id": FIGURE, "value": "1", "rows": 5},
        {"id": "sevenllm-xx-retrieval.ndcg_at_10", "value": 0.5, "rows": 5},
        {"id": "sevenllm-en-masked-terms.pseudo_log_likelihood", "value": 3.0, "rows": 5},
    ],
    ids=json.dumps,
)
def test_figures_that_cannot_be_are_passed_over(figure, tmp_path):
    manifest = manifest_of("an-org/causal", dict.fromkeys(SECTIONS, 0.5))
    manifest["figures"].append(figure)
    write_bundle(tmp_path / "in.zip", manifest)
    (entry,), _ = submissions.read_submissions([tmp_path / "in.zip"])
    assert not entry.has_encoder_tasks


@pytest.mark.parametrize(
    "cost", [None, "x", [], {"parameters": "many", "texts": 1}, {"texts": 1, "parameters": -5}, {"texts": True}]
)
def test_costs_that_cannot_be_are_passed_over(cost, tmp_path):
    manifest = manifest_of("an-org/causal", dict.fromkeys(SECTIONS, 0.5))
    manifest["tasks"] = {CODE: {"cost": cost}, "other": 7}
    write_bundle(tmp_path / "in.zip", manifest)
    (entry,), _ = submissions.read_submissions([tmp_path / "in.zip"])
    assert entry.cost == {}
