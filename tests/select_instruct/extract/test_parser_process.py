"""A file that hangs or kills its reader costs that file, not the run."""

import os
import signal
import threading
import time

import pytest

from sevenllm_bench.select_instruct.extract.any_file import ReadingTask
from sevenllm_bench.select_instruct.extract.found_text import FoundText
from sevenllm_bench.select_instruct.extract.parser_process import ParserProcess
from sevenllm_bench.select_instruct.extract.unusable import UnusableFileError

PAGE = b"<article>" + b"<p>The attackers sent the files of the company to 203.0.113[.]7 and left on the next day.</p>" * 4
#: libxml2 compares each attribute with all others: minutes.
SLOW = b"<p " + b" ".join(b"a%d=1" % number for number in range(300_000)) + b">"
HTML = ReadingTask("text/html")


def only(found):
    (one,) = found
    return one


@pytest.fixture
def parser():
    with ParserProcess(2) as process:
        yield process


def test_a_file_that_takes_too_long_is_rejected_and_the_next_is_read(parser):
    slow = only(parser.reports(SLOW, HTML))
    assert isinstance(slow, UnusableFileError)
    assert str(slow) == "took more than 2 seconds to read"
    assert isinstance(only(parser.reports(PAGE, HTML)), FoundText)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_reader_that_crashes_is_replaced(parser, number):
    assert isinstance(only(parser.reports(PAGE, HTML)), FoundText)
    child = parser._child
    killer = threading.Timer(0.2, os.kill, (child.pid, number))
    killer.start()
    crashed = only(parser.reports(SLOW, HTML))
    killer.join()
    assert str(crashed) == f"ended its reader ({number.name})"
    assert isinstance(only(parser.reports(PAGE, HTML)), FoundText)
    assert parser._child.pid != child.pid


def test_a_reader_that_died_before_the_file_costs_one_file(parser):
    parser.reports(PAGE, HTML)
    parser._child.kill()
    parser._child.wait()
    assert isinstance(only(parser.reports(PAGE, HTML)), UnusableFileError)
    assert isinstance(only(parser.reports(PAGE, HTML)), FoundText)


def test_the_reader_ends_with_its_user():
    with ParserProcess(5) as parser:
        parser.reports(PAGE, HTML)
        child = parser._child
    assert child.poll() is not None
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


def test_the_reader_ends_when_its_user_is_killed():
    """Its input ends; nobody else tells it."""
    with ParserProcess(5) as parser:
        parser.reports(PAGE, HTML)
        child = parser._child
        child.stdin.close()
        begin = time.monotonic()
        assert child.wait(10) == 0
        assert time.monotonic() - begin < 10
        child.stdin = None


def test_reports_come_back_as_they_were_found(parser):
    found = only(
        parser.reports("第一行标题\n\n2024-01-02 攻击者入侵了服务器。\u2028下一行\n".encode(), ReadingTask("text/plain"))
    )
    assert found == FoundText("2024-01-02 攻击者入侵了服务器。\n下一行", "第一行标题", "2024-01-02")
