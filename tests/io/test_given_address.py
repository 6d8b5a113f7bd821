"""Addresses that can be written into pages."""

import pytest

from sevenllm_bench.io.given_address import why_no_address


@pytest.mark.parametrize(
    "url", ["https://example.org/pages/", "http://localhost:8000", "https://[::1]:80/x", "https://münchen.example/a%20b"]
)
def test_addresses(url):
    assert why_no_address(url) == ""


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("example.org", "doesn't begin with https://"),
        ("javascript:alert(1)", "doesn't begin with https://"),
        ("https://example.org:99999/", "a port"),
        ("https://example.org:x/", "a port"),
        ("https://example.org:0/", "no port"),
        ("https://example.org:/", "no port"),
        ("https:///pages", "no host"),
        ("https://user:secret@example.org/", "user or password"),
        ("https://example.org\\@evil.example/", "a character that no address has"),
        ("https://example.org/a b", "a character that no address has"),
        ("https://example.org/?q", "a query or fragment"),
        ("https://example.org/" + "x" * 600, "longer than 500"),
    ],
)
def test_what_is_none(url, words):
    assert words in why_no_address(url)


def test_a_page_may_have_a_query():
    assert why_no_address("https://example.org/run?id=1#top", is_folder=False) == ""
