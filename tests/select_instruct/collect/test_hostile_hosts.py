"""Private addresses, DNS rebinding, redirects and retries, over a network without sockets."""

from email.utils import formatdate

import httpx
import pytest
from fake_network import PUBLIC, FakeNetwork, fetch, log_of, path_of, reasons

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.select_instruct.settings.build_config import CorpusSource

HTML = {"Content-Type": "text/html"}


def network(pages, hosts=None):
    """Pages by path, each a response or a list of responses given one after the other; there is no robots.txt."""

    def handler(request):
        found = pages.get(path_of(request), httpx.Response(404))
        found = found(request) if callable(found) else found
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(found, Exception):
            raise found
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)

    return FakeNetwork(handler, hosts)


def text(body=b"<html>report</html>", **headers):
    return httpx.Response(200, headers={**HTML, **headers}, content=body)


def page(url):
    return [CorpusSource(location=url, kind="page")]


ADDRESSES = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_host_with_a_special_address_is_never_asked(tmp_path, address):
    site = network({"/": text()}, {"evil.example": [address]})
    assert fetch(tmp_path, page("http://evil.example/"), site) == []
    assert site.requests == []
    assert address in reasons(tmp_path)["http://evil.example/"]


def test_one_special_address_among_others_is_enough(tmp_path):
    site = network({"/": text()}, {"evil.example": [PUBLIC, "192.168.0.1"]})
    assert fetch(tmp_path, page("http://evil.example/"), site) == []
    assert site.requests == []


def test_rebinding_between_two_requests_is_refused_at_the_second(tmp_path):
    """robots.txt came from a public address; the name leads elsewhere when the page is asked for."""
    site = network({"/": text()}, {"evil.example": [[PUBLIC], ["127.0.0.1"]]})
    assert fetch(tmp_path, page("http://evil.example/"), site) == []
    assert [(url, address) for _, url, address in site.requests] == [("http://evil.example/robots.txt", PUBLIC)]
    assert "127.0.0.1 (loopback)" in reasons(tmp_path)["http://evil.example/"]


def test_one_look_up_per_request_and_the_connection_goes_to_that_address(tmp_path):
    """A name that leads elsewhere at every second look-up: nobody looks twice for one request."""
    site = network({"/": text()}, {"evil.example": [[PUBLIC], ["93.184.215.15"], ["127.0.0.1"]]})
    assert len(fetch(tmp_path, page("http://evil.example/"), site)) == 1
    assert [address for _, _, address in site.requests] == [PUBLIC, "93.184.215.15"]
    assert site.fake_resolver.asked == ["evil.example"] * 2


def test_tls_and_host_name_the_host_and_not_the_address(tmp_path):
    site = network({"/": text()}, {"a.example": ["2606:2800:21f:cb07::1"]})
    fetch(tmp_path, page("https://a.example/"), site)
    request = site.sent[-1]
    assert str(request.url) == "https://[2606:2800:21f:cb07::1]/"
    assert request.headers["host"] == "a.example"
    assert request.extensions["sni_hostname"] == "a.example"


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://a.example/",
        "data:text/html,x",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://169.254.169.254/latest/meta-data/",
        "http://metadata.example/",
        "http://user:word@b.example/",
        "http://b.example:25/",
        "http://[::ffff:127.0.0.1]/",
        "\x01\x02",
        "http://" + "a" * 5000,
    ],
)
def test_redirects_to_what_is_refused(tmp_path, target):
    site = network({"/": httpx.Response(302, headers={"Location": target})}, {"metadata.example": ["169.254.169.254"]})
    assert fetch(tmp_path, page("http://a.example/"), site) == []
    assert {url for url in site.urls() if not url.startswith("http://a.example/")} == set()
    assert "http://a.example/" in {line["url"] for line in log_of(tmp_path) if line["event"] in ("refused", "failed")}


def test_circles_and_endless_redirects(tmp_path):
    def endless(request):
        return httpx.Response(302, headers={"Location": f"/n{int(path_of(request)[2:]) + 1}"})

    pages = {"/a": httpx.Response(301, headers={"Location": "/b"}), "/b": httpx.Response(301, headers={"Location": "/a"})}
    site = network({**pages, **{f"/n{n}": endless for n in range(20)}})
    assert fetch(tmp_path, page("http://a.example/a") + page("http://a.example/n0"), site) == []
    assert reasons(tmp_path) == {
        "http://a.example/a": "redirected in a circle, back to http://a.example/a",
        "http://a.example/n0": "more than 5 redirects",
    }
    assert sum("/n" in url for url in site.urls()) == 6


