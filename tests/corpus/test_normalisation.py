"""The normal form: what is hidden by how a text is written comes out the same; expected values by hand."""

import base64
import hashlib
import json
import time
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leak_mutations import CLOSE_SPELLINGS, SPELLINGS

from sevenllm_bench.corpus.normalisation import _LOOKALIKES, normalised, normalised_question, normalised_words
from sevenllm_bench.data.embedded import embedded_split

TEXTS = st.text(max_size=60)
LONG = "The loader reads its configuration from an image on a public forum and decodes it with a single-byte key."


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("On 3 May, 2024: the Attacker's C2!", "on 3 may 2024 the attacker s c2"),
        ("ＣＶＥ－２０２１－４４２２８（高危）", "cve 2021 44228 高危"),
        ("evil[.]example_net", "evil example net"),
        ("hxxps://evil[.]example, h**p://evil[dot]example", "https evil example http evil example"),
        ("Straße ﬁle", "strasse file"),
        ("cafe\u0301 café", "cafe cafe"),
        (" \u3000\u200b。，…", ""),
        ("mal\u200bware mal\xadware mal\u2060ware", "malware malware malware"),
        # Entities: named, decimal, hexadecimal, escaped twice, without a semicolon.
        ("A&nbsp;B &lt;C&gt; &eacute; &#20013;&#x4e2d;", "a b c e 中中"),
        ("&amp;#20013;", "中"),
        ("&#20013&#25991", "中文"),
        # Escapes of JSON, Python and JavaScript.
        (r"\u4e2d\u6587 \U00004e2d \u{4E2D}", "中文 中 中"),
        (r"\\u4e2d\\\\u6587", "中文"),
        (r"line\nnext\tcell", "line next cell"),
        (r"\x41\x42 \xe4\xb8\xad", "ab 中"),
        (r"\ud835\udc00", "a"),
        (r"C:\Windows\System32", "c windows system32"),
        # Numbers of entities that no character has, and leading zeros.
        ("A &#" + "9" * 5000 + "; B &#" + "0" * 5000 + "20013;", "a b 中"),
        # Letters without a shape, and letters in squares and circles without a compatibility form.
        ("m\u3164a\u115fl\uffa0w\u1160are", "malware"),
        ("🅜🅐🅛 🅼🅰🅻 🇲🇦🇱", "mal mal mal"),
        # Percent-encoding.
        ("%E4%B8%AD%E6%96%87 evil%2Eexample 50% of 100%", "中文 evil example 50 of 100"),
        ("%25E4%25B8%25AD", "中"),
        # Lookalikes: Cyrillic, Greek, mathematical, circled, small capitals, full-width, Roman numerals.
        ("аttасk РОС", "attack poc"),
        ("ΤΟΚΕΝ νο", "token vo"),
        ("𝐌𝐚𝐥𝐰𝐚𝐫𝐞 𝗺𝗮𝗹 ⓜⓐⓛ ᴍᴀʟ", "malware mal mal mal"),
        ("№ Ⅳ ①", "no iv 1"),
        # Other scripts stay what they are.
        ("привет мир", "пpиbet mиp"),
        ("한국 にほん", "한국 にほん"),
    ],
)
def test_normalised_words(text, wanted):
    assert normalised_words(text) == unicodedata.normalize("NFKD", wanted)
    assert normalised(text) == unicodedata.normalize("NFKD", wanted).replace(" ", "")


def test_base64_is_decoded_where_it_is_text():
    code = base64.b64encode(LONG.encode()).decode()
    wrapped = "\n".join(code[begin : begin + 76] for begin in range(0, len(code), 76))
    for text in (code, wrapped, code.rstrip("="), base64.urlsafe_b64encode(LONG.encode()).decode()):
        assert normalised_words(f"Decode: {text}") == f"decode {normalised_words(LONG)}"
    # Words behind the code look like code.
    for padding in ("", "x", "xx"):
        code = base64.b64encode(LONG.encode() + padding.encode()).decode().rstrip("=")
        for words in ("What does this well-known text say?", "please decode"):
            found = normalised_words(f"{code}\n\n{words}")
            assert found.startswith(normalised_words(LONG)), (padding, words)
            assert found.endswith(normalised_words(words)), (padding, words)
    # Neither a hash nor code that is no text.
    sha512 = hashlib.sha512(LONG.encode()).hexdigest()
    assert normalised(sha512) == sha512
    binary = base64.b64encode(bytes(range(256))).decode()
    assert normalised(binary) == normalised(binary.replace("/", "").replace("+", ""))


def test_unicode_calls_the_lookalikes_by_the_latin_letter():
    """LATIN LETTER SMALL CAPITAL A looks like an A."""
    checked = 0
    for code, letter in _LOOKALIKES.items():
        name = unicodedata.name(chr(code))
        if name.startswith("LATIN LETTER SMALL CAPITAL "):
            assert name[-1] == chr(letter).upper()
            checked += 1
    assert checked > 20


@given(TEXTS)
def test_normalising_twice_changes_nothing(text):
    assert normalised(normalised(text)) == normalised(text)


@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters="&%\\<>[](){}*"), max_size=60))
def test_case_and_punctuation_make_no_difference(text):
    assert normalised("。".join(text.upper())) == normalised(text)


@given(TEXTS)
def test_a_json_string_is_the_text_in_it(text):
    assert normalised(json.dumps(text)) == normalised(text) or "\\" in text or "&" in text or "%" in text


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="&%\\"), max_size=60))
def test_a_percent_encoded_text_is_the_text(text):
    assert normalised(quote(text, safe="")) == normalised(text)


@pytest.mark.parametrize("change", [*SPELLINGS, *CLOSE_SPELLINGS])
def test_spellings_of_embedded_texts(change):
    """Exactly the same, or nearly where backslashes or letters are lost."""
    from rapidfuzz.distance import Levenshtein

    for row in embedded_split("test")[::16]:
        written = (SPELLINGS | CLOSE_SPELLINGS)[change](row.input)
        one, other = normalised(row.input), normalised(written)
        if change in SPELLINGS:
            assert one == other
        elif change not in ("leetspeak",):
            assert Levenshtein.normalized_similarity(one, other) > 0.97


def test_normalising_hostile_texts_is_quick():
    """Each would take minutes where time grows with the square of the length."""
    begin = time.process_time()
    assert normalised("a" + "\u0301\u0323" * 100_000 + "b")[-1] == "b"
    for part in ("\\", "&", "%", "&#", "\\x", "A" * 59 + " ", "\\u", "[", "h*", "&amp;", "A" * 99 + " "):
        normalised(part * (300_000 // len(part)))
    assert time.process_time() - begin < 10


def test_lone_surrogates_are_kept_out_of_trouble():
    assert normalised("a\ud800b") == normalised(r"a\ud800b")


def test_normalised_question_holds_question_and_options():
    row = next(row for row in embedded_split("test") if row.kind == "mcq")
    question, *options = normalised_question(row).split("\n")
    assert question == normalised(row.instruction["question"])
    assert options == [normalised(text) for text in row.choices.values()]
