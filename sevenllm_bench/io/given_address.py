"""Addresses of the web that users give, checked before they are written into pages and files."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_MOST = 500
_HOST = re.compile(r"[\w.-]+|[0-9a-f:.]+", re.IGNORECASE)


def why_no_address(url: str, is_folder: bool = True) -> str:
    """Why a text is no address on the web; empty where it is one.

    Args:
        url: The text. An address has http or https, a host, perhaps a port and a path, and neither user nor password.
        is_folder: Whether names of files will be put behind it, so that it has neither query nor fragment.
    """
    if len(url) > _MOST:
        return f"longer than {_MOST} characters"
    if not url.isprintable() or re.search(r"[\s\"'<>\\]", url):
        return "a character that no address has"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "a port that is no number from 1 to 65535, or a broken host"
    if parts.scheme not in ("http", "https"):
        return "it doesn't begin with https:// or http://"
    if "@" in parts.netloc:
        return "a user or password, which everybody could read"
    if not parts.hostname or not _HOST.fullmatch(parts.hostname) or port == 0 or parts.netloc.endswith(":"):
        return "no host, or no port from 1 to 65535"
    return "a query or fragment" if is_folder and ("?" in url or "#" in url) else ""