def test_two_ways_to_one_page_are_one_page(tmp_path):
    site = network(
        {
            "/a": httpx.Response(301, headers={"Location": "/c"}),
            "/b": httpx.Response(308, headers={"Location": "/c"}),
            "/c": text(),
        }
    )
    found = fetch(tmp_path, page("http://a.example/a") + page("http://a.example/b"), site)
    assert [raw.origin.location for raw in found] == ["http://a.example/c"]
    assert site.urls().count("http://a.example/c") == 1
    assert reasons(tmp_path, "skipped") == {"http://a.example/b": "leads to the same page as http://a.example/a"}


@pytest.mark.parametrize(
    ("header", "seconds"), [("30", 30), (formatdate(1_800_000_100, usegmt=True), 99), ("nonsense", 2), ("-3", 2)]
)
def test_429_with_retry_after(tmp_path, header, seconds):
    """As seconds, and as a date: the page is asked for one second after robots.txt, when the clock is at 1,800,000,001."""
    site = network({"/": [httpx.Response(429, headers={"Retry-After": header}), text()]})
    assert len(fetch(tmp_path, page("http://a.example/"), site)) == 1
    times = [time for time, url, _ in site.requests if url.endswith("/")]
    assert times[1] - times[0] == seconds
    assert reasons(tmp_path, "wait")["http://a.example/"].startswith("the server answers 429, attempt 1; waits")


def test_all_pages_of_the_host_wait(tmp_path):
    site = network({"/1": [httpx.Response(503, headers={"Retry-After": "60"}), text()], "/2": text()})
    fetch(tmp_path, page("http://a.example/1") + page("http://a.example/2"), site)
    times = {url: time for time, url, _ in site.requests}
    assert times["http://a.example/2"] > times["http://a.example/robots.txt"] + 60


@pytest.mark.parametrize("header", ["301", "99999999999999999999999", formatdate(1_900_000_000, usegmt=True)])
def test_too_long_a_wait_is_not_waited(tmp_path, header):
    site = network({"/": httpx.Response(429, headers={"Retry-After": header})})
    assert fetch(tmp_path, page("http://a.example/"), site) == []
    assert "asks to wait" in reasons(tmp_path, "failed")["http://a.example/"]
    assert sum(site.fake_clock.slept) < 5


def test_three_attempts(tmp_path):
    site = network({"/": httpx.Response(502), "/2": httpx.ConnectError("no")})
    assert fetch(tmp_path, page("http://a.example/") + page("http://a.example/2"), site) == []
    assert [site.urls().count(f"http://a.example/{path}") for path in ("", "2")] == [3, 3]
    assert set(reasons(tmp_path, "failed")) == {"http://a.example/", "http://a.example/2"}


@pytest.mark.parametrize("status", [204, 206, 304, 400, 401, 403, 404, 410, 418, 451, 501])
def test_other_answers_are_final(tmp_path, status):
    site = network({"/": httpx.Response(status)})
    assert fetch(tmp_path, page("http://a.example/"), site) == []
    assert fetch(tmp_path, page("http://a.example/"), site) == []
    assert site.urls().count("http://a.example/") == 1
    assert reasons(tmp_path, "failed") == {"http://a.example/": f"the server answers {status}"}


def test_with_another_source_what_failed_is_asked_for_again_and_what_was_fetched_is_not(tmp_path):
    site = network({"/1": [httpx.Response(500)] * 3 + [text()], "/2": text(), "/3": text()})
    sources = page("http://a.example/1") + page("http://a.example/2")
    assert [len(fetch(tmp_path, sources, site)) for _ in range(2)] == [1, 1]
    assert site.urls().count("http://a.example/1") == 3
    assert [len(fetch(tmp_path, sources + page("http://a.example/3"), site)) for _ in range(2)] == [3, 3]
    assert [site.urls().count(f"http://a.example/{path}") for path in ("1", "2", "3", "robots.txt")] == [4, 1, 1, 1]


def test_refresh_asks_again_for_what_failed(tmp_path):
    site = network({"/": [httpx.Response(500)] * 3 + [text()]})
    assert [len(fetch(tmp_path, page("http://a.example/"), site, refresh=True)) for _ in range(2)] == [0, 1]


