import itertools
import json
from collections import Counter

import pytest

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.embedded import SPLITS, load_embedded
from sevenllm_bench.encoder_tasks import embedded_entities
from sevenllm_bench.encoder_tasks.embedded_entities import LABELS_FILE, labelled_texts, spans_of_embedded
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask
from sevenllm_bench.encoder_tasks.entities import items, score
from sevenllm_bench.encoder_tasks.entity_types import ENTITY_TYPES
from sevenllm_bench.encoder_tasks.span_places import occurrences
from sevenllm_bench.errors import DataError
from sevenllm_bench.text.indicators import INDICATOR

RECORDS = [json.loads(line) for line in LABELS_FILE.read_text(encoding="utf-8").splitlines()]


def test_all_54_incidents_are_labelled_and_every_label_is_in_its_text():
    assert len(RECORDS) == len({record["row"] for record in RECORDS}) == 54
    texts = {row.id: row.input for language in ("en", "zh") for split in SPLITS for row in load_embedded(language, split)}
    for record in RECORDS:
        text, places = texts[record["row"]], []
        for value, number, kind in record["spans"]:
            assert kind in ENTITY_TYPES
            assert value == value.strip()
            start = -1
            for _ in range(number):
                start = text.index(value, start + 1)
            places.append((start, start + len(value)))
        assert places == sorted(places)
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(places)), record["row"]


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_mention_of_a_labelled_name_has_a_label(language, split):
    for found in labelled_texts(language, split):
        covered = {place for start, end, _ in found.spans for place in range(start, end)}
        values = {found.text[start:end] for start, end, _ in found.spans}
        for value in values:
            assert all(set(range(*place)) <= covered for place in occurrences(found.text, value)), (found.rows[0], value)


def test_defanged_addresses_and_cve_numbers_are_all_labelled():
    for record in RECORDS:
        text = next(row.input for row in load_embedded(record["language"], record["split"]) if row.id == record["row"])
        labelled = " ".join(value for value, _, _ in record["spans"])
        for match in INDICATOR.finditer(text):
            if "[.]" in text[match.start() : match.end() + 6] or match[0].upper().startswith("CVE-"):
                assert match[0].rstrip(".,") in labelled, (record["row"], match[0])


def test_spans_of_each_type_in_each_language():
    counts = Counter((record["language"], kind) for record in RECORDS for _, _, kind in record["spans"])
    assert {(language, kind) for language in ("en", "zh") for kind in ENTITY_TYPES} == set(counts)
    assert min(counts.values()) >= 15
    assert counts.total() == sum(len(record["spans"]) for record in RECORDS)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_benchmarks_items_are_the_twelve_test_incidents(language):
    found = items(EncoderTask("entities", language), load_benchmark("embedded"))
    assert len(found) == 12
    assert all(item.source == "embedded" and item.document["types"] == list(ENTITY_TYPES) for item in found)
    assert [item.id for item in found] == [r["row"] for r in RECORDS if (r["language"], r["split"]) == (language, "test")]
    gold = [item.document["spans"] for item in found]
    assert all(value == 1.0 for metrics in score(found, gold) for value in metrics.values())


def test_an_incident_of_the_readme_of_labels():
    """The first text by hand."""
    found = labelled_texts("en", "test")[0]
    assert [(found.text[start:end], kind) for start, end, kind in found.spans[:4]] == [
        ("Marrowfield Health Group", "Organization"),
        ("Graywicket", "Organization"),
        ("Tessaline 400", "System"),
        ("CVE-2025-91204", "Vulnerability"),
    ]


def test_files_that_do_not_belong_together(monkeypatch):
    rows = load_embedded("en", "test")[:1]
    for labels, message in (({}, "no labels"), ({rows[0].id: [("Marrowfield", 2, "Malware")]}, "2 times")):
        monkeypatch.setattr(embedded_entities, "_labels", lambda labels=labels: labels)
        with pytest.raises(DataError, match=message):
            spans_of_embedded(rows)
