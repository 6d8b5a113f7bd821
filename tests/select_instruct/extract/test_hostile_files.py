"""Files made to hurt: each gives a text or a reason, in bounded time and memory."""

import random

import pytest
from made_pdf import column, pdf

from sevenllm_bench.select_instruct.extract.any_file import ReadingTask
from sevenllm_bench.select_instruct.extract.found_text import FoundText
from sevenllm_bench.select_instruct.extract.parser_process import ParserProcess
from sevenllm_bench.select_instruct.extract.unusable import UnusableFileError

PARA = b"<p>The attackers sent the files of the company to 203.0.113[.]7 and left on the next day, as was said.</p>" * 5
NOISE = random.Random(1).randbytes(200_000)

PAGES = {
    "nested deeply": b"<div>" * 100_000 + PARA,
    "never closed": b"<p>" + b"<b>" * 50_000 + PARA,
    "a million tags": b"<br>" * 1_000_000,
    "20 MB": b"<p>" + b"word " * 4_000_000,
    "a bomb of entities": b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><p>&b;</p>' + PARA,
    "an open comment": b"<p>hi</p><!--" + b"-" * 1_000_000,
    "open style sheets": b"<style>" + b"@media{/*" * 20_000 + b"</style>" + PARA,
    "one long word": b"<p>" + b"a" * 4_000_000,
    "nested tables": b"<table><tr><td>" * 80 + PARA,
    "open declarations": b"<!DOCTYPE " + b"[" * 20_000 + PARA,
    "lone surrogates": b"<p>&#xD800;&#xDFFF;&#0;</p>" + PARA,
    "a million marks": ("<p>a" + "\u0301" * 300_000).encode(),
    "bytes of all kinds": bytes(range(256)) * 2000,
    "noise": NOISE,
    "zeros": bytes(100_000),
    "a picture": b"\x89PNG\r\n\x1a\n" + NOISE,
    "nothing": b"",
    "blanks": b" \n" * 1000,
    "no element": b"<!-- only a comment -->",
    "frames": b"<frameset><frame src=x></frameset>",
}
OTHERS = {
    ("md", "open comments"): b"<!--" * 100_000,
    ("md", "one paragraph of lines"): b"a\n" * 200_000,
    ("md", "stars"): b"*a " * 100_000 + b"*" * 100_000,
    ("md", "brackets"): b"[" * 100_000 + b"![a](" * 50_000,
    ("md", "marks of code"): b"`" * 100_000 + b"`a" * 50_000,
    ("md", "a bomb of aliases"): b"---\na: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n---\nText.",
    ("md", "columns"): b"|" * 50_000 + b"\n|-|-|\n",
    ("plain", "line ends"): b"\n \n\t" * 500_000 + b"x",
    ("plain", "noise"): NOISE,
    ("jsonl", "brackets"): b'{"text":' + b"[" * 100_000,
    ("jsonl", "a long number"): b'{"text": 1' + b"0" * 100_000 + b"}",
    ("jsonl", "other values"): b'[1]\n"a"\nnull\n{}\n{"text": 5}\n{"text"\n',
    ("pdf", "noise"): b"%PDF-1.7\n" + NOISE,
    ("pdf", "half"): pdf([column(["words"], 40, 500)] * 40)[:4000],
    ("pdf", "many operators"): pdf(["q Q " * 200_000]),
}
TYPES = {"md": "text/markdown", "plain": "text/plain", "jsonl": "application/jsonl", "pdf": "application/pdf"}


@pytest.fixture(scope="module")
def parser():
    with ParserProcess(60) as process:
        yield process


@pytest.mark.parametrize("name", PAGES)
def test_pages(parser, name):
    child = parser._running()
    (found,) = parser.reports(PAGES[name], ReadingTask("text/html"))
    assert isinstance(found, FoundText | UnusableFileError)
    assert "took more than" not in str(found)
    assert parser._child is child  # it neither crashed nor was ended


@pytest.mark.parametrize(("kind", "name"), OTHERS)
def test_other_files(parser, kind, name):
    child = parser._running()
    found = parser.reports(OTHERS[kind, name], ReadingTask(TYPES[kind]))
    assert all(isinstance(one, FoundText | UnusableFileError) for one in found)
    assert parser._child is child


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nested deeply", "more than 250 in one another"),
        ("a million tags", "more than 60,000 elements"),
        ("20 MB", "more than 5,000,000 characters"),
        ("noise", "is no web page"),
        ("a picture", "is a picture"),
        ("nothing", "is empty"),
        ("frames", "no main text"),
    ],
)
def test_reasons(parser, name, reason):
    (found,) = parser.reports(PAGES[name], ReadingTask("text/html"))
    assert isinstance(found, UnusableFileError)
    assert reason in str(found)


@pytest.mark.parametrize("name", ["a bomb of entities", "lone surrogates", "open style sheets"])
def test_the_report_of_a_strange_page_is_still_read(parser, name):
    (found,) = parser.reports(PAGES[name], ReadingTask("text/html"))
    assert found.text.count("203.0.113[.]7") == 5


def test_a_type_that_is_not_read(parser):
    (found,) = parser.reports(b"body { color: red }", ReadingTask("text/css; charset=utf-8"))
    assert str(found) == "is of the type text/css, which is not read"


def test_a_pdf_under_another_name_is_read_as_pdf(parser):
    (found,) = parser.reports(pdf([column(["Some words of a report."], 40, 500)]), ReadingTask("text/html"))
    assert found.text == "Some words of a report."
