"""Bytes of local files and of recorded responses."""

import gzip
import io
import zlib

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from sevenllm_bench.select_instruct.corpus_records import Origin, RawFile
from sevenllm_bench.select_instruct.extract.raw_content import read_raw
from sevenllm_bench.select_instruct.extract.unusable import UnusableFileError

BODY = b"<p>The attackers left the network.</p>" * 100


def raw(warc: str | None = None, path: str | None = None) -> RawFile:
    return RawFile(id="1", origin=Origin(source="s", location="x", sha256="0", warc=warc), path=path, media_type="text/html")


@pytest.fixture
def recorded(tmp_path):
    """Writes responses into one WARC file, as fetching does; gives the place of each."""

    def write(*responses: tuple[bytes, str | None], compressed: bool = True) -> list[str]:
        places = []
        (tmp_path / "warc").mkdir()
        with (tmp_path / "warc" / "a.warc.gz").open("wb") as file:
            writer = WARCWriter(file, gzip=compressed)
            for body, encoding in responses:
                places.append(f"warc/a.warc.gz:{file.tell()}")
                headers = [("Content-Type", "text/html")] + ([("Content-Encoding", encoding)] if encoding else [])
                status = StatusAndHeaders("200 OK", headers, protocol="HTTP/1.1")
                writer.write_record(
                    writer.create_warc_record("http://a.example/", "response", payload=io.BytesIO(body), http_headers=status)
                )
        return places

    return write


@pytest.mark.parametrize("compressed", [True, False])
def test_each_record_at_its_place(recorded, tmp_path, compressed):
    places = recorded(
        (BODY, None), (gzip.compress(BODY + b"2"), "gzip"), (zlib.compress(BODY + b"3"), "deflate"), compressed=compressed
    )
    assert [read_raw(raw(place), str(tmp_path)) for place in places] == [BODY, BODY + b"2", BODY + b"3"]


def test_a_local_warc_file_is_read_at_its_path(recorded, tmp_path):
    place = recorded((BODY, None))[0]
    path = str(tmp_path / "warc" / "a.warc.gz")
    assert read_raw(raw(place, path), "/nowhere") == BODY


def test_more_than_allowed_after_decompression(recorded, tmp_path):
    place = recorded((gzip.compress(bytes(50_000_000)), "gzip"))[0]
    with pytest.raises(UnusableFileError, match="has more than 1,000,000 bytes"):
        read_raw(raw(place), str(tmp_path), 1_000_000)


def test_exactly_as_much_as_allowed(recorded, tmp_path):
    assert read_raw(raw(recorded((BODY, None))[0]), str(tmp_path), len(BODY)) == BODY


def test_records_that_can_not_be_read(recorded, tmp_path):
    first, second = recorded((gzip.compress(BODY)[:-30], "gzip"), (BODY, None))
    file = tmp_path / "warc" / "a.warc.gz"
    for place, reason in [
        (second + "7", "damaged|no response"),
        ("warc/missing.warc.gz:0", "can't be read: No such file"),
        ("warc/a.warc.gz", "no FILE:OFFSET"),
        ("warc/a.warc.gz:-1", "no FILE:OFFSET"),
        (f"warc/a.warc.gz:{file.stat().st_size}", "no response"),
    ]:
        with pytest.raises(UnusableFileError, match=reason):
            read_raw(raw(place), str(tmp_path))
    assert BODY.startswith(read_raw(raw(first), str(tmp_path)))  # what came of a response that broke off


def test_local_files(tmp_path):
    path = tmp_path / "a.html"
    path.write_bytes(BODY)
    assert read_raw(raw(path=str(path)), "") == BODY
    for wrong, reason in [(str(tmp_path), "no such file"), (str(tmp_path / "b"), "no such file"), (None, "names neither")]:
        with pytest.raises(UnusableFileError, match=reason):
            read_raw(raw(path=wrong), "")
    with pytest.raises(UnusableFileError, match="more than 10 bytes"):
        read_raw(raw(path=str(path)), "", 10)
