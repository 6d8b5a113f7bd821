"""MTEB's result files: read into our figures, written by MTEB itself; what is hostile or of something else is one message."""

import json
from contextlib import suppress
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.hub import REVISION
from sevenllm_bench.encoder_runs.mteb_results import (
    figures_of,
    is_mteb_result,
    mteb_result,
    read_mteb_result,
    write_mteb_result,
)
from sevenllm_bench.encoder_runs.mteb_search import model_meta
from sevenllm_bench.encoder_runs.pipeline import PipelineStages, run_pipeline
from sevenllm_bench.encoder_runs.task_outcome import TaskOutcome
from sevenllm_bench.encoder_tasks.encoder_task import TASK_METRICS, EncoderTask
from sevenllm_bench.encoder_tasks.retrieval import figures, items, score
from sevenllm_bench.errors import ConfigError, DataError, ResultsError

mteb = pytest.importorskip("mteb")
TASK = EncoderTask("retrieval", "zh")


@pytest.fixture(scope="module")
def outcome():
    benchmark = load_benchmark("embedded")
    return run_pipeline(TASK, items(TASK, benchmark), benchmark, PipelineStages())


@pytest.fixture(scope="module")
def written(outcome, tmp_path_factory):
    path, _ = write_mteb_result(outcome, load_benchmark("embedded"), tmp_path_factory.mktemp("mteb"), "org/model", "abc")
    return path


def test_what_mteb_writes_is_read(outcome, written):
    assert written.parts[-4:] == ("results", "org__model", "abc", "sevenllm-zh-retrieval.json")
    found = read_mteb_result(written)
    assert (found.task, found.model, found.model_revision, found.queries) == (TASK, "org/model", "abc", 128)
    assert (found.source, found.mteb_version, found.seconds) == ("embedded", mteb.__version__, outcome.cost["seconds"])
    values = score(outcome.items, outcome.answers)
    for metric in TASK_METRICS["retrieval"]:
        assert found.values[metric] == pytest.approx(sum(value[metric] for value in values) / 128, abs=1e-5)
    groups = figures(outcome.items, outcome.answers)["by_group"]
    assert set(found.by_group) == set(groups)
    for kind, means in found.by_group.items():
        assert means["queries"] == groups[kind]["queries"]
        assert means["ndcg_at_10"] == pytest.approx(groups[kind]["ndcg_at_10"], abs=1e-6)


def test_mteb_reads_what_we_write(written):
    result = mteb.TaskResult.from_disk(written)
    assert result.get_score() == read_mteb_result(written).values["ndcg_at_10"]
    cache = mteb.ResultCache(cache_path=written.parents[3])
    assert cache.load_task_result("sevenllm-zh-retrieval", model_meta("org/model", "abc")).scores == result.scores
    json.loads(written.read_text(), parse_constant=pytest.fail)


def test_scores_that_are_not_numbers_are_not_written():
    benchmark = load_benchmark("embedded")
    asked = items(TASK, benchmark)
    perfect = [{"ranked": [[document, 1.0] for document in item.document["relevant"]]} for item in asked]
    result = mteb_result(TaskOutcome(TASK, asked, perfect), benchmark)
    json.dumps(result.scores, allow_nan=False)
    assert result.get_score() == 1


def test_answers_that_are_rubbish_are_scored_by_mteb_as_by_us():
    benchmark = load_benchmark("embedded")
    asked = items(TASK, benchmark)[:4]
    right = asked[3].document["relevant"][0]
    answers = [None, {"ranked": [["x", 1]]}, {"ranked": []}, {"ranked": [[right, 0.5], [right, 0.9], [999, float("nan")]]}]
    result = mteb_result(TaskOutcome(TASK, asked, answers), benchmark)
    ours = score(asked, answers)
    assert result.get_score() == pytest.approx(sum(value["ndcg_at_10"] for value in ours) / 4) == 0.25


def test_no_items():
    with pytest.raises(DataError, match="no row of this language"):
        mteb_result(TaskOutcome(TASK, [], []), load_benchmark("embedded"))


def test_a_folder_that_cannot_be_written_to(outcome, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="can't be written"):
        write_mteb_result(outcome, load_benchmark("embedded"), tmp_path / "file" / "folder", "org/model")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cisco-ai/SecureBERT2.0-biencoder", "cisco-ai/SecureBERT2.0-biencoder"),
        ("/home/me/my model", "local/my-model"),
        ("../model", "local/model"),
        ("a/b", "a/b"),
        ("bm25 > org/bi > /tmp/cross", "pipeline/bm25-bi-cross"),
        ("bm25", "local/bm25"),
        ("../..", "local/model"),
        ("", "local/model"),
        ("org/a\x00b", "local/a-b"),
    ],
)
def test_names_of_models(name, expected):
    assert model_meta(name, None).name == expected


