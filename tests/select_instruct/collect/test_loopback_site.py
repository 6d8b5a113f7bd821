"""A hostile site on loopback, over real sockets: bounded, polite, nothing crashes, each refusal in the log."""

import contextlib
import gzip
import itertools
import socket
import threading
import time

import pytest
from fake_network import FakeResolver, fetch, log_of, reasons
from loopback_site import LoopbackSite, Page, html, serving

from sevenllm_bench.select_instruct.collect.surroundings import Surroundings
from sevenllm_bench.select_instruct.extract.raw_content import read_raw
from sevenllm_bench.select_instruct.settings.build_config import CorpusSource

SITEMAP = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'
INDEX = '<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</sitemapindex>'


@pytest.fixture
def site():
    with serving(LoopbackSite()) as running:
        yield running


def sitemap(urls):
    return Page(SITEMAP.format("".join(f"<url><loc>{url}</loc></url>" for url in urls)).encode())


def index(urls):
    return Page(INDEX.format("".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls)).encode())


def run(folder, site, *paths, kind="page", **changes):
    sources = [CorpusSource(location=site.url(path), kind=kind) for path in paths]
    changes = {"delay": 0.001, "private_hosts": (site.host,), **changes}
    return fetch(folder, sources, changes.pop("surroundings", None), **changes)


def contents(folder, found):
    return {raw.origin.location.rpartition("/")[2]: read_raw(raw, str(folder)) for raw in found}


def test_what_is_recorded_is_what_was_sent(site, tmp_path):
    """Wrong and mixed encodings pass untouched; what the header says of them is noted and not believed."""
    bodies = {
        "wrong": ("威胁情报".encode("gb18030"), "text/html; charset=utf-8"),
        "right": ("威胁情报".encode("gb18030"), 'text/plain; charset="gb18030"'),
        "mixed": (b"\xff\xfe\x00caf\xe9 \xe2\x82\xac", "text/html; charset=x-unknown"),
        "no-type": (b"<html>plain bytes \x93\x94</html>", ""),
        "broken-type": (b"text", "text/html; charset=\xff\xfe; ;;=".encode("latin-1").decode("latin-1")),
        "report.md": ("# Отчёт".encode("koi8-r"), "text/plain"),
        "empty": (b"", "text/html"),
    }
    for name, (body, kind) in bodies.items():
        site.pages[f"/{name}"] = Page(body, headers={"Content-Type": kind} if kind else {})
    found = run(tmp_path, site, *(f"/{name}" for name in bodies))
    assert contents(tmp_path, found) == {name: body for name, (body, _) in bodies.items()}
    kinds = {raw.origin.location.rpartition("/")[2]: (raw.media_type, raw.charset) for raw in found}
    assert kinds["wrong"] == ("text/html", "utf-8")
    assert kinds["right"] == ("text/plain", "gb18030")
    assert kinds["report.md"] == ("text/markdown", None)
    assert kinds["no-type"] == ("text/html", None)


def test_a_compressed_page_is_kept_compressed_and_read_decompressed(site, tmp_path):
    text = b"<html>" + b"report " * 5000
    site.pages["/z"] = Page(gzip.compress(text), headers={"Content-Type": "text/html", "Content-Encoding": "gzip"})
    site.pages["/lie"] = Page(text, headers={"Content-Type": "text/html", "Content-Encoding": "gzip"})
    found = run(tmp_path, site, "/z", "/lie")
    assert contents(tmp_path, found) == {"z": text, "lie": text}
    assert len({raw.origin.sha256 for raw in found}) == 1


def chunked(*parts):
    return Page(headers={"Transfer-Encoding": "chunked", "Content-Type": "text/html"}, chunks=lambda: map(_chunk, (*parts, b"")))


def _chunk(part):
    return f"{len(part):x}\r\n".encode() + part + b"\r\n"


def test_chunked_pages(site, tmp_path):
    site.pages["/c"] = chunked(b"<html>one ", b"two")
    assert contents(tmp_path, run(tmp_path, site, "/c")) == {"c": b"<html>one two"}


