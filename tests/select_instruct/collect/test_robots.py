"""robots.txt, as RFC 9309 has it, over a network without sockets."""

import itertools

import httpx
import pytest
from fake_network import FakeNetwork, fetch, log_of, path_of, reasons

from sevenllm_bench import __version__
from sevenllm_bench.select_instruct.settings.build_config import CorpusSource


def network(robots, hosts=None):
    """A site with pages of text; `robots` answers /robots.txt."""

    def handler(request):
        if path_of(request) == "/robots.txt":
            answer = robots(request) if callable(robots) else robots
            if isinstance(answer, Exception):
                raise answer
            return answer
        return httpx.Response(200, headers={"Content-Type": "text/html"}, content=b"<html>report</html>")

    return FakeNetwork(handler, hosts)


def pages(*urls):
    return [CorpusSource(location=url, kind="page") for url in urls]


RULES = b"""User-agent: other
Disallow: /

User-agent: *
Disallow: /

User-agent: Sevenllm-Bench
Disallow: /private
Allow: /private/open
Crawl-delay: 7
"""


def test_our_own_group_counts(tmp_path):
    site = network(httpx.Response(200, content=RULES))
    urls = ["http://a.example/1", "http://a.example/private/x", "http://a.example/private/open", "http://a.example/2"]
    found = fetch(tmp_path, pages(*urls), site)
    assert [raw.origin.location for raw in found] == [urls[0], urls[2], urls[3]]
    assert {raw.origin.robots for raw in found} == {"allowed"}
    assert reasons(tmp_path) == {urls[1]: "robots.txt disallows it"}
    assert site.urls()[0] == "http://a.example/robots.txt"
    assert "http://a.example/private/x" not in site.urls()


def test_the_crawl_delay_lies_between_all_requests(tmp_path):
    site = network(httpx.Response(200, content=RULES))
    fetch(tmp_path, pages(*(f"http://a.example/{n}" for n in range(5))), site)
    times = [time for time, _, _ in site.requests]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps == [7.0] * 5


@pytest.mark.parametrize(
    ("robots", "delay"),
    [(b"User-agent: *\nRequest-rate: 1/20\n", 20.0), (b"User-agent: *\nCrawl-delay: 0.1\n", 1.0), (b"", 1.0)],
)
def test_the_longer_delay_holds(tmp_path, robots, delay):
    site = network(httpx.Response(200, content=robots))
    fetch(tmp_path, pages("http://a.example/1", "http://a.example/2"), site)
    assert site.requests[2][0] - site.requests[1][0] == delay


def test_hosts_don_t_wait_for_each_other(tmp_path):
    site = network(httpx.Response(404))
    fetch(tmp_path, pages(*(f"http://{host}.example/{n}" for n in range(3) for host in "abc")), site)
    begin = site.requests[0][0]
    assert {url: time - begin for time, url, _ in site.requests}["http://c.example/2"] == pytest.approx(3.0)


@pytest.mark.parametrize("delay", [b"100000", b"301"])
def test_a_host_that_asks_for_very_long_delays_is_left_alone(tmp_path, delay):
    site = network(httpx.Response(200, content=b"User-agent: *\nCrawl-delay: " + delay))
    assert fetch(tmp_path, pages("http://a.example/1"), site) == []
    assert "seconds between two requests" in reasons(tmp_path)["http://a.example/1"]


@pytest.mark.parametrize("delay", [b"nan", b"inf", b"-5", b"1e999", b"x"])
def test_delays_that_mean_nothing(tmp_path, delay):
    site = network(httpx.Response(200, content=b"User-agent: *\nCrawl-delay: " + delay))
    fetch(tmp_path, pages("http://a.example/1"), site)
    assert site.urls() in (["http://a.example/robots.txt", "http://a.example/1"], ["http://a.example/robots.txt"])
    assert max(site.fake_clock.slept, default=0) <= 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_4xx_allows_everything(tmp_path, status):
    found = fetch(tmp_path, pages("http://a.example/1"), network(httpx.Response(status)))
    assert [raw.origin.robots for raw in found] == ["no robots.txt"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(503),
        httpx.Response(429),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("no HTTP"),
    ],
)
def test_a_robots_txt_that_can_t_be_read_forbids_everything(tmp_path, answer):
    site = network(answer)
    assert fetch(tmp_path, pages("http://a.example/1", "http://a.example/2"), site) == []
    assert site.urls() == ["http://a.example/robots.txt"] * 3
    assert set(reasons(tmp_path)) == {"http://a.example/1", "http://a.example/2"}
    assert all(reason.startswith("robots.txt can't be read") for reason in reasons(tmp_path).values())


