"""Planted copies of benchmark rows must all be found, and nothing else."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leak_mutations import (
    ANSWER_PLACES,
    CLOSE_SPELLINGS,
    INCIDENT_PLACES,
    LONG_ANSWER_PLACES,
    MCQ_PLACES,
    ORDERS,
    PARTLY,
    SHORTENED,
    SPELLINGS,
    chosen,
    conversation,
    foreign,
    recall,
    training_row,
)

from sevenllm_bench.corpus.leaks import NOT_FOUND, LeakGuard
from sevenllm_bench.corpus.normalisation import normalised
from sevenllm_bench.data.embedded import embedded_split, load_embedded
from sevenllm_bench.data.rows import parse_row

ANY = {"understanding", "generation", "mcq"}
CHANGES = SPELLINGS | CLOSE_SPELLINGS | SHORTENED | ORDERS
#: What of the other changes was found of `ROWS` embedded rows of a language, at least: (English, Chinese).
PARTLY_FOUND = {"30 % of words swapped": (60, 60), "20 % of words replaced": (60, 60), "30 % of words replaced": (55, 55)}


@pytest.fixture(scope="module")
def embedded_guard():
    return LeakGuard(embedded_split("test"))


@pytest.fixture(scope="module")
def official_guard(official_rows):
    return LeakGuard((*official_rows, *embedded_split("test")))


def _planted(rows, change):
    return [training_row(row, id=place, input=CHANGES[change](row.input)) for place, row in enumerate(rows)]


def _check(guard, rows, change):
    clean, leaks = guard.separate(_planted(rows, change))
    assert [row.id for row in clean] == []
    assert [leak.row_id for leak in leaks] == list(range(len(rows)))
    assert all((leak.what, leak.fields) == ("incident", ("input",)) and 0.4 <= leak.similarity <= 1 for leak in leaks)
    if change in SPELLINGS:
        assert {leak.how for leak in leaks} == {"identical"}
    return leaks


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("change", CHANGES)
def test_embedded_texts_are_found(embedded_guard, language, change):
    texts = {row.id: row.input for row in load_embedded(language, "test")}
    rows = list({row.input: row for row in load_embedded(language, "test")}.values())
    assert len(rows) >= 10
    leaks = _check(embedded_guard, rows, change)
    assert all(texts[leak.benchmark_id] == rows[leak.row_id].input for leak in leaks)
    assert {leak.benchmark_source for leak in leaks} == {"embedded"}


@pytest.mark.data
@pytest.mark.parametrize("change", CHANGES)
def test_official_texts_are_found(official_guard, official_rows, change):
    """60 of a language; where the order is changed, at least 59: a few texts are lists of names and figures."""
    for language in ("en", "zh"):
        rows = chosen(official_rows, language, ANY)
        assert len(rows) == 60
        if change in ORDERS:
            assert len(official_guard.separate(_planted(rows, change))[1]) >= 59
        else:
            assert {leak.benchmark_source for leak in _check(official_guard, rows, change)} == {"official"}


#: A sentence of 35 characters: it has too few n-grams that no other row has, and is found only whole.
SHORT_ID = 1275


@pytest.mark.data
@pytest.mark.parametrize("change", ["verbatim", "no spaces", "first four fifths", "neighbouring words swapped"])
def test_all_1300_official_texts_are_found(official_guard, official_rows, change):
    clean, _ = official_guard.separate(training_row(row, input=CHANGES[change](row.input)) for row in official_rows)
    assert {row.id for row in clean} <= {SHORT_ID}


@pytest.mark.data
def test_most_ngrams_of_an_official_text_are_its_own(official_guard):
    """Those that many texts have count for none; it must not be most of them."""
    comparison = official_guard._comparisons["near"]
    own = [place for place, known in enumerate(official_guard._known) if known.what == "incident"]
    assert min(comparison._index.sizes[own] / comparison._lengths[own]) > 0.5


@pytest.mark.data
@pytest.mark.parametrize("place", INCIDENT_PLACES)
def test_official_texts_are_found_in_every_place(official_guard, official_rows, place):
    for language in ("en", "zh"):
        assert official_guard.separate(map(INCIDENT_PLACES[place], chosen(official_rows, language, ANY)))[0] == []


@pytest.mark.parametrize("change", PARTLY_FOUND)
def test_what_is_found_mostly(embedded_guard, change):
    rows = list(embedded_split("test"))
    for language, least in zip(("en", "zh"), PARTLY_FOUND[change], strict=True):
        found, of = recall(
            embedded_guard,
            chosen(rows, language, ANY),
            lambda row: training_row(row, input=PARTLY[change](row.input)),
        )
        assert of >= 10
        assert found >= least * of / 60


def test_what_is_said_not_to_be_found_is_not(embedded_guard):
    """The sentence of docs and model card holds."""
    rows = chosen(list(embedded_split("test")), "en", ANY)
    for change in ("all words shuffled", "rot13"):
        assert recall(embedded_guard, rows, lambda row, change=change: training_row(row, input=PARTLY[change](row.input)))[0] == 0
    assert "paraphrase" in NOT_FOUND
    assert "translat" in NOT_FOUND


@pytest.mark.parametrize("place", INCIDENT_PLACES)
def test_embedded_texts_are_found_in_every_place(embedded_guard, place):
    rows = embedded_split("test")
    clean, leaks = embedded_guard.separate(INCIDENT_PLACES[place](row) for row in rows)
    assert clean == []
    assert [leak.row_id for leak in leaks] == [row.id for row in rows]
    assert {leak.what for leak in leaks} == {"incident"}


def _asking(rows, *kinds):
    return [row for row in rows if row.kind in kinds]


@pytest.mark.parametrize("place", ANSWER_PLACES)
def test_embedded_answers_without_their_text_are_found(embedded_guard, place):
    rows = _asking(embedded_split("test"), "understanding", "generation")
    clean, leaks = embedded_guard.separate(ANSWER_PLACES[place](row) for row in rows)
    assert clean == []
    assert [leak.benchmark_id for leak in leaks] == [row.id for row in rows]


@pytest.mark.data
@pytest.mark.parametrize("place", ANSWER_PLACES)
def test_official_answers_without_their_text_are_found(official_guard, official_rows, place):
    rows = _asking(official_rows, "understanding", "generation")
    assert len(official_guard.separate(ANSWER_PLACES[place](row) for row in rows)[0]) <= 10


@pytest.mark.parametrize("place", LONG_ANSWER_PLACES)
def test_embedded_prose_is_found_under_other_instructions(embedded_guard, place):
    rows = _asking(embedded_split("test"), "generation")
    assert embedded_guard.separate(LONG_ANSWER_PLACES[place](row) for row in rows)[0] == []


@pytest.mark.parametrize("place", MCQ_PLACES)
def test_embedded_mcq_without_their_text_are_found(embedded_guard, place):
    rows = _asking(embedded_split("test"), "mcq")
    _, leaks = embedded_guard.separate(MCQ_PLACES[place](row) for row in rows)
    assert [(leak.row_id, leak.benchmark_id, leak.what) for leak in leaks] == [(row.id, row.id, "question") for row in rows]


@pytest.mark.data
@pytest.mark.parametrize("place", MCQ_PLACES)
def test_all_100_official_mcq_without_their_text_are_found(official_guard, official_rows, place):
    rows = _asking(official_rows, "mcq")
    _, leaks = official_guard.separate(MCQ_PLACES[place](row) for row in rows)
    assert [(leak.benchmark_id, leak.what) for leak in leaks] == [(row.id, "question") for row in rows]


# --- what must not be found ------------------------------------------------------------------------------------------


def test_other_fictional_incidents_are_no_leaks(embedded_guard):
    rows = (*embedded_split("train"), *embedded_split("fewshot"))
    clean, leaks = embedded_guard.separate(rows)
    assert (clean, leaks) == (list(rows), [])


@pytest.mark.data
def test_genuine_training_rows_are_no_leaks(official_guard, instruct_examples):
    from sevenllm_bench.corpus.source.instruct import load_instruct

    rows = load_instruct(instruct_examples).rows
    assert len(rows) == 47
    assert official_guard.separate(rows)[1] == []


#: What instruction sets and security texts say again and again.
GENERAL = {
    "licence": "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated "
    "documentation files, to deal in the Software without restriction, including without limitation the rights to use, copy, "
    "modify, merge, publish, distribute, sublicense, and/or sell copies of the Software.",
    "advice": "Organizations should keep their software up to date, use multi-factor authentication, train employees to "
    "recognise phishing e-mails, back up important data and monitor their networks for indicators of compromise.",
    "CVE": "A vulnerability was found in the product. It allows a remote attacker to execute arbitrary code via a crafted "
    "request. The CVSS base score is 9.8 (critical). Users are advised to upgrade to the latest version.",
    "建议": "建议用户及时更新系统补丁，定期备份重要数据，关闭不必要的端口，使用强密码并安装杀毒软件。",
    "漏洞": "该漏洞允许未经身份验证的远程攻击者执行任意代码，影响多个版本，官方已发布安全更新，请用户尽快升级到最新版本。",
    "assistant": "I'm an AI assistant. I can't browse the Internet, but I can explain how ransomware works in general terms.",
    "recipe": "Preheat the oven to 180 degrees. Mix flour, sugar and butter, add two eggs, and bake for forty minutes.",
    "code": "def main():\n    for number in range(10):\n        print(number)\n\nif __name__ == '__main__':\n    main()",
}


@pytest.mark.data
def test_general_texts_are_no_leaks(official_guard):
    row = embedded_split("train")[0]
    examples = [conversation(row, f"Explain this: {text}", text) for text in GENERAL.values()]
    examples += [
        training_row(row, instruction=one, input=other, output=one) for one in GENERAL.values() for other in GENERAL.values()
    ]
    # All texts of the package that are no benchmark rows, in one conversation of 100,000 bytes a language.
    examples += [
        conversation(load_embedded(language, "train")[0], foreign(load_embedded(language, "train")[0], 100_000))
        for language in ("en", "zh")
    ]
    assert official_guard.separate(examples)[1] == []


@pytest.mark.data
def test_official_rows_of_other_incidents_are_no_leaks(official_rows):
    """Half of the rows as a corpus, the other half as the benchmark. Rows on one incident are 300 apart, so in one half.

    Three are found, and rightly: read by eye, each tells of the other's incident (Bitter's mails from Pakistani accounts, the
    Satan variant of 2018, CCleaner's backdoor), in sentences of the same report.
    """
    leaks = LeakGuard(official_rows[::2]).separate(official_rows[1::2])[1]
    assert {(leak.row_id, leak.benchmark_id) for leak in leaks} == {(338, 117), (96, 407), (174, 123)}


@pytest.mark.data
def test_embedded_rows_are_no_leaks_of_official_ones(official_guard):
    rows = (*embedded_split("train"), *embedded_split("fewshot"))
    assert official_guard.separate(rows)[1] == []


BENCHMARK_ROW = (
    "Researchers at Example Labs describe a new version of the LockBit ransomware. The ransomware encrypts files with AES and "
    "RSA, deletes shadow copies and leaves a note. It reached a logistics firm in Lisbon through a stolen VPN account."
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "。",
        "N/A",
        "ransomware",
        "The group encrypts files with AES and RSA and asks for money within a week.",
        # The same family, the same phrases, another incident.
        "Researchers at Example Labs describe an attack by the LockBit group on a hospital in Oslo. The ransomware encrypts "
        "files with AES and RSA, as in earlier cases. A contractor's laptop without updates was the way in, and backups on "
        "tape let the hospital return to work within four days.",
    ],
)
def test_short_and_related_texts_are_no_leaks(text, embedded_record):
    guard = LeakGuard([parse_row(embedded_record | {"input": given}, "here") for given in (BENCHMARK_ROW, "", "N/A")])
    row = training_row(parse_row(embedded_record | {"input": text, "id": 7}, "here"), input=text)
    assert guard.separate([row]) == ([row], [])


def test_another_mcq_with_the_same_options_is_no_leak(embedded_record):
    options = dict(zip("ABCD", ("May", "June", "July", "None of the above"), strict=True))

    def asking(question):
        instruction = {"question": question, "choice": options}
        return parse_row(embedded_record | {"instruction": instruction, "input": "", "output": "A"}, "here")

    guard = LeakGuard([asking("In which month was the vulnerability published by the vendor of the firewall?")])
    assert guard.separate([asking("When did the incident at the port authority become known to the press?")])[1] == []


def test_guard_without_rows_and_rows_without_leaks():
    rows = load_embedded("en", "train")
    assert LeakGuard([]).separate(rows) == (list(rows), [])
    assert LeakGuard(rows).separate([]) == ([], [])


# --- what a leak says ------------------------------------------------------------------------------------------------


def test_a_leak_names_the_row_most_alike(embedded_record):
    texts = [BENCHMARK_ROW[:150], BENCHMARK_ROW, BENCHMARK_ROW.upper()]
    guard = LeakGuard(parse_row(embedded_record | {"input": text, "id": place}, "here") for place, text in enumerate(texts))
    row = parse_row(embedded_record | {"input": BENCHMARK_ROW.lower(), "id": 7}, "here", source="instruct")
    (leak,) = guard.separate([row])[1]
    assert (leak.row_id, leak.benchmark_id, leak.how, leak.similarity) == (7, 1, "identical", 1.0)
    assert (leak.language, leak.category, leak.benchmark_source) == ("en", "Time Element Acquisition", "official")


LETTERS = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=400))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (LETTERS[40:160], 1),
        (LETTERS[100:220], 89 / 109),
        (LETTERS[134:254], 55 / 109),
        (LETTERS[136:256], None),  # 53 / 109
        # A short text: four fifths.
        (LETTERS[169:204], 20 / 24),
        (LETTERS[171:206], None),  # 18 / 24
        # Too short for shares.
        (LETTERS[50:80], None),  # 19 / 19
    ],
)
def test_similarity_of_incident_texts(text, wanted, embedded_record):
    """n letters have n - 11 windows of twelve; the benchmark's text ends at the 200th letter."""
    guard = LeakGuard([parse_row(embedded_record | {"input": LETTERS[:200]}, "here")])
    leaks = guard.separate([training_row(parse_row(embedded_record, "here"), input=text)])[1]
    assert [leak.similarity for leak in leaks] == ([] if wanted is None else [pytest.approx(wanted)])