def test_a_gzip_bomb(site, tmp_path):
    """256 MB in 256 KB."""
    bomb = gzip.compress(b"\0" * (1 << 28), 9)
    site.pages["/bomb"] = Page(bomb, headers={"Content-Type": "text/html", "Content-Encoding": "gzip"})
    site.pages["/bomb.xml.gz"] = Page(bomb, headers={"Content-Type": "application/gzip"})
    assert run(tmp_path, site, "/bomb", max_bytes=2_000_000) == []
    assert run(tmp_path, site, "/bomb.xml.gz", kind="sitemap", max_bytes=2_000_000) == []
    assert reasons(tmp_path) == {
        site.url("/bomb"): "more than 2,000,000 bytes after decompression",
        site.url("/bomb.xml.gz"): "more than 2,000,000 bytes after decompression",
    }


def endless():
    return itertools.repeat(b"x" * 65536)


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "50000000"}, {"Content-Length": "9" * 300}, {"Content-Length": "10"}])
def test_a_page_of_50_mb(site, tmp_path, headers):
    """With its length said, or not, or wrongly."""
    site.pages["/big"] = Page(headers={"Content-Type": "text/html", **headers}, chunks=lambda: itertools.islice(endless(), 763))
    found = run(tmp_path, site, "/big", surroundings=NoWaiting())
    assert contents(tmp_path, found).get("big", b"x" * 10) == b"x" * 10
    assert headers.get("Content-Length") == "10" or site.url("/big") in reasons(tmp_path) | reasons(tmp_path, "failed")


def test_a_page_without_end(site, tmp_path):
    site.pages["/big"] = Page(headers={"Content-Type": "text/html"}, chunks=endless)
    assert run(tmp_path, site, "/big", max_bytes=5_000_000) == []
    assert reasons(tmp_path) == {site.url("/big"): "more than 5,000,000 bytes"}


def drip(part, seconds=0.05):
    while True:
        time.sleep(seconds)
        yield part


@pytest.mark.parametrize("headers", [{"Content-Type": "text/html"}, {"Content-Type": "text/html", "Content-Length": "99999"}])
def test_a_slow_drip(site, tmp_path, headers):
    """One byte at a time never lets a read time out; the page does."""
    site.pages["/drip"] = Page(headers=headers, chunks=lambda: drip(b"x"))
    site.pages["/good"] = html("report")
    found = run(tmp_path, site, "/drip", "/good", timeout=0.4)
    assert [raw.origin.location for raw in found] == [site.url("/good")]
    assert reasons(tmp_path, "failed") == {site.url("/drip"): "took longer than 0.4 seconds"}
    assert site.paths().count("/drip") == 1


def test_a_connection_that_is_cut(site, tmp_path):
    site.pages["/cut"] = Page(b"half", headers={"Content-Type": "text/html", "Content-Length": "1000"})
    slept = NoWaiting()
    assert run(tmp_path, site, "/cut", surroundings=slept) == []
    assert "RemoteProtocolError" in reasons(tmp_path, "failed")[site.url("/cut")]
    assert site.paths().count("/cut") == 3


class NoWaiting(Surroundings):
    """Real sockets, and waits that take no time."""

    def __init__(self, hosts=None):
        self.hosts = FakeResolver(hosts)

    def clock(self):
        clock = super().clock()
        clock.sleep = self.no_time
        clock.monotonic = lambda: self.passed + time.monotonic()
        self.passed = 0.0
        return clock

    async def no_time(self, seconds):
        self.passed += seconds

    def resolver(self):
        return self.hosts


def test_headers_without_end(site, tmp_path):
    site.pages["/many"] = Page(b"x", headers={f"X-{n}": "y" * 1000 for n in range(300)})
    assert run(tmp_path, site, "/many", surroundings=NoWaiting()) == []
    assert site.url("/many") in reasons(tmp_path, "failed")


