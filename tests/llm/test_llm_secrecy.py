import logging
import traceback

import pytest
from llm.asking import FORMAT, SECRET, check, questions, settings
from llm.server import FAULTS, FakeOpenAI

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm.batch import BatchRun
from sevenllm_bench.llm.client import Client
from sevenllm_bench.llm.types import ReplyCache

ECHO = f"you sent Bearer {SECRET} and {SECRET[:12]}***"
PROMPT, ANSWER = "question 1", '"reason": "too good"'


@pytest.fixture
def everything_logged(caplog, monkeypatch):
    """The root logger at its most talkative, as with logging.basicConfig(level=DEBUG) and OPENAI_LOG=debug."""
    monkeypatch.setenv("OPENAI_LOG", "debug")
    loggers = [logging.getLogger(name) for name in ("openai", "httpx", "httpx2", "httpcore", "httpcore2")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.NOTSET)
    caplog.set_level(logging.DEBUG)
    yield caplog
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def written(folder):
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_no_key_prompt_or_answer_is_shown_or_kept(everything_logged, tmp_path, capfd):
    # A server that sends the key back in its refusals and in its answers.
    answer = '{"reason": "' + ECHO + '", "score": 3}'
    with (
        ReplyCache(tmp_path / "c.sqlite") as cache,
        FakeOpenAI(fail_share=0.5, message=ECHO, answer=lambda body: answer, rejects=["response_format"]) as server,
    ):
        client = Client(settings(server, max_attempts=2, timeout_s=0.3, price="1/1", budget_usd=0.005), cache)
        replies = client.run(questions(60, response_format=FORMAT), check)
        kept = written(tmp_path)
    assert server.keys == {f"Bearer {SECRET}"}, "it was sent"
    assert set(server.faults) >= set(FAULTS) - {"hang"}
    assert any(reply.error.startswith("HTTP 500") for reply in replies)
    assert any(reply.error.startswith("budget") for reply in replies)
    shown = everything_logged.text + repr(replies) + repr(client.settings) + "".join(capfd.readouterr())
    for secret in (SECRET, SECRET[:12]):
        assert secret not in everything_logged.text
    assert SECRET not in shown
    assert SECRET.encode() not in kept
    assert b"you sent Bearer [key]" in kept, "the answers are"
    assert PROMPT.encode() not in kept, "the cache holds no prompts"
    assert PROMPT not in everything_logged.text
    assert ANSWER not in everything_logged.text
    assert {record.name for record in everything_logged.records} <= {"sevenllm_bench.llm", "asyncio"}


@pytest.mark.parametrize("fault", ["unauthorized", "not_found"])
def test_no_key_in_the_traceback_of_a_refusal(everything_logged, fault):
    with FakeOpenAI(plan=lambda key, nth: fault, message=ECHO) as server, pytest.raises(ConfigError) as caught:
        Client(settings(server)).run(questions(3))
    shown = "".join(traceback.format_exception(caught.value)) + everything_logged.text
    assert SECRET not in shown
    assert SECRET[:12] not in shown
    assert caught.value.__cause__ is None


def test_no_key_in_what_batch_mode_writes(everything_logged, tmp_path):
    with ReplyCache(tmp_path / "c.sqlite") as cache, FakeOpenAI(fail_share=0.5, message=ECHO, batch_polls=1) as server:
        run = BatchRun(settings(server), cache, tmp_path / "state.json")
        run.submit(questions(20))
        run.poll()
        replies = run.collect(check)
        kept = written(tmp_path)
    assert any("[key]" in reply.error for reply in replies)
    assert SECRET not in repr(replies) + everything_logged.text
    assert SECRET.encode() not in kept
    assert PROMPT.encode() not in kept
