"""Excerpts: whole paragraphs, in order, none too long, nothing lost."""

from hypothesis import given, settings
from hypothesis import strategies as st
from select_instruct.generate.asked_models import text

from sevenllm_bench.select_instruct.generate.excerpts import cut
from sevenllm_bench.select_instruct.settings.build_config import SelectSection


def parts(content, limit=300, most=100, language="en"):
    found = cut(text(content, language), SelectSection(excerpt_characters=limit, max_excerpts=most))
    return [excerpt.text for excerpt in found]


def paragraph(letter, length):
    return letter * (length - 1) + "."


def test_a_short_text_is_one_excerpt_as_it_is():
    content = "One.\n\nTwo."
    found = cut(text(content), SelectSection())
    assert [(excerpt.id, excerpt.text, excerpt.title, excerpt.language) for excerpt in found] == [
        ("00000000000000aa#1", content, "Paper Lantern", "en")
    ]


def test_paragraphs_fill_an_excerpt_and_stay_whole():
    a, b, c = paragraph("a", 140), paragraph("b", 150), paragraph("c", 200)
    assert parts(f"{a}\n\n{b}\n\n{c}") == [f"{a}\n\n{b}", c]


def test_a_short_rest_is_joined_to_the_excerpt_before_it():
    a, b, c = paragraph("a", 140), paragraph("b", 150), paragraph("c", 40)
    assert parts(f"{a}\n\n{b}\n\n{c}") == [f"{a}\n\n{b}\n\n{c}"]


def test_a_heading_stays_with_what_follows():
    a, b = paragraph("a", 250), paragraph("b", 200)
    assert parts(f"{a}\n\nWhat we found\n\n{b}") == [a, f"What we found\n\n{b}"]


def test_a_long_paragraph_is_cut_at_its_sentences():
    sentences = [f"Sentence number {number} is about as long as the others are." for number in range(12)]
    found = parts(" ".join(sentences))
    assert len(found) == 3
    assert all(len(part) <= 375 and part.startswith("Sentence") and part.endswith("are.") for part in found)
    assert " ".join(found) == " ".join(sentences)


def test_a_long_chinese_paragraph_is_cut_at_its_sentences():
    sentences = [f"这是第{number}句话，长度与其他各句差不多，用来说明段落如何切分。" for number in range(10, 40)]
    found = parts("".join(sentences), language="zh")
    assert all(part.endswith("。") and len(part) <= 375 for part in found)
    assert "".join(found) == "".join(sentences)


def test_a_text_without_sentences_is_cut_at_the_limit():
    assert [len(part) for part in parts("x" * 1000)] == [300, 300, 300, 100]


def test_of_many_excerpts_the_first_the_last_and_even_ones_between_are_taken():
    content = "\n\n".join(paragraph(letter, 290) for letter in "abcdefghi")
    found = cut(text(content), SelectSection(excerpt_characters=300, max_excerpts=3))
    assert [(excerpt.id[-2:], excerpt.text[0]) for excerpt in found] == [("#1", "a"), ("#5", "e"), ("#9", "i")]
    assert [part[0] for part in parts(content, most=1)] == ["a"]


def test_blank_texts_have_no_excerpt():
    assert parts(" \n\n ") == []


_WORDS = st.lists(st.sampled_from(["word", "Ende.", "报告。", "\n", "\n\n", "x" * 70, "192.0.2[.]1", " ", "! "]), max_size=120)


@settings(max_examples=150)
@given(words=_WORDS, language=st.sampled_from(["en", "zh"]))
def test_excerpts_are_verbatim_in_order_within_bounds_and_lose_only_white_space(words, language):
    content = " ".join(words)
    place, rest = 0, content
    for part in parts(content, language=language):
        found = content.find(part, place)
        assert found >= 0
        assert not content[place:found].strip()
        assert 0 < len(part) <= 375
        place = found + len(part)
    assert not rest[place:].strip()
