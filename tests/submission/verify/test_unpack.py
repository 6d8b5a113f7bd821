"""What is taken from a zip file, at the limits and one beyond them."""

import io
import stat
import struct
import zipfile

import pytest

from sevenllm_bench.errors import ResultsError
from sevenllm_bench.submission.layout import Limits
from sevenllm_bench.submission.verify import unpack as unpack_module
from sevenllm_bench.submission.verify.unpack import unpack


@pytest.fixture
def into(tmp_path):
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def zip_of(path, *members, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def told(found):
    names, findings = found
    return list(names), [(f.check, f.what, f.status, f.detail) for f in findings]


def refused(name, why):
    return ("bundle", name, "differs", f"not taken: {why}")


def test_files_are_taken_as_they_are(tmp_path, into):
    bundle = zip_of(tmp_path / "a.zip", ("a.txt", b"one"), ("run/", b""), ("run/b.txt", b""), method=zipfile.ZIP_DEFLATED)
    assert told(unpack(bundle, into, Limits())) == (["a.txt", "run/b.txt"], [])
    assert (into / "a.txt").read_bytes() == b"one"
    assert (into / "run" / "b.txt").read_bytes() == b""


@pytest.mark.parametrize(("most", "taken"), [(10, ["a", "b"]), (9, ["b"])])
def test_the_size_of_a_file(tmp_path, into, most, taken):
    bundle = zip_of(tmp_path / "a.zip", ("a", b"x" * 10), ("b", b"y"))
    expected = [] if len(taken) == 2 else [refused("a", "10 bytes (claimed), more than the 9 allowed")]
    assert told(unpack(bundle, into, Limits(file_bytes=most))) == (taken, expected)
    assert "a" not in taken or (into / "a").read_bytes() == b"x" * 10
    assert sorted(path.name for path in into.iterdir()) == taken


@pytest.mark.parametrize(("most", "taken"), [(11, ["a", "b", "c"]), (10, ["a", "b"]), (8, ["a"])])
def test_the_size_of_all_files(tmp_path, into, most, taken):
    bundle = zip_of(tmp_path / "a.zip", ("a", b"x" * 5), ("b", b"y" * 5), ("c", b"z"), ("d", b""))
    names, lines = told(unpack(bundle, into, Limits(total_bytes=most)))
    rest = ["d"] if len(taken) == 3 else []
    assert names == taken + rest
    assert lines == ([] if rest else [refused("abc"[len(taken)], "all files together are too large")])
    assert sorted(path.name for path in into.iterdir()) == taken + rest
    assert {"a": b"x" * 5, "b": b"y" * 5, "c": b"z", "d": b""}.items() >= {
        name: (into / name).read_bytes() for name in names
    }.items()


@pytest.mark.parametrize(("most", "taken"), [(3, 3), (2, 2)])
def test_the_number_of_files(tmp_path, into, most, taken):
    bundle = zip_of(tmp_path / "a.zip", *((f"f{number}", b"") for number in range(3)))
    names, lines = told(unpack(bundle, into, Limits(files=most)))
    assert names == [f"f{number}" for number in range(taken)]
    assert lines == ([] if taken == 3 else [refused("f2", "more than 2 files; the rest wasn't looked at")])


def test_the_number_of_refusals(tmp_path, into):
    bundle = zip_of(tmp_path / "a.zip", *((f"/f{number}", b"") for number in range(9)), ("good", b""))
    assert told(unpack(bundle, into, Limits(files=3))) == (
        [],
        [refused(f"/f{number}", "an absolute path") for number in range(4)],
    )


def test_how_far_a_file_may_expand(tmp_path, into):
    content = b"\0" * (4 << 20)
    bundle = zip_of(tmp_path / "a.zip", ("a", content), ("b", b"x"), method=zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(bundle) as archive:
        packed = archive.getinfo("a").compress_size
    enough = -(-len(content) // packed)
    assert told(unpack(bundle, into, Limits(ratio=enough))) == (["a", "b"], [])
    (into / "a").unlink()
    (into / "b").unlink()
    names, lines = told(unpack(bundle, into, Limits(ratio=enough - 1)))
    assert names == ["b"]
    assert lines == [refused("a", f"expands beyond {packed * (enough - 1):,} bytes")]


def test_small_files_may_expand_by_any_ratio(tmp_path, into):
    bundle = zip_of(tmp_path / "a.zip", ("a", b"\0" * (1 << 20)), method=zipfile.ZIP_DEFLATED)
    assert told(unpack(bundle, into, Limits(ratio=1))) == (["a"], [])


def test_names_are_taken_once_whatever_their_case(tmp_path, into):
    bundle = zip_of(tmp_path / "a.zip", ("a", b"1"), ("A", b"2"))
    assert told(unpack(bundle, into, Limits())) == (["a"], [refused("A", "a file of this name was there already")])


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        (stat.S_IFREG | 0o644, ""),
        (0o644, ""),
        (stat.S_IFLNK, "a symbolic link"),
        (stat.S_IFDIR, "a folder too deep"),
        (stat.S_IFIFO, "a pipe"),
        (stat.S_IFSOCK, "a socket"),
        (stat.S_IFCHR, "a device, or something else that is no file"),
        (stat.S_IFBLK, "a device, or something else that is no file"),
    ],
)
def test_kinds_of_members(tmp_path, into, mode, why):
    member = zipfile.ZipInfo("a")
    member.external_attr = mode << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(member, b"x")
    assert told(unpack(tmp_path / "a.zip", into, Limits())) == ([], [refused("a", why)]) if why else (["a"], [])


@pytest.mark.parametrize(("more", "allowed"), [(0, True), (-1, False)])
def test_the_size_of_the_zip_file(tmp_path, into, more, allowed):
    bundle = zip_of(tmp_path / "a.zip", ("a", b"x"))
    limits = Limits(archive_bytes=bundle.stat().st_size + more)
    if allowed:
        assert told(unpack(bundle, into, limits)) == (["a"], [])
    else:
        with pytest.raises(ResultsError, match=r"bytes, more than the .* allowed for a bundle"):
            unpack(bundle, into, limits)


@pytest.mark.parametrize(("more", "allowed"), [(0, True), (-1, False)])
def test_the_size_of_the_table_of_contents(tmp_path, into, more, allowed):
    bundle = zip_of(tmp_path / "a.zip", ("a", b"x"), ("b", b""))
    table = 2 * (46 + 1)  # two entries of 46 bytes and a name of one letter, APPNOTE 4.3.12
    limits = Limits(directory_bytes=table + more)
    if allowed:
        assert told(unpack(bundle, into, limits)) == (["a", "b"], [])
    else:
        with pytest.raises(ResultsError, match="far more members"):
            unpack(bundle, into, limits)


def test_a_zip_file_with_a_comment(tmp_path, into):
    bundle = zip_of(tmp_path / "a.zip", ("a", b"x"))
    for comment in (b"short", b"c" * 65_535, b"x\0\0"):
        with zipfile.ZipFile(bundle, "a") as archive:
            archive.comment = comment
        assert told(unpack(bundle, into, Limits())) == (["a"], [])
        (into / "a").unlink()
        with pytest.raises(ResultsError, match="far more members"):
            unpack(bundle, into, Limits(directory_bytes=46))


def test_the_long_form_of_the_table_of_contents(tmp_path, into):
    bundle = zip_of(tmp_path / "a.zip", ("a", b"x"))
    content = bundle.read_bytes()
    at = content.rindex(b"PK\5\6")
    bundle.write_bytes(content[:at] + struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1) + content[at:])
    with pytest.raises(ResultsError, match="far more members"):
        unpack(bundle, into, Limits())


