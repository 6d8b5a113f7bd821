"""`sevenllm-bench encoders`: every action end to end on tiny encoders, and one message for each mistake."""

import json

import pytest
from encoders import tiny_encoders

from sevenllm_bench.cli.main import main
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.runs.reader import read_runs

EMBEDDED = ("--dataset", "embedded")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoders")
    return {
        "bi-encoder": tiny_encoders.make_bi_encoder(folder / "bi"),
        "cross-encoder": tiny_encoders.make_cross_encoder(folder / "cross"),
        "masked-lm": tiny_encoders.make_encoder(folder / "masked"),
        "token-classifier": tiny_encoders.make_token_classifier(folder / "tokens"),
        "text-classifier": tiny_encoders.make_text_classifier(folder / "texts"),
    }


RUNS = {
    "bi-encoder": ["sevenllm-en-retrieval", "sevenllm-en-answer-ranking"],
    "cross-encoder": ["sevenllm-en-retrieval", "sevenllm-en-answer-ranking"],
    "masked-lm": ["sevenllm-en-masked-terms"],
    "token-classifier": ["sevenllm-en-entities"],
    "text-classifier": ["sevenllm-vulnerable-code"],
}


@pytest.mark.parametrize("kind", RUNS)
def test_each_kind_runs_its_own_tasks_and_its_run_is_read_and_verified(models, tmp_path, capsys, kind):
    output = tmp_path / "run"
    words = ["--language", "en", "--limit", "2", "-o", str(output)]
    assert main(["encoders", "run", str(models[kind]), *EMBEDDED, *words]) == 0
    printed = capsys.readouterr().out
    assert f"a {kind}, {len(RUNS[kind])} tasks over embedded rows" in printed
    (run,) = read_runs([output])
    assert list(run.encoder_tasks) == RUNS[kind]
    assert {sample.task for sample in run.item_samples} == set(RUNS[kind])
    assert len(run.item_samples) == 2 * len(RUNS[kind])
    assert run.encoder_tasks[RUNS[kind][0]].signature["method"]["kind"]
    assert main(["submit", str(output), "-o", str(tmp_path / "bundle.zip")]) == 0
    printed = capsys.readouterr().out
    assert " 0 differ or are missing" in printed


def test_long_texts_are_cut_in_retrieval_only_unless_asked(models, tmp_path, capsys):
    words = ["--language", "en", "--limit", "2"]
    assert main(["encoders", "run", str(models["bi-encoder"]), *EMBEDDED, *words, "-o", str(tmp_path / "usual")]) == 0
    assert (
        main(
            [
                "encoders",
                "run",
                str(models["bi-encoder"]),
                *EMBEDDED,
                *words,
                "--long-texts",
                "mean",
                "-o",
                str(tmp_path / "mean"),
            ]
        )
        == 0
    )
    capsys.readouterr()
    usual, mean = read_runs([tmp_path / "usual"])[0], read_runs([tmp_path / "mean"])[0]
    found = [[task.signature["method"]["long_texts"] for task in run.encoder_tasks.values()] for run in (usual, mean)]
    assert found == [["cut", "max"], ["mean", "mean"]]


def test_a_pipeline_prints_its_stages_and_mteb_has_a_file(models, tmp_path, capsys):
    words = ["--bi-encoder", str(models["bi-encoder"]), "--cross-encoder", str(models["cross-encoder"])]
    words += ["--bi-encoder-depth", "3", "--language", "en", "--limit", "2", "-o", str(tmp_path)]
    assert main(["encoders", "pipeline", *EMBEDDED, *words]) == 0
    printed = capsys.readouterr().out
    assert all(stage in printed for stage in ("bm25", "bi-encoder", "cross-encoder"))
    (result,) = (tmp_path / "mteb").rglob("sevenllm-en-retrieval.json")
    assert json.loads(result.read_bytes())["task_name"] == "sevenllm-en-retrieval"
    (run,) = read_runs([next(tmp_path.glob("results_*.json"))])
    assert [len(sample.answer["ranked"]) for sample in run.item_samples] == [3, 3]


def test_bm25_alone_needs_no_model_and_its_bundle_is_confirmed(tmp_path, capsys):
    assert main(["encoders", "pipeline", *EMBEDDED, "--language", "zh", "-o", str(tmp_path / "run")]) == 0
    assert main(["submit", str(tmp_path / "run"), "-o", str(tmp_path / "bundle.zip")]) == 0
    printed = capsys.readouterr().out
    assert " 0 differ or are missing" in printed
    assert main(["verify", str(tmp_path / "bundle.zip")]) == 0
    assert list(read_runs([tmp_path / "run"])[0].encoder_tasks) == ["sevenllm-zh-retrieval", "sevenllm-zh-answer-ranking"]


