"""Which addresses are hosts of the public internet; everything else is refused.

Sources: IANA's registries of special-purpose IPv4 and IPv6 addresses; the addresses under which cloud providers give out
credentials of the machine (169.254.169.254, fd00:ec2::254 and 100.100.100.200 lie in refused networks, 168.63.129.16 doesn't).
The lists are written out because `ipaddress.is_private` has changed between versions of Python.
"""

from __future__ import annotations

import ipaddress

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_REFUSED = {
    "loopback": ("127.0.0.0/8", "::1/128"),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
    "link-local": ("169.254.0.0/16", "fe80::/10"),
    "carrier NAT": ("100.64.0.0/10",),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
    "unspecified": ("0.0.0.0/8", "::/128"),
    "cloud metadata": ("168.63.129.16/32",),
    "IPv4 inside IPv6": ("::ffff:0:0/96", "::ffff:0:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"),
    "documentation": ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),
    "reserved": ("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4", "2001::/23"),
}
#: More specific kinds come first, so that the reason names them.
_NETWORKS: tuple[tuple[str, _Network], ...] = tuple(
    (kind, ipaddress.ip_network(network)) for kind, networks in _REFUSED.items() for network in networks
)
#: The only IPv6 addresses that are given out for the internet.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
#: What the user may allow for a host of the own network.
_ALLOWABLE = ("loopback", "private", "carrier NAT")


def special_kind(address: str) -> str | None:
    """What kind of special address it is ("loopback", "private", …); None for one of the public internet."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "malformed"
    for kind, network in _NETWORKS:
        if parsed in network:
            return kind
    outside = isinstance(parsed, ipaddress.IPv6Address) and parsed not in _GLOBAL_UNICAST
    return "reserved" if outside else None


def may_be_allowed(kind: str | None) -> bool:
    """Whether a host of the user's own network may have an address of this kind."""
    return kind is None or kind in _ALLOWABLE
