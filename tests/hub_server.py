"""A loopback server that speaks the Hub's protocol, for tests of downloads."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from loopback import LoopbackServer

from sevenllm_bench.data.hub import REPO_ID, REVISION


@dataclass
class Hub:
    """The dataset's repository at the pinned revision; it answers 404 for all else.

    Attributes:
        files: Content of each file by name.
        requests: "GET /…" and "HEAD /…", in order.
        cut: Bytes after which the connection is closed, whatever was promised.
        status: Answered instead of 200.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    cut: int | None = None
    status: int = 200

    def find(self, path: str) -> tuple[bytes, str] | None:
        """Content of a file and the commit it is of; None where there is no such file."""
        folder, _, name = path.rpartition("/")
        there = folder == f"/datasets/{REPO_ID}/resolve/{REVISION}" and name in self.files
        return (self.files[name], REVISION) if there else None


@dataclass
class ModelHub(Hub):
    """A model's repository.

    Attributes:
        repository: Its id.
        revisions: Commit by branch or tag; a commit stands for itself.
        commits: Folder of the files of each commit.
    """

    repository: str = "an-org/a-model"
    revisions: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Path] = field(default_factory=dict)

    def find(self, path: str) -> tuple[bytes, str] | None:
        about = f"/api/models/{self.repository}/revision/"
        if path.startswith(about):
            name = path.removeprefix(about).partition("?")[0]
            commit = self.revisions.get(name, name)
            content = {"_id": "0", "id": self.repository, "modelId": self.repository, "sha": commit, "siblings": []}
            return (json.dumps(content).encode(), commit) if commit in self.commits else None
        tree = f"/api/models/{self.repository}/tree/"
        if path.startswith(tree):
            commit = path.removeprefix(tree).partition("?")[0]
            return (json.dumps(self._listed(commit)).encode(), commit) if commit in self.commits else None
        start = f"/{self.repository}/resolve/"
        revision, _, name = path.removeprefix(start).partition("/")
        commit = self.revisions.get(revision, revision)
        if not path.startswith(start) or commit not in self.commits:
            return None
        file = self.commits[commit] / name
        return (file.read_bytes(), commit) if file.is_file() else None

    def _listed(self, commit: str) -> list[dict[str, object]]:
        folder = self.commits[commit]
        return [
            {"type": "file", "path": path.relative_to(folder).as_posix(), "size": path.stat().st_size, "oid": "0" * 40}
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ]


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.answer(body=False)

        def do_GET(self):
            self.answer(body=True)

        def answer(self, body: bool) -> None:
            hub.requests.append(f"{self.command} {self.path}")
            found = hub.find(self.path)
            if found is None or hub.status != 200:
                self.send_response(404 if hub.status == 200 else hub.status)
                if hub.status == 200:
                    self.send_header("X-Error-Code", "EntryNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            content, commit = found
            self.send_response(200)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", commit)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                self.wfile.write(content[: hub.cut])

        def log_message(self, *arguments):
            pass

    return Handler


@contextmanager
def serve(cache: Path, monkeypatch: pytest.MonkeyPatch, hub: Hub | None = None) -> Iterator[Hub]:
    """A Hub that `huggingface_hub` asks, with an empty cache of its own."""
    from huggingface_hub import constants, hf_api

    hub = hub or Hub()
    server = LoopbackServer(("127.0.0.1", 0), _handler(hub))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.removeprefix(constants.ENDPOINT)
    endpoint = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(hf_api.api, "endpoint", endpoint)  # that of the functions which are its methods
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
