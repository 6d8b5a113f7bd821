"""Loading the official file: from a folder, and from a loopback server that speaks the Hub's protocol."""

import hashlib
import json
from pathlib import Path

import pytest

from sevenllm_bench.data import official
from sevenllm_bench.data.official import FILENAME, SHA256, SIZE, load_official
from sevenllm_bench.errors import DataError


def write(folder, *records) -> None:
    (folder / FILENAME).write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")


@pytest.mark.data
def test_the_genuine_file(data_dir):
    data = load_official(data_dir)
    assert (len(data.rows), data.sha256, data.modified, data.origin) == (1300, SHA256, False, "folder")
    sections = [row.section for row in data.rows]
    assert sections[:300] == ["zh_understanding"] * 300
    assert sections[300:600] == ["zh_generation"] * 300
    assert sections[600:900] == ["en_understanding"] * 300
    assert sections[900:1200] == ["en_generation"] * 300
    assert sections[1200:] == ["en_mcq"] * 50 + ["zh_mcq"] * 50


@pytest.mark.data
def test_official_rows_per_leaf_are_those_of_the_catalogue(official_rows):
    from collections import Counter

    from sevenllm_bench.catalog import LEAVES

    counts = Counter(row.leaf.name for row in official_rows)
    for leaf in LEAVES:
        assert counts[leaf.name] == (leaf.task.official_count(leaf.language) if leaf.task else 50), leaf.name


@pytest.mark.data
def test_the_file_itself_and_the_environment_name_it_too(data_dir, monkeypatch):
    assert load_official(data_dir / FILENAME) is load_official(data_dir), "parsed once"
    monkeypatch.setenv("SEVENLLM_DATA_DIR", str(data_dir))
    assert load_official() is load_official(data_dir)


@pytest.mark.data
def test_converted_line_ends_are_the_same_rows(data_dir, tmp_path):
    content = (data_dir / FILENAME).read_bytes().replace(b"\r\n", b"\n")
    (tmp_path / FILENAME).write_bytes(content)
    assert not load_official(tmp_path).modified


@pytest.mark.data
def test_a_truncated_download_is_named(data_dir, tmp_path):
    (tmp_path / FILENAME).write_bytes((data_dir / FILENAME).read_bytes()[:1_000_000])
    with pytest.raises(DataError, match=r"ends in the middle of a row, after 1,000,000 of 2,741,414 bytes"):
        load_official(tmp_path)


def test_a_missing_folder_and_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="doesn't exist") as caught:
        load_official(tmp_path / "nowhere")
    assert "SEVENLLM_DATA_DIR" in str(caught.value)
    with pytest.raises(DataError, match=r"no test\.jsonl in the data folder"):
        load_official(tmp_path)


def test_a_modified_file_stops_with_its_hash_unless_it_is_allowed(tmp_path, embedded_record, monkeypatch):
    write(tmp_path, embedded_record)
    sha256 = hashlib.sha256((tmp_path / FILENAME).read_bytes()).hexdigest()
    with pytest.raises(DataError, match=sha256) as caught:
        load_official(tmp_path)
    assert "1 well-formed rows" in str(caught.value)
    assert "allow_modified=true" in str(caught.value)
    data = load_official(tmp_path, allow_modified=True)
    assert (data.modified, data.sha256, len(data.rows)) == (True, sha256, 1)
    monkeypatch.setenv("SEVENLLM_ALLOW_MODIFIED", "1")
    assert load_official(tmp_path).modified


def test_a_modified_file_with_a_problem_names_it(tmp_path, embedded_record):
    write(tmp_path, embedded_record, {**embedded_record, "id": 2, "category": "Threat Analysys"})
    for allow in (False, True):
        with pytest.raises(DataError, match=r"line 2: unknown category 'Threat Analysys'; did you mean 'Threat Analysis'"):
            load_official(tmp_path, allow_modified=allow)


def test_a_file_changed_in_between_is_read_again(tmp_path, embedded_record):
    write(tmp_path, embedded_record)
    assert len(load_official(tmp_path, allow_modified=True).rows) == 1
    write(tmp_path, embedded_record, {**embedded_record, "id": 2})
    assert len(load_official(tmp_path, allow_modified=True).rows) == 2


# --- the Hub ---------------------------------------------------------------------------------------------------------


@pytest.mark.data
def test_the_genuine_file_comes_from_the_hub_once(hub, data_dir):
    hub.files[FILENAME] = (data_dir / FILENAME).read_bytes()
    assert len(hub.files[FILENAME]) == SIZE
    data = load_official()
    assert (len(data.rows), data.origin, data.modified) == (1300, "hub", False)
    asked = len(hub.requests)
    assert load_official() is data
    assert len(hub.requests) == asked, "the second time it comes from the cache"


def test_another_file_from_the_hub_is_refused(hub, embedded_record):
    content = json.dumps(embedded_record).encode()
    hub.files[FILENAME] = content
    with pytest.raises(DataError, match=rf"sha256 is {hashlib.sha256(content).hexdigest()}") as caught:
        load_official()
    assert "delete it, so that it is downloaded again" in str(caught.value)


def test_a_file_that_the_hub_lacks(hub):
    with pytest.raises(DataError, match="failed") as caught:
        load_official()
    assert official.WAYS_TO_GET_IT in str(caught.value)


def test_no_network_and_no_cache_is_an_error_with_the_ways_to_get_the_file(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match="not in the local cache and the Hub can't be reached") as caught:
        load_official()
    assert official.WAYS_TO_GET_IT in str(caught.value)


def test_the_official_data_are_nowhere_in_the_package():
    """They belong to their authors. Two phrases that are in official rows only."""
    for path in Path(official.__file__).parents[1].rglob("*"):
        if path.suffix in {".jsonl", ".json", ".yaml", ".py"}:
            text = path.read_text(encoding="utf-8")
            assert "bypass" + "association" not in text
            assert "IPAbuse" + "Check" not in text
