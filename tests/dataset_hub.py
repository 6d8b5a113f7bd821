"""A loopback server with one data set, as `datasets` and `huggingface_hub` ask for it, and a process that asks."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from loopback import LoopbackServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class DatasetHub:
    """One data set at one commit, which "main" names; 404 for all else, as the Hub says it.

    Attributes:
        repository: Its id.
        files: Content by name.
        endpoint: URL of the server.
        commit: The commit.
        requests: Paths that were asked for.
    """

    repository: str
    files: dict[str, bytes]
    endpoint: str = ""
    commit: str = COMMIT
    requests: list[str] = field(default_factory=list)

    def entries(self) -> list[dict[str, Any]]:
        return [
            {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
            for name, content in self.files.items()
        ]

    def answer(self, path: str, body: bytes) -> tuple[int, Any, dict[str, str]]:
        """Status, content (bytes, or a JSON value) and headers."""
        if path.startswith("/api/datasets/"):
            rest = path.removeprefix("/api/datasets/")
            if not rest.startswith(self.repository):
                return 404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"}
            return self._api(rest.removeprefix(self.repository), body)
        start = f"/datasets/{self.repository}/resolve/"
        _, _, name = path.removeprefix(start).partition("/")
        if not path.startswith(start) or name not in self.files:
            return 404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"}
        etag = hashlib.sha1(self.files[name]).hexdigest()
        return 200, self.files[name], {"ETag": f'"{etag}"', "X-Repo-Commit": self.commit}

    def _api(self, rest: str, body: bytes) -> tuple[int, Any, dict[str, str]]:
        kind, _, place = rest.strip("/").partition("/")
        revision, _, folder = place.partition("/")
        if revision not in ("", "main", self.commit):
            return 404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"}
        if kind == "tree":
            return 200, [] if folder else self.entries(), {}
        if kind == "paths-info":
            asked = json.loads(body)["paths"] if body.startswith(b"{") else []
            return 200, [entry for entry in self.entries() if entry["path"] in asked], {}
        info = {"id": self.repository, "sha": self.commit, "private": False, "tags": [], "downloads": 0, "likes": 0}
        return 200, {**info, "siblings": [{"rfilename": name} for name in self.files]}, {}


def _handler(hub: DatasetHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.reply()

        do_HEAD = do_POST = do_GET  # noqa: N815

        def reply(self) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.requests.append(f"{self.command} {path}")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content, headers = hub.answer(path, body)
            sent = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(sent))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(sent)

        def log_message(self, *arguments):
            pass

    return Handler


@contextmanager
def serve_dataset(repository: str, files: dict[str, bytes]) -> Iterator[DatasetHub]:
    """A Hub that holds a data set."""
    hub = DatasetHub(repository, files)
    server = LoopbackServer(("127.0.0.1", 0), _handler(hub))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


_ASKING = """
import json, sys
from dataclasses import replace
from sevenllm_bench.corpus.source.sources import SourceChoice, load_source
from sevenllm_bench.errors import DataError
results = []
for choice in json.loads(sys.argv[1]):
    try:
        corpus = load_source(SourceChoice(**choice))
        results.append(dict(rows=len(corpus.rows), revision=corpus.revision, origin=corpus.origin, sha256=corpus.sha256))
    except DataError as error:
        results.append(dict(error=str(error)))
print(json.dumps(results))
"""


def ask(hub: DatasetHub, home: Path, *choices: dict[str, Any]) -> list[dict[str, Any]]:
    """What `load_source` gives for each choice in a process of its own, which reads HF_ENDPOINT as a user's does."""
    environment = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", _ASKING, json.dumps(choices)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)