def test_what_mteb_wrote_becomes_a_run_that_is_confirmed(models, tmp_path, capsys):
    import mteb
    from sentence_transformers import SentenceTransformer

    from sevenllm_bench.encoder_runs.mteb_tasks import retrieval_task

    model = SentenceTransformer(str(models["bi-encoder"]), device="cpu")
    cache = mteb.ResultCache(cache_path=tmp_path / "cache")
    mteb.evaluate(
        model, [retrieval_task("en", "embedded")], cache=cache, prediction_folder=tmp_path / "lists", show_progress_bar=False
    )
    (result,) = (tmp_path / "cache").rglob("sevenllm-en-retrieval.json")
    (lists,) = (tmp_path / "lists").rglob("*_predictions.json")
    words = ["encoders", "import-mteb", str(result), "--predictions", str(lists), *EMBEDDED, "-o", str(tmp_path / "run")]
    assert main(words) == 0
    assert main(["submit", str(tmp_path / "run"), "--model", "an-org/a-model", "-o", str(tmp_path / "bundle.zip")]) == 0
    assert " 0 differ or are missing" in capsys.readouterr().out
    (run,) = read_runs([next((tmp_path / "run").glob("results_*.json"))])
    said = json.loads(result.read_bytes())["scores"]["test"][0]
    assert run.encoder_tasks["sevenllm-en-retrieval"].metrics["ndcg_at_10"] == pytest.approx(said["ndcg_at_10"], abs=1e-5)
    # Lists that are not those of the figures are refused.
    content = json.loads(lists.read_bytes())
    for scores in content["default"]["test"].values():
        for document in scores:
            scores[document] = -scores[document]
    lists.write_text(json.dumps(content), encoding="utf-8")
    assert main(words) == 2
    assert "by the ranked lists" in capsys.readouterr().err


def test_probes_print_a_sentence_each(models, tmp_path, capsys):
    assert main(["encoders", "probe", str(models["bi-encoder"]), *EMBEDDED, "--json", str(tmp_path / "probes.json")]) == 0
    printed = capsys.readouterr().out
    found = json.loads((tmp_path / "probes.json").read_bytes())
    assert set(found["probes"]) == {"indicators", "acronyms", "chinese", "lengths", "ties"}
    assert all(probe["sentence"] in printed for probe in found["probes"].values())


def test_a_data_set_of_ones_own_gives_a_transfer_table(models, tmp_path, capsys):
    data = tmp_path / "own.conll"
    data.write_text("Emotet B-Malware\nhit O\nAcme B-ORG\nCorp I-ORG\n\nNothing O\nhere O\n", encoding="utf-8")
    words = [
        "encoders",
        "transfer",
        str(data),
        "--model",
        str(models["token-classifier"]),
        "--json",
        str(tmp_path / "table.json"),
    ]
    assert main(words) == 0
    assert "Malware" in capsys.readouterr().out
    (cell,) = json.loads((tmp_path / "table.json").read_bytes())
    assert cell["figures"]["spans"] == 2


def test_two_models_that_are_one_agree(models, tmp_path, capsys):
    rows = [row for row in load_benchmark("embedded").rows if row.kind == "generation" and row.language == "en"][:6]
    answers = tmp_path / "answers.jsonl"
    answers.write_text("".join(json.dumps({"id": row.id, "output": row.input[:200]}) + "\n" for row in rows), encoding="utf-8")
    model = str(models["bi-encoder"])
    words = ["encoders", "agree", str(answers), "--models", model, model, *EMBEDDED, "--json", str(tmp_path / "a.json")]
    assert main(words) == 0
    (section,) = json.loads((tmp_path / "a.json").read_bytes())["sections"]
    assert (section["section"], section["rows"], section["difference"]) == ("en_generation", 6, 0.0)
    assert section["spearman"] == pytest.approx(1.0)


MISTAKES = {
    "unknown task": (["run", "{bi-encoder}", "--task", "sevenllm-en-retreival", "-o", "{tmp}/x"], "did you mean"),
    "task of another kind": (["run", "{bi-encoder}", "--task", "sevenllm-en-entities", "-o", "{tmp}/x"], "is a bi-encoder"),
    "kind of another checkpoint": (["run", "{masked-lm}", "--kind", "token-classifier", "-o", "{tmp}/x"], "encoder"),
    "no such folder": (["run", "{tmp}/nowhere", "-o", "{tmp}/x"], "nowhere"),
    "code for another kind": (["run", "{bi-encoder}", "--code", "{tmp}/f.jsonl", "-o", "{tmp}/x"], "--code"),
    "no such code": (["run", "{text-classifier}", "--code", "{tmp}/f.jsonl", "-o", "{tmp}/x"], "f.jsonl"),
    "output that is a file": (["run", "{bi-encoder}", "-o", "{bi-encoder}/config.json"], "--output"),
    "device that isn't there": (["run", "{bi-encoder}", "--device", "cuda:7", "-o", "{tmp}/x"], "device"),
    "nothing that searches": (["pipeline", "--no-bm25", "--cross-encoder", "{cross-encoder}", "-o", "{tmp}/x"], "begins with"),
    "fusion of one": (["pipeline", "--fusion", "-o", "{tmp}/x"], "fusion"),
    "stage of another kind": (["pipeline", "--bi-encoder", "{masked-lm}", "-o", "{tmp}/x"], "bi-encoder"),
    "no data set": (["transfer", "{tmp}/none.conll", "--model", "{token-classifier}"], "none.conll"),
    "no result of MTEB": (
        ["import-mteb", "{bi-encoder}/config.json", "--predictions", "{bi-encoder}/config.json", "-o", "{tmp}/x"],
        "MTEB",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_message_and_exit_code_2(models, tmp_path, capsys, name):
    words, message = MISTAKES[name]
    places = {**{kind: str(path) for kind, path in models.items()}, "tmp": str(tmp_path)}
    words = [word.format(**places) for word in words]
    rows = [] if words[0] == "transfer" else list(EMBEDDED)
    assert main(["encoders", *words, *rows]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []
