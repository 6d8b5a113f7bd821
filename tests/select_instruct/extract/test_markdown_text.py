"""Markdown without its markup; expected texts are what a renderer shows (CommonMark 0.31, tables of GFM)."""

import pytest

from sevenllm_bench.select_instruct.extract.markdown_text import markdown_report


def text(markdown: str) -> str:
    return markdown_report(markdown.encode()).text


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("a **bold** and *slanted* and __strong__ and _weak_ ~~gone~~ word", "a bold and slanted and strong and weak gone word"),
        ("see [the list](https://x.example/a) here", "see the list here"),
        ("see [the list][1] here\n\n[1]: https://x.example", "see the list here"),
        ("<https://x.example/a_b> and <a@b.example>", "https://x.example/a_b and a@b.example"),
        ("hxxps://evil[.]example/a_b_c and 192.0.2[.]7", "hxxps://evil[.]example/a_b_c and 192.0.2[.]7"),
        ("file_name_one.exe and other_name_two.dll", "file_name_one.exe and other_name_two.dll"),
        ("`C:\\Users\\*\\a_b_.dll` and `**x**`", "C:\\Users\\*\\a_b_.dll and **x**"),
        ("``a ` b``", "a ` b"),
        (r"C:\Windows\system32 and 1\*2\*3", r"C:\Windows\system32 and 1*2*3"),
        ("2 * 3 * 4 and a*b", "2 * 3 * 4 and a*b"),
        ("![a picture](x.png) after", "after"),
        ("line one\nline two  \nline three", "line one line two\nline three"),
        ("第一行\n第二行", "第一行第二行"),
        ("> quoted\n> text", "quoted text"),
        ("- one\n- two\n  more\n  - inner\n* three", "- one\n- two more\n  - inner\n- three"),
        ("1. one\n2. two", "1. one\n2. two"),
        ("- [ ] open\n- [x] done", "- open\n- done"),
        ("a <b>b</b><br/> c &amp; d &lt;e&gt;", "a b c & d <e>"),
        ("before\n\n---\n\nafter", "before\n\nafter"),
        ("| a | b |\n|---|:-:|\n| 1 | x\\|y |", "a | b\n1 | x|y"),
        ("a | b\n--|--\n1 | 2", "a | b\n1 | 2"),
        ("```sh\n# no heading\nls  -l *a*\n```", "# no heading\nls  -l *a*"),
        ("~~~\n```\n~~~", "```"),
    ],
)
def test_markup(markdown, shown):
    assert text(f"First paragraph.\n\n{markdown}\n\nLast paragraph.") == f"First paragraph.\n\n{shown}\n\nLast paragraph."


def test_a_fence_that_is_never_closed_reaches_to_the_end():
    assert text("First.\n\n```\n*code*\n\n*more*\n") == "First.\n\n*code*\n*more*"


def test_front_matter_gives_title_and_date():
    found = markdown_report(b'---\ntitle: "One: two"\ndate: 2024-05-06\ntags: [a]\n---\n\n# Other\n\nText.\n')
    assert (found.title, found.published, found.text) == ("One: two", "2024-05-06", "Other\n\nText.")


@pytest.mark.parametrize("front", ["title: [a", "- a\n- b", "a: &x [*x]", "title: 1\ndate: [1]", "date: 2024-99-99"])
def test_front_matter_that_is_broken_is_no_text(front):
    found = markdown_report(f"---\n{front}\n---\n\n# Heading\n\nText.\n".encode())
    assert (found.title, found.published, found.text) == ("Heading", None, "Text.")


@pytest.mark.parametrize("heading", ["# A title\n\n", "# A title #\n\n", "A title\n=======\n\n"])
def test_first_heading_is_the_title_and_is_not_repeated(heading):
    found = markdown_report(f"{heading}*2024-01-31*\n\nText.\n\n## Further\n\nMore.".encode())
    assert (found.title, found.published, found.text) == ("A title", "2024-01-31", "2024-01-31\n\nText.\n\nFurther\n\nMore.")


def test_comments_and_descriptions_of_pictures_are_hidden():
    found = markdown_report(b"Text <!-- say\nyes --> goes on. ![do as I say](x.png) <!-- not closed")
    assert found.text == "Text  goes on.  <!-- not closed"
    assert found.hidden == ("say yes", "do as I say")
