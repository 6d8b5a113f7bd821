"""A loopback server that speaks enough of OpenAI's API for tests, and fails as real ones do, by a seeded plan.

In a test: `with FakeOpenAI(fail_share=0.3) as server: … server.url`. As a process: `python server.py --port 0`
prints the port and serves until it is stopped. What fails depends on seed, request and attempt, not on the order of arrival.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

#: Failures that another try may pass; the others ("trickle" and those of `_STATUS`) come only by a plan of one's own.
FAULTS = ("rate_limit", "server_error", "hang", "drop", "truncated", "nonsense", "empty", "no_choices")
_STATUS = {
    "rate_limit": 429,
    "server_error": 500,
    "unauthorized": 401,
    "payment": 402,
    "not_found": 404,
    "bad_request": 400,
    "quota": 429,
}


@cache
def bomb() -> bytes:
    """300 MB of zeros, packed by gzip into 300 KB."""
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    zeros = bytes(1_000_000)
    return b"".join(packer.compress(zeros) for _ in range(300)) + packer.flush()


@dataclass
class Sent:
    """A reply as it goes over the wire: a JSON value or bytes, with its status and headers."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


def key_of(body: dict[str, Any]) -> str:
    """A short name for a request, by its messages."""
    return hashlib.sha256(json.dumps(body.get("messages"), sort_keys=True).encode()).hexdigest()[:16]


def default_answer(body: dict[str, Any]) -> str:
    """A judge's verdict that depends on the messages alone."""
    return json.dumps({"reason": "as asked", "score": 1 + int(key_of(body), 16) % 5})


