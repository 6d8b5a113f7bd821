"""A loopback server that speaks the part of the Hub's protocol that makes repositories and takes commits with large files."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from hub_commits import serving


@dataclass
class RepositoryHub:
    """Takes commits to model repositories.

    Attributes:
        token: The token that may write; others are 401.
        repositories: Name: whether it is private.
        endpoint: Its address.
        files: Content by path in the last commit.
        pull_requests: Number of commits that were pull requests.
        refused: Whether the store takes no large file.
    """

    token: str
    repositories: dict[str, bool] = field(default_factory=dict)
    endpoint: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    pull_requests: int = 0
    refused: bool = False
    _objects: dict[str, bytes] = field(default_factory=dict)

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        name = path.removeprefix("/api/models/")
        return (200, {"id": name, "modelId": name}) if name in self.repositories else (404, {"error": "Repository not found"})

    def post(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        if path == "/api/validate-yaml":
            errors = [{"message": "license: unknown"}] if "license: none-such" in json.loads(body)["content"] else []
            return (400 if errors else 200), {"errors": errors, "warnings": []}
        if path == "/api/repos/create":
            wanted = json.loads(body)
            name = f"{wanted['organization']}/{wanted['name']}"
            self.repositories[name] = wanted.get("visibility") == "private" or wanted.get("private", False)  # before 2.0
            return 200, {"url": f"{self.endpoint}/{name}"}
        name = "/".join(path.removeprefix("/api/models/").removeprefix("/").split("/")[:2]).removesuffix(".git")
        if name not in self.repositories:
            return 404, {"error": "Repository not found"}
        if "/preupload/" in path:
            files = [
                {"path": f["path"], "uploadMode": "lfs" if f["path"].endswith(".safetensors") else "regular"}
                for f in json.loads(body)["files"]
            ]
            return 200, {"files": [{**file, "shouldIgnore": False} for file in files]}
        if path.endswith("/info/lfs/objects/batch"):
            objects = [
                {**entry, "actions": {"upload": {"href": f"{self.endpoint}/store/{entry['oid']}"}}}
                for entry in json.loads(body)["objects"]
            ]
            return 200, {"transfer": "basic", "objects": objects}
        return self._commit(path, body, name)

    def put(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        if self.refused:
            return 403, {"error": "storage limit reached"}
        self._objects[path.rsplit("/", 1)[1]] = body
        return 200, {}

    def _commit(self, path: str, body: bytes, name: str) -> tuple[int, dict[str, Any]]:
        assert "/commit/main" in path, path
        is_pull_request = path.endswith("create_pr=1")
        self.pull_requests += is_pull_request
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                self.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.files[value["path"]] = self._objects[value["oid"]]
        url = f"{self.endpoint}/{name}"
        answer: dict[str, Any] = {"commitUrl": f"{url}/commit/{'a' * 40}", "commitOid": "a" * 40, "success": True}
        return 200, answer | ({"pullRequestUrl": f"{url}/discussions/7"} if is_pull_request else {})


@contextmanager
def serve_repositories(token: str, **repositories: bool) -> Iterator[RepositoryHub]:
    hub = RepositoryHub(token, {name.replace("__", "/"): private for name, private in repositories.items()})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.reply(*hub.get(self.path))

        def do_POST(self):
            self.taken(hub.post)

        def do_PUT(self):
            self.reply(*hub.put(self.path, self.body()))

        def taken(self, take):
            body = self.body()
            is_public = self.path == "/api/validate-yaml"
            is_allowed = is_public or self.headers.get("Authorization") == f"Bearer {hub.token}"
            self.reply(*(take(self.path, body) if is_allowed else (401, {"error": "Invalid token"})))

        def body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def reply(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status == 404:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with serving(hub, Handler):
        yield hub
