"""Token classifiers on texts with entities, by real classes at tiny size; figures by seqeval and nervaluate."""

import json
from dataclasses import replace

import pytest
from encoders import tiny_encoders
from nervaluate import Evaluator
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_runs import entities_run, ner_transfer
from sevenllm_bench.encoder_runs.entities_run import run_entities, types_of_model
from sevenllm_bench.encoder_runs.ner_transfer import read_ner, transfer_notes, transfer_rows, transfer_table
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask
from sevenllm_bench.encoder_tasks.entities import figures, items, score
from sevenllm_bench.encoder_tasks.entity_types import ENTITY_TYPES
from sevenllm_bench.encoder_tasks.label_map import LabelMap
from sevenllm_bench.encoder_tasks.ner_files import read_ner_file
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.encoding_cost import EncodingCost
from sevenllm_bench.errors import ConfigError, DataError

TASK = EncoderTask("entities", "en")
CONLL = "Emotet B-MAL\nhit O\nACME B-ORG\nCorp I-ORG\nwith O\nnmap B-TOOL\n\nTrickBot B-MAL\nhit O\nWindows B-OS\n10 I-OS\n"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_encoders.make_token_classifier(tmp_path_factory.mktemp("ner"))


@pytest.fixture
def conll(tmp_path):
    file = tmp_path / "set.conll"
    file.write_text(CONLL)
    return file


class Labelled:
    """A token classifier whose spans are given by what they are in the text."""

    def __init__(self, choice):
        self.choice, self.limit, self.cost = choice, 128, EncodingCost(parameters=7)
        self.labels = ["O", "B-MAL", "I-MAL", "B-TOOL", "I-TOOL", "B-OS"]

    def spans(self, texts):
        names = {"Emotet": "MAL", "ACME": "MAL", "nmap": "TOOL", "Windows": "OS"}
        return [[(t.index(n), t.index(n) + len(n), k) for n, k in names.items() if n in t] for t in texts]

    def describe(self):
        return {"kind": "token-classifier"}


@pytest.fixture
def labelled(monkeypatch):
    for module in (entities_run, ner_transfer):
        monkeypatch.setattr(module, "TokenClassifier", Labelled)
    monkeypatch.setattr(entities_run, "chinese_warning", lambda *_: None)


def as_iob2(text, spans):
    tags = ["O"] * len(text)
    for start, end, kind in spans:
        tags[start:end] = [f"B-{kind}", *[f"I-{kind}"] * (end - start - 1)]
    return tags


def test_a_tiny_modernbert_on_the_embedded_texts_is_scored_as_seqeval_and_nervaluate_score_it(checkpoint):
    """Random weights find spans all over the texts; both references count them character by character."""
    asked = items(TASK, load_benchmark("embedded"))
    outcome = run_entities(TASK, asked, EncoderChoice(str(checkpoint)))
    found = figures(asked, outcome.answers)
    texts = [item.document["text"] for item in asked]
    gold = [item.document["spans"] for item in asked]
    assert found["predicted"] > 200
    report = classification_report(
        [as_iob2(*pair) for pair in zip(texts, gold, strict=True)],
        [as_iob2(*pair) for pair in zip(texts, outcome.answers, strict=True)],
        mode="strict",
        scheme=IOB2,
        output_dict=True,
        zero_division=0,
    )
    as_dicts = [
        [[{"label": k, "start": s, "end": e - 1} for s, e, k in spans] for spans in side] for side in (gold, outcome.answers)
    ]
    partial = Evaluator(*as_dicts, tags=list(ENTITY_TYPES), loader="dict").evaluate()
    for kind in ENTITY_TYPES:
        own = found["types"][kind]
        assert own["support"] == report[kind]["support"]
        assert own["strict"]["f1"] == pytest.approx(report[kind]["f1-score"], abs=1e-12)
        assert own["partial"]["f1"] == pytest.approx(partial["entities"][kind]["partial"].f1, abs=1e-12)
    assert found["strict"]["f1"] == pytest.approx(report["micro avg"]["f1-score"], abs=1e-12)
    assert found["partial_any_type"]["f1"] == pytest.approx(partial["overall"]["partial"].f1, abs=1e-12)
    assert outcome.cost["texts"] == 12
    assert outcome.method["kind"] == "token-classifier"
    assert outcome.method["spans"] == {"labels": 1}
    assert "are longer than the 128 tokens that the model reads" in outcome.notes[0]
    json.dumps([outcome.answers, outcome.method, outcome.cost])


