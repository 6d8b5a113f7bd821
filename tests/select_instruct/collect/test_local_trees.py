"""Files and folders on this machine, hostile trees too."""

import gzip
import io
import json
import os
import socket
from pathlib import Path

import pytest
from fake_network import fetch, reasons
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.select_instruct.extract.raw_content import read_raw
from sevenllm_bench.select_instruct.settings.build_config import CorpusSource

FILES = {
    "b.html": (b"<!DOCTYPE html><p>x", "text/html"),
    "a/z.md": (b"# Report", "text/markdown"),
    "a/note.txt": (b"<html> is only a word here", "text/plain"),
    "a/b/paper": (b"%PDF-1.7\n", "application/pdf"),
    "c.jsonl": (b'{"text": "x"}\n', "application/jsonl"),
    "d.PDF": (b"%PDF-1.4", "application/pdf"),
    "e": ("Отчёт".encode("koi8-r"), "text/plain"),
    "f.dat": ("报告".encode("utf-16"), "text/plain"),
    "g.txt": (b"", "text/plain"),
    "h.htm": (b"plain", "text/html"),
}


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "reports"
    for name, (content, _) in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_a_folder(tree, tmp_path):
    found = fetch(tmp_path / "out", [CorpusSource(location=str(tree), licence="CC0")])
    assert {raw.origin.location: raw.media_type for raw in found} == {name: kind for name, (_, kind) in FILES.items()}
    locations = [raw.origin.location.split("/") for raw in found]
    assert locations == sorted(locations)
    for raw in found:
        assert read_raw(raw, str(tmp_path / "out")) == FILES[raw.origin.location][0]
        assert (raw.origin.licence, raw.origin.robots, raw.origin.fetched) == ("CC0", "local file", None)
    assert found == fetch(tmp_path / "other", [CorpusSource(location=str(tree), licence="CC0")])
    assert len({raw.id for raw in found}) == len(FILES)


def test_nothing_local_needs_a_contact(tree, tmp_path):
    assert len(fetch(tmp_path / "out", [tree / "b.html"], contact="")) == 1


def test_the_hash_is_of_the_file(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"abc")
    (found,) = fetch(tmp_path / "out", [tmp_path / "a.txt"])
    assert found.origin.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_other_ranks_yield_nothing(tree, tmp_path):
    from sevenllm_bench.select_instruct.collect.fetch_step import FetchSources
    from sevenllm_bench.select_instruct.settings.build_config import CollectSection

    step = FetchSources((CorpusSource(location=str(tree)),), CollectSection(), str(tmp_path / "out"))
    assert list(step.run(rank=1, world_size=2)) == []
    assert not (tmp_path / "out").exists()


def test_a_hostile_tree(tree, tmp_path):
    """Links in circles and out of the folder, pipes, sockets, devices, large files, names that are not UTF-8, archives."""
    (tree / "loop").symlink_to(tree)
    (tree / "a" / "self").symlink_to("self")
    (tree / "gone").symlink_to("nowhere")
    (tree / "secret").symlink_to("/etc/passwd")
    (tree / "device").symlink_to("/dev/zero")
    (tree / "inside.md").symlink_to(tree / "a" / "z.md")
    os.mkfifo(tree / "pipe")
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.path.relpath(tree / "s"))
    with (tree / "huge.txt").open("wb") as file:
        file.truncate(10**12)
    (tree / "zip.txt").write_bytes(b"PK\x03\x04" + b"x" * 50)
    (tree / "bin").write_bytes(bytes(range(256)))
    (tree / ".git").mkdir()
    (tree / ".git" / "config.txt").write_text("x")
    Path(os.fsdecode(os.fsencode(tree) + b"/\xff\xfe.txt")).write_text("x")
    (tree / "new\nline.txt").write_text("x")
    deep = tree
    for _ in range(60):
        deep = deep / ("d" * 60)
        try:
            deep.mkdir()
        except OSError:
            break
    found = fetch(tmp_path / "out", [tree])
    server.close()
    assert {raw.origin.location for raw in found} == {*FILES, "inside.md", "new\nline.txt"}
    said = {Path(path).name: reason for path, reason in reasons(tmp_path / "out").items()}
    assert said.pop("??.txt") == "its name is not UTF-8; give it another"
    assert {name: reason.split(":")[0] for name, reason in said.items()} == {
        "loop": "a link to a folder; it is not followed",
        "self": "can't be read",
        "gone": "can't be read",
        "secret": "a link that leads out of the folder",
        "device": "a link that leads out of the folder",
        "pipe": "no regular file",
        "s": "can't be read",
        "huge.txt": "has 1,000,000,000,000 bytes, more than 20,000,000 (collect.max_bytes)",
        "zip.txt": "no HTML, PDF, Markdown, text, JSON lines or WARC",
        "bin": "no HTML, PDF, Markdown, text, JSON lines or WARC",
        ".git": "its name begins with a dot",
    }