@pytest.mark.parametrize(("begin", "wanted"), [(0, 1), (43, 66 / 109), (44, None)])
def test_similarity_of_questions(begin, wanted, embedded_record):
    """109 windows of the question; of the other, all windows from `begin` on: 0.6 of 109 is 65.4."""
    options = dict(zip("ABCD", "abcd", strict=True))

    def asking(begin):
        instruction = {"question": LETTERS[begin : begin + 120], "choice": options}
        return parse_row(embedded_record | {"instruction": instruction, "input": "", "output": "A"}, "here")

    leaks = LeakGuard([asking(0)]).separate([asking(begin)])[1]
    assert [leak.similarity for leak in leaks] == ([] if wanted is None else [pytest.approx(wanted)])


def test_a_text_within_a_far_longer_one_is_found(embedded_record):
    """The Jaccard index is about 0.01: MinHash alone would find one in 150, rare shingles must."""
    guard = LeakGuard([*embedded_split("test"), parse_row(embedded_record | {"input": BENCHMARK_ROW}, "here")])
    parts = [row.input for row in (*load_embedded("en", "train"), *load_embedded("zh", "train"))]
    row = parse_row(embedded_record | {"input": "\n".join([*parts, BENCHMARK_ROW, *parts])}, "here")
    assert [(leak.benchmark_id, leak.similarity) for leak in guard.separate([row])[1]] == [(1, 1.0)]


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(20)), st.sets(st.integers(0, 19)))
def test_every_row_goes_one_way_in_any_order(order, planted):
    bench = load_embedded("zh", "test")
    train = load_embedded("zh", "train")
    rows = [replace((bench if place in planted else train)[place], id=place) for place in order]
    clean, leaks = LeakGuard(bench[:40]).separate(rows)
    assert [row.id for row in clean] == [place for place in order if place not in planted]
    assert [leak.row_id for leak in leaks] == [place for place in order if place in planted]


@pytest.mark.data
def test_official_texts_that_come_twice_name_the_first(official_guard, official_rows):
    first = {}
    for row in official_rows:
        first.setdefault(normalised(row.input), row.id)
    _, leaks = official_guard.separate(official_rows)
    assert [leak.benchmark_id for leak in leaks] == [first[normalised(row.input)] for row in official_rows]
