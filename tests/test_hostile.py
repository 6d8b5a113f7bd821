"""2,000 hostile answers: no exception, and every value finite and in [0, 1].

`HOSTILE_ANSWERS=20000 python -m pytest tests/test_hostile.py` checks more.
"""

import json
import math
import os
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.scoring import score_rows

# ruff: noqa: E501

#: Of both tests together.
COUNT = int(os.environ.get("HOSTILE_ANSWERS") or 2_000)
ROWS = {row.section: row for row in embedded_split("test")}

#: What answers are built from: syntax that parsers trip over, pieces of the prompt, indicators, bidirectional marks.
PIECES = [
    *'{}[]()<>"\'`\\,:;.!?。！？，…|*_#@/-+=~^%$&', "\n", "\r\n", "\t", "\x00", "\u202e", "\u2066", "\ufeff", "\ud800", "\udfff", "é", "Ａ", "Ｂ",
    "```json", "```", "<think>", "</think>", "<thinking>", "[THINK]", "[/THINK]", "【思考】", "【答案】", "<|channel|>", "final", "<|message|>", "<|im_end|>",
    "analysis", "assistantfinal", "<answer>", "</answer>", "[x]", "☑", "☐", "“", "”", "：", "｛", "｝", "//", "/*", "*/",
    "### Input:", "### Thought:", "### Response:", "### Instruction:", "Below is an instruction that describes a task",
    "null", "true", "NaN", "-Infinity", "1e999", "0x" + "f" * 50, '"a":', "'a':", "A", "B.", "(C)", "答案是", "The answer is", "D",
    "hxxp://evil[.]example/", "192.0.2[.]1", "CVE-2024-90001", "a" * 64, "攻击者", "漏洞", "黑客", "the", "attacker", "\\u0000", "\\ud800", "😀",
]  # fmt: skip
ANSWER = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join),
    st.text(st.characters(), max_size=60),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=12,
    ),
)


def check(answer, rows=None) -> None:
    rows = list(rows or ROWS.values())
    scores = score_rows(rows, [answer] * len(rows))
    for score in scores:
        for name, value in score.metrics.items():
            assert isinstance(value, float), (score.row.section, name)
            assert math.isfinite(value), (score.row.section, name)
            assert 0.0 <= value <= 1.0, (score.row.section, name, value)


@settings(max_examples=COUNT // 2, deadline=None, suppress_health_check=list(HealthCheck))
@given(ANSWER)
def test_generated_answers(answer):
    check(answer)


def test_mutations_of_right_answers():
    """Right answers with a piece cut out, doubled, or replaced by something hostile."""
    chance = random.Random(7)
    rows = embedded_split("test")
    for _ in range(COUNT // 2):
        row = chance.choice(rows)
        text = row.reference_text
        start, end = sorted(chance.choices(range(len(text) + 1), k=2))
        piece = chance.choice([*PIECES, "", text[start:end] * 2])
        check(text[:start] + piece + text[end:], [row])


class Failing:
    def __str__(self):
        raise RuntimeError

    __repr__ = __str__


CIRCLE: list = []
CIRCLE.append(CIRCLE)
DEEP = 100_000
MEGABYTE = 1_000_000
BY_HAND = {
    "nothing": None,
    "a number": 7,
    "true": True,
    "not a number": math.nan,
    "infinity": math.inf,
    "a huge number": 10**5_000,
    "a huge number as text": "9" * 10_000,
    "hex": "{'a': 0x" + "f" * 20_000 + "}",
    "bytes": b"\xff\xfe",
    "an object that is no JSON": object(),
    "deep list": "[" * DEEP + "]" * DEEP,
    "deep object": '{"a":' * DEEP + "1" + "}" * DEEP,
    "deep and open": "{[" * DEEP,
    "deep tuple": "(" * DEEP,
    "deep minus": "[" + "-" * DEEP + "1]",
    "deep plus": "[" + "+".join("1" * 20_000) + "]",
    "a megabyte of a letter": "A" * MEGABYTE,
    "a megabyte of words": "the attacker " * (MEGABYTE // 13),
    "a megabyte of Chinese without a stop": "攻击者利用漏洞" * (MEGABYTE // 21),
    "a megabyte of stops": "." * MEGABYTE,
    "a megabyte of Chinese stops": "。" * MEGABYTE,
    "a megabyte of sentences": "Yes. " * (MEGABYTE // 5),
    "a megabyte of open quotes": '"' * MEGABYTE,
    "a megabyte of backslashes": "\\" * MEGABYTE,
    "a megabyte of fences": "``` " * (MEGABYTE // 4),
    "a megabyte of objects": '{"a": "b"} ' * (MEGABYTE // 11),
    "a megabyte of open objects": '{"a ' * (MEGABYTE // 4),
    "a megabyte of dotted letters": "a." * (MEGABYTE // 2),
    "a megabyte of mail": "a@" * (MEGABYTE // 2),
    "a megabyte of hex": "0123456789abcdef" * (MEGABYTE // 16),
    "a megabyte of numbers": "1." * (MEGABYTE // 2),
    "a megabyte of schemes": "http://" * (MEGABYTE // 7),
    "a megabyte of spaces": " " * MEGABYTE + "B",
    "a megabyte of answers": "The answer is B. " * (MEGABYTE // 17),
    "a megabyte of choices": "答案是" * (MEGABYTE // 9),
    "a megabyte of responses": "### Response:" * (MEGABYTE // 13),
    "a megabyte of brackets": "[.]" * (MEGABYTE // 3),
    "lone surrogates": "\ud800\udfff" * 50,
    "NUL": "\x00" * 100,
    "right to left": "\u202eB\u202c \u2066A\u2069",
    "only punctuation": "!?.,;:。！？，；：" * 20,
    "a thousand words without a stop": " ".join(f"w{n}" for n in range(1_000)),
    "combining marks": "e" + "\u0301" * 10_000,
    "ligatures that grow": "\ufdfa" * 10_000,
    "a long JSON string": json.dumps({"a": "x" * MEGABYTE}),
    "an answer far away": "answer is" + " " * MEGABYTE + "x",
    "an answer of equals": "answer" + "=" * MEGABYTE,
    "a Chinese answer far away": "答案" + "\n" * (MEGABYTE // 3) + "x",
    "one character": "的" * (MEGABYTE // 30),
    "marks to sort": "a" + "\u0301\u0323" * (MEGABYTE // 4),
    "option after option": "option A, " * (MEGABYTE // 10),
    "a circle": CIRCLE,
    "an object that fails": Failing(),
    "many values": json.dumps(list(range(100_000))),
}


@pytest.mark.parametrize("answer", BY_HAND.values(), ids=BY_HAND.keys())
def test_answers_by_hand(answer):
    check(answer)
