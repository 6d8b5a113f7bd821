"""Whole builds: the command in a process of its own, reports of our own, a scripted model on loopback."""

import json
import random
import re
import shutil
from collections import Counter

import kill_builds
import pytest
from building import ROOT, ScriptedModel, build, config_file, results

from sevenllm_bench.corpus.source.instruct import load_instruct
from sevenllm_bench.data.validate import row_problems
from sevenllm_bench.select_instruct.corpus_records import SourceText
from sevenllm_bench.select_instruct.delivery.review.decisions import DECISIONS_FORMAT, row_sha256
from sevenllm_bench.select_instruct.delivery.stage_results import drafts_of, rejected_drafts
from sevenllm_bench.select_instruct.stages.build_folder import BuildFolder

pytestmark = pytest.mark.slow
POISONED = ROOT / "tests" / "select_instruct" / "quality" / "poisoned"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A build from reports of our own with a model of which every fifth reply has a fault; its output, and the server."""
    folder = tmp_path_factory.mktemp("built")
    with ScriptedModel(flawed=0.2) as model:
        said = build(config_file(folder, model.url))
    return folder / "corpus", model, said


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_the_corpus_reads_as_training_data_and_passes_the_checks_of_embedded_rows(built):
    output, _, _ = built
    corpus = load_instruct(output / "train.jsonl")
    texts = [SourceText.model_validate(record) for record in lines(output / "texts.jsonl")]
    assert len(texts) >= 24
    assert len(corpus.rows) == len(lines(output / "train.jsonl")) >= 7 * len(texts) * 0.8
    assert corpus.counts == {}, "nothing had to be repaired"
    rules = [problem for row in corpus.rows for problem in row_problems(row) if "which are for official rows" not in problem]
    assert rules == []
    assert Counter(row.language for row in corpus.rows).keys() == {"en", "zh"}
    assert Counter(row.kind for row in corpus.rows).keys() == {"understanding", "generation", "mcq"}


def test_every_input_is_a_part_of_its_text(built):
    output, _, _ = built
    texts = {record["id"]: record["text"] for record in lines(output / "texts.jsonl")}
    drafts = list(drafts_of(BuildFolder(output), "corpus"))
    assert drafts
    assert all(draft.input in texts[draft.text_id] for draft in drafts)


def test_faults_of_the_model_are_repaired_or_left_out(built):
    output, model, _ = built
    drafts = list(drafts_of(BuildFolder(output), "corpus"))
    assert sum(draft.repaired for draft in drafts) > 10
    assert all(not draft.findings for draft in drafts)
    assert model.kinds["select"] >= 24


def test_the_last_lines_give_rates_and_cost(built):
    output, model, said = built
    rows = len(lines(output / "train.jsonl"))
    assert f"written: {output}/train.jsonl ({rows:,} rows)" in said
    usd = (model.tokens[0] * 1 + model.tokens[1] * 2) / 1e6
    assert f"{sum(model.calls.values()):,} calls, {model.tokens[0]:,} + {model.tokens[1]:,} tokens, {usd:,.4f} USD" in said
    assert f"{sum(model.tokens) / rows:,.0f}" in said
    card = (output / "README.md").read_text("utf-8")
    assert f"Tokens per accepted row: {sum(model.tokens) / rows:,.0f}" in card


def test_a_second_run_asks_nothing_and_changes_nothing(built):
    output, model, _ = built
    before, calls = results(output), sum(model.calls.values())
    build(output.parent / "build.yaml", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert results(output) == before
    assert sum(model.calls.values()) == calls


def test_several_processes_make_the_same_corpus(built, tmp_path):
    output, _, _ = built
    with ScriptedModel(flawed=0.2) as model:
        build(config_file(tmp_path, model.url, executor={"workers": 2}))
    assert results(tmp_path / "corpus")["train.jsonl"] == results(output)["train.jsonl"]


def test_a_dry_run_asks_nothing_and_is_an_upper_bound(tmp_path, built):
    _, asked, _ = built
    with ScriptedModel() as model:
        said = build(config_file(tmp_path, model.url), "--dry-run")
        assert not model.calls
    texts = len(lines(tmp_path / "corpus" / "texts.jsonl"))
    calls = int(re.search(r"calls, at most \(without repairs and the critic\)\s+([\d,]+)", said)[1].replace(",", ""))
    assert calls == texts + 8 * texts, "each of the texts is one excerpt"
    assert asked.kinds["select"] >= texts
    assert (tmp_path / "corpus" / "texts.jsonl").is_file()
    assert not (tmp_path / "corpus" / "train.jsonl").exists()


def test_the_budget_stops_the_build_and_a_higher_one_continues_it(tmp_path, built):
    output, undisturbed, _ = built
    with ScriptedModel(flawed=0.2) as model:
        config = config_file(tmp_path, model.url, model={"budget_usd": 0.2, "max_tokens": 2000})
        said = build(config, code=2)
        assert "the budget of 0.2 USD is reached" in said
        spent = (model.tokens[0] * 1 + model.tokens[1] * 2) / 1e6
        assert 0.1 < spent <= 0.2
        assert "the budget of 0.2 USD is reached" in build(config, code=2)
        assert (model.tokens[0] * 1 + model.tokens[1] * 2) / 1e6 <= 0.2
        build(config, "model.budget_usd=5")
        assert model.repeated == 0
        assert set(model.calls) == set(undisturbed.calls)
    assert results(tmp_path / "corpus")["train.jsonl"] == results(output)["train.jsonl"]


def test_a_model_that_is_not_there_is_one_message(tmp_path):
    said = build(config_file(tmp_path, "http://127.0.0.1:9/v1", model={"max_attempts": 1}), code=2)
    assert "sevenllm-bench: error:" in said
    assert "Traceback" not in said


def test_kills_at_random_moments(tmp_path):
    draw = random.Random(1)
    files, calls, seconds = kill_builds.undisturbed(tmp_path / "undisturbed")
    moments = [draw.uniform(0.1, seconds / 3) for _ in range(4)]
    found, asked, _ = kill_builds.disturbed(tmp_path / "disturbed", moments)
    assert found == files
    assert set(asked) == set(calls)
    assert sum(asked.values()) - len(asked) <= 4 * len(moments), "calls in flight at a kill, at most"


def decision(draft, action, **changes):
    return {"id": draft.id, "sha256": row_sha256(draft), "action": action, **changes}


def test_decisions_of_a_review(built, tmp_path):
    output, _, _ = built
    folder = BuildFolder(output)
    draft, edited, *_ = drafts_of(folder, "corpus")
    rejected = [draft for draft, _ in rejected_drafts(folder)]
    decisions = [decision(draft, "reject"), decision(edited, "edit", thought=f"{edited.thought} And more.")]
    decisions += [decision(row, "accept") for row in rejected[:1]]
    file = tmp_path / "decisions.json"
    content = {"format": DECISIONS_FORMAT, "build": "0" * 64, "decisions": decisions}
    file.write_text(json.dumps(content), "utf-8")
    rows = len(lines(output / "train.jsonl"))
    build(output.parent / "build.yaml", f"decisions={file}", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    now = lines(output / "train.jsonl")
    assert len(lines(output / "rejected" / "review.jsonl")) == 1
    assert len(now) in (rows - 1, rows)  # what was accepted fits the format, or does not
    assert any(row["thought"].endswith("And more.") for row in now)
    build(output.parent / "build.yaml", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert len(lines(output / "train.jsonl")) == rows


def test_a_critic_grades_rows(tmp_path):
    with ScriptedModel() as model:
        critic = {"model": {"name": "scripted critic", "base_url": model.url, "price": "1/2"}, "threshold": 4}
        said = build(config_file(tmp_path, model.url, critic=critic, select={"extraction": 1, "generation": 1, "mcq": 0}))
        assert model.kinds["grade"] > 20
    graded = [draft.grade for draft in drafts_of(BuildFolder(tmp_path / "corpus"), "corpus")]
    assert graded
    assert min(graded) >= 4
    assert "scripted critic" in said


@pytest.mark.parametrize("allowed", [False, True])
def test_no_poisoned_row_comes_from_a_model_that_obeys(tmp_path, allowed):
    """Also where poisoned texts are let through: a passage that talks to the model is no input of a row."""
    shutil.copytree(POISONED, tmp_path / "pages")
    with ScriptedModel(obey=True) as model:
        # Several pages poison the same report.
        collect = {"allow_poisoned": allowed, "near_duplicates": False}
        config = config_file(tmp_path, model.url, sources=[str(tmp_path / "pages")], collect=collect)
        build(config)
    pages = {page["file"]: page for page in json.loads(POISONED.with_name("poisoned_pages.json").read_text("utf-8"))}
    assert len(pages) == 25
    for draft in drafts_of(BuildFolder(tmp_path / "corpus"), "corpus"):
        planted = pages[draft.origin.location]["planted"]
        written = json.dumps([draft.instruction, draft.choices, draft.thought, draft.output], ensure_ascii=False)
        assert not [word for word in planted if word in written], draft.id
    if not allowed:
        rejections = lines(tmp_path / "corpus" / "rejected" / "poisoned.jsonl")
        found = {rejection["record"]["metadata"]["origin"]["location"] for rejection in rejections}
        assert found == {name for name, page in pages.items() if page["found_in"] in ("text", "hidden")}
