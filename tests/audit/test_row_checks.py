"""Each check by program on rows made for it, and on sound rows of this project's own."""

from dataclasses import replace

import pytest

from sevenllm_bench.audit.check_codes import CHECK_CODES, READING_CODES
from sevenllm_bench.audit.row_checks import estimated_tokens, row_codes
from sevenllm_bench.audit.support import folded, support, support_share
from sevenllm_bench.audit.task_words import TASK_WORDS, asks_for
from sevenllm_bench.audit.text_overlap import contained_pairs, overlap_codes
from sevenllm_bench.catalog import TASKS
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.data.rows import Row

EXTRACT = "Execute the following information extraction task and return the results in json format: "
WRITE = "Execute the following analysis generation task and return the result in text format: "
TEXT = "The group Grey Kite sent hxxp://mail[.]example/a.zip to clerks of Harbour Bank on 3 June 2021 and stole 40,000 records."


def extraction(output, text=TEXT, instruction="Extract the attacker and the target.", category="Attacker Information Extraction"):
    return Row(1, category, EXTRACT + instruction, text, "", output, "en", "understanding")


def generation(output, text=TEXT, instruction="Analyze the threat.", category="Threat Analysis"):
    return Row(1, category, WRITE + instruction, text, "", output, "en", "generation")


def choice(options, right="A", question="Who sent the mails?", text=TEXT):
    instruction = {"question": question, "choice": dict(zip("ABCD", options, strict=True))}
    return Row(1, "Threat Analysis", instruction, text, "", right, "en", "mcq")


HAN_TEXT = "灰鸢组织向港湾银行职员投递了邮件 Grey Kite Harbour Bank mail.example/a.zip 40000"
SOUND = extraction({"attacker": "Grey Kite", "target": "Harbour Bank", "link": "http://mail.example/a.zip", "records": 40000})


@pytest.mark.parametrize(
    ("row", "codes"),
    [
        (SOUND, []),
        (extraction({"attacker": "Red Owl", "target": "Harbour Bank", "origin": "unknown land"}), ["unsupported"]),
        (extraction({"attacker": "Grey Kite", "target": "Harbour Bank", "age": ""}), ["empty-value"]),
        (extraction({"attacker": "Grey Kite", "target": "Harbour Bank", "age": "Not specified"}), ["empty-value"]),
        (extraction({}), ["empty-reference"]),
        (extraction({"attacker": "N/A", "target": "未提及"}), ["empty-reference", "reference-language"]),
        (extraction(["Grey Kite"]), ["format"]),
        (extraction("Grey Kite"), ["format"]),
        (extraction({"攻击者": "Grey Kite", "目标": "Harbour Bank 港湾银行的职员们"}), ["reference-language"]),
        (extraction({"attacker": "Grey Kite"}, category="Threat Analysis"), ["kind"]),
        (extraction({"attacker": "Grey Kite"}, instruction="Extract all domain names."), ["category"]),
        (replace(SOUND, instruction="Who is the attacker?"), ["opening"]),
        (replace(SOUND, input="Grey Kite, Harbour Bank."), ["short-text"]),
        (replace(SOUND, input=HAN_TEXT), ["text-language"]),
        (generation("The group aims at banks."), []),
        (generation('{"threat": "high"}'), ["format"]),
        (generation("该组织针对银行职员投递钓鱼邮件。"), ["reference-language"]),
        (generation("Grey Kite used CVE-2021-1234 and 192.0.2.7."), ["invented-indicator"]),
        (generation("The link is http://mail.example/a.zip, as in the text."), []),
        (generation(TEXT.partition(" on ")[0]), ["copied-reference"]),
        (generation("word " * 160), ["longer-than-128"]),
        (generation("ok", text="word " * 1800), ["longer-than-2048"]),
        (generation("ok", text="word " * 3600), ["longer-than-4096"]),
        (choice(["Grey Kite", "Red Owl", "Blue Fox", "White Hare"]), []),
        (choice(["Grey Kite", "Red Owl", "red owl", "White Hare"]), ["equal-options"]),
        (choice(["Grey Kite", "Kite", "Blue Fox", "White Hare"]), ["more-options-in-text", "option-in-option"]),
        (choice(["Red Owl", "Grey Kite", "Blue Fox", "White Hare"]), ["other-option-in-text"]),
        (choice(["Mails", "Red Owl", "Blue Fox", "White Hare"], text=TEXT.replace("mail", "m")), ["answer-in-question"]),
    ],
)
def test_codes_of_a_row(row, codes):
    assert row_codes(row) == codes


def test_rows_of_our_own_are_grounded_and_well_formed():
    """The embedded rows are complete and verbatim; only labels that a question of classification offers are not in the text."""
    found = {(code, row.category) for row in embedded_split("test") if row.kind != "mcq" for code in row_codes(row)}
    wrong = {(code, category) for code, category in found if code not in ("category", "longer-than-128")}
    assert wrong == {("unsupported", "Cybersecurity Event Classification")}


def test_values_are_compared_by_letters_and_digits():
    assert folded("hxxp://Mail[.]example/ａ.zip") == "httpmailexampleazip"
    assert support(["3 JUNE 2021", "June 3", "", "-", "40000"], TEXT) == [True, False, False, False, True]
    assert support_share(SOUND) == 1.0
    assert support_share(extraction({"a": "Grey Kite", "b": "Red Owl"})) == 0.5
    assert support_share(generation("Grey Kite")) is None


def test_tokens_are_estimated():
    assert [estimated_tokens(text) for text in ("漏洞利用", "abcdefgh", "漏洞abcde", "")] == [4, 2, 4, 0]


def test_every_code_has_a_rule_and_every_task_with_words_exists():
    assert set(TASK_WORDS) <= {task.name for task in TASKS}
    assert not set(CHECK_CODES) & set(READING_CODES) - {"answer-in-question", "empty-reference", "format"}
    assert "Time Element Acquisition" in asks_for(EXTRACT + "Extract all dates.")
    assert asks_for(EXTRACT) == set(), "the opening's own words do not count"


def test_texts_that_come_again():
    whole = "".join(chr(97 + (place * 7) % 26) + str(place) for place in range(60))
    texts = {1: whole, 2: whole[: len(whole) // 2], 3: whole[::-1], 4: "short"}
    assert contained_pairs(texts) == [(1, 2)]
    rows = [replace(SOUND, id=row_id, input=text) for row_id, text in {**texts, 5: whole.upper()}.items()]
    assert overlap_codes(rows) == {1: ["repeated-text"], 5: ["repeated-text"], 2: ["contained-text"]}