@contextlib.contextmanager
def raw_server(answer):
    """A server that sends pieces whatever it is asked; yields "HOST:PORT"."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.recv(2000)
                    for piece in answer():
                        connection.sendall(piece)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def of_host(folder, host, **changes):
    source = [CorpusSource(location=f"http://{host}/", kind="page")]
    changes = {"surroundings": NoWaiting(), "private_hosts": (host,), "ignore_robots": (host,), "delay": 0.001, **changes}
    return fetch(folder, source, changes.pop("surroundings"), **changes)


@pytest.mark.parametrize("body", [b"", b"\0\1\2", b"HTTP/1.1 200\r\n", b"SSH-2.0-x\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 50])
def test_what_is_no_http(tmp_path, body):
    """A server of another protocol under the name of an allowed host."""
    with raw_server(lambda: [body]) as host:
        assert of_host(tmp_path, host) == []
    assert list(reasons(tmp_path, "failed")) == [f"http://{host}/"]


def test_headers_that_drip(tmp_path):
    """Each byte comes in time, the headers never end."""
    with raw_server(lambda: itertools.chain([b"HTTP/1.1 200 OK\r\nX-a: "], drip(b"x", 0.02))) as host:
        assert of_host(tmp_path, host, timeout=0.3) == []
    assert reasons(tmp_path, "failed") == {f"http://{host}/": "took longer than 0.3 seconds"}


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 \xff\xfe\r\nContent-Type: text/html; charset=\xff\xfe\r\nX-\xc3: \xe5\xa8\x81\r\n",
        b"HTTP/1.1 200\r\nContent-Type: \xe5\xa8\x81/\xff\r\nETag: \xff\r\n",
        b"HTTP/1.0 200 OK\r\nX-WARC: a\tb\r\nContent-Type:\r\n",
        b"HTTP/1.1 999 What\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\xe5\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://\xe5\xa8\x81.example/\r\n",
        b"HTTP/1.1 429 No\r\nRetry-After: \xb2\xb3\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, br, \xff\r\n",
    ],
)
def test_headers_of_all_kinds(tmp_path, head):
    with raw_server(lambda: [head + b"Connection: close\r\n\r\nbody"]) as host:
        found = of_host(tmp_path, host)
    assert [read_raw(raw, str(tmp_path)) for raw in found] in ([], [b"body"])
    assert len(found) + len(reasons(tmp_path) | reasons(tmp_path, "failed")) == 1


def test_a_sitemap_that_leads_to_sitemaps_without_end(site, tmp_path):
    site.other = lambda asked: (
        index([site.url(f"{asked.path}x{n}.xml") for n in (1, 2)]) if "s" in asked.path[:2] else Page(status=404)
    )
    assert run(tmp_path, site, "/s", kind="sitemap", max_depth=2, max_pages_per_host=50) == []
    asked = [path for path in site.paths() if path != "/robots.txt"]
    assert len(asked) == 1 + 2 + 4
    assert sum("levels of sitemaps" in line["reason"] for line in log_of(tmp_path)) == 8


def test_a_sitemap_that_is_wide(site, tmp_path):
    site.pages["/s"] = index([site.url(f"/s{n}") for n in range(30)])
    site.other = lambda asked: (
        sitemap([site.url(f"{asked.path}/{n}") for n in range(30)]) if asked.path.count("/") == 1 else html("x")
    )
    found = run(tmp_path, site, "/s", kind="sitemap", max_pages_per_host=10)
    assert len(found) == 10
    assert len(site.asked) <= 1 + 10 + 10
    said = [line["reason"] for line in log_of(tmp_path) if line["event"] == "refused"]
    assert sum("sitemaps of one source" in reason for reason in said) == 21
    assert sum("pages of this host" in reason for reason in said) == 9 * 30 - 10


def test_a_sitemap_names_pages_of_its_own_site_only(site, tmp_path):
    urls = ["http://victim.example/", "http://127.0.0.1.evil.example/", site.url("/a"), "file:///etc/passwd", "/b", ""]
    site.pages |= {"/s": sitemap(urls), "/a": html("a"), "/b": html("b")}
    found = run(tmp_path, site, "/s", kind="sitemap")
    assert [raw.origin.location for raw in found] == [site.url("/a"), site.url("/b")]
    assert set(reasons(tmp_path)) == {urls[0], urls[1], urls[3]}


def test_redirects_to_private_addresses_and_files(site, tmp_path):
    """The site itself is allowed; where it leads isn't."""
    targets = [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/",
        "http://localhost:1/",
        "file:///etc/passwd",
        "http://rebind.example/",
    ]
    for number, target in enumerate(targets):
        site.pages[f"/{number}"] = Page(status=302, headers={"Location": target})
    network = NoWaiting({"rebind.example": [["127.0.0.1"]], "localhost": ["127.0.0.1"]})
    assert run(tmp_path, site, *(f"/{number}" for number in range(5)), surroundings=network) == []
    said = reasons(tmp_path)
    assert set(said) == {site.url(f"/{number}") for number in range(5)}
    assert ["private" in said[site.url("/0")], "link-local" in said[site.url("/1")], "loopback" in said[site.url("/4")]] == [
        True
    ] * 3