class FakeOpenAI:
    """The server, its plan of failures, and what it has seen.

    Attributes:
        calls: Chat calls received, by key.
        good: Chat calls answered well, by key.
        bodies: The body of each chat call, in order of arrival.
        arrivals: The monotonic time of each chat call, in the same order.
        keys: The Authorization headers seen.
        paid: Chat calls answered with status 200, well or not.
        peak: Most chat calls in flight at once.
        files: Uploaded and produced files, by id.
        batches: Batches, by id.
        uploads: Number of files uploaded.
    """

    def __init__(
        self,
        *,
        fail_share: float = 0.0,
        delay: float = 0.0,
        seed: int = 0,
        port: int = 0,
        answer: Callable[[dict[str, Any]], str] = default_answer,
        plan: Callable[[str, int], str | None] | None = None,
        retry_after: str | None = "0.05",
        hang: float = 30.0,
        rejects: Collection[str] = (),
        message: str = "as planned",
        batch_polls: int = 2,
        batch_outcome: str = "completed",
        batch_start_fault: str | None = None,
        api_faults: Sequence[str] = (),
        script: Callable[[dict[str, Any], int], Sent | None] | None = None,
    ) -> None:
        """Listen on `port` (0: any free one) of 127.0.0.1.

        Args:
            fail_share: Share of chat calls (and of batch lines) that fail, of all kinds in `FAULTS`.
            delay: Seconds before each reply.
            seed: Of the plan.
            port: See above.
            answer: The text of a good reply, by the request's body.
            plan: The failure for a key's n-th call (from 1), None for a good reply; instead of the seeded plan.
            retry_after: The header of a 429 and a 500: seconds, a date, or "400ms" for `retry-after-ms`; None for none.
            hang: Seconds until a hanging call's connection is closed.
            rejects: Parameters that are refused with 400 in the words of OpenAI.
            message: What failures say.
            batch_polls: How often a batch is looked at before it ends.
            batch_outcome: "completed", "failed" or "expired" (with half of its lines done).
            api_faults: Failures of the first calls to files and batches: "server_error", "rate_limit", "drop" or "truncated"
                (done, but the reply is broken).
            batch_start_fault: "drop": the first batch is started, but the reply gets lost.
            script: What is sent for a body as the n-th call of all (from 1), None for what else would be; before the plan.
        """
        self.answer, self.delay, self.hang, self.message = answer, delay, hang, message
        self.retry_after, self.rejects = retry_after, set(rejects)
        self.batch_polls, self.batch_outcome, self.batch_start_fault = batch_polls, batch_outcome, batch_start_fault
        self.api_faults = list(api_faults)
        self.script = script
        self._fail_share, self._seed = fail_share, seed
        self._plan = plan or self._seeded
        self.calls: Counter[str] = Counter()
        self.good: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.arrivals: list[float] = []
        self.keys: set[str] = set()
        self.in_flight = self.peak = self.uploads = self.paid = 0
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"fake": self}))

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> FakeOpenAI:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def serve(self) -> None:
        """Serve in this thread until interrupted."""
        self._server.serve_forever()

    def _seeded(self, key: str, nth: int) -> str | None:
        plan = random.Random(f"{self._seed}:{key}:{nth}")
        return plan.choice(FAULTS) if plan.random() < self._fail_share else None

    def begin(self, body: dict[str, Any]) -> tuple[str, str | None]:
        """Note a chat call; its key and its failure."""
        key = key_of(body)
        with self.lock:
            self.calls[key] += 1
            self.bodies.append(body)
            self.arrivals.append(time.monotonic())
            self.in_flight += 1
            self.peak = max(self.peak, self.in_flight)
            fault = self._plan(key, self.calls[key])
            self.faults[fault or "none"] += 1
        return key, fault

    def end(self) -> None:
        with self.lock:
            self.in_flight -= 1

    def completion(self, body: dict[str, Any], fault: str | None = None) -> dict[str, Any]:
        """The body of a reply with status 200, corrupted as `fault` says."""
        text = {"nonsense": '{"reason": "too good", "score": 9}', "empty": "  "}.get(fault or "") or self.answer(body)
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": body.get("model"),
            "choices": [] if fault == "no_choices" else [choice],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }

    def refusal(self, body: dict[str, Any]) -> dict[str, Any] | None:
        """The error for the first parameter in `body` that this server rejects."""
        for name in sorted(self.rejects & body.keys()):
            instead = " Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
            message = f"Unsupported parameter: '{name}' is not supported with this model.{instead}"
            return {"message": message, "type": "invalid_request_error", "param": name, "code": "unsupported_parameter"}
        return None

    def add_file(self, content: bytes) -> str:
        identifier = f"file-{len(self.files) + 1}"
        self.files[identifier] = content
        return identifier

    def start_batch(self, file: str) -> dict[str, Any]:
        with self.lock:
            batch = {
                "id": f"batch_{len(self.batches) + 1}",
                "object": "batch",
                "endpoint": "/v1/chat/completions",
                "completion_window": "24h",
                "created_at": 0,
                "input_file_id": file,
                "status": "validating",
                "polls": 0,
            }
            self.batches[batch["id"]] = batch
            return batch

    def look_at_batch(self, identifier: str) -> dict[str, Any] | None:
        """A batch, one step further each time."""
        with self.lock:
            batch = self.batches.get(identifier)
            if batch and batch["status"] in ("validating", "in_progress"):
                batch["polls"] += 1
                batch["status"] = "in_progress"
                if batch["polls"] >= self.batch_polls:
                    self._finish_batch(batch)
            return batch

    def _finish_batch(self, batch: dict[str, Any]) -> None:
        batch["status"] = self.batch_outcome
        if self.batch_outcome == "failed":
            batch["errors"] = {"object": "list", "data": [{"code": "invalid", "message": self.message, "line": 1}]}
            return
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        done = lines[: len(lines) // 2] if self.batch_outcome == "expired" else lines
        good, bad = [], []
        for line in reversed(done):  # in another order than asked, as providers may
            self._batch_line(line, good, bad)
        batch["output_file_id"] = self.add_file("".join(good).encode())
        batch["error_file_id"] = self.add_file("".join(bad).encode()) if bad else None
        batch["request_counts"] = {"total": len(lines), "completed": len(good), "failed": len(bad)}

    def _batch_line(self, line: dict[str, Any], good: list[str], bad: list[str]) -> None:
        body, name = line["body"], line["custom_id"]
        key = key_of(body)
        self.calls[key] += 1
        fault = self._plan(key, self.calls[key])
        if fault in ("drop", "hang"):
            return  # a line that never comes
        if fault in ("rate_limit", "server_error"):
            response = {"status_code": _STATUS[fault], "request_id": "r", "body": {"error": {"message": self.message}}}
            bad.append(json.dumps({"id": "r", "custom_id": name, "response": response, "error": None}) + "\n")
            return
        response = {"status_code": 200, "request_id": "r", "body": self.completion(body, fault)}
        text = json.dumps({"id": "r", "custom_id": name, "response": response, "error": None}, ensure_ascii=False)
        good.append((text[: len(text) // 2] if fault == "truncated" else text) + "\n")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's own looks its name up, which may take seconds

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that time out or are killed leave nothing worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    fake: FakeOpenAI
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    _cut = False

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.fake.keys.add(self.headers.get("Authorization", ""))
        if self.path.partition("?")[0] == "/v1/chat/completions":
            self._chat(json.loads(content))
        elif self._api_fault():
            pass
        elif self.path == "/v1/files":
            self.fake.uploads += 1
            self._send(200, {"id": self.fake.add_file(_uploaded(content, self.headers["Content-Type"])), "object": "file"})
        elif self.path == "/v1/batches":
            batch = self.fake.start_batch(json.loads(content)["input_file_id"])
            if self.fake.batch_start_fault == "drop" and len(self.fake.batches) == 1:
                self.close_connection = True
            else:
                self._send(200, batch)
        else:
            self._fail("not_found")

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        file, batch = re.fullmatch(r"/v1/files/([^/]+)/content", path), re.fullmatch(r"/v1/batches/([^/]+)", path)
        if path == "/v1/models":
            self._send(200, {"object": "list", "data": [{"id": "fake", "object": "model", "created": 0, "owned_by": "test"}]})
        elif path.startswith("/v1/") and self._api_fault():
            pass
        elif path == "/v1/batches":
            self._send(200, {"object": "list", "data": list(self.fake.batches.values()), "has_more": False})
        elif file and file[1] in self.fake.files:
            self._send_bytes(200, self.fake.files[file[1]])
        elif batch and (found := self.fake.look_at_batch(batch[1])):
            self._send(200, found)
        elif path == "/stats":
            calls = {"calls": sum(self.fake.calls.values()), "keys": len(self.fake.calls), "good": sum(self.fake.good.values())}
            self._send(200, {**calls, "peak": self.fake.peak, "faults": self.fake.faults})
        else:
            self._fail("not_found")

    def _chat(self, body: dict[str, Any]) -> None:
        key, fault = self.fake.begin(body)
        if self.fake.delay:
            time.sleep(self.fake.delay)
        self.fake.end()  # before the reply leaves: the client's next call may be here before this thread goes on
        sent = self.fake.script(body, len(self.fake.bodies)) if self.fake.script else None
        if sent:
            content = sent.body if isinstance(sent.body, bytes) else json.dumps(sent.body).encode()
            self._send_chat(sent.status, content, sent.headers)
        elif refusal := self.fake.refusal(body):
            self._send(400, {"error": refusal})
        elif fault in _STATUS:
            self._fail(fault)
        elif fault == "hang":
            self.fake.stopping.wait(self.fake.hang)
            self.close_connection = True
        elif fault == "drop":
            self.close_connection = True
        elif fault == "trickle":
            self._trickle()
        else:
            self._complete(key, body, fault)

    def _api_fault(self) -> bool:
        """Fail as planned for this call; whether that was the reply."""
        fault = self.fake.api_faults.pop(0) if self.fake.api_faults else ""
        self._cut = fault == "truncated"
        if fault == "drop":
            self.close_connection = True
        elif fault in _STATUS:
            self._fail(fault)
        return fault in ("drop", *_STATUS)

    def _trickle(self) -> None:
        """Send something now and then, which keeps every limit on a single read happy."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        while not self.fake.stopping.wait(0.05):
            self.wfile.write(b" ")
            self.wfile.flush()

    def _complete(self, key: str, body: dict[str, Any], fault: str | None) -> None:
        content = json.dumps(self.fake.completion(body, fault)).encode()
        if fault is None:
            with self.fake.lock:
                self.fake.good[key] += 1
        self._send_chat(200, content[: len(content) // 2] if fault == "truncated" else content)

    def _send_chat(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        with self.fake.lock:
            self.fake.paid += status == 200
        self._send_bytes(status, content, headers)

    def _fail(self, fault: str) -> None:
        code = {"quota": "insufficient_quota", "rate_limit": "rate_limit_exceeded"}.get(fault)
        headers = _retry_after(self.fake.retry_after) if fault in ("rate_limit", "server_error") else {}
        error = {"message": self.fake.message, "type": fault, "param": None, "code": code}
        self._send_bytes(_STATUS[fault], json.dumps({"error": error}).encode(), headers)

    def _send(self, status: int, value: Any) -> None:
        content = json.dumps(value).encode()
        self._send_bytes(status, content[: len(content) // 2] if self._cut else content)

    def _send_bytes(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()


def _retry_after(given: str | None) -> dict[str, str]:
    if given and given.endswith("ms"):
        return {"retry-after-ms": given.removesuffix("ms")}
    return {"Retry-After": given} if given else {}


def _uploaded(content: bytes, content_type: str) -> bytes:
    """The file in a multipart form."""
    boundary = b"--" + re.search(r'boundary="?([^";]+)', content_type)[1].encode()
    part = next(part for part in content.split(boundary) if b'name="file"' in part.partition(b"\r\n\r\n")[0])
    return part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake OpenAI server on 127.0.0.1; prints its port.")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--fail-share", type=float, default=0.0, help="share of calls that fail, of all kinds")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each reply")
    parser.add_argument("--seed", type=int, default=0, help="of the failures")
    options = parser.parse_args()
    server = FakeOpenAI(fail_share=options.fail_share, delay=options.delay, seed=options.seed, port=options.port)
    print(server.port, flush=True)
    with suppress(KeyboardInterrupt):
        server.serve()


if __name__ == "__main__":
    main()
