"""Bodies are measured while they arrive, before and after decompression."""

import gzip
import hashlib
import os
import zlib

import pytest

from sevenllm_bench.select_instruct.collect.measured_body import MeasuredBody
from sevenllm_bench.select_instruct.collect.refusals import RefusedError

TEXT = b"Loader drops a file. " * 5000


def read(data, coding, most=1_000_000, size=1000):
    body = MeasuredBody(coding, most)
    for start in range(0, len(data), size):
        body.write(data[start : start + size])
    return body, body.finish()


def raw_deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("size", [1, 999, 10**6])
@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("X-GZIP", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:7000]) + gzip.compress(TEXT[7000:])),
        ("gzip", gzip.compress(TEXT) + b"\0" * 600),
        ("gzip", TEXT),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
    ],
)
def test_the_hash_is_of_the_content(coding, data, size):
    body, sha256 = read(data, coding, size=size)
    assert sha256 == hashlib.sha256(TEXT).hexdigest()
    assert (body.size, body.decoded, body.start) == (len(data), len(TEXT), TEXT[:1024])
    body.file.seek(0)
    assert body.file.read() == data


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_is_stopped_early(coding):
    """100 MB in 100 KB."""
    data = gzip.compress(b"\0" * 10**8) if coding == "gzip" else zlib.compress(b"\0" * 10**8)
    body = MeasuredBody(coding, 1_000_000)
    with pytest.raises(RefusedError, match="after decompression"):
        body.write(data)
    assert body.decoded < 1_100_000


def test_a_bomb_in_many_members():
    member = gzip.compress(b"\0" * 100_000)
    with pytest.raises(RefusedError, match="after decompression"):
        read(member * 1000, "gzip", size=1 << 16)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress", "x" * 500])
def test_codings_that_were_not_asked_for_are_refused(coding):
    with pytest.raises(RefusedError, match="not asked for"):
        MeasuredBody(coding, 1000)


def test_too_many_bytes():
    with pytest.raises(RefusedError, match="more than 1,000 bytes"):
        read(b"x" * 1001, "", most=1000, size=100)
    assert read(b"x" * 1000, "", most=1000)[0].size == 1000


@pytest.mark.parametrize("data", [gzip.compress(TEXT)[:-9], gzip.compress(os.urandom(5000))[:3000]])
def test_cut_off(data):
    with pytest.raises(RefusedError, match="cut off"):
        read(data, "gzip")


def test_damaged():
    data = bytearray(gzip.compress(os.urandom(50_000)))
    data[-6] ^= 255  # the checksum
    with pytest.raises(RefusedError, match="damaged"):
        read(bytes(data), "gzip")


def test_output_that_the_decompressor_held_back():
    """The last bytes of the input give more than one piece of output."""
    data = gzip.compress(b"\0" * 700_000)
    assert read(data, "gzip", size=len(data) - 9)[0].decoded == 700_000


def test_an_empty_body_is_whole():
    assert MeasuredBody("gzip", 10).finish() == hashlib.sha256(b"").hexdigest()
