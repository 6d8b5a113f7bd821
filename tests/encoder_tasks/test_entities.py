import itertools
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.rows import parse_row
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoder_tasks.entities import answer_from_text, figures, items, read_spans, score
from sevenllm_bench.encoder_tasks.entity_types import ENTITY_TYPES, key_types, typed_values
from sevenllm_bench.encoder_tasks.reference_spans import reference_counts, spans_of_references
from sevenllm_bench.encoder_tasks.span_places import longest, occurrences

TEXT = "Emotet came by mail; Emotet2 didn't. It used CVE-2017-11882 on Windows Server 2019, and Windows 10."


def row(embedded_record, row_id, output, text=TEXT):
    return parse_row({**embedded_record, "id": row_id, "input": text, "output": output}, "a test")


def named(text, spans):
    return [(text[start:end], kind) for start, end, kind in spans]


def test_every_key_has_one_type():
    assert set(key_types().values()) == set(ENTITY_TYPES)
    for kind, key in (
        ("Malware", "malware_name"),
        ("Indicator", "SHA-256 Hashes"),
        ("Organization", "攻击组织"),
        ("System", "受影响软件"),
    ):
        assert typed_values({key: "x"}) == [("x", kind)]
    assert typed_values({"Tool": "x", "Description": "y", "攻击手段": "z"}) == []


def test_the_nearest_key_decides_and_names_take_the_type_above():
    reference = {
        "Malware": [{"Name": "Emotet", "Aliases": ["Geodo"], "Description": "a loader", "Affected Systems": "Windows"}],
        "Name": "nothing above",
        "端口": 445,
        "Ports": True,
        "CVE": None,
    }
    assert typed_values(reference) == [
        ("Emotet", "Malware"),
        ("Geodo", "Malware"),
        ("Windows", "System"),
        ("445", "Indicator"),
    ]


def test_a_value_is_found_wherever_it_stands_as_a_word():
    assert [TEXT[s:e] for s, e in occurrences(TEXT, "Emotet")] == ["Emotet"]
    assert list(occurrences("Windows Windows", "Windows")) == [(0, 7), (8, 15)]
    assert list(occurrences("端口445与1445", "445")) == [(2, 5)]
    assert list(occurrences("svc_sql, sql", "sql")) == [(9, 12)]
    assert list(occurrences("银狐木马银狐", "银狐")) == [(0, 2), (4, 6)]
    assert list(occurrences("emotet", "Emotet")) == list(occurrences("abc", "")) == []


def test_of_overlapping_spans_the_longest_stays():
    spans = [(0, 7, "System"), (0, 19, "System"), (25, 30, "Malware"), (25, 30, "System"), (0, 7, "System")]
    assert longest(spans) == [(0, 19, "System"), (25, 30, "Malware")]
    assert longest([(0, 4, "System"), (3, 6, "System"), (6, 9, "System")]) == [(0, 4, "System"), (6, 9, "System")]


def test_rows_of_a_text_are_one_item_and_a_type_needs_all_its_values(embedded_record):
    rows = [
        row(embedded_record, 7, {"Malware": "Emotet", "Affected Systems": ["Windows Server 2019", "Windows", "Solaris"]}),
        row(embedded_record, 3, {"CVE": ["CVE-2017-11882"]}),
        row(embedded_record, 4, {"Malware": "Emotet"}, text="Nothing here."),
    ]
    found = spans_of_references(rows)
    assert len(found) == 1
    assert named(TEXT, found[0].spans) == [("Emotet", "Malware"), ("CVE-2017-11882", "Vulnerability")]
    assert (found[0].types, found[0].rows) == (("Malware", "Vulnerability"), (7, 3))
    counts = reference_counts(rows)
    assert {
        name: counts[name] for name in ("rows", "items", "texts_of_several_rows", "values", "values_without_a_type", "spans")
    } == {
        "rows": 3,
        "items": 1,
        "texts_of_several_rows": 1,
        "values": 6,
        "values_without_a_type": 0,
        "spans": 2,
    }
    assert counts["types"]["System"] == {
        "values": 3,
        "values_not_in_the_text": 1,
        "texts": 0,
        "texts_left_out": 1,
        "spans": 0,
    }


ITEM = Item(
    1,
    "a",
    "own",
    {"text": TEXT, "spans": [[0, 6, "Malware"], [45, 59, "Vulnerability"]], "types": ["Malware", "Vulnerability"], "rows": [1]},
)
EMPTY = replace(ITEM, document={**ITEM.document, "spans": []})


def test_scores_by_hand():
    answers = [
        [[0, 6, "Malware"], [45, 59, "Vulnerability"]],
        [[0, 6, "Malware"], [45, 50, "Vulnerability"]],
        [[0, 6, "Malware"], [63, 70, "System"]],  # System isn't asked for
        [[0, 6, "Malware"], [None, None, "Malware"]],  # named, but not in the text
        [],
    ]
    assert score([ITEM] * 5, answers) == [
        {"span_f1": 1.0, "span_f1_partial": 1.0},
        {"span_f1": 0.5, "span_f1_partial": 0.75},
        {"span_f1": pytest.approx(2 / 3), "span_f1_partial": pytest.approx(2 / 3)},
        {"span_f1": 0.5, "span_f1_partial": 0.5},
        {"span_f1": 0.0, "span_f1_partial": 0.0},
    ]
    assert [value["span_f1"] for value in score([EMPTY] * 4, [[], [[0, 6, "Malware"]], [[0, 6, "System"]], None])] == [1, 0, 1, 0]


