"""Files that are something else than JSON in UTF-8: each is named as what it is, and text is never taken for one of them."""

import bz2
import gzip
import io
import json
import lzma
import zipfile

import pytest

from sevenllm_bench.io.file_kinds import of_bytes, what_else

RECORD = '{"id": 1201, "output": "答案是B"}\n'


def zipped(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), "{}")
    return buffer.getvalue()


#: A pointer as git-lfs writes it (specification, version 1), and one of git-annex.
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 187351040\n"
ANNEX = b"/annex/objects/SHA256E-s187351040--" + b"0" * 64 + b".jsonl\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (RECORD.encode("utf-16"), "UTF-16 text"),  # with a byte order mark, as PowerShell's > does
        (RECORD.encode("utf-16-le"), "UTF-16 text"),
        (RECORD.encode("utf-16-be"), "UTF-16 text"),
        (b"\xfe\xff" + RECORD.encode("utf-16-be"), "UTF-16 text"),
        (b"\xff\xfe" + ("\r\n [" + RECORD).encode("utf-16-le"), "UTF-16 text"),
        (RECORD.encode("utf-32"), "UTF-32 text"),
        (LFS, "a Git LFS pointer, not the file itself; fetch it with `git lfs pull`"),
        (ANNEX, "a git-annex pointer"),
        (b"<!DOCTYPE html>\n<html lang=en>", "a web page"),
        (b"\xef\xbb\xbf  \n<HTML><head>", "a web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "a web page"),  # object stores
        (gzip.compress(RECORD.encode(), mtime=0), "compressed with gzip"),
        (bz2.compress(RECORD.encode()), "compressed with bzip2"),
        (lzma.compress(RECORD.encode()), "compressed with xz"),
        (b"\x28\xb5\x2f\xfd\x04\x00", "compressed with zstd"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"ARROW1\x00\x00", "an Arrow file"),
        (b"SQLite format 3\x00", "an SQLite database"),
        (b"%PDF-1.7\n", "a PDF"),
        (zipped("manifest.json", "run/results.json"), "a submission's bundle"),
        (zipped("my-bundle/manifest.json"), "a submission's bundle"),
        (zipped("my-bundle\\manifest.json"), "a submission's bundle"),
        (zipped("answers.jsonl"), "a zip file; unpack it first"),
        (zipped("answers.jsonl")[:60], "a zip file that is cut off or broken"),
    ],
)
def test_what_a_file_is(tmp_path, content, words):
    path = tmp_path / "answers.jsonl"
    path.write_bytes(content)
    assert what_else(path).startswith(words)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        RECORD.encode(),
        b"\xef\xbb\xbf" + RECORD.encode(),
        b"[1]",
        b"{",
        "版本".encode(),
        "ÿþ{".encode(),
        b"version https://example.org",
        b'"<html>"',
        b"{<html>",
        b"PK",
        b"BZ",
        json.dumps({"id": 1, "output": "<!DOCTYPE html>"}).encode(),
        b"\xff\xfe\x00\x01" * 100,  # nothing known
        b"\x00" * 512,
    ],
)
def test_text_and_the_unknown_are_nothing_else(tmp_path, content):
    path = tmp_path / "answers.jsonl"
    path.write_bytes(content)
    assert what_else(path) == ""


def test_what_is_no_file_is_nothing_known(tmp_path):
    assert what_else(tmp_path) == what_else(tmp_path / "absent") == ""


def test_bytes_alone_say_the_same():
    assert of_bytes(LFS).startswith("a Git LFS pointer")
    assert of_bytes(zipped("manifest.json")) == "a zip file; unpack it first"
