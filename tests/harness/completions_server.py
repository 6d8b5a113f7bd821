"""A loopback server that completes texts and chats, with log-probabilities as servers give them, or not."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from loopback import LoopbackServer

#: What servers return for `logprobs` and `echo`.
KINDS = ("prompt", "none", "null", "content", "no echo", "refused")


@contextmanager
def completing(kind: str = "prompt", answer: str = "B"):
    """The server's address (without a path) and the requests that it got."""
    requests: list[tuple[str, dict]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            self.send(404, {"error": {"message": "no such path"}})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            requests.append((self.path, body))
            if self.path == "/v1/chat/completions":
                message = {"role": "assistant", "content": answer}
                self.send(200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
            elif body.get("echo") and kind == "refused":
                self.send(400, {"error": {"message": "echo is not supported"}})
            else:
                prompts = (
                    body["prompt"]
                    if isinstance(body["prompt"], list) and isinstance(body["prompt"][0], (list, str))
                    else [body["prompt"]]
                )
                self.send(200, {"choices": [self.choice(n, prompt, body) for n, prompt in enumerate(prompts)]})

        def choice(self, index, prompt, body):
            choice = {"index": index, "text": answer, "finish_reason": "stop", "logprobs": None}
            if body.get("echo") and kind == "none":
                del choice["logprobs"]
            elif body.get("echo") and kind == "content":
                choice["logprobs"] = {"content": [{"token": answer, "logprob": -0.5, "top_logprobs": []}]}
            elif body.get("echo") and kind == "no echo":
                choice["logprobs"] = {"token_logprobs": [-0.5], "top_logprobs": [{answer: -0.5}]}
            elif body.get("echo") and kind == "prompt":
                # The last token of the prompt, then one that is generated: as likely as its number is near 33.
                values = [-abs(token - 33) / 100 for token in prompt] + [-0.5]
                choice["logprobs"] = {"token_logprobs": values, "top_logprobs": [{"x": value} for value in values]}
            return choice

        def send(self, status, value):
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = LoopbackServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()
