"""Lists of pages, sound and hostile."""

import gzip
import tracemalloc

import httpx
import pytest
from fake_network import FakeNetwork, fetch, path_of, reasons

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.select_instruct.collect.feed_process import read_feed
from sevenllm_bench.select_instruct.collect.list_files import MOST_ENTRIES, decompressed, feed_in, sitemap_in, urls_in
from sevenllm_bench.select_instruct.collect.media_types import by_start, list_kind
from sevenllm_bench.select_instruct.collect.refusals import RefusedError
from sevenllm_bench.select_instruct.settings.build_config import CorpusSource

NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def urls_of(listed):
    return [page.url for page in listed.pages]


def test_urls():
    listed = urls_in(b"\xef\xbb\xbfhttp://a.example/\r\n\n# no\n  http://b.example/x y \nhttp://c.example/\xff")
    assert urls_of(listed) == ["http://a.example/", "http://b.example/x y", "http://c.example/�"]


def test_a_sitemap():
    xml = f"""<?xml version="1.0" encoding="UTF-8"?><!-- made by hand --><urlset {NAMESPACE}
      xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
      <url><loc> http://a.example/?a=1&amp;b=2
      </loc><lastmod>2026-01-01</lastmod><image:image><image:loc>http://a.example/i.png</image:loc></image:image></url>
      <url><loc><![CDATA[http://a.example/2]]></loc></url><url><loc/></url></urlset>"""
    listed = sitemap_in(xml.encode())
    assert (urls_of(listed), listed.lists, listed.problem) == (["http://a.example/?a=1&b=2", "http://a.example/2"], [], "")


def test_an_index_of_sitemaps():
    xml = f"<sitemapindex {NAMESPACE}><sitemap><loc>http://a.example/s1.xml</loc></sitemap></sitemapindex>"
    assert sitemap_in(xml.encode()).lists == ["http://a.example/s1.xml"]


def test_without_a_namespace_and_in_utf_16():
    xml = '<?xml version="1.0" encoding="utf-16"?><urlset><url><loc>http://a.example/1</loc></url></urlset>'
    assert urls_of(sitemap_in(xml.encode("utf-16"))) == ["http://a.example/1"]


def test_text_sitemaps():
    assert urls_of(sitemap_in(b"http://a.example/1\nhttp://a.example/2\n")) == ["http://a.example/1", "http://a.example/2"]


LAUGHS = "".join(f'<!ENTITY l{n} "{"".join([f"&l{n - 1};"] * 10)}">' for n in range(1, 10))
ENTRY = "<urlset><url><loc>http://a.example/&x;</loc></url></urlset>"


@pytest.mark.parametrize(
    "xml",
    [
        f'<!DOCTYPE u [<!ENTITY x "y">]>{ENTRY}'.encode(),
        f'<!DOCTYPE u [<!ENTITY x SYSTEM "file:///etc/passwd">]>{ENTRY}'.encode(),
        f'<!DOCTYPE u SYSTEM "http://127.0.0.1/x.dtd">{ENTRY}'.encode(),
        f'<!DOCTYPE u [<!ENTITY l0 "ha">{LAUGHS}<!ENTITY x "&l9;">]>{ENTRY}'.encode(),
        f'<?xml version="1.0" encoding="utf-16"?><!DOCTYPE u [<!ENTITY x "y">]>{ENTRY}'.encode("utf-16"),
        f'<!DOCTYPE u [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>{ENTRY}'.encode(),
    ],
)
def test_entities_are_never_expanded(xml):
    listed = sitemap_in(xml)
    assert listed.pages == []
    assert "document type" in listed.problem


@pytest.mark.parametrize(
    "xml",
    [
        b"<urlset><url><loc>http://a.example/1</loc></url><url><loc>http://a.example/2</loc>",
        b"<urlset><url><loc>http://a.example/1</loc></url>\x00\x01</urlset>",
        b"<urlset><url><loc>http://a.example/1</loc></url><url><loc>&nbsp;</loc></url></urlset>",
        b"<urlset><url><loc>http://a.example/1</loc></url>" + b"<a>" * 100_000,
    ],
)
def test_of_a_broken_sitemap_the_part_before(xml):
    listed = sitemap_in(xml)
    assert urls_of(listed)[:1] == ["http://a.example/1"]
    assert "what comes before is used" in listed.problem