def conditional(request):
    if (
        request.headers.get("if-none-match") == '"v1"'
        and request.headers.get("if-modified-since") == "Thu, 01 Jan 2026 00:00:00 GMT"
    ):
        return httpx.Response(304)
    return text(b"<html>first</html>", **{"ETag": '"v1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"})


def test_refresh_asks_on_condition(tmp_path):
    site = network({"/": conditional, "/2": [text(b"old"), text(b"new")]})
    sources = page("http://a.example/") + page("http://a.example/2")
    before = fetch(tmp_path, sources, site)
    after = fetch(tmp_path, sources, site, refresh=True)
    assert before[0] == after[0]
    assert (after[0].origin.etag, after[0].origin.last_modified) == ('"v1"', "Thu, 01 Jan 2026 00:00:00 GMT")
    assert before[1].origin.sha256 != after[1].origin.sha256
    assert reasons(tmp_path, "not modified") == {"http://a.example/": "the server answers 304"}


def test_a_page_that_fails_at_refresh_is_kept(tmp_path):
    site = network({"/": [text(), httpx.Response(500)]})
    before = fetch(tmp_path, page("http://a.example/"), site)
    assert fetch(tmp_path, page("http://a.example/"), site, refresh=True) == before
    assert reasons(tmp_path, "failed")["http://a.example/"] == "the server answers 500; what was fetched before is kept"


def test_cookies_are_not_kept(tmp_path):
    site = network({"/1": text(**{"Set-Cookie": "a=b"}), "/2": text()})
    fetch(tmp_path, page("http://a.example/1") + page("http://a.example/2"), site)
    assert not any("cookie" in request.headers for request in site.sent)


@pytest.mark.parametrize("media_type", ["image/png", "Video/mp4", "application/zip", "audio/ogg; x=y"])
def test_media_without_text_is_not_read(tmp_path, media_type):
    site = network({"/": httpx.Response(200, headers={"Content-Type": media_type}, content=b"x" * 100)})
    assert fetch(tmp_path, page("http://a.example/"), site) == []
    assert "holds no text" in reasons(tmp_path)["http://a.example/"]


def test_the_time_of_the_whole_run(tmp_path):
    """Pages that are left stay for the next run."""
    site = network({f"/{n}": text() for n in range(10)})
    sources = [entry for n in range(10) for entry in page(f"http://a.example/{n}")]
    assert len(fetch(tmp_path, sources, site, max_seconds=4.5)) == 4
    assert len(reasons(tmp_path, "skipped")) == 6
    assert len(fetch(tmp_path, sources, site, max_seconds=100.0)) == 10
    assert len(site.urls()) == 11


@pytest.mark.parametrize("contact", ["", "  ", "me", "a@b\r\nX: y", "ä@example.org"])
def test_without_a_contact_nothing_is_fetched(tmp_path, contact):
    site = network({"/": text()})
    with pytest.raises(ConfigError, match="contact"):
        fetch(tmp_path, page("http://a.example/"), site, contact=contact)
    assert site.requests == []


def test_names_that_resolve_to_nothing(tmp_path):
    site = network({}, {"a.example": OSError("no such host")})
    assert fetch(tmp_path, page("http://a.example/"), site) == []
    assert "the host has no address" in reasons(tmp_path)["http://a.example/"]


def test_the_next_address_is_tried_when_one_doesn_t_answer(tmp_path):
    def handler(request):
        if request.url.host == "93.184.215.1":
            raise httpx.ConnectError("no route")
        return text() if path_of(request) == "/" else httpx.Response(404)

    site = FakeNetwork(handler, {"a.example": ["93.184.215.1", "93.184.215.2"]})
    assert len(fetch(tmp_path, page("http://a.example/"), site)) == 1


def test_a_private_host_that_is_allowed_is_that_host_and_port_only(tmp_path):
    hosts = {"wiki.example": ["10.0.0.1"], "other.example": ["10.0.0.1"], "meta.example": ["169.254.169.254"]}
    site = network({"/": text()}, hosts)
    urls = ["http://wiki.example/", "http://wiki.example:8080/", "http://other.example/", "http://meta.example/"]
    allowed = ("wiki.example:80", "meta.example:80")
    found = fetch(tmp_path, [CorpusSource(location=url, kind="page") for url in urls], site, private_hosts=allowed)
    assert [raw.origin.location for raw in found] == urls[:1]
    assert set(reasons(tmp_path)) == set(urls[1:])


def test_nobody_waits_longer_than_the_whole_run(tmp_path):
    site = network({"/": httpx.Response(429, headers={"Retry-After": "250"})})
    assert fetch(tmp_path, page("http://a.example/"), site, max_seconds=20.0) == []
    assert sum(site.fake_clock.slept) < 20
    assert set(reasons(tmp_path, "skipped")) == {"http://a.example/"}