def test_it_is_tried_again(tmp_path):
    answers = [httpx.Response(503, headers={"Retry-After": "9"}), httpx.Response(200, content=b"User-agent: *\nDisallow: /2")]
    site = network(lambda request: answers.pop(0))
    assert len(fetch(tmp_path, pages("http://a.example/1", "http://a.example/2"), site)) == 1
    assert site.requests[1][0] - site.requests[0][0] == 9.0


def redirecting(count):
    """A robots.txt behind some redirects."""

    def handler(request):
        step = int(path_of(request)[2:]) if path_of(request).startswith("/r") and path_of(request) != "/robots.txt" else 0
        if step < count:
            return httpx.Response(301, headers={"Location": f"http://b.example/r{step + 1}"})
        return httpx.Response(200, content=b"User-agent: *\nDisallow: /")

    return FakeNetwork(handler)


def test_redirects_of_robots_txt_are_followed(tmp_path):
    assert fetch(tmp_path, pages("http://a.example/1"), redirecting(5)) == []
    assert reasons(tmp_path) == {"http://a.example/1": "robots.txt disallows it"}


def test_more_than_five_redirects_are_no_robots_txt(tmp_path):
    """The first request and five more; the page itself is a redirect here."""
    site = redirecting(99)
    fetch(tmp_path, pages("http://a.example/1"), site, max_redirects=0)
    assert site.urls() == ["http://a.example/robots.txt", *(f"http://b.example/r{n}" for n in range(1, 6)), "http://a.example/1"]


def test_a_redirect_of_robots_txt_to_a_private_address(tmp_path):
    site = network(httpx.Response(302, headers={"Location": "http://inner.example/"}), {"inner.example": ["10.0.0.1"]})
    assert fetch(tmp_path, pages("http://a.example/1"), site) == []
    assert "10.0.0.1 (private)" in reasons(tmp_path)["http://a.example/1"]
    assert site.urls() == ["http://a.example/robots.txt"]


def test_each_new_host_is_asked_for_its_own(tmp_path):
    def handler(request):
        host, path = request.headers["host"], path_of(request)
        if path == "/robots.txt":
            return httpx.Response(200, content=b"User-agent: *\nDisallow: /" if host == "b.example" else b"")
        return httpx.Response(302, headers={"Location": "http://b.example/target"})

    site = FakeNetwork(handler)
    assert fetch(tmp_path, pages("http://a.example/1"), site) == []
    assert site.urls() == ["http://a.example/robots.txt", "http://a.example/1", "http://b.example/robots.txt"]
    assert reasons(tmp_path)["http://a.example/1"] == "redirected to http://b.example/target: robots.txt disallows it"


def test_ports_and_schemes_have_their_own(tmp_path):
    site = network(httpx.Response(404))
    fetch(tmp_path, pages("http://a.example/", "https://a.example/", "http://a.example:8080/"), site)
    asked = {url for url in site.urls() if url.endswith("robots.txt")}
    assert asked == {f"{origin}/robots.txt" for origin in ("http://a.example", "https://a.example", "http://a.example:8080")}


def test_only_the_first_500_kib_count(tmp_path):
    long = b"User-agent: *\nDisallow: /early\n" + b"#" * 700_000 + b"\nDisallow: /late\n"
    site = network(lambda request: httpx.Response(200, content=long))
    found = fetch(tmp_path, pages("http://a.example/early", "http://a.example/late"), site)
    assert [raw.origin.location for raw in found] == ["http://a.example/late"]


def test_with_the_owner_s_permission_it_is_not_asked(tmp_path):
    site = network(httpx.Response(200, content=b"User-agent: *\nDisallow: /"))
    found = fetch(tmp_path, pages("http://a.example/1"), site, ignore_robots=("a.example",))
    assert [raw.origin.robots for raw in found] == ["allowed by the user"]
    assert site.urls() == ["http://a.example/1"]
    assert [line["event"] for line in log_of(tmp_path)] == ["robots"]


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00\x01" * 100, b"\xef\xbb\xbfUser-agent: *\nDisallow: /", b"<html>", b"\0" * 999]
)
def test_content_of_all_kinds(tmp_path, content):
    found = fetch(tmp_path, pages("http://a.example/1"), network(httpx.Response(200, content=content)))
    assert len(found) == (0 if b"Disallow" in content else 1)


def test_the_user_agent_says_who_asks(tmp_path):
    site = network(httpx.Response(404))
    fetch(tmp_path, pages("http://a.example/1"), site)
    agents = {request.headers["user-agent"] for request in site.sent}
    assert agents == {f"sevenllm-bench/{__version__} (+tests@example.org)"}
