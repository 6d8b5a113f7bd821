import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.corpus.near_duplicates import signature
from sevenllm_bench.corpus.similarity import normalised, normalised_question, overlap, shingles
from sevenllm_bench.data.embedded import embedded_split

TEXTS = st.text(max_size=60)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("On 3 May, 2024: the Attacker's C2!", "on3may2024theattackersc2"),
        ("ＣＶＥ－２０２１－４４２２８（高危）", "cve202144228高危"),
        ("evil[.]example_net", "evilexamplenet"),
        ("Straße ﬁle", "strassefile"),
        ("cafe\u0301", "café"),
        (" \u3000\u200b。，…", ""),
    ],
)
def test_normalised(text, wanted):
    assert normalised(text) == wanted


@given(TEXTS)
def test_normalising_twice_changes_nothing(text):
    assert normalised(normalised(text)) == normalised(text)


@given(TEXTS)
def test_case_and_punctuation_make_no_difference(text):
    # Letters whose upper case folds to another letter (a dotless i) are other letters.
    text = text.encode("ascii", "ignore").decode()
    assert normalised("。".join(text.upper())) == normalised(text)


def test_normalising_a_long_run_of_marks_is_quick():
    """Sorting 200,000 marks would take Python minutes."""
    assert normalised("a" + "\u0301\u0323" * 100_000 + "b")[-1] == "b"


def test_normalised_question_holds_question_and_options():
    row = next(row for row in embedded_split("test") if row.kind == "mcq")
    question, *options = normalised_question(row).split("\n")
    assert question == normalised(row.instruction["question"])
    assert options == [normalised(text) for text in row.choices.values()]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("a", 1),
        ("abcdefghijkl", 1),
        ("abcdefghijklm", 2),
        ("攻击者使用", 2),  # windows of four characters
        ("aaaaaaaaaaaaaaaaaaaa", 1),
        ("攻击abcdef", 1),
    ],
)
def test_number_of_shingles(text, count):
    assert len(shingles(text)) == count


@given(TEXTS)
def test_as_many_shingles_as_distinct_windows(text):
    """One window of at least twelve bytes from each character on, counted with slices."""
    content = text.encode("utf-8", "surrogatepass")
    begins = [place for place in range(len(content) - 11) if content[place] & 0xC0 != 0x80]
    windows = {content[place : place + 12] for place in begins} if len(content) >= 12 else ({content} if content else set())
    assert len(shingles(text)) == len(windows)


@given(st.sets(st.integers(0, 50)), st.sets(st.integers(0, 50)))
def test_overlap_is_the_size_of_the_intersection(one, other):
    arrays = [np.array(sorted(values), dtype=np.uint32) for values in (one, other)]
    assert overlap(*arrays) == len(one & other)


def test_shingles_and_signatures_are_the_same_in_every_process():
    code = (
        "from sevenllm_bench.corpus.near_duplicates import signature; from sevenllm_bench.corpus.similarity import shingles;"
        "print(signature(shingles('a text of some length, 攻击者使用钓鱼邮件')).tolist())"
    )
    outputs = {
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in "12"
    }
    assert outputs == {f"{signature(shingles('a text of some length, 攻击者使用钓鱼邮件')).tolist()}\n".encode()}
