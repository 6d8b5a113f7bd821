"""A loopback server that speaks the part of the Hub's protocol that opens a pull request."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from loopback import LoopbackServer


@dataclass
class CommitHub:
    """Takes commits to one model repository.

    Attributes:
        repository: The repository there is; others are 404.
        token: The token that may write; others are 401.
        endpoint: Its address.
        requests: Method and path, in order.
        header: What the last commit said of itself.
        files: Content by path in the last commit.
    """

    repository: str
    token: str
    endpoint: str = ""
    requests: list[str] = field(default_factory=list)
    header: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def answer(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        api = f"/api/models/{self.repository}"
        if path == f"{api}/preupload/main?create_pr=1":
            files = [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in json.loads(body)["files"]]
            return 200, {"files": files}
        if path == f"{api}/commit/main?create_pr=1":
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "header":
                    self.header = line["value"]
                else:
                    assert line["key"] == "file"
                    self.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            url = f"{self.endpoint}/{self.repository}"
            return 200, {
                "commitUrl": f"{url}/commit/{'a' * 40}",
                "commitOid": "a" * 40,
                "pullRequestUrl": f"{url}/discussions/7",
                "success": True,
            }
        return 404, {"error": "Repository not found"}


@contextmanager
def serve_commits(repository: str, token: str) -> Iterator[CommitHub]:
    hub = CommitHub(repository, token)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.reply(404, {"error": "not found"})

        def do_POST(self):
            hub.requests.append(f"POST {self.path}")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Authorization") != f"Bearer {hub.token}":
                self.reply(401, {"error": f"Invalid token {self.headers.get('Authorization')}"})
            else:
                self.reply(*hub.answer(self.path, body))

        def reply(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with serving(hub, Handler):
        yield hub


@contextmanager
def serving(hub: Any, handler: type[BaseHTTPRequestHandler]) -> Iterator[None]:
    """Serve on a port of its own, whose address is the hub's `endpoint`."""
    server = LoopbackServer(("127.0.0.1", 0), handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
