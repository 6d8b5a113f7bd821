import json
import os
import subprocess
import sys

import pytest
from dataset_hub import COMMIT, serve_dataset
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from sevenllm_bench.encoder_tasks.label_map import LabelMap, read_label_map
from sevenllm_bench.encoder_tasks.ner_data import labelled_words, text_of_words
from sevenllm_bench.encoder_tasks.ner_files import read_ner_file
from sevenllm_bench.errors import ConfigError, DataError, SEvenLLMError


def read(tmp_path, content, name="data.conll", labels=None):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_ner_file(file, labels)


def entities(data):
    return [[(i.document["text"][s:e], kind) for s, e, kind in i.document["spans"]] for i in data.items]


IOB2 = "-DOCSTART- -X- O O\n\nEmotet NNP B-NP B-Malware\nhit VBD O O\nACME NNP B-NP B-Organization\n"
IOB2 += "Corp NNP I-NP I-Organization\n\nnothing O\n"
IOB1 = "Emotet I-Malware\nhit O\nACME I-Organization\nCorp I-Organization\n\nnothing O\n"
BIOES = "Emotet\tS-Malware\nhit\tO\nACME\tB-Organization\nCorp\tE-Organization\n\n\n\nnothing\tO\n"
BILOU = "# id 1 domain=en\nEmotet _ U-Malware\nhit _ O\nACME _ B-Organization\nCorp _ L-Organization\n\n# id 2\nnothing _ O"
PLAIN = "Emotet Malware\r\nhit O\r\nACME Organization\r\nCorp Organization\r\n\r\nnothing O\r\n"
WORDS = '{"tokens": ["Emotet", "hit", "ACME", "Corp"], "ner_tags": ["B-Malware", "O", "B-Organization", "I-Organization"]}\n'
WORDS += '{"words": ["nothing"], "tags": ["O"]}'
TEXTS = '{"text": "Emotet hit ACME Corp", "spans": [[0, 6, "Malware"], {"start": 11, "end": 20, "label": "Organization"}]}\n'
TEXTS += '\n{"text": "nothing", "label": []}\n'


@pytest.mark.parametrize("content", [IOB2, IOB1, BIOES, BILOU, PLAIN, WORDS, TEXTS, b"\xef\xbb\xbf" + IOB1.encode()])
def test_formats_and_schemes_give_the_same_items(tmp_path, content):
    data = read(tmp_path, content)
    assert [item.document["text"] for item in data.items] == ["Emotet hit ACME Corp", "nothing"]
    assert entities(data) == [[("Emotet", "Malware"), ("ACME Corp", "Organization")], []]
    assert data.types == ("Malware", "Organization")
    assert data.labels == {"Malware": 1, "Organization": 1}
    assert [(item.id, item.source, item.group) for item in data.items] == [(1, "file", "data.conll"), (2, "file", "data.conll")]


def test_neighbours_of_one_type_in_iob1(tmp_path):
    """In IOB1, B- is written only where an entity follows one of its type."""
    assert entities(read(tmp_path, "a I-Malware\nb B-Malware\nc I-Malware\n")) == [[("a", "Malware"), ("b c", "Malware")]]


def test_chinese_characters_stand_without_blanks(tmp_path):
    data = read(tmp_path, "银 B-MAL\n狐 I-MAL\n用 O\nWinRAR B-SYS\n漏 O\n洞 O\n")
    assert data.items[0].document["text"] == "银狐用 WinRAR 漏洞"
    assert entities(data) == [[("银狐", "Malware"), ("WinRAR", "System")]]


@given(
    st.lists(
        st.tuples(st.sampled_from(["ab", "c", "银"]), st.sampled_from(["O", "B-Malware", "I-Malware", "B-System", "I-System"])),
        min_size=1,
        max_size=12,
    )
)
def test_spans_are_those_of_seqeval(pairs):
    """Its function for any scheme reads IOB2, and I- after O as a beginning."""
    words, tags = [word for word, _ in pairs], [tag for _, tag in pairs]
    text, spans = labelled_words(words, tags)
    places = text_of_words(words)[1]
    assert spans == [(places[first][0], places[last][1], kind) for kind, first, last in get_entities(tags)]
    assert [text[start:end] for start, end in places] == words


def test_labels_without_a_type_are_counted_and_a_map_gives_them_one(tmp_path):
    content = "A B-TOOL\nB B-MAL\nC B-APT\nD B-LOC\nE B-TOOL\n"
    data = read(tmp_path, content)
    assert data.left_out == {"TOOL": 2, "LOC": 1}
    assert data.types == ("Malware", "Organization")
    mapped = read(tmp_path, content, labels=LabelMap({"TOOL": "Malware", "APT": None}))
    assert (mapped.left_out, mapped.types) == ({"APT": 1, "LOC": 1}, ("Malware",))
    assert entities(mapped) == [[("A", "Malware"), ("B", "Malware"), ("E", "Malware")]]


