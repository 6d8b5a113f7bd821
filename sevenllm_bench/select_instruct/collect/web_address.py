"""URLs that may be asked for: http and https, without credentials, with hosts and ports in their usual form."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from sevenllm_bench.select_instruct.collect.refusals import RefusedError

_MOST_CHARACTERS = 2048
_PORTS = {"http": 80, "https": 443}
#: Ports above 1023 of other protocols that would take a request for a command (as browsers refuse them).
_OTHER_PROTOCOLS = {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6679, 6697, 10080, *range(6665, 6670)}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_UNUSUAL = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True)
class WebAddress:
    """A URL in its parts.

    Attributes:
        scheme: "http" or "https".
        host: In lower case, ASCII; an IPv6 address without brackets.
        port: Also where the URL names none.
        target: Path and query.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and, unless it is the scheme's own, port; what the header `Host` says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme and authority: what one robots.txt is for."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The whole, in one form for all ways to write it."""
        return self.origin + self.target

    def host_is_address(self) -> bool:
        """Whether the host is an IP address, and needs no look-up."""
        return ":" in self.host or _is_number(self.host.rpartition(".")[2])


def is_remote(location: str) -> bool:
    """Whether a location is a URL, and not a path."""
    return re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", location) is not None or location.lower().startswith(("data:", "file:"))


def web_address(url: str, base: str | None = None, private_hosts: tuple[str, ...] = ()) -> WebAddress:
    """Read a URL.

    Args:
        url: The URL, relative or not.
        base: What a relative one is relative to.
        private_hosts: "HOST:PORT" whose port need not be a usual one.

    Raises:
        RefusedError: It is no URL that may be asked for.
    """
    url = url.strip()
    if len(url) > _MOST_CHARACTERS:
        raise RefusedError(f"the URL has more than {_MOST_CHARACTERS} characters")
    try:
        parts = urlsplit(urljoin(base, url) if base else url)
        port = parts.port
    except ValueError as error:
        raise RefusedError(f"not a URL: {error}") from None
    if parts.scheme not in _PORTS:
        raise RefusedError(f"only http and https are fetched, not {parts.scheme or 'a path'}:")
    if parts.username is not None or parts.password is not None:
        raise RefusedError("the URL has credentials in it")
    if _UNUSUAL.search(parts.netloc):
        raise RefusedError("the host has unusual characters in it")
    host = _host(parts.hostname or "")
    address = WebAddress(parts.scheme, host, _PORTS[parts.scheme] if port is None else port, _target(parts.path, parts.query))
    if f"{host}:{address.port}" not in private_hosts:
        _check_port(address.port)
    return address


def _host(host: str) -> str:
    """The host in ASCII; an address only in its usual form."""
    if "%" in host:
        raise RefusedError("the host has a zone or percent signs in it")
    if ":" in host:
        return str(_address(host))
    host = _ascii(host).removesuffix(".")
    if _is_number(host.rpartition(".")[2]):
        return str(_address(host))
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise RefusedError("not the name of a host")
    return host


def _is_number(label: str) -> bool:
    """Whether systems read a host that ends so as an IPv4 address."""
    return re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]*", label) is not None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        raise RefusedError("an IP address in an unusual form") from None


def _ascii(host: str) -> str:
    if host.isascii():
        return host.lower()
    import idna

    try:
        return idna.encode(host, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError, ValueError):
        raise RefusedError("not the name of a host") from None


def _target(path: str, query: str) -> str:
    """Path and query with everything quoted that has to be, and nothing twice."""
    from urllib.parse import quote

    try:
        (path + query).encode()
    except UnicodeEncodeError:
        raise RefusedError("the URL is not UTF-8") from None
    quoted = quote(path or "/", safe="/%:@!$&'()*+,;=~-._")
    return quoted + ("?" + quote(query, safe="/%:@!$&'()*+,;=~-._?[]|") if query else "")


def _check_port(port: int) -> None:
    if port not in _PORTS.values() and (port < 1024 or port in _OTHER_PROTOCOLS):
        raise RefusedError(f"port {port} is one of another protocol")