def test_what_can_t_be_read(tree, tmp_path, monkeypatch):
    """Tests may run as root, whom no permission stops."""
    opened, listed = os.open, os.scandir

    def no_open(path, *args, **kwargs):
        if str(path).endswith("b.html"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **kwargs)

    def no_list(path):
        if str(path).endswith("/a/b"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "open", no_open)
    monkeypatch.setattr(os, "scandir", no_list)
    found = fetch(tmp_path / "out", [tree])
    assert {raw.origin.location for raw in found} == set(FILES) - {"b.html", "a/b/paper"}
    assert reasons(tmp_path / "out") == {
        str(tree / "b.html"): "can't be read: Permission denied",
        str(tree / "a" / "b"): "can't be read: Permission denied",
    }


def test_a_source_that_is_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert fetch(tmp_path / "out", [tmp_path / "pipe"]) == []
    assert reasons(tmp_path / "out") == {str(tmp_path / "pipe"): "no regular file"}


def warc(*records, packed=True):
    """A WARC file of (URL, status, headers, body), as warcio writes it."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("x.warc", {"software": "test"}))
    for url, status, headers, body in records:
        http = StatusAndHeaders(status, headers, protocol="HTTP/1.1")
        about = {"WARC-Date": "2026-01-02T03:04:05Z"}
        args = {"payload": io.BytesIO(body), "http_headers": http, "warc_headers_dict": about}
        writer.write_record(writer.create_warc_record(url, "response", **args))
    return out.getvalue()


RECORDS = [
    ("http://a.example/1", "200 OK", [("Content-Type", "text/html; charset=gb18030"), ("ETag", '"x"')], b"<html>one"),
    ("http://a.example/no", "404 Not Found", [("Content-Type", "text/html")], b"none"),
    ("http://a.example/2.md", "200 OK", [("Content-Type", "text/plain"), ("Content-Encoding", "gzip")], gzip.compress(b"# two")),
    ("http://a.example/3", "200 OK", [("Transfer-Encoding", "chunked")], b"5\r\nthree\r\n0\r\n\r\n"),
    ("http://a.example/bomb", "200 OK", [("Content-Encoding", "gzip")], gzip.compress(b"\0" * 30_000_000)),
]


@pytest.mark.parametrize(("name", "packed"), [("x.warc.gz", True), ("x.warc", False)])
def test_records_of_warc_files(tmp_path, name, packed):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(warc(*RECORDS, packed=packed))
    found = fetch(tmp_path / "out", [tmp_path / "in"])
    assert [read_raw(raw, str(tmp_path / "out")) for raw in found] == [b"<html>one", b"# two", b"three"]
    first, second, _ = found
    assert (first.origin.location, first.origin.fetched) == ("http://a.example/1", "2026-01-02T03:04:05Z")
    assert (first.media_type, first.charset, first.origin.etag) == ("text/html", "gb18030", '"x"')
    assert second.media_type == "text/markdown"
    assert set(reasons(tmp_path / "out")) == {"http://a.example/no", "http://a.example/bomb"}


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("damage", ["cut", "noise", "nothing", "lines"])
def test_damaged_warc_files(tmp_path, packed, damage):
    whole = warc(*RECORDS[:1], packed=packed)
    changed = {
        "cut": whole[:-30],
        "noise": whole + os.urandom(3000),
        "nothing": b"",
        "lines": whole + b"WARC/1.0\r\nContent-Length: 99999999999999\r\n\r\nx",
    }
    (tmp_path / "x.warc.gz").write_bytes(changed[damage])
    found = fetch(tmp_path / "out", [CorpusSource(location=str(tmp_path / "x.warc.gz"), kind="warc")])
    assert len(found) <= 1


def test_json_lines_under_another_name(tmp_path):
    (tmp_path / "rows.json").write_text(json.dumps({"body": "x"}))
    (found,) = fetch(tmp_path / "out", [CorpusSource(location=str(tmp_path / "rows.json"), kind="jsonl", text_field="body")])
    assert found.media_type == "application/jsonl"


def test_one_process_at_a_time(tree, tmp_path):
    from sevenllm_bench.select_instruct.collect.known_pages import KnownPages

    with KnownPages(tmp_path / "out"), pytest.raises(ConfigError, match="another process"):
        fetch(tmp_path / "out", [tree])


def test_a_folder_that_is_broken(tree, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "pages.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(ConfigError, match="can't be used"):
        fetch(tmp_path / "out", [tree])
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="can't be written"):
        fetch(tmp_path / "file" / "out", [tree])