def content():
    scores = dict.fromkeys(TASK_METRICS["retrieval"], 0.5)
    of_kind = {"mcq_queries": 50, **{f"mcq_{metric}": 0.25 for metric in scores}}
    return {
        "task_name": "sevenllm-en-retrieval",
        "mteb_version": "2.26.24",
        "dataset_revision": REVISION,
        "evaluation_time": 3.5,
        "scores": {"test": [{"hf_subset": "default", "queries": 649, **scores, **of_kind}]},
    }


def test_a_result_by_hand():
    found = figures_of(content(), "x.json")
    assert (found.source, found.queries, found.seconds, found.task.language) == ("official", 649, 3.5, "en")
    assert found.values == dict.fromkeys(TASK_METRICS["retrieval"], 0.5)
    assert found.by_group == {"mcq": {"queries": 50, **dict.fromkeys(TASK_METRICS["retrieval"], 0.25)}}
    assert is_mteb_result(content())
    assert not is_mteb_result({"results": {}})


def changed(**changes):
    value = content()
    for place, new in changes.items():
        if place in value:
            value[place] = new
        elif new is None:
            del value["scores"]["test"][0][place]
        else:
            value["scores"]["test"][0][place] = new
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "no result file of MTEB"),
        ({"task_name": "x"}, "no result file of MTEB"),
        (changed(task_name="SciFact"), "unknown MTEB task 'SciFact'"),
        (changed(task_name=["x"]), "unknown MTEB task"),
        (changed(task_name="sevenllm-en-entities"), "unknown MTEB task"),
        (changed(mteb_version="1.39.2"), "made by MTEB 1.39.2"),
        (changed(mteb_version=None), "mteb_version is no version"),
        (changed(mteb_version=2), "mteb_version is no version"),
        (changed(scores={}), "not exactly one subset 'default'"),
        (changed(scores=5), "not exactly one subset"),
        (changed(scores={"test": [content()["scores"]["test"][0]] * 2}), "not exactly one subset"),
        (changed(hf_subset="mcq"), "not exactly one subset"),
        (changed(ndcg_at_10=None), "the score ndcg_at_10 is missing"),
        (changed(ndcg_at_10="0.5"), "is no number from 0 to 1"),
        (changed(ndcg_at_10=True), "is no number from 0 to 1"),
        (changed(mrr_at_10=1.5), "is no number from 0 to 1"),
        (changed(recall_at_1=float("nan")), "is no number from 0 to 1"),
        (changed(mcq_recall_at_1=-1), "is no number from 0 to 1"),
        (changed(mcq_queries=1.5), "is no number of queries"),
        (changed(queries=float("inf")), "is no number of queries"),
        (changed(queries=10**400), "is no number of queries"),
    ],
)
def test_what_is_no_such_result_is_one_message(value, message):
    with pytest.raises(ResultsError, match=message):
        figures_of(value, "x.json")


def test_times_and_revisions_of_other_types():
    found = figures_of(changed(evaluation_time=float("nan"), dataset_revision=5), "x.json")
    assert (found.seconds, found.dataset_revision, found.source) == (None, "", None)
    assert figures_of(changed(dataset_revision="modified-abc"), "x.json").source == "modified"
    assert figures_of(changed(evaluation_time=10**400), "x.json").seconds is None


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_value_crashes(data):
    rubbish = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part, max_size=3),
        max_leaves=6,
    )
    value = deepcopy(content())
    entry = value["scores"]["test"][0]
    for holder in (value, entry):
        for key in data.draw(st.lists(st.sampled_from(sorted(holder)), max_size=2)):
            holder[key] = data.draw(rubbish)
    with suppress(ResultsError):
        assert 0 <= figures_of(value, "x.json").values["ndcg_at_10"] <= 1


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\0", '{"task_name": NaN}'])
def test_broken_files(tmp_path, text):
    path = tmp_path / "sevenllm-en-retrieval.json"
    path.write_text(text)
    with pytest.raises(ResultsError):
        read_mteb_result(path)
    with pytest.raises(ResultsError, match="can't be read"):
        read_mteb_result(Path(tmp_path / "nothing"))


def test_a_broken_file_of_the_model_costs_its_name(tmp_path):
    path = tmp_path / "sevenllm-en-retrieval.json"
    path.write_text(json.dumps(content()))
    assert read_mteb_result(path).model is None
    for meta in ("{", "[]", '{"name": 5}'):
        (tmp_path / "model_meta.json").write_text(meta)
        assert read_mteb_result(path).model is None
    (tmp_path / "model_meta.json").write_text('{"name": "a/b\\u0000", "revision": 7}')
    found = read_mteb_result(path)
    assert (found.model, found.model_revision) == ("a/b�", None)
