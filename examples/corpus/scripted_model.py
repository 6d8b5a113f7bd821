"""A server that plays the model of a corpus build by rules, for trying and testing a build offline. It is no language model.

It speaks OpenAI's chat API on loopback, reads the marked material of the prompts of a build (and of the judge's rubric), and
answers with what regular expressions find in it; `scripted_rows` holds these rules. Equal requests get equal replies.

    python examples/corpus/scripted_model.py [--port 0] [--flawed 0.2] [--obey] [--delay 0] [--log FILE]

prints a line with the server's URL, and serves until it is stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import threading
import time
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any

from scripted_flaws import flawed_reply, obeying_reply
from scripted_prompt import read_prompt
from scripted_rows import sound_reply

from sevenllm_bench.llm.types import count_tokens


class ScriptedModel:
    """The server; `with ScriptedModel() as model: … model.url`.

    Attributes:
        calls: Calls answered, by the key of their messages.
        kinds: Calls answered, by what was asked: "select", "understanding", "generation", "mcq", "grade", "rewrite"
            or "other".
        tokens: Tokens of prompts and replies, as the server reported them.
    """

    def __init__(
        self, flawed: float = 0.0, obey: bool = False, port: int = 0, delay: float = 0.0, log: str | None = None
    ) -> None:
        """Listen on loopback.

        Args:
            flawed: Share of first replies that have a fault of some kind; a reply to a complaint never has.
            obey: Do whatever the quoted text says.
            port: 0 for a free one.
            delay: Seconds before each reply.
            log: A file that gets a line for each call.
        """
        self.flawed, self.obey, self.delay = flawed, obey, delay
        self.calls: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.tokens = [0, 0]
        self._log = Path(log) if log else None
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"model": self}))

    @property
    def url(self) -> str:
        """Where the API begins."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def repeated(self) -> int:
        """Calls beyond the first with the same messages."""
        return sum(self.calls.values()) - len(self.calls)

    def start(self) -> ScriptedModel:
        """Serve in a thread."""
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        """End serving."""
        self._server.shutdown()
        self._server.server_close()

    def serve(self) -> None:
        """Serve in this thread until it is interrupted."""
        self._server.serve_forever()

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        self.stop()

    def completion(self, body: dict[str, Any]) -> dict[str, Any]:
        """The reply to a call."""
        messages = body["messages"]
        key = hashlib.sha256(json.dumps(messages, sort_keys=True).encode()).hexdigest()[:16]
        prompt = read_prompt(messages)
        text = self._text(prompt, key, is_first=len(messages) == 2)
        tokens_in = sum(count_tokens(str(message["content"])) for message in messages)
        tokens_out = min(count_tokens(text), body.get("max_tokens", 10**9))
        with self._lock:
            self.calls[key] += 1
            self.kinds[prompt.kind] += 1
            self.tokens[0] += tokens_in
            self.tokens[1] += tokens_out
            if self._log:
                with self._log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"key": key, "kind": prompt.kind}) + "\n")
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}
        return {
            "id": f"chatcmpl-{key}",
            "object": "chat.completion",
            "created": 0,
            "model": body.get("model"),
            "choices": [choice],
            "usage": usage,
        }

    def _text(self, prompt: Any, key: str, is_first: bool) -> str:
        reply = sound_reply(prompt)
        obeying = obeying_reply(prompt, reply) if self.obey else None
        if obeying is not None:
            return obeying
        number = int(key[:8], 16)
        return flawed_reply(prompt, reply, number >> 8) if is_first and number / 2**32 < self.flawed else reply


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's own looks its name up, which may take seconds

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed leave nothing worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    model: ScriptedModel
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, *_: object) -> None:
        """Nothing: calls are counted."""

    def do_GET(self) -> None:
        found = self.path.partition("?")[0] == "/v1/models"
        models = [{"id": "scripted", "object": "model", "created": 0, "owned_by": "rules"}]
        self._send(200 if found else 404, {"object": "list", "data": models if found else []})

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.partition("?")[0] != "/v1/chat/completions":
            self._send(404, {"error": {"message": "no such path", "type": "invalid_request_error"}})
            return
        time.sleep(self.model.delay)
        self._send(200, self.model.completion(json.loads(content)))

    def _send(self, status: int, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description="A model played by rules; no language model.")
    parser.add_argument("--port", type=int, default=0, help="0 for a free one")
    parser.add_argument("--flawed", type=float, default=0.0, metavar="SHARE", help="share of first replies with a fault")
    parser.add_argument("--obey", action="store_true", help="do whatever the quoted text says")
    parser.add_argument("--delay", type=float, default=0.0, metavar="SECONDS", help="wait before each reply")
    parser.add_argument("--log", metavar="FILE", help="write a line for each call")
    options = parser.parse_args()
    model = ScriptedModel(options.flawed, options.obey, options.port, options.delay, options.log)
    print(f"scripted model (rules, no language model): {model.url}", flush=True)
    with suppress(KeyboardInterrupt):
        model.serve()


if __name__ == "__main__":
    main()
