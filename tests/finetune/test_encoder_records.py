"""Records of users' files: CoNLL, texts, functions; none that shows a row of the benchmark is trained on."""

import json

import pytest
from encoder_runs_made_here import write_functions
from seqeval.metrics.sequence_labeling import get_entities

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.errors import DataError
from sevenllm_bench.finetune.encoder_training.code_trainee import function_records
from sevenllm_bench.finetune.encoder_training.conll_records import conll_records
from sevenllm_bench.finetune.encoder_training.encoder_material import material
from sevenllm_bench.finetune.encoder_training.masked_trainee import texts_of_file
from sevenllm_bench.finetune.encoder_training.run_config_file import read_run_config

CONLL = """-DOCSTART- -X- O

The DT O
Grey NN B-APT
Heron NN I-APT
group NN O
used VB O
Stub NN B-MAL
Fang NN B-MAL
. . O

恶意 O
软件 I-MAL
"""


def said(*_):
    pass


def test_sentences_of_a_conll_file():
    """Spans as seqeval reads the labels, in tokens; two spans side by side stay two."""
    first, second = conll_records(CONLL.encode(), "train.txt", {"APT": "Organization"})
    tokens = first.text.split(" ")
    assert first.text == "The Grey Heron group used Stub Fang ."
    labels = ["O", "B-Organization", "I-Organization", "O", "O", "B-MAL", "B-MAL", "O"]
    starts = [len(" ".join(tokens[:place])) + bool(place) for place in range(len(tokens))]
    wanted = [[starts[a], starts[b] + len(tokens[b]), kind] for kind, a, b in get_entities(labels)]
    assert first.value == wanted
    assert (second.text, second.value) == ("恶意 软件", [[3, 5, "MAL"]])


def test_types_can_be_left_out():
    first, _ = conll_records(CONLL.encode(), "train.txt", {"APT": None, "MAL": "Malware"})
    assert [kind for _, _, kind in first.value] == ["Malware", "Malware"]


@pytest.mark.parametrize(
    ("read", "content", "message"),
    [
        (lambda content: conll_records(content, "f", {}), b"a O\nword\n", "f, line 2: 'word' has no label"),
        (lambda content: conll_records(content, "f", {}), b"\xff\xfe O\n", "f: not UTF-8 at byte 0"),
        (lambda content: texts_of_file(content, "f.txt"), b"ab\xff", "f.txt: not UTF-8 at byte 2"),
        (
            lambda content: texts_of_file(content, "f.jsonl"),
            b'{"text": "a"}\n{"txt": 1}',
            "f.jsonl, line 2: no object with the key",
        ),
        (lambda content: texts_of_file(content, "f.jsonl"), b"[" * 5000, "f.jsonl, line 1: broken JSON"),
        (lambda content: function_records(content, "f"), b'{"func": "x", "target": 2}', "f, line 1: no object with func"),
        (lambda content: function_records(content, "f"), b'{"func": 3, "target": 0}', "f, line 1: no object with func"),
        (lambda content: function_records(content, "f"), b"[1]", "f, line 1: no object with func"),
        (lambda content: function_records(content, "f"), b"\xff", "f, line 1: broken JSON"),
    ],
)
def test_what_is_no_record_is_named_with_its_line(read, content, message):
    with pytest.raises(DataError) as caught:
        list(read(content))
    assert message in str(caught.value)


def test_texts_of_a_file():
    assert [record.text for record in texts_of_file("\ufeffone\r\ntwo\r\n\r\n\r\nthree\n".encode(), "a.txt")] == [
        "one\ntwo",
        "three",
    ]
    assert [record.text for record in texts_of_file(b'{"text": "one"}\n\n{"text": "two", "id": 4}\n', "a.JSONL")] == [
        "one",
        "two",
    ]


def test_functions_of_a_file(tmp_path):
    records = list(function_records(write_functions(tmp_path / "f.jsonl", 4).read_bytes(), "f.jsonl"))
    assert [record.value for record in records] == [1, 0, 1, 0]
    assert next(iter(function_records(b'{"func": "f()", "target": true}', "f"))).value == 1


def config(path, *changes):
    return read_run_config("encoder-mlm", [f"data.files={path}", "data.leak_guard=embedded", *changes])


def test_texts_that_show_the_benchmark_are_left_out(tmp_path):
    """An incident text of the embedded test rows, with another sentence before it."""
    shown = embedded_split("test")[0].input
    own = [f"Report {number}: the team of office {number} found nothing of note in week {number}." for number in range(8)]
    (tmp_path / "a.txt").write_text("\n\n".join([*own, own[0], " ".join(["First seen this week.", *shown.split()])]))
    found = material(config(tmp_path / "*.txt", "data.held_out=0"), texts_of_file, said)
    assert shown.split()[0] not in {text.text.split()[0] for text in found.records if "First seen" in text.text}
    assert not any("First seen" in record.text for record in found.records)
    counts = found.report["records of files"]
    assert (counts["read"], counts["leaks removed"], counts["duplicates removed"]) == (10, 1, 1)
    assert counts["files"] == ["a.txt"]


def test_some_texts_are_held_out(tmp_path):
    texts = [" ".join(f"{chr(97 + number)}{word}" for word in range(12)) for number in range(10)]  # no two have a word in common
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in texts))
    found = material(config(tmp_path / "a.jsonl", "data.held_out=0.3"), texts_of_file, said)
    training, held_out = ({record.text for record in part} for part in (found.records, found.held_out_records))
    assert 1 <= len(held_out) < 10
    assert sorted(training | held_out) == texts
    assert not training & held_out


@pytest.mark.parametrize(("name", "message"), [("none*.txt", "no file"), ("empty.txt", "no record in")])
def test_no_file_and_an_empty_one(tmp_path, name, message):
    (tmp_path / "empty.txt").write_text(" \n\n ")
    with pytest.raises(DataError, match=message):
        material(config(tmp_path / name), texts_of_file, said)