def test_figures_by_hand():
    found = figures(
        [ITEM, ITEM, EMPTY], [[[0, 6, "Malware"], [0, 6, "System"]], [[46, 59, "Vulnerability"], [9, 2, "Malware"]], None]
    )
    assert found["strict"] == pytest.approx({"precision": 1 / 3, "recall": 1 / 4, "f1": 2 / 7})
    assert found["partial"] == pytest.approx({"precision": 1.5 / 3, "recall": 1.5 / 4, "f1": 3 / 7})
    assert found["types"]["Malware"]["support"] == 2
    assert found["types"]["Malware"]["strict"] == pytest.approx({"precision": 0.5, "recall": 0.5, "f1": 0.5})
    assert {name: found[name] for name in ("items", "spans", "predicted", "invented", "not_asked", "unread")} == {
        "items": 3,
        "spans": 4,
        "predicted": 3,
        "invented": 1,
        "not_asked": 1,
        "unread": 1,
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(ENTITY_TYPES),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


@given(json_values)
def test_any_answer_is_scored(answer):
    values = score([ITEM, EMPTY], [answer, answer])
    assert all(0.0 <= value <= 1.0 for metrics in values for value in metrics.values())
    assert 0.0 <= figures([ITEM], [answer])["strict"]["f1"] <= 1.0
    assert read_spans(ITEM, answer).readable == isinstance(answer, list)


def by_regular_expression(item, benchmark):
    """The values of an item's types, the longest first, wherever they stand and no Latin word or number goes on."""
    typed = [(v, k) for row in item.document["rows"] for v, k in typed_values(benchmark.by_id[row].output)]
    kinds = {value: kind for value, kind in reversed(typed) if kind in item.document["types"]}
    chosen = "|".join(re.escape(value) for value in sorted(kinds, key=len, reverse=True))
    word = r"[^\W\u3400-\u9fff]"
    within = rf"(?<!{word})(?={word})|(?<={word})(?!{word})|(?<!{word})(?!{word})"
    return [
        [match.start(), match.end(), kinds[match[0]]]
        for match in re.finditer(f"(?:{within})(?:{chosen})(?:{within})", item.document["text"])
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.data
def test_official_items(data_dir, language):
    benchmark = load_benchmark("official", data_dir)
    task = EncoderTask("entities", language)
    found = items(task, benchmark)
    assert len(found) == {"en": 127, "zh": 213}[language]
    for item in found:
        assert item.document["spans"] == by_regular_expression(item, benchmark), item.id
    assert [item.id for item in found] == sorted({item.id for item in found})
    for item in found:
        text, spans = item.document["text"], item.document["spans"]
        assert text == benchmark.by_id[item.id].input
        assert {kind for _, _, kind in spans} == set(item.document["types"])
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
        values = {value for value, _ in typed_values(benchmark.by_id[item.id].output)}
        assert all(text[start:end] in values for start, end, _ in spans)
    assert all(value == 1.0 for metrics in score(found, [i.document["spans"] for i in found]) for value in metrics.values())
    assert items(task, benchmark) == found


def test_a_longer_name_of_a_type_that_is_not_asked_for_hides_nothing():
    answer = answer_from_text(ITEM, '{"System": ["Emotet came by mail", "Windows"], "Malware": ["Emotet", "Emotet2"]}')
    assert answer == [[0, 6, "Malware"], [21, 28, "Malware"], [0, 19, "System"], [63, 70, "System"], [88, 95, "System"]]
    assert score([ITEM], [answer])[0]["span_f1"] == pytest.approx(1 / 2)  # 1 of 2 predicted, 1 of 2 true


@given(json_values, json_values, json_values, json_values)
def test_items_of_foreign_files_are_scored_whatever_they_hold(text, spans, types, answer):
    odd = [Item(1, "a", "own", {"text": text, "spans": spans, "types": types}), Item(2, "a", "own", {})]
    for metrics in score(odd, [answer, answer]):
        assert all(0.0 <= value <= 1.0 for value in metrics.values())
    figures(odd, [answer, answer])
    assert all(answer_from_text(item, '{"Malware": ["Emotet"]}') == [[None, None, "Malware"]] for item in odd)


def test_many_spans_end_soon():
    """All of them overlap with all true ones; what is beyond the most that is compared counts as wrong."""
    text = "x" * 30_000
    spans = [[2 * n, 2 * n + 1, "Malware"] for n in range(4_000)]
    item = Item(1, "a", "own", {"text": text, "spans": spans, "types": ["Malware"], "rows": [1]})
    answer = [[0, 30_000 - n, "Malware"] for n in range(8_000)]
    assert figures([item], [answer])["predicted"] == 8_000
    assert score([item], [spans]) == [{"span_f1": 1.0, "span_f1_partial": 1.0}]