def test_answers_with_our_types_and_what_has_none_is_noted(labelled, conll):
    data = read_ner_file(conll)
    outcome = run_entities(TASK, data.items, EncoderChoice("m"))
    assert outcome.answers == [[[0, 6, "Malware"], [11, 15, "Malware"]], [[13, 20, "System"]]]
    assert outcome.method["label_types"] == {"MAL": "Malware", "TOOL": None, "OS": "System"}
    assert outcome.notes == (
        "Labels of the model without one of our types, and the spans that they named, which count for nothing: TOOL 1.",
        "The model has no label for Indicator, Organization, Vulnerability: what the texts have of it is missed.",
    )
    mapped = run_entities(TASK, data.items, EncoderChoice("m"), LabelMap({"TOOL": "Malware", "OS": None}))
    assert mapped.answers[0][-1] == [26, 30, "Malware"]


def test_a_map_from_a_file_and_labels_that_say_nothing(labelled, conll, tmp_path):
    file = tmp_path / "map.yaml"
    file.write_text("MAL: Vulnerability\n")
    outcome = run_entities(TASK, read_ner_file(conll).items, EncoderChoice("m"), file)
    assert outcome.answers[0] == [[0, 6, "Vulnerability"], [11, 15, "Vulnerability"]]
    with pytest.raises(ConfigError, match=r"none of the labels of m is .*its labels: 0, 1\); map them with --labels"):
        types_of_model(["O", "B-0", "B-1"], LabelMap(), "m")
    with pytest.raises(ConfigError, match="its labels: none"):
        types_of_model([], LabelMap(), "m")


def test_a_wrong_kind_of_checkpoint_is_one_message(tmp_path):
    folder = tiny_encoders.make_text_classifier(tmp_path / "m")
    with pytest.raises(ConfigError, match="token-classifier"):
        run_entities(TASK, [], EncoderChoice(str(folder)))


def test_the_transfer_table(labelled, conll, tmp_path):
    """By hand: strict, of 4 true spans Emotet alone is found (Windows lacks its 10), of 3 predicted; partial 1.5 of them."""
    other = tmp_path / "other.jsonl"
    other.write_text('{"text": "Emotet here", "spans": [[0, 6, "Malware"]]}\n')
    cells = transfer_table([EncoderChoice("m"), EncoderChoice("n", "v1")], [read_ner(str(conll)), read_ner(str(other))])
    assert [(cell.model, cell.data.name) for cell in cells] == [
        ("m", "set.conll"),
        ("m", "other.jsonl"),
        ("n@v1", "set.conll"),
        ("n@v1", "other.jsonl"),
    ]
    assert transfer_rows(cells[:2]) == [
        ("m", "set.conll", "all", "4", "3", "0.333", "0.250", "0.286", "0.429"),
        ("m", "set.conll", "Malware", "2", "2", "0.500", "0.500", "0.500", "0.500"),
        ("m", "set.conll", "Organization", "1", "0", "0.000", "0.000", "0.000", "0.000"),
        ("m", "set.conll", "System", "1", "1", "0.000", "0.000", "0.000", "0.500"),
        ("m", "other.jsonl", "all", "1", "1", "1.000", "1.000", "1.000", "1.000"),
        ("m", "other.jsonl", "Malware", "1", "1", "1.000", "1.000", "1.000", "1.000"),
    ]
    assert transfer_notes(cells[:1]) == [
        "set.conll: labels without one of our types, left out: TOOL 1.",
        "m on set.conll: labels without one of our types, left out: TOOL 1.",
        "m has no label for Organization, which set.conll has: all of it is missed.",
    ]
    assert json.dumps([cell.as_json() for cell in cells])
    assert cells[0].as_json()["labels_of_the_data_left_out"] == {"TOOL": 1}


def test_a_transfer_with_a_real_class(checkpoint, conll):
    cells = transfer_table([EncoderChoice(str(checkpoint))], [read_ner(str(conll)), read_ner(str(conll))])
    assert [cell.cost["texts"] for cell in cells] == [2, 2]
    assert cells[0].figures == cells[1].figures


def test_sources_that_are_none(tmp_path):
    for source in (str(tmp_path), str(tmp_path / "gone.conll"), "nowhere"):
        with pytest.raises(DataError):
            read_ner(source)


@pytest.mark.parametrize(
    "text", ["", "\x00", "\u202eabc", "漏洞" * 3000, "\ud800", "a" * 50_000], ids=lambda text: str(len(text))
)
def test_hostile_texts(checkpoint, text):
    item = items(TASK, load_benchmark("embedded"))[0]
    odd = replace(item, document={**item.document, "text": text, "spans": []})
    outcome = run_entities(TASK, [odd], EncoderChoice(str(checkpoint)))
    assert all(0 <= start < end <= len(text) for start, end, _ in outcome.answers[0])
    assert set(score([odd], outcome.answers)[0].values()) <= {0.0, 1.0}