@pytest.mark.parametrize(
    "xml", [b"", b"<", b"<?xml", b"<?xml version='1.0' encoding='x-none'?><urlset/>", b"\xff\xfe<\0", b"\0" * 5000]
)
def test_nothing_of_a_sitemap(xml):
    assert sitemap_in(xml).lists == []


def test_too_many_entries():
    listed = sitemap_in(b"<urlset>" + b"<url><loc>http://a.example/</loc></url>" * (MOST_ENTRIES + 5) + b"</urlset>")
    assert len(listed.pages) == MOST_ENTRIES
    assert "more than 50,000 entries" in listed.problem
    assert len(urls_in(b"http://a.example/\n" * (MOST_ENTRIES + 5)).pages) == MOST_ENTRIES


def test_a_very_long_entry_takes_no_memory():
    xml = b"<urlset><url><loc>" + b"x" * 20_000_000 + b"</loc></url></urlset>"
    tracemalloc.start()
    listed = sitemap_in(xml)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000
    assert len(listed.pages[0].url) < 100_000


RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Feed</title>
<item><title>Copper  Fox &amp; tools</title>
<link>http://a.example/1</link><pubDate>Tue, 03 Feb 2026 10:00:00 +0200</pubDate></item>
<item><title>No link</title></item>
<item><link>/2</link><pubDate>yesterday</pubDate></item></channel></rss>"""
ATOM = b"""<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Feed</title>
<entry><title>Heron</title><link rel="alternate" href="http://a.example/h"/><published>2026-03-04T05:06:07Z</published></entry></feed>"""


def test_feeds():
    first, second = feed_in(RSS).pages
    assert (first.url, first.title, first.published) == ("http://a.example/1", "Copper Fox & tools", "2026-02-03T08:00:00Z")
    assert (second.url, second.published) == ("/2", None)
    entry = feed_in(ATOM).pages[0]
    assert (entry.url, entry.title, entry.published) == ("http://a.example/h", "Heron", "2026-03-04T05:06:07Z")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"http://127.0.0.1:9/",
        b"/etc/passwd",
        b"<html>no feed</html>",
        b"\0" * 1000,
        b'<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><link>&x;</link></item></channel></rss>',
    ],
)
def test_what_is_no_feed_is_not_opened(data):
    """feedparser opens text that looks like a URL or a path; bytes of a file it reads."""
    assert "root:" not in repr(feed_in(data))
    assert [page.url for page in feed_in(data).pages if "&x" not in page.url] == []


def test_entities_of_a_feed_are_not_expanded():
    xml = f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]><rss><channel><item><link>http://a.example/</link><title>&l9;</title></item>'
    assert sum(len(page.title) for page in feed_in(f"{xml}</channel></rss>".encode()).pages) <= 500


def test_feeds_are_bounded():
    with pytest.raises(RefusedError):
        feed_in(b" " * 5_000_001)


def test_compressed_lists():
    assert decompressed(gzip.compress(b"x" * 1000), 1000) == b"x" * 1000
    for data in (gzip.compress(b"x" * 1001), gzip.compress(b"x" * 100)[:9] + b"\xff" * 50):
        with pytest.raises(RefusedError):
            decompressed(data, 1000)


def network(pages):
    return FakeNetwork(
        lambda request: httpx.Response(200, content=pages[path_of(request)]) if path_of(request) in pages else httpx.Response(404)
    )


def test_auto_tells_lists_from_pages(tmp_path):
    sitemap = b"<urlset><url><loc>http://a.example/p1</loc></url></urlset>"
    pages = {
        "/s.xml.gz": gzip.compress(sitemap),
        "/feed": RSS,
        "/p1": b"<html>p1</html>",
        "/1": b"one",
        "/2": b"two",
        "/page": b"<html>",
    }
    site = network(pages)
    found = fetch(tmp_path, [f"http://a.example/{name}" for name in ("s.xml.gz", "feed", "page")], site)
    assert [(raw.origin.source[17:], raw.origin.location[17:], raw.title) for raw in found] == [
        ("s.xml.gz", "p1", ""),
        ("feed", "1", "Copper Fox & tools"),
        ("feed", "2", ""),
        ("page", "page", ""),
    ]
    assert found[1].published == "2026-02-03T08:00:00Z"


def test_lists_on_this_machine(tmp_path):
    (tmp_path / "urls.txt").write_text("# mine\nhttp://a.example/1\n\nnonsense\nfile:///etc/passwd\n")
    (tmp_path / "feed.xml").write_bytes(ATOM)
    site = network({"/1": b"one", "/h": b"heron"})
    sources = [CorpusSource(location=str(tmp_path / "urls.txt"), kind="urls", licence="mine"), str(tmp_path / "feed.xml")]
    found = fetch(tmp_path / "out", sources, site)
    assert [(raw.origin.location, raw.origin.licence) for raw in found] == [
        ("http://a.example/1", "mine"),
        ("http://a.example/h", ""),
    ]
    assert set(reasons(tmp_path / "out")) == {"nonsense", "file:///etc/passwd"}


def test_a_list_of_urls_alone_is_told_from_a_text(tmp_path):
    (tmp_path / "urls.txt").write_text("http://a.example/1\nhttp://a.example/2\n")
    (tmp_path / "text.txt").write_text("See http://a.example/1\nhttp://a.example/2\n")
    found = fetch(tmp_path / "out", [tmp_path / "urls.txt", tmp_path / "text.txt"], network({"/1": b"one", "/2": b"two"}))
    assert [raw.origin.location for raw in found] == ["http://a.example/1", "http://a.example/2", "text.txt"]


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("nowhere", "auto"),
        ("ftp://a.example/", "auto"),
        ("http://a.example/x.warc", "warc"),
        ("file:///etc/passwd", "auto"),
        (".", "urls"),
    ],
)
def test_sources_that_can_t_be(tmp_path, location, kind):
    with pytest.raises(ConfigError, match="source"):
        fetch(tmp_path, [CorpusSource(location=location, kind=kind)], network({}))


def test_many_comments_take_no_time():
    """With an ordinary pattern this would take longer than the universe has."""
    start = b"<!---->" * 146
    assert by_start(start) == ""
    assert list_kind(start * 4) is None
    assert by_start(start[:980] + b"<html>") == "text/html"


def test_pages_of_one_source_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("sevenllm_bench.select_instruct.collect.crawl._MOST_PAGES", 3)
    (tmp_path / "urls").write_text("".join(f"http://a.example/{n}\n" for n in range(9)))
    site = network({f"/{n}": b"x" for n in range(9)})
    assert len(fetch(tmp_path / "out", [tmp_path / "urls"], site)) == 3
    assert "more than 3 pages" in reasons(tmp_path / "out")[str(tmp_path / "urls")]


def test_feeds_are_read_in_a_process_with_an_end():
    assert read_feed(ATOM) == feed_in(ATOM)
    with pytest.raises(RefusedError, match=r"more than 0\.01 seconds"):
        read_feed(b"<rss><channel>" + b"<" * 2_000_000, seconds=0.01)
    with pytest.raises(RefusedError, match="more than 5,000,000 bytes"):
        read_feed(b" " * 5_000_001)


def test_a_feed_that_ends_its_reader(monkeypatch):
    monkeypatch.setattr("sys.path", ["/nowhere"])
    monkeypatch.setattr("sevenllm_bench.select_instruct.collect.feed_process.__name__", "no.such.module")
    with pytest.raises(RefusedError, match="its reader ended"):
        read_feed(ATOM)
