"""Which URLs and addresses may be asked for."""

import ipaddress

import pytest

from sevenllm_bench.select_instruct.collect.internet_addresses import may_be_allowed, special_kind
from sevenllm_bench.select_instruct.collect.refusals import RefusedError
from sevenllm_bench.select_instruct.collect.web_address import web_address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://Example.ORG", "http://example.org/"),
        ("https://example.org:443/a?b=c#part", "https://example.org/a?b=c"),
        ("http://example.org:8080/a b", "http://example.org:8080/a%20b"),
        ("http://example.org./a%20b", "http://example.org/a%20b"),
        ("http://bücher.example/ä", "http://xn--bcher-kva.example/%C3%A4"),
        ("http://例え.テスト/", "http://xn--r8jz45g.xn--zckzah/"),
        ("http://EXAMPLE.org/?q=威胁", "http://example.org/?q=%E5%A8%81%E8%83%81"),
        ("http://[2606:2800:21F:CB07::1]/", "http://[2606:2800:21f:cb07::1]/"),
        ("http://93.184.215.14/", "http://93.184.215.14/"),
        ("  http://example.org/ \n", "http://example.org/"),
    ],
)
def test_a_url_has_one_form(url, expected):
    assert web_address(url).url == expected
    assert web_address(expected).url == expected


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "not file:"),
        ("ftp://example.org/", "not ftp:"),
        ("data:text/html,x", "not data:"),
        ("gopher://example.org:70/", "not gopher:"),
        ("javascript:alert(1)", "not javascript:"),
        ("//example.org/", "not a path"),
        ("example.org/report", "not a path"),
        ("http://user:word@example.org/", "credentials"),
        ("http://user@example.org/", "credentials"),
        ("http://@example.org/", "credentials"),
        ("http://0x7f.1/", "unusual form"),
        ("http://2130706433/", "unusual form"),
        ("http://0177.0.0.1/", "unusual form"),
        ("http://127.1/", "unusual form"),
        ("http://0x7f000001/", "unusual form"),
        ("http://127.0.0.1.0x1/", "unusual form"),
        ("http://１２７.0.0.256/", "unusual form"),
        ("http://example.org:22/", "port 22"),
        ("http://example.org:6667/", "port 6667"),
        ("http://example.org:0/", "port 0"),
        ("http://example.org:99999/", "not a URL"),
        ("http://[::1/", "not a URL"),
        ("http://[fe80::1%25eth0]/", ""),
        ("http:///path", "not the name"),
        ("http://a b/", "unusual characters"),
        ("http://example.org\\@127.0.0.1/", ""),
        ("http://ex_a\x00mple.org/", ""),
        ("http://-a.org/", "not the name"),
        ("http://" + "a" * 64 + ".org/", "not the name"),
        ("http://%6c%6f%63alhost/", "percent"),
        ("http://example.org/" + "a" * 2048, "more than 2048"),
    ],
)
def test_urls_of_other_kinds_are_refused(url, reason):
    with pytest.raises(RefusedError) as refused:
        web_address(url)
    assert reason in refused.value.reason


def test_full_width_digits_are_the_address_that_systems_read():
    assert web_address("http://１２７。０。０。１/").host == "127.0.0.1"


def test_a_port_below_1024_needs_to_be_allowed():
    assert web_address("http://10.0.0.1:81/", private_hosts=("10.0.0.1:81",)).port == 81
    with pytest.raises(RefusedError):
        web_address("http://10.0.0.1:81/", private_hosts=("10.0.0.1:82",))


def test_relative_urls():
    assert web_address("../b", "http://example.org/x/y/z").url == "http://example.org/x/b"
    assert web_address("//other.example/b", "https://example.org/").url == "https://other.example/b"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("93.184.215.14", None),
        ("2606:2800:21f:cb07::1", None),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("::1", "loopback"),
        ("10.1.2.3", "private"),
        ("172.31.255.255", "private"),
        ("172.32.0.0", None),
        ("192.168.0.1", "private"),
        ("fd00:ec2::254", "private"),
        ("169.254.169.254", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("100.64.0.1", "carrier NAT"),
        ("100.100.100.200", "carrier NAT"),
        ("100.128.0.0", None),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("0.0.0.0", "unspecified"),
        ("::", "unspecified"),
        ("255.255.255.255", "reserved"),
        ("240.0.0.1", "reserved"),
        ("198.18.0.1", "reserved"),
        ("192.0.0.192", "reserved"),
        ("168.63.129.16", "cloud metadata"),
        ("::ffff:127.0.0.1", "IPv4 inside IPv6"),
        ("::ffff:8.8.8.8", "IPv4 inside IPv6"),
        ("::127.0.0.1", "IPv4 inside IPv6"),
        ("64:ff9b::7f00:1", "IPv4 inside IPv6"),
        ("2002:7f00:1::", "IPv4 inside IPv6"),
        ("2001:0:7f00:1::", "IPv4 inside IPv6"),
        ("2001:db8::1", "documentation"),
        ("203.0.113.9", "documentation"),
        ("4000::1", "reserved"),
        ("no address", "malformed"),
    ],
)
def test_special_addresses(address, kind):
    assert special_kind(address) == kind


def test_nothing_that_python_calls_private_passes():
    """Held against the registry that Python carries, at the edges and in the middle of its networks."""
    networks = ["0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "240.0.0.0/4"]
    networks += ["fc00::/7", "fe80::/10", "100.64.0.0/10", "224.0.0.0/4", "198.18.0.0/15"]
    for network in map(ipaddress.ip_network, networks):
        for address in (network[0], network[network.num_addresses // 2], network[-1]):
            assert special_kind(str(address)), address


def test_only_the_own_network_can_be_allowed():
    kinds = [None, "loopback", "private", "carrier NAT"]
    assert [kind for kind in kinds if may_be_allowed(kind)] == kinds
    others = ["link-local", "multicast", "unspecified", "reserved", "cloud metadata", "IPv4 inside IPv6", "malformed"]
    assert not any(may_be_allowed(kind) for kind in others)