def test_another_name_of_an_allowed_site(site, tmp_path):
    """A name that nobody allowed leads to the port of the site, whose own name is allowed."""
    site.other = lambda asked: html("secret")
    network = NoWaiting({"rebind.example": [["127.0.0.1"]]})
    source = [CorpusSource(location=site.url("/", "rebind.example"), kind="page")]
    assert fetch(tmp_path, source, network, private_hosts=(site.host,)) == []
    assert site.asked == []
    assert "127.0.0.1 (loopback)" in reasons(tmp_path)[source[0].location]


def test_a_pinned_name_keeps_its_name(site, tmp_path):
    site.pages["/"] = html("page")
    network = NoWaiting({"wiki.example": ["127.0.0.1"]})
    source = [CorpusSource(location=site.url("/", "wiki.example"), kind="page")]
    found = fetch(tmp_path, source, network, private_hosts=(f"wiki.example:{site.port}",))
    assert [raw.origin.location for raw in found] == [source[0].location]
    assert {asked.host for asked in site.asked} == {f"wiki.example:{site.port}"}


def test_proxies_of_the_environment_are_not_used(site, tmp_path, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    site.pages["/"] = html("page")
    assert len(run(tmp_path, site, "/")) == 1


def test_304_and_429_over_the_wire(site, tmp_path):
    def changing(asked):
        if asked.headers.get("if-none-match") == '"v1"':
            return Page(status=304, headers={"ETag": '"v1"'})
        return html("one", ETag='"v1"')

    busy = iter([Page(status=429, headers={"Retry-After": "7"}), html("two")])
    site.pages |= {"/etag": changing, "/busy": lambda asked: next(busy)}
    network = NoWaiting()
    first = run(tmp_path, site, "/busy", "/etag", surroundings=network)
    assert run(tmp_path, site, "/etag", refresh=True, surroundings=NoWaiting())[0] == first[1]
    assert {line["event"]: line["reason"] for line in log_of(tmp_path)} | {} == {
        "robots": "there is none: all is allowed",
        "wait": "the server answers 429, attempt 1; waits 7 seconds (Retry-After)",
        "not modified": "the server answers 304",
    }


def test_the_delay_is_kept_for_real(site, tmp_path):
    """No host gets two requests within the delay, by the clock of the server: a lower bound, so a slow machine is no matter."""
    site.pages["/robots.txt"] = Page(b"User-agent: *\nCrawl-delay: 0.15\n")
    site.other = lambda asked: html(asked.path)
    assert len(run(tmp_path, site, *(f"/{n}" for n in range(5)), delay=0.05)) == 5
    times = [asked.time for asked in site.asked]
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 0.149