@pytest.mark.parametrize("content", [b"", b"PK\5\6", b"PK\5\6" + b"\0" * 17, b"hello" * 10])
def test_files_that_are_no_zip(tmp_path, into, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ResultsError, match="not a zip file; give what `sevenllm-bench submit` wrote"):
        unpack(tmp_path / "a.zip", into, Limits())


class Stream(io.RawIOBase):
    """A file that can't be sought in, as a pipe: sizes then follow the data (APPNOTE 4.3.9)."""

    def __init__(self):
        self.content = b""

    def writable(self):
        return True

    def write(self, data):
        self.content += bytes(data)
        return len(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_file_written_to_a_pipe_and_one_of_another_program(tmp_path, into, method):
    stream = Stream()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name in ("a", "b"):
            archive.writestr(name, b"x" * 1_000)
    (tmp_path / "a.zip").write_bytes(stream.content)
    assert stream.content.count(b"PK\7\x08") == 2
    assert told(unpack(tmp_path / "a.zip", into, Limits())) == (["a", "b"], [])
    # Info-ZIP adds times and owner (0x5455, 0x7875), git a comment.
    with zipfile.ZipFile(tmp_path / "b.zip", "w", method) as archive:
        member = zipfile.ZipInfo("c")
        member.extra = struct.pack("<HHBL", 0x5455, 5, 1, 0) + struct.pack("<HHB", 0x7875, 1, 1)
        archive.writestr(member, b"y")
        archive.comment = b"0" * 40
    assert told(unpack(tmp_path / "b.zip", into, Limits())) == (["c"], [])


def test_an_empty_zip_file(tmp_path, into):
    (tmp_path / "a.zip").write_bytes(b"PK\5\6" + b"\0" * 18)
    assert told(unpack(tmp_path / "a.zip", into, Limits())) == ([], [])


class Counting:
    """A source of a hundred mebibytes that counts how often it is read."""

    def __init__(self):
        self.reads = 0

    def read(self, size):
        self.reads += 1
        return b"x" * size if self.reads <= 100 else b""


def test_a_file_that_grows_too_large_is_not_read_to_its_end(into):
    taking, source = unpack_module._Taking(into, Limits()), Counting()
    taking.take("a", source, 10)
    assert source.reads == 1
    assert (taking.names, list(into.iterdir())) == ([], [])
    assert [finding.detail for finding in taking.findings] == ["not taken: expands beyond 10 bytes"]
