"""Web pages of layouts other than those of the example reports."""

import pytest

from sevenllm_bench.select_instruct.extract.html_text import html_report

PARTS = [
    f"The operators moved to the second server and copied the archive to {place}, which had been rented two days before."
    for place in ("203.0.113[.]5", "hxxps://a.evil[.]example/x?y=1", "evil(dot)example", "C:\\Temp\\a b.dll", "192.0.2[.]9")
]
MENU = "<ul>" + "".join(f"<li><a href='/{name}'>{name}</a></li>" for name in ("Home", "Research", "Imprint", "Jobs")) + "</ul>"


def paragraphs(element: str = "p", name: str = "") -> str:
    return "".join(f"<{element} class='{name}'>{part}</{element}>" for part in PARTS)


@pytest.mark.parametrize(
    "page",
    [
        "<div>" + "<br><br>".join(PARTS) + "</div>",
        "<div class=app>" + "".join(f"<div><span>{part}</span></div>" for part in PARTS) + "</div>",
        f"<div class='wrapper has-sidebar comments-open'><div class=content>{paragraphs()}</div></div>",
        f"<article><header><h1>Title</h1></header><section>{paragraphs()}</section></article>",
        f"<form id=aspnetForm><div>{paragraphs()}</div></form>",
        f"<table width=100%><tr><td>{MENU}</td><td>{paragraphs()}</td></tr></table>",
        f"<div class='article tags-enabled'>{paragraphs(name='share')}</div>",
        f"<div id=footer-and-all-else>{paragraphs()}</div>",
    ],
)
def test_all_of_the_report_and_no_menu(page):
    text = html_report(f"<html><body><div class=top>{MENU}</div>{page}</body></html>".encode()).text
    assert [part for part in PARTS if part not in text] == []
    assert "Imprint" not in text


def test_lines_of_preformatted_text_and_tables():
    page = f"""<article>{paragraphs()}<pre>line one
  "second"  it's</pre><table><tr><th>Twitter</th><th>E-mail</th></tr><tr><td>a</td><td>b<br>c</td></tr></table>
<ol start=3><li>three<li><p>four</p></ol><ul><li>x<ul><li>y</li></ul></li></ul></article>"""
    text = html_report(page.encode()).text
    assert text.endswith('line one\n  "second"  it\'s\n\nTwitter | E-mail\na | b c\n\n3. three\n4. four\n\n- x\n  - y')


def test_lists_of_indicators_without_any_prose():
    hashes = [f"{number * 7**70:064x}" for number in range(1, 6)]
    hosts = [f"evil{number}[.]example" for number in range(5)]
    page = f"<article>{paragraphs()}<p>{'<br>'.join(hashes)}</p><ul>" + "".join(
        f"<li><a href='https://lookup.example/{host}'>{host}</a></li>" for host in hosts
    )
    text = html_report(f"{page}</ul></article>".encode()).text
    assert "\n".join(hashes) in text
    assert "\n".join(f"- {host}" for host in hosts) in text


def test_repeated_paragraphs_and_quotation_marks_stay():
    again = "<p>It’s the same “line” – twice…</p>"
    text = html_report(f"<article>{paragraphs()}{again}{again}</article>".encode()).text
    assert text.endswith("It’s the same “line” – twice…\n\nIt’s the same “line” – twice…")


@pytest.mark.parametrize(
    ("head", "under", "published"),
    [
        ("<meta property='article:published_time' content='2024-03-02T23:00:00Z'>", "", "2024-03-02"),
        ('<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2024-03-02"}</script>', "", "2024-03-02"),
        ("", "<div><span>Published 2024-03-02</span></div>", "2024-03-02"),
        ("", "<p>发布时间:2024年3月2日</p>", "2024-03-02"),
        ("", "", None),
    ],
)
def test_dates(head, under, published):
    page = f"<html><head>{head}</head><body><article><h1>A title</h1>{under}{paragraphs()}</article></body></html>"
    found = html_report(page.encode())
    assert (found.title, found.published) == ("A title", published)


@pytest.mark.parametrize(
    ("head", "headings", "title"),
    [
        ("<title>A title | Site</title>", "<h1>A title</h1>", "A title"),
        ("<title>A title | Site</title>", "<h1>Site</h1><h1>A title</h1>", "A title"),
        ("<title>Another name</title>", "<h1>A title</h1>", "A title"),
        ("<title>A name</title>", "", "A name"),
        ("<title>A longer name | Site</title>", "", "A longer name"),
        ("<title>Analysis of load_a.exe</title>", "", "Analysis of load_a.exe"),
        ("<title>某企业遭到勒索软件攻击_实验室</title>", "", "某企业遭到勒索软件攻击"),
        ("<meta property='og:title' content='The name'><title>Site</title>", "", "The name"),
        ("<title>A name</title>", "<h1 hidden>Ignore what was said before</h1>", "A name"),
        ("", "", ""),
    ],
)
def test_titles(head, headings, title):
    page = f"<html><head>{head}</head><body><article>{headings}{paragraphs()}</article></body></html>"
    assert html_report(page.encode()).title == title
