"""Files, pipes and devices that a user names: read in bounded memory, and nothing is waited for without end."""

import os
import socket
import threading
import time

import pytest

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io import files
from sevenllm_bench.io.files import is_file, is_folder, read_bytes, read_lines, write_bytes


@pytest.fixture
def hurry(monkeypatch):
    monkeypatch.setattr(files, "_PATIENCE", 0.3)


@pytest.fixture
def pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def lines(path):
    return list(read_lines(path, ConfigError))


def make(path, kind):
    """Something in the place of a file; returns it."""
    if kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    elif kind == "folder":
        path.mkdir()
    elif kind == "dangling link":
        path.symlink_to("nowhere")
    elif kind == "link to itself":
        path.symlink_to(path)
    return path


@pytest.mark.parametrize("kind", ["socket", "folder", "dangling link", "link to itself", "nothing"])
@pytest.mark.parametrize("read", [lambda path: read_bytes(path, ConfigError), lines], ids=["bytes", "lines"])
def test_what_cannot_be_read_is_one_message(tmp_path, monkeypatch, kind, read):
    monkeypatch.chdir(tmp_path)  # a socket's path may have 107 bytes only
    with pytest.raises(ConfigError, match=r"can't be read \("):
        read(make(files.Path("x"), kind))


def test_no_path_at_all():
    for odd in ("a\0b", "x" * 5_000):
        with pytest.raises(ConfigError, match="can't be read"):
            read_bytes(files.Path(odd), ConfigError)
        assert not is_file(odd)
        assert not is_folder(odd)


def test_a_pipe_into_which_nobody_writes_is_given_up(pipe, hurry):
    started = time.monotonic()
    for read in (lambda: read_bytes(pipe, ConfigError), lambda: lines(pipe)):
        with pytest.raises(ConfigError, match="nothing was written into this pipe"):
            read()
    assert time.monotonic() - started < 5
    held = os.open(pipe, os.O_RDWR)  # a writer that writes nothing
    with pytest.raises(ConfigError, match="nothing was written"):
        read_bytes(pipe, ConfigError)
    os.close(held)


def test_a_pipe_is_read_to_its_end_however_slowly_it_comes(pipe):
    def write():
        with pipe.open("wb") as out:
            for part in (b"one", b" line\n\n", b"another"):
                out.write(part)
                out.flush()
                time.sleep(0.1)

    for read, found in (
        (lines, [(1, b"one line\n"), (3, b"another")]),
        (lambda path: read_bytes(path, ConfigError), b"one line\n\nanother"),
    ):
        writer = threading.Thread(target=write)
        writer.start()
        assert read(pipe) == found
        writer.join()


def test_a_pipe_whose_writer_has_gone_is_read_too(monkeypatch):
    """As `<(command)` of a shell hands it over."""
    reader, writer = os.pipe()
    os.write(writer, b"kept")
    os.close(writer)
    assert read_bytes(files.Path(f"/dev/fd/{reader}"), ConfigError) == b"kept"
    os.close(reader)


def test_devices():
    assert read_bytes(files.Path(os.devnull), ConfigError) == b""
    assert lines(files.Path(os.devnull)) == []
    with pytest.raises(ConfigError, match="more than 67,108,864 bytes"):
        read_bytes(files.Path("/dev/zero"), ConfigError)
    with pytest.raises(ConfigError, match="line 1: more than 16,777,216 bytes"):
        lines(files.Path("/dev/zero"))


def test_five_gigabytes_are_refused_without_being_read(tmp_path):
    path = tmp_path / "large"
    path.touch()
    os.truncate(path, 5 << 30)
    started = time.monotonic()
    for read in (lambda: read_bytes(path, ConfigError), lambda: lines(path)):
        with pytest.raises(ConfigError, match=r"5,368,709,120 bytes, more than 1,073,741,824"):
            read()
    assert time.monotonic() - started < 1


def test_a_line_without_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_LINE_BYTES", 100)
    path = tmp_path / "lines"
    path.write_bytes(b"x" * 99 + b"\n" + b"y" * 100 + b"\n")
    found = read_lines(path, ConfigError)
    assert next(found) == (1, b"x" * 99 + b"\n")
    with pytest.raises(ConfigError, match="line 2: more than 100 bytes"):
        next(found)


def test_far_too_many_lines_are_refused_early(tmp_path):
    path = tmp_path / "lines"
    for content in (b"\n", b"{}\n"):
        path.write_bytes(content * 100_000)
        assert len(lines(path)) in (0, 100_000)
        path.write_bytes(content * 10_000_000)
        started = time.monotonic()
        with pytest.raises(ConfigError, match="more than 100,000 lines"):
            lines(path)
        assert time.monotonic() - started < 5


def test_a_mark_at_the_beginning_and_blank_lines_are_left_out(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"\xef\xbb\xbf\n \t\r\n\xef\xbb\xbfa\r\nb")
    assert lines(path) == [(3, b"\xef\xbb\xbfa\r\n"), (4, b"b")]
    path.write_bytes(b"\xef\xbb\xbfa\nb")
    assert lines(path) == [(1, b"a\n"), (2, b"b")]


def test_writing_into_a_pipe(pipe, hurry):
    found = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    write_bytes(pipe, b"x" * 1_000_000)
    reader.join()
    assert found == [b"x" * 1_000_000]
    with pytest.raises(OSError, match="No such device"):
        write_bytes(pipe, b"nobody reads")


def test_writing_over_a_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"something longer")
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    with pytest.raises(OSError, match="No space left"):
        write_bytes("/dev/full", b"x")
    with pytest.raises(OSError, match="directory"):
        write_bytes(tmp_path, b"x")