def test_spans_that_overlap(tmp_path):
    line = {"text": "Windows Server", "entities": [[0, 7, "System"], [0, 14, "System"]]}
    data = read(tmp_path, json.dumps(line), "data.jsonl")
    assert (entities(data), data.overlapping) == ([[("Windows Server", "System")]], 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Emotet B-Malware\nhit\n", "line 2: 1 columns"),
        ("a b c d B-Malware\n", "line 1: 5 columns"),
        ('{"tokens": ["a"], "ner_tags": ["O"]}\n{"tokens": ["a"], "ner_tags": []}', "line 2: 1 words and 0 tags"),
        ('{"tokens": ["a"]}', "no tags"),
        ('{"tokens": [7], "tags": ["O"]}', "a word that is no text"),
        ('{"tokens": ["a"], "tags": [3]}', "numbers without names"),
        ('{"tokens": ["a"], "tags": [null]}', "found NoneType"),
        ('{"text": "abc", "spans": [[1, 9, "Malware"]]}', "from 1 to 9, and the text has 3 characters"),
        ('{"text": "abc", "spans": [[1, "Malware"]]}', "a span is"),
        ('{"text": "abc"}', "found text"),
        ('{"text": "abc", "spans": [}', "line 1: broken JSON"),
        ('{"a": 1}\n[]', "line 1: neither words"),
        ("a O\n", "no named entity"),
        ("a B-FOO\n", "none of its labels is of one of our types (FOO); map them"),
        ("", "no line in it"),
        (b"a\xff B-Malware\n", "line 1: not UTF-8 at byte 1"),
    ],
)
def test_errors_name_the_line(tmp_path, content, message):
    with pytest.raises(DataError) as error:
        read(tmp_path, content)
    assert message in str(error.value)


@given(st.binary(max_size=80))
def test_any_file_is_read_or_refused(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("any") / "x.conll"
    file.write_bytes(content)
    try:
        data = read_ner_file(file)
    except SEvenLLMError:
        return
    assert data.items


def test_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "nowhere.conll", tmp_path):
        with pytest.raises(DataError):
            read_ner_file(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [("m.yaml", "TOOL: malware\nLOC: none\nAPT:\n"), ("m.json", '{"TOOL": "Malware", "LOC": null, "APT": "O"}')],
)
def test_a_map_of_labels(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    labels = read_label_map(tmp_path / name)
    assert labels.given == {"TOOL": "Malware", "LOC": None, "APT": None}
    assert [labels.type_of(label) for label in ("TOOL", "tool", "APT", "MAL")] == ["Malware", "Malware", None, "Malware"]


@pytest.mark.parametrize(
    ("content", "message"),
    [("TOOL: Malwear", "did you mean 'Malware'"), ("[]", "one object"), ("{", "can't be read"), (b"\xff\xfe", "not UTF-8")],
)
def test_maps_that_cannot_be_used(tmp_path, content, message):
    file = tmp_path / "m.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError, match=message):
        read_label_map(file)
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        read_label_map(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Indicator", "Indicator"),
        ("IOC", "Indicator"),
        ("SHA2", "Indicator"),
        ("MAL", "Malware"),
        ("SamFile", "Malware"),
        ("ORG", "Organization"),
        ("HackOrg", "Organization"),
        ("threat-actor", "Organization"),
        ("OS", "System"),
        ("VULN", "Vulnerability"),
        ("VULID", "Vulnerability"),
        ("漏洞", "Vulnerability"),
        ("TOOL", None),
        ("LABEL_1", None),
    ],
)
def test_labels_are_known_by_their_names(label, kind):
    assert LabelMap().type_of(label) == kind
    assert LabelMap(by_name=False).type_of(label) is None


_ASKING = """
import json, sys
from sevenllm_bench.encoder_tasks.hub_ner import read_hub_ner
from sevenllm_bench.errors import DataError
results = []
for choice in json.loads(sys.argv[1]):
    try:
        data = read_hub_ner(**choice)
        results.append([data.identity, [item.document["text"] for item in data.items], dict(data.labels)])
    except DataError as error:
        results.append(str(error))
print(json.dumps(results))
"""


def test_a_data_set_of_the_hub(tmp_path):
    """In a process of its own, which reads HF_ENDPOINT as a user's does."""
    import datasets

    names = datasets.List(datasets.ClassLabel(names=["O", "B-Malware", "I-Malware"]))
    features = datasets.Features({"tokens": datasets.List(datasets.Value("string")), "ner_tags": names})
    rows = {"tokens": [["Emotet", "came"], ["Agent", "Tesla"]], "ner_tags": [[1, 0], [1, 2]]}
    file = tmp_path / "test.parquet"
    datasets.Dataset.from_dict(rows, features=features).to_parquet(str(file))
    asked = [
        {"repository": "org/ner"},
        {"repository": "org/ner", "revision": COMMIT},
        {"repository": "org/ner", "revision": "gone"},
        {"repository": "org/other"},
        {"repository": "org/ner", "split": "none"},
    ]
    with serve_dataset("org/ner", {"test.parquet": file.read_bytes()}) as hub:
        environment = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"}
        command = [sys.executable, "-c", _ASKING, json.dumps(asked)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found[0] == found[1] == [f"org/ner@{COMMIT}", ["Emotet came", "Agent Tesla"], {"Malware": 2}]
    assert "no such revision" in found[2]
    assert "is not on the Hub" in found[3]
    assert "can't be loaded" in found[4]
