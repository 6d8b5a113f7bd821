from collections import Counter

import pytest

from sevenllm_bench.catalog import LANGUAGES, LEAVES
from sevenllm_bench.data.embedded import SPLITS, embedded_sha256, embedded_split, fewshot_pool, load_embedded
from sevenllm_bench.data.rows import parse_row
from sevenllm_bench.data.validate import problems, row_problems


def test_the_validator_finds_nothing():
    assert problems() == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_size_as_promised(language):
    incidents = {row.input for split in SPLITS for row in load_embedded(language, split)}
    assert len(incidents) >= 24
    for split, per_cell, mcq in (("test", 4, 16), ("fewshot", 2, 2), ("train", 3, 3)):
        counts = Counter(row.leaf for row in load_embedded(language, split))
        assert all(counts[leaf] >= (per_cell if leaf.task else mcq) for leaf in LEAVES if leaf.language == language)


def test_no_incident_text_in_two_splits():
    seen = {split: {row.input for row in embedded_split(split)} for split in SPLITS}
    assert not seen["test"] & seen["fewshot"]
    assert not seen["test"] & seen["train"]
    assert not seen["fewshot"] & seen["train"]


def test_the_rows_of_a_cell_stand_on_different_incidents():
    for split in SPLITS:
        pairs = Counter((row.leaf.name, row.input) for row in embedded_split(split) if row.kind != "mcq")
        assert max(pairs.values()) == 1


def test_chinese_rows_are_not_translations_of_english_ones():
    """Translated incidents would share their indicators; at most a documentation address may come twice."""
    import re

    def marks(language):
        texts = {row.input for split in SPLITS for row in load_embedded(language, split)}
        return {mark for text in texts for mark in re.findall(r"CVE-\d{4}-\d+|[a-z0-9-]+\[\.\](?:example|test|invalid)", text)}

    assert len(marks("en")) > 20
    assert len(marks("zh")) > 20
    assert marks("en") & marks("zh") == set()


def test_indicators_can_hit_nobody():
    """Domains under reserved names, documentation addresses, and CVE numbers that nobody has been given."""
    import re

    for split in SPLITS:
        for row in embedded_split(split):
            for tld in re.findall(r"\[\.\]([a-z]+)", row.input):
                assert tld in {"example", "test", "invalid"}, (row.id, tld)
            for address in re.findall(r"\d+\.\d+\.\d+\[\.\]\d+", row.input):
                assert address.startswith(("192.0.2", "198.51.100", "203.0.113")), (row.id, address)
            assert not re.search(r"(?<![\w.])\d+\.\d+\.\d+\.\d+(?![\w.]*\d)", row.input), row.id
            for year, number in re.findall(r"CVE-(\d{4})-(\d+)", row.input):
                assert year in {"2024", "2025"}
                assert 90_000 <= int(number) <= 99_999, row.id


def test_fewshot_pool_begins_with_the_own_cell():
    for leaf in LEAVES:
        pool = fewshot_pool(leaf)
        assert [row.leaf == leaf for row in pool[:2]] == [True, True]
        assert {row.kind for row in pool} == {leaf.kind}


def test_the_hash_names_this_edition():
    assert len(embedded_sha256()) == 64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"output": {"day": "4 May 2024"}}, "'4 May 2024' is not in the incident text"),
        ({"output": {}}, "not an object with values"),
        ({"thought": " "}, "empty input or thought"),
        ({"id": 5}, "id below"),
        ({"instruction": "Name the day."}, "doesn't open as in the official format"),
    ],
)
def test_the_validator_sees(embedded_record, change, message):
    assert list(row_problems(parse_row({**embedded_record, "id": 200_000}, "x", "embedded"))) == []
    found = list(row_problems(parse_row({**embedded_record, "id": 200_000, **change}, "x", "embedded")))
    assert len(found) == 1
    assert message in found[0]
