"""Kinds of server behaviour, in several languages: which answers are judged, which not and why, and what was paid for.

Each server is asked by the command for four answers; `paid` is the number of its replies with status 200.
"""

import gzip
import json
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass

import pytest
from llm.server import FakeOpenAI, Sent, bomb

from sevenllm_bench.cli.main import main
from sevenllm_bench.data.embedded import embedded_split

NAMES = ("alpha", "bravo", "charlie", "delta")
ROWS = [row for row in embedded_split("test") if row.kind == "generation"][: len(NAMES)]
GRADE = json.dumps({"reason": "It answers the question.", "score": 4})


def reply(text=GRADE, finish="stop", usage=True, **message):
    counts = {"usage": {"prompt_tokens": 100, "completion_tokens": 10}} if usage else {}
    return Sent(200, {"choices": [{"message": {"content": text, **message}, "finish_reason": finish}], **counts})


def stream(*texts, finish="stop", end=True, space=" "):
    events = [json.dumps({"choices": [{"delta": {"content": text}}]}) for text in texts]
    events += [json.dumps({"choices": [{"delta": {}, "finish_reason": finish}]}), "[DONE]"] if end else []
    return Sent(200, "".join(f": keep-alive\n\ndata:{space}{event}\n\n" for event in events).encode())


def error(status, message, **fields):
    return Sent(status, {"error": {"message": message, **fields}})


def is_about(body, name):
    return any(f"This is {name}." in str(message["content"]) for message in body["messages"])


def is_ours(body):
    """Whether a request is for one of the four answers; the probe is not."""
    return any(is_about(body, name) for name in NAMES)


def refusing(refused, answer, then=None):
    """A server that gives `answer` to the bodies that it refuses and a grade to the others."""
    return lambda body, nth: answer if refused(body) else (then or reply)()


def once(answer):
    """A server that answers like this the first time that it is asked for something, and then well."""
    seen = set()

    def script(body, nth):
        known = json.dumps(body["messages"]) in seen
        seen.add(json.dumps(body["messages"]))
        return None if known else answer

    return script


def after(good, answer):
    """A server that gives so many grades, and then only `answer`."""
    return lambda body, nth: reply() if nth <= good else answer


def late_for(name, answer):
    """A server that fails at a schema, and at its last attempt for one answer only after the others were taken without."""
    taken, asked = threading.Event(), Counter()

    def script(body, nth):
        if not schema(body):
            taken.set()
            return reply()
        asked[json.dumps(body["messages"])] += 1
        if is_about(body, name) and asked[json.dumps(body["messages"])] == 2:
            taken.wait(10)
            time.sleep(0.3)  # until the good reply is read
        return answer

    return script


def row_only(name, answer):
    return refusing(lambda body: is_about(body, name), answer)


def has(*names):
    return lambda body: any(name in body for name in names)


def schema(body):
    return body.get("response_format", {}).get("type") == "json_schema"


def system(body):
    return body["messages"][0]["role"] == "system"


def several(*checks):
    return lambda body: any(check(body) for check in checks)


def not_streamed(body):
    return not body.get("stream")


def small(body):
    return body.get("max_tokens", 0) < 4000


def large(body):
    return body.get("max_tokens", 0) > 1000


def streamed(body, nth):
    return stream(GRADE[:9], GRADE[9:])


@dataclass
class Kind:
    """A server, and the outcome.

    Attributes:
        script: What it sends.
        judged: Answers with a grade.
        paid: Replies with status 200.
        reason: In the reason of the others.
        stop: In the message of a run that is stopped; "" where it isn't.
        calls: Calls in all, where it says something.
        lacks: What the last call must not hold.
        one_by_one: Whether the answers are asked one after the other, since the counts depend on what is in flight.
    """

    script: object
    judged: int = 4
    paid: int = 4
    reason: str = ""
    stop: str = ""
    calls: int | None = None
    lacks: tuple[str, ...] = ()
    one_by_one: bool = False


