"""Our tasks under MTEB's own API, with models that MTEB wraps itself; no cache and no network that nobody asked for."""

import math
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from encoders import tiny_encoders

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.hub import REVISION
from sevenllm_bench.encoder_runs import mteb_library
from sevenllm_bench.encoder_runs.mteb_tasks import mteb_task, retrieval_task
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask
from sevenllm_bench.encoder_tasks.retrieval import items
from sevenllm_bench.errors import ConfigError, DataError

mteb = pytest.importorskip("mteb")


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(tiny_encoders.make_bi_encoder(tmp_path_factory.mktemp("bi"))), device="cpu")


def run(model, task):
    found = mteb.evaluate(model, tasks=[task], cache=None, show_progress_bar=False, co2_tracker=False)
    return found.task_results[0]


@pytest.mark.parametrize(("language", "code"), [("en", "eng-Latn"), ("zh", "cmn-Hans")])
def test_mteb_runs_our_task(tiny_model, language, code):
    result = run(tiny_model, retrieval_task(language, "embedded"))
    assert result.task_name == f"sevenllm-{language}-retrieval"
    (scores,) = result.scores["test"]
    assert scores["languages"] == [code]
    assert scores["hf_subset"] == "default"
    assert scores["main_score"] == scores["ndcg_at_10"] == result.get_score()
    assert [scores[f"{kind}_queries"] for kind in ("mcq", "generation", "understanding")] == [16, 60, 52]
    for metric in ("ndcg_at_10", "recall_at_1", "recall_at_5", "recall_at_10", "mrr_at_10"):
        kinds = [(scores[f"{kind}_queries"], scores[f"{kind}_{metric}"]) for kind in ("mcq", "generation", "understanding")]
        mean = math.fsum(count * value for count, value in kinds) / 128
        assert mean == pytest.approx(scores[metric], abs=5.1e-6), "MTEB rounds to five decimal places"


def test_metadata():
    benchmark = load_benchmark("embedded")
    metadata = retrieval_task("zh", "embedded").metadata
    assert (metadata.type, metadata.category, metadata.main_score) == ("Retrieval", "t2t", "ndcg_at_10")
    assert metadata.languages == ["cmn"]
    assert metadata.revision == f"embedded-{benchmark.sha256[:16]}"
    assert not metadata.is_multilingual
    mteb.TaskMetadata.model_validate(metadata.model_dump())


def test_queries_and_documents_of_a_task():
    benchmark, task = load_benchmark("embedded"), EncoderTask("retrieval", "en")
    found = mteb_task(task, benchmark, items(task, benchmark)[:5])
    found.load_data()
    split = found.dataset["default"]["test"]
    assert len(split["queries"]) == len(split["relevant_docs"]) == 5
    assert len(split["corpus"]) == 12
    assert set(split["queries"]["id"]).isdisjoint(split["corpus"]["id"])
    first = split["queries"][0]
    text = benchmark.by_id[int(first["id"][1:])].input
    assert [split["corpus"][list(split["corpus"]["id"]).index(d)]["text"] for d in split["relevant_docs"][first["id"]]] == [text]


@pytest.mark.data
def test_the_official_rows_by_a_folder(data_dir):
    task = retrieval_task("en", data_dir=data_dir)
    assert task.metadata.revision == REVISION
    assert task.metadata.dataset["path"] == "Multilingual-Multimodal-NLP/SEVENLLM-Dataset"
    task.load_data()
    split = task.dataset["default"]["test"]
    assert (len(split["queries"]), len(split["corpus"])) == (649, 644)


def test_rows_that_are_not_there_are_an_error_and_no_other_rows(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(DataError):
        retrieval_task("en", data_dir=tmp_path)
    with pytest.raises(ConfigError, match="unknown dataset"):
        retrieval_task("en", "own")
    with pytest.raises(ConfigError, match="unknown language 'de'"):
        retrieval_task("de", "embedded")
    with pytest.raises(DataError, match="no row of this language has a query"):
        mteb_task(EncoderTask("retrieval", "en"), load_benchmark("embedded"), [])


def test_without_mteb_the_error_gives_the_install_line(monkeypatch):
    monkeypatch.delitem(sys.modules, "mteb")
    monkeypatch.setattr(mteb_library, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r'pip install "sevenllm-bench\[encoders\]"'):
        retrieval_task("en", "embedded")


def test_nothing_is_asked_of_the_network(tiny_model, monkeypatch):
    def refuse(*arguments):
        raise AssertionError(f"a connection to {arguments[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert run(tiny_model, retrieval_task("en", "embedded")).task_name == "sevenllm-en-retrieval"


def test_importing_mteb_makes_no_folder(tmp_path):
    code = (
        "from sevenllm_bench.encoder_runs.mteb_tasks import retrieval_task\n"
        "task = retrieval_task('en', 'embedded')\n"
        "import sys\n"
        "print(sys.modules['mteb.evaluate']._DEFAULT_CACHE.cache_path)"
    )
    environment = {**os.environ, "HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    environment.pop("MTEB_CACHE", None)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=300)
    assert Path(done.stdout.strip()) == tmp_path / ".cache" / "mteb"
    assert not (tmp_path / ".cache" / "mteb").exists()
