"""A loopback web site for tests of fetching: pages by path, hostile ones too, and a list of all requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """What the site answers at a path.

    Attributes:
        body: The bytes that are sent.
        status: The status.
        headers: Further headers; a Content-Length of its own takes the place of the true one.
        chunks: Sent in place of `body`, one after the other, without Content-Length, until the client has gone.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    chunks: Callable[[], Iterator[bytes]] | None = None


def html(text: str, **headers: str) -> Page:
    return Page(f"<html><body><p>{text}</p></body></html>".encode(), headers={"Content-Type": "text/html", **headers})


@dataclass
class Asked:
    """One request."""

    path: str
    host: str
    time: float
    headers: dict[str, str]


@dataclass
class LoopbackSite:
    """The site; `pages` may hold functions of the request, `asked` has all requests in order."""

    port: int = 0
    pages: dict[str, Page | Callable[[Asked], Page]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    #: For paths that `pages` lacks.
    other: Callable[[Asked], Page] = lambda asked: Page(status=404)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def answer(self, asked: Asked) -> Page:
        self.asked.append(asked)
        found = self.pages.get(asked.path, self.other)
        return found if isinstance(found, Page) else found(asked)


def _handler(site: LoopbackSite) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            headers = {key.lower(): value for key, value in self.headers.items()}
            page = site.answer(Asked(self.path, headers.get("host", ""), time.monotonic(), headers))
            self.send_response(page.status)
            for key, value in page.headers.items():
                self.send_header(key, value)
            if page.chunks is None and "Content-Length" not in page.headers:
                self.send_header("Content-Length", str(len(page.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                for part in page.chunks() if page.chunks else [page.body]:
                    self.wfile.write(part)
            except OSError:
                pass
            self.close_connection = True

        def log_message(self, *args):
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """A client that has gone is expected here."""


@contextmanager
def serving(site: LoopbackSite) -> Iterator[LoopbackSite]:
    """Run the site while the context lasts."""
    server = _Server(("127.0.0.1", site.port), _handler(site))
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