CHINESE = "请求参数错误，请检查后重试"
KINDS = {
    # --- what is asked for is refused, in any words ---------------------------------------------------------------------
    "schema, OpenAI's words": Kind(
        refusing(schema, error(400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported")), calls=5
    ),
    "schema, no words": Kind(refusing(schema, Sent(400, b"")), calls=5, lacks=("response_format",)),
    "schema, Bad Request": Kind(refusing(schema, error(400, "Bad Request")), calls=5),
    "schema, Chinese": Kind(refusing(schema, Sent(400, {"code": "1210", "msg": CHINESE})), calls=5),
    "schema, Japanese": Kind(refusing(schema, error(422, "リクエストの形式が正しくありません")), calls=5),
    "schema, Russian": Kind(refusing(schema, Sent(400, {"detail": "Неверный запрос"})), calls=5),
    "schema, pydantic": Kind(
        refusing(schema, Sent(422, {"detail": [{"loc": ["body", "response_format"], "msg": "Extra inputs are not permitted"}]})),
        calls=5,
    ),
    "schema, as text": Kind(refusing(schema, Sent(400, b"unsupported field")), calls=5),
    "schema, 415": Kind(refusing(schema, error(415, "no")), calls=5),
    "schema, 501": Kind(refusing(schema, error(501, "not implemented")), calls=5),
    "schema, an aggregator's 404": Kind(
        refusing(schema, error(404, "No endpoints found that support the requested parameters.", code=404)), calls=5
    ),
    "schema, 500 of a grammar": Kind(refusing(schema, error(500, "Failed to initialize samplers: failed to parse grammar"))),
    "schema, 500 of a grammar, once late": Kind(late_for("delta", error(500, "failed to parse grammar"))),
    "any format, LM Studio's words": Kind(
        refusing(has("response_format"), Sent(400, {"error": "'response_format.type' must be 'text'"})), calls=5
    ),
    "all but json_object": Kind(
        refusing(lambda body: body.get("response_format") != {"type": "json_object"}, error(400, CHINESE)), calls=6
    ),
    "temperature, OpenAI's words": Kind(
        refusing(
            has("temperature"),
            error(400, "Unsupported value: 'temperature' does not support 0 with this model.", param="temperature"),
        ),
        calls=5,
    ),
    "temperature, no words": Kind(refusing(has("temperature"), error(400, "error")), lacks=("temperature",)),
    "temperature, Chinese": Kind(refusing(has("temperature"), error(400, "温度参数不合法"))),
    "system, a template's words": Kind(
        refusing(system, error(400, "Conversation roles must alternate user/assistant/user/assistant/...")), calls=5
    ),
    "system, no words": Kind(refusing(system, Sent(400, b"{}"))),
    "system, 500 of a template": Kind(refusing(system, error(500, "Jinja Exception: raise_exception"))),
    "system, 424": Kind(refusing(system, Sent(424, {"error": "Request failed", "error_type": "generation"}))),
    "stream only, DashScope's words": Kind(
        lambda body, nth: error(400, "This model only support stream mode") if not_streamed(body) else streamed(body, nth),
        calls=5,
    ),
    "stream only, no words": Kind(lambda body, nth: error(400, "错误") if not_streamed(body) else streamed(body, nth)),
    "streams always": Kind(streamed, calls=4),
    "streams without blanks": Kind(lambda body, nth: stream(GRADE, space="")),
    "schema and temperature": Kind(refusing(several(schema, has("temperature")), error(400, CHINESE))),
    "schema and system": Kind(refusing(several(schema, system), error(400, CHINESE))),
    "schema, temperature and system": Kind(refusing(several(schema, has("temperature"), system), Sent(422, b"?"))),
    "all at once": Kind(
        lambda body, nth: (
            error(400, CHINESE)
            if several(has("response_format", "temperature"), system, not_streamed)(body)
            else streamed(body, nth)
        )
    ),
    "one after the other, named": Kind(
        lambda body, nth: next(
            (error(400, f"unknown field {name}") for name in ("response_format", "temperature", "max_tokens") if name in body),
            None,
        ),
        calls=7,
    ),
    "names all that there is": Kind(
        refusing(
            several(has("temperature"), system),
            error(400, "allowed: messages with role user, response_format, temperature, max_tokens, stream"),
        )
    ),
    "one provider of several refuses the schema": Kind(
        lambda body, nth: error(400, "response_format?") if schema(body) and is_about(body, "bravo") else reply(), calls=5
    ),
    "no JSON for one answer": Kind(
        lambda body, nth: (
            error(400, "Failed to generate JSON.") if "response_format" in body and is_about(body, "delta") else reply()
        ),
        calls=5,
    ),
    "max_tokens, OpenAI's words": Kind(
        refusing(has("max_tokens"), error(400, "Use 'max_completion_tokens' instead.", param="max_tokens")), calls=5
    ),
    "max_tokens, no words": Kind(refusing(has("max_tokens"), error(400, "不支持的参数"))),
    # --- judges that reason --------------------------------------------------------------------------------------------
    "no room, nothing said": Kind(refusing(small, reply("", "length", reasoning_content="Let me see")), paid=5),
    "no room, half a grade": Kind(refusing(small, reply(GRADE[:20], "length")), paid=5),
    "no room, schema refused too": Kind(
        lambda body, nth: error(400, CHINESE) if schema(body) else reply("", "length") if small(body) else reply(),
        paid=5,
        calls=6,
    ),
    "never room enough": Kind(lambda body, nth: reply("", "length"), judged=0, paid=5, reason="finish_reason length"),
    "more room is refused": Kind(
        lambda body, nth: error(400, "max_tokens is too large") if large(body) else reply("", "length"),
        judged=0,
        paid=4,
        reason="finish_reason length",
    ),
    "thinks in its answer": Kind(lambda body, nth: reply(f"<think>\nScore: 1?\n</think>\n{GRADE}")),
    "only reasoning": Kind(
        lambda body, nth: reply("", reasoning="It is a 4."), judged=0, paid=8, reason="reasoning and no answer"
    ),
    # --- one answer is refused -----------------------------------------------------------------------------------------
    "403 moderation": Kind(
        row_only("charlie", error(403, "Your input was flagged", metadata={"reasons": ["violence"]})),
        judged=3,
        paid=3,
        reason="HTTP 403: Your input was flagged (violence)",
        calls=4,
    ),
    "403 moderation of the first": Kind(row_only("alpha", error(403, "flagged")), judged=3, reason="HTTP 403: flagged", calls=5),
    "400 content filter": Kind(
        row_only("bravo", error(400, "The response was filtered due to the content policy", code="content_filter")),
        judged=3,
        paid=3,
        reason="HTTP 400: The response was filtered",
        calls=4,
    ),
    "400 content filter of the first, Chinese": Kind(
        row_only("alpha", error(400, "输入内容存在风险")), judged=3, paid=4, reason="HTTP 400: 输入内容存在风险"
    ),
    "filtered with status 200": Kind(row_only("bravo", reply("", "content_filter")), judged=3, reason="content_filter", calls=4),
    "refused with status 200": Kind(
        row_only("bravo", reply(None, refusal="I can't help with that.")), judged=3, reason="I can't help with that.", calls=4
    ),
    "a 404 after good replies": Kind(row_only("delta", error(404, "gone")), judged=3, paid=3, reason="HTTP 404: gone", calls=4),
    "too long": Kind(
        row_only("charlie", error(400, "maximum context length is 8192 tokens; reduce the length of the messages")),
        judged=3,
        paid=3,
        reason="maximum context length",
    ),
    "too long for max_tokens": Kind(
        row_only("charlie", error(400, "8000 + max_tokens is more than 8192")), judged=3, paid=3, reason="more than 8192"
    ),
    "413": Kind(row_only("charlie", error(413, "too large")), judged=3, paid=3, reason="HTTP 413: too large", calls=4),
    # --- nothing helps -------------------------------------------------------------------------------------------------
    "wrong key": Kind(lambda body, nth: error(401, "无效的令牌"), 0, 0, stop="OPENAI_API_KEY.*无效的令牌", calls=1),
    "wrong key in the middle": Kind(
        after(2, error(401, "key revoked")), 2, 2, stop="HTTP 401.*key revoked", calls=3, one_by_one=True
    ),
    "payment in the middle": Kind(after(2, error(402, "余额不足")), 2, 2, stop="HTTP 402.*余额不足", calls=3, one_by_one=True),
    "payment, said with status 200": Kind(
        after(1, Sent(200, {"error": {"code": 402, "message": "Insufficient credits"}})),
        1,
        2,
        stop="HTTP 402.*Insufficient credits",
        one_by_one=True,
    ),
    "quota": Kind(
        after(1, error(429, "no quota", code="insufficient_quota")),
        1,
        1,
        stop="no quota left.*no quota",
        calls=2,
        one_by_one=True,
    ),
    "arrears, 429, Chinese": Kind(
        lambda body, nth: Sent(429, {"error": {"code": "1113", "message": "账户已欠费"}}), 0, 0, stop="账户已欠费"
    ),
    "no access": Kind(lambda body, nth: error(403, "region not allowed"), 0, 0, stop="no access.*HTTP 403.*region", calls=2),
    "unknown model": Kind(
        lambda body, nth: error(404, "model `m` not found"), 0, 0, stop="HTTP 404.*model `m` not found", calls=2
    ),
    "unknown model, 400, Chinese": Kind(lambda body, nth: error(400, "模型不存在"), 0, 0, stop="模型不存在"),
    "no key, 400": Kind(lambda body, nth: error(400, "API key not valid."), 0, 0, stop="API key not valid"),
    "arrears, 400, from the second on": Kind(
        after(1, error(400, "Access denied: in good standing?")), 1, 1, stop="good standing"
    ),
    "a web page": Kind(
        lambda body, nth: Sent(200, b"<!doctype html><title>Chat</title>"), 0, 2, stop="web page titled 'Chat'.*base URL", calls=2
    ),
    "405": Kind(lambda body, nth: Sent(405, b"<title>Not Allowed</title>"), 0, 0, stop="HTTP 405.*Not Allowed", calls=2),
    "another host": Kind(
        lambda body, nth: Sent(307, b"", {"Location": "http://localhost:9/v1/chat/completions"}),
        0,
        0,
        stop="http://localhost:9",
        calls=1,
    ),
    "another port": Kind(
        lambda body, nth: Sent(308, b"", {"Location": "http://127.0.0.1:9/v1"}), 0, 0, stop="http://127.0.0.1:9", calls=1
    ),
    "500 for everything": Kind(lambda body, nth: error(500, "out of memory"), 0, 0, stop="HTTP 500: out of memory"),
    "503 from the second on": Kind(after(1, error(503, "维护中")), 1, 1, stop="维护中"),
    # --- faults that pass ----------------------------------------------------------------------------------------------
    "429 once": Kind(once(Sent(429, {"error": {"message": "slow down"}}, {"Retry-After": "0.01"})), calls=8),
    "503 once": Kind(once(error(503, "loading model")), calls=8),
    "529 once": Kind(once(error(529, "overloaded")), calls=8),
    "408 once": Kind(once(error(408, "timeout")), calls=8),
    "broken JSON once": Kind(once(Sent(200, b'{"choices": [{"mess')), paid=8),
    "a provider's fault with status 200, once": Kind(once(Sent(200, {"error": {"code": 502, "message": "upstream"}})), paid=8),
    "a stream that ends early, once": Kind(once(stream('{"reas', end=False)), paid=8),
    "the same host": Kind(once(Sent(307, b"", {"Location": "/v1/chat/completions?again"})), calls=8),
    # --- replies -------------------------------------------------------------------------------------------------------
    "prose": Kind(lambda body, nth: reply("A fine answer."), judged=0, paid=12, reason="no score"),
    "nothing": Kind(lambda body, nth: reply(" "), judged=0, paid=8, reason="empty reply"),
    "no choices": Kind(lambda body, nth: Sent(200, {"choices": []}), judged=0, paid=8, reason="no choices"),
    "a failure without a number": Kind(
        lambda body, nth: Sent(200, {"error_code": 17, "error_msg": "服务繁忙"}), judged=0, paid=8, reason="服务繁忙"
    ),
    "in parts": Kind(lambda body, nth: reply([{"type": "text", "text": GRADE[:5]}, {"type": "text", "text": GRADE[5:]}])),
    "no usage": Kind(lambda body, nth: reply(usage=False)),
    "blank lines first": Kind(lambda body, nth: Sent(200, b"\n\n  " + json.dumps(reply().body).encode())),
    "packed": Kind(lambda body, nth: Sent(200, gzip.compress(json.dumps(reply().body).encode()), {"Content-Encoding": "gzip"})),
    "a bomb": Kind(
        lambda body, nth: Sent(200, bomb(), {"Content-Encoding": "gzip"}), judged=0, paid=2, stop="larger than 8,000,000 bytes"
    ),
    "a bomb in a refusal": Kind(
        lambda body, nth: Sent(400, bomb(), {"Content-Encoding": "gzip"}), judged=0, paid=0, stop="larger than 8,000,000 bytes"
    ),
    "a long reply": Kind(lambda body, nth: Sent(200, b" " * 9_000_000), judged=0, paid=2, stop="larger than 8,000,000 bytes"),
    "packed in another way": Kind(lambda body, nth: Sent(200, b"x", {"Content-Encoding": "zstd"}), judged=0, paid=2, stop="zstd"),
}


@pytest.fixture(autouse=True)
def _fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("SEVENLLM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    monkeypatch.setattr("sevenllm_bench.llm.session.backoff", lambda failures, settings: 0.001)


@pytest.fixture
def answers(tmp_path):
    lines = [json.dumps({"id": row.id, "output": f"This is {name}."}) for row, name in zip(ROWS, NAMES, strict=True)]
    (tmp_path / "answers.jsonl").write_text("\n".join(lines))
    return str(tmp_path / "answers.jsonl")


def judged_by(server, answers, concurrency, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    words = ["judge", answers, "--dataset", "embedded", "--model", "m", "--json", str(tmp_path / "out.json")]
    code = main([*words, "--concurrency", str(concurrency), "--attempts", "2"])
    path = tmp_path / "out.json"
    return code, json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"items": {}, "unscored": {}}


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_a_kind_of_server(kind, answers, tmp_path, monkeypatch, capsys):
    with FakeOpenAI(script=kind.script, answer=lambda body: GRADE) as server:
        code, found = judged_by(server, answers, 1 if kind.one_by_one else 16, tmp_path, monkeypatch)
    shown = capsys.readouterr().err
    grades = [item["score"] for item in found["items"].values() if item["score"] is not None]
    assert grades == [4] * kind.judged, (found["unscored"], shown)
    assert server.paid == kind.paid
    assert code == (2 if kind.stop else 0 if kind.judged else 1)
    assert re.search(kind.stop, shown)
    assert all(kind.reason in reason for reason in found["unscored"] if not kind.stop), found["unscored"]
    assert kind.calls in (None, len(server.bodies))
    assert not set(kind.lacks) & server.bodies[-1].keys()


def test_there_are_kinds_enough():
    assert len(KINDS) >= 45
