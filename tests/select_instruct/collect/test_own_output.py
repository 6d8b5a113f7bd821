"""Sources beside, around and inside the output; names that are no text."""

import hashlib
import zlib

import pytest

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.select_instruct.build_corpus import collect_texts
from sevenllm_bench.select_instruct.collect.local_files import walk
from sevenllm_bench.select_instruct.collect.refusals import RefusedError
from sevenllm_bench.select_instruct.collect.web_address import web_address
from sevenllm_bench.select_instruct.corpus_records import Origin, RawFile
from sevenllm_bench.select_instruct.extract.json_lines_text import json_lines_reports
from sevenllm_bench.select_instruct.extract.raw_content import read_raw
from sevenllm_bench.select_instruct.settings.build_config import CorpusSource
from sevenllm_bench.select_instruct.settings.build_config_file import read_collect_config
from sevenllm_bench.select_instruct.stages.build_folder import BuildFolder, fingerprint


def test_a_build_is_no_source_of_itself(tmp_path):
    (tmp_path / "a.txt").write_text("a report")
    source = CorpusSource(location=str(tmp_path))
    before = fingerprint([source])
    with BuildFolder(tmp_path / "corpus").claimed({}):
        (tmp_path / "corpus" / "texts.jsonl").write_text("{}")
    said = []
    assert [path.name for path in walk(tmp_path, lambda *line: said.append(line))] == ["a.txt"]
    assert said == [(str(tmp_path / "corpus"), "the output of a build")]
    assert fingerprint([source]) == before


@pytest.mark.parametrize("inner", [".", "fetched", "texts.jsonl"])
def test_a_source_in_the_output_is_refused(tmp_path, inner):
    with pytest.raises(ConfigError, match="lies in the output"):
        BuildFolder(tmp_path / "corpus").refuse_own([CorpusSource(location=str(tmp_path / "corpus" / inner))])


def test_a_folder_with_nothing_but_a_lock_is_one_of_a_killed_build(tmp_path):
    (tmp_path / ".lock").touch()
    with BuildFolder(tmp_path).claimed({}):
        assert (tmp_path / "build.json").is_file()


def test_an_error_of_the_build_is_not_taken_for_one_of_its_folder(tmp_path):
    with pytest.raises(PermissionError, match="elsewhere"), BuildFolder(tmp_path / "corpus").claimed({}):
        raise PermissionError("elsewhere")


def test_words_that_are_not_utf8_are_refused_before_anything_is_made():
    with pytest.raises(ConfigError, match=r"sources\.0\.licence: .* is not UTF-8"):
        read_collect_config([{"location": "reports", "licence": "\udcff"}], "corpus", "")


def test_half_a_character_in_a_url_is_refused():
    with pytest.raises(RefusedError, match="not UTF-8"):
        web_address("http://example.org/\ud800")


@pytest.mark.parametrize("url", ["http://example.org/\\ud800", "http://example.org/ a", "http://example.org/" + "y" * 5000, "x"])
def test_of_a_record_only_a_url_that_can_be_shown_is_its_place(url):
    (found,) = json_lines_reports(f'{{"text": "a report", "url": "{url}"}}'.encode())
    assert found.location is None


def test_a_collection_without_texts_says_where_the_reasons_are(tmp_path):
    (tmp_path / "reports").mkdir()
    config = read_collect_config(
        [{"location": str(tmp_path / "reports")}], str(tmp_path / "corpus"), "", ["executor.workers=1", "executor.shards=1"]
    )
    said = []
    assert collect_texts(config, said.append).texts == 0
    assert said[-1].startswith("no source gave a text; the reasons are in ")


@pytest.mark.parametrize("coding", ["X-GZIP", "gzip"])
def test_what_was_fetched_is_read_as_it_was_measured(tmp_path, coding):
    def member(text):
        encoder = zlib.compressobj(wbits=31)
        return encoder.compress(text) + encoder.flush()

    packed = member(b"one ") + member(b"two")
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n\r\n".encode()
    record = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://example.org/\r\n"
    record += b"Content-Type: application/http; msgtype=response\r\n"
    record += f"Content-Length: {len(head + packed)}\r\n\r\n".encode() + head + packed + b"\r\n\r\n"
    (tmp_path / "a.warc").write_bytes(record)
    origin = Origin(source="s", location="l", sha256=hashlib.sha256(b"one two").hexdigest(), warc="a.warc:0")
    assert read_raw(RawFile(id="i", origin=origin, media_type="text/plain"), str(tmp_path)) == b"one two"
