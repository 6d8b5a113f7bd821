"""Bundles made to do harm: nothing is written outside the target folder, nothing crashes or hangs, each trick is named."""

import contextlib
import json
import os
import stat
import struct
import warnings
import zipfile
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from submission_files import as_bytes, copied, differing, edit_json, packed, sign_again, verify, zipped

from sevenllm_bench.cli.main import main
from sevenllm_bench.errors import ResultsError, SEvenLLMError
from sevenllm_bench.submission.layout import Limits, why_not
from sevenllm_bench.submission.verify.unpack import unpack
from sevenllm_bench.submission.verify.verify_bundle import verify_bundle

KEYS = ("files", "figures", "model", "settings", "tasks", "submission", "created", "sevenllm_bench", "date")


def tree(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def refused(bundle, tmp_path, limits=None):
    """Unpack into a folder; returns what was refused, after checking that nothing stands elsewhere."""
    target = tmp_path / "deep" / "inside" / "target"
    target.mkdir(parents=True)
    before = [path for path in tree(tmp_path) if not path.startswith("deep/inside/target")]
    names, findings = unpack(bundle, target, limits or Limits())
    assert [path for path in tree(tmp_path) if not path.startswith("deep/inside/target")] == before
    assert not [path for path in target.rglob("*") if path.is_symlink()]
    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()) == sorted(names)
    return [finding.line for finding in findings]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../evil.txt", "leads out of the bundle"),
        ("run/../../evil.txt", "leads out of the bundle"),
        ("/tmp/evil.txt", "an absolute path"),
        ("C:/evil.txt", "an absolute path"),
        ("C:evil.txt", "an absolute path"),
        ("\\\\server\\share", "an absolute path"),
        ("..\\evil.txt", "leads out of the bundle"),
        ("docs\\evil.txt", "a name that is none of a bundle's"),
        ("run/\x1b[31mred", "control characters"),
        ("run/new\nline", "control characters"),
        ("run/a\u202egnp.exe", "control characters"),
        ("run/./a", "a name that is none"),
        ("run//a", "a name that is none"),
        ("~/.ssh/authorized_keys", "a name that is none"),
        ("a/" * 9 + "a", "a name that is none"),
        ("run/" + "a" * 300, "a name that is none"),
        ("run/é", "a name that is none"),
    ],
)
def test_names_that_lead_elsewhere(tmp_path, name, why):
    path = tmp_path / "b.zip"
    path.write_bytes(as_bytes((name, b"evil"), ("run/good.txt", b"good")))
    lines = refused(path, tmp_path)
    assert len(lines) == 1
    assert why in lines[0]
    assert lines[0].isprintable()


def test_an_empty_name():
    assert why_not("")


def test_a_name_with_a_zero_byte(tmp_path):
    path = tmp_path / "b.zip"
    path.write_bytes(as_bytes(("run/aXb.txt", b"x")).replace(b"run/aXb.txt", b"run/a\0b.txt"))
    assert "control characters" in refused(path, tmp_path)[0]


@pytest.mark.parametrize(
    ("mode", "why"),
    [(stat.S_IFLNK, "symbolic link"), (stat.S_IFCHR, "a device"), (stat.S_IFBLK, "a device"), (stat.S_IFIFO, "a pipe")],
)
def test_members_that_are_no_files(original, tmp_path, mode, why):
    member = zipfile.ZipInfo("run/evil")
    member.external_attr = (mode | 0o777) << 16
    path = zipped(original, tmp_path / "b.zip", (member, b"/etc/passwd"))
    (line,) = refused(path, tmp_path)
    assert why in line
    (finding,) = differing(verify(path))
    assert (finding.check, finding.what) == ("bundle", "run/evil")


def test_a_link_and_a_file_written_through_it(tmp_path):
    link = zipfile.ZipInfo("run")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/tmp")
        archive.writestr("run/evil.txt", "x")
    assert "symbolic link" in refused(path, tmp_path)[0]


def test_a_file_that_is_also_a_folder(tmp_path):
    path = tmp_path / "b.zip"
    path.write_bytes(as_bytes(("run", b"x"), ("run/a", b"y"), ("x/y", b"z"), ("x", b"w")))
    lines = refused(path, tmp_path)
    assert len(lines) == 2
    assert all("can't be unpacked" in line for line in lines)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_come_twice(original, tmp_path):
    path = zipped(original, tmp_path / "b.zip", ("manifest.json", b"{}"), ("Manifest.JSON", b"{}"))
    assert ["was there already" in line for line in refused(path, tmp_path)] == [True, True]
    assert verify(path).exit_code() == 1


def test_a_member_that_claims_ten_gigabytes(original, tmp_path):
    """The size in the table of contents is changed; what is behind it is small."""
    path = zipped(original, tmp_path / "b.zip", ("run/huge.txt", b"x" * 10))
    content = bytearray(path.read_bytes())
    at = content.rfind(b"run/huge.txt") - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    content[at + 24 : at + 28] = struct.pack("<I", 0xFFFF_FFF0)
    path.write_bytes(content)
    (line,) = refused(path, tmp_path)
    assert "4,294,967,280 bytes (claimed)" in line
    assert verify(path).exit_code() == 1


def test_a_member_that_claims_ten_gigabytes_in_the_long_form(original, tmp_path):
    path = tmp_path / "b.zip"
    extra = struct.pack("<HHQ", 1, 8, 10 << 30)
    content = bytearray(as_bytes(("run/huge.txt", b"x")))
    at = content.rfind(b"run/huge.txt") - 46
    content[at + 24 : at + 28] = b"\xff" * 4
    content[at + 30 : at + 32] = struct.pack("<H", len(extra))
    end = content.rfind(b"PK\x05\x06")
    content[end:end] = extra
    end += len(extra)
    content[end + 12 : end + 16] = struct.pack("<I", end - at)
    path.write_bytes(content)
    (line,) = refused(path, tmp_path)
    assert "10,737,418,240 bytes (claimed)" in line


def test_a_member_that_expands_a_thousand_times(original, tmp_path):
    path = zipped(original, tmp_path / "b.zip", ("run/zeros.txt", b"0" * (50 << 20)))
    (line,) = refused(path, tmp_path)
    assert "expands beyond" in line


def test_many_files_and_all_of_them_too_large(original, tmp_path):
    path = zipped(original, tmp_path / "b.zip", *((f"run/{number}", b"x" * 10) for number in range(600)))
    assert "more than 500 files" in refused(path, tmp_path)[-1]
    small = Limits(total_bytes=20_000)
    (tmp_path / "second").mkdir()
    assert "all files together" in refused(path, tmp_path / "second", small)[-1]


def test_many_refused_members_are_not_all_listed(tmp_path):
    path = tmp_path / "b.zip"
    path.write_bytes(as_bytes(*((f"../{number}", b"") for number in range(2_000))))
    assert len(refused(path, tmp_path)) == 501


def test_a_table_of_contents_that_would_fill_the_memory(tmp_path, capsys):
    path = tmp_path / "b.zip"
    path.write_bytes(as_bytes(*((f"{number:0100d}", b"") for number in range(10_000))))
    assert main(["verify", str(path)]) == 2
    assert "far more members" in capsys.readouterr().err


def test_an_encrypted_member_and_a_foreign_method(original, tmp_path):
    path = zipped(original, tmp_path / "b.zip", ("run/secret.txt", b"x"))
    content = bytearray(path.read_bytes())
    content[content.rfind(b"run/secret.txt") - 46 + 8] |= 1
    path.write_bytes(content)
    assert "encrypted" in refused(path, tmp_path)[0]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("run/a", b"x" * 1000)
    (tmp_path / "second").mkdir()
    assert "packed in a way" in refused(path, tmp_path / "second")[0]


def not_taken(path, words):
    with pytest.raises(ResultsError, match=words):
        unpack(path, path.parent / "into")


def test_two_members_at_the_same_place(tmp_path):
    """The table of contents names the same data twice, as in bombs of overlapping files."""
    path = tmp_path / "b.zip"
    path.write_bytes(as_bytes(("run/a", b"x" * 100), ("run/b", b"x" * 100)).replace(b"run/b", b"run/c", 1))
    not_taken(path, "a file has two names in it, run/b is one")
    content = bytearray(as_bytes(("run/a", b"x" * 100), ("run/b", b"x" * 100)))
    table = content.index(b"PK\1\2")
    second = content.index(b"PK\1\2", table + 1)
    content[second + 42 : second + 46] = content[table + 42 : table + 46]
    path.write_bytes(content)
    not_taken(path, "overlap")


def test_a_second_archive_before_between_and_after(tmp_path):
    """Programs differ about which of two archives in one file they read."""
    one, other = as_bytes(("manifest.json", b"{}")), as_bytes(("manifest.json", b"{'other'}"))
    path = tmp_path / "b.zip"
    path.write_bytes(other + one)
    not_taken(path, "before or between")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"1")
        archive.fp.write(other)
        archive.start_dir = archive.fp.tell()
        archive.writestr("b", b"2")
    not_taken(path, "before or between")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"1")
        archive.fp.write(other)
        archive.start_dir = archive.fp.tell()
        archive._didModify = True
    not_taken(path, "between its files and its end")
    path.write_bytes(one)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = other
    not_taken(path, "something else lies")


@pytest.mark.parametrize("where", ["table", "file"])
def test_a_second_name_in_an_extra_field(tmp_path, where):
    name = b"run/other.json"
    field = struct.pack("<HHBL", 0x7075, 5 + len(name), 1, zlib.crc32(b"run/a.json")) + name
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo("run/a.json")
        member.extra = field
        archive.writestr(member, b"{}")
        if where == "file":
            member.extra = b""
    not_taken(path, "has a second name in an extra field")


def test_a_zip_of_a_folder_and_one_with_backslashes(original, tmp_path, capsys):
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in original.rglob("*"):
            if file.is_file():
                archive.write(file, f"my-bundle/{file.relative_to(original).as_posix()}")
    assert main(["verify", str(path)]) == 2
    assert "its files are in a folder my-bundle/ of the zip; zip what is in that folder" in capsys.readouterr().err
    with zipfile.ZipFile(path, "w") as archive:
        for file in original.rglob("*"):
            if file.is_file():
                archive.writestr(file.relative_to(original).as_posix().replace("/", "\\"), file.read_bytes())
    assert main(["verify", str(path)]) == 2
    assert "backslashes in its names" in capsys.readouterr().err


def test_a_folder_is_no_bundle(bundle, capsys):
    assert main(["verify", str(bundle)]) == 2
    assert "a folder; give the zip file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b'{"a": 1' + b"0" * 10_000 + b"}"),
        b'{"format": NaN}',
        b'{"format": "sevenllm-bench submission", "version": 1}',
        b'{"format": "sevenllm-bench submission", "version": 9}',
        b'{"format": "sevenllm-bench submission", "version": 2, "version": 2}',
    ],
)
def test_manifests_that_are_none(bundle, capsys, content):
    (bundle / "manifest.json").write_bytes(content)
    assert main(["verify", str(packed(bundle))]) == 2
    error = capsys.readouterr().err
    assert error.startswith("sevenllm-bench: error: ")
    assert "Traceback" not in error


@pytest.mark.parametrize(
    "value", [None, 1, "x", [], [[]], {}, {"a": {"b": []}}, {"sha256": 1}, [{"id": []}], 1e308, True, "\ud800", {"": None}]
)
@pytest.mark.parametrize(
    "key", ["files", "figures", "model", "settings", "tasks", "submission", "created", "sevenllm_bench", "date"]
)
def test_manifests_with_values_of_other_types(bundle, key, value):
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    (bundle / "manifest.json").write_text(json.dumps({**manifest, key: value}))
    try:
        assert verify(bundle).exit_code() == 1
    except ResultsError as error:
        assert key in ("submission", "created"), error  # noqa: PT017


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_results_with_any_value_anywhere(original, tmp_path_factory, data):
    """One value of the results file replaced by any JSON value: never a crash."""
    folder = copied(original, tmp_path_factory.mktemp("any") / "bundle")
    path = next((folder / "run").glob("results_*.json"))
    content = json.loads(path.read_text(encoding="utf-8"))
    here = content
    while True:
        key = data.draw(st.sampled_from(sorted(here)))
        if not isinstance(here[key], dict) or not here[key] or data.draw(st.booleans()):
            break
        here = here[key]
    here[key] = data.draw(_JSON)
    path.write_text(json.dumps(content), encoding="utf-8")
    sign_again(folder)
    try:
        verify(folder)
    except SEvenLLMError:
        return


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_samples_with_any_value_anywhere(original, tmp_path_factory, data):
    folder = copied(original, tmp_path_factory.mktemp("any") / "bundle")
    task = data.draw(st.sampled_from(["en_mcq", "zh_impact_scope", "en_time_element_acquisition"]))
    path = next((folder / "run").glob(f"samples_sevenllm_{task}_*"))
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    here = lines[0]
    while True:
        key = data.draw(st.sampled_from(sorted(here)))
        if not isinstance(here[key], dict) or not here[key] or data.draw(st.booleans()):
            break
        here = here[key]
    here[key] = data.draw(_JSON)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    sign_again(folder)
    verify(folder)


@pytest.mark.parametrize(
    "content",
    [
        "a: &x [*x]\n",
        "!!python/object/apply:os.system ['true']\n",
        *("[" * 60_000, "- " * 30_000, "{a: " * 15_000, "x" * 100_000, "\0"),
    ],
)
def test_yaml_that_unfolds_or_acts(content, tmp_path):
    from sevenllm_bench.submission.verify.check_formats import _load_yaml

    (tmp_path / "x.yaml").write_text(content)
    with pytest.raises(ResultsError):
        _load_yaml(tmp_path / "x.yaml", "x.yaml")


def test_endless_lines_and_answers(bundle):
    path = next((bundle / "run").glob("samples_sevenllm_en_mcq_*"))
    path.write_bytes(b'{"doc": "' + os.urandom(5 << 19).hex().encode() + b'"}\n')
    found = verify(bundle)
    assert any("a line of more than" in finding.line for finding in differing(found, "samples"))


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x05\x06", b"PK\x05\x06" + b"\0" * 18, b"PK\x05\x06" + b"\xff" * 18, b"x" * 100]
)
def test_files_that_are_no_zip(tmp_path, capsys, content):
    path = tmp_path / "b.zip"
    path.write_bytes(content)
    assert main(["verify", str(path)]) == 2
    assert "Traceback" not in capsys.readouterr().err


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_zips_with_any_bytes_changed(tmp_path_factory, data):
    """Never anything but a list of findings or an error of ours, and nothing outside the folder."""
    content = bytearray(as_bytes(("manifest.json", b"{}"), ("run/a.json", b"[1, 2]"), ("run/b.jsonl", b"{}\n" * 40)))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "b.zip").write_bytes(content)
    (folder / "target").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(ResultsError):
            unpack(folder / "b.zip", folder / "target")
    assert {path.name for path in folder.iterdir()} == {"b.zip", "target"}


def test_a_folder_or_file_that_is_not_there(tmp_path, capsys):
    assert main(["verify", str(tmp_path / "none.zip")]) == 2
    assert "no such file" in capsys.readouterr().err
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ResultsError, match="not a regular file"):
        verify_bundle(tmp_path / "pipe")


@pytest.mark.parametrize("odd", [["x"], {"a": ["x"]}, None, True, 7])
def test_a_hash_that_is_none_differs(bundle, odd):
    def change(results):
        results["configs"]["sevenllm_en_mcq"]["metadata"]["sevenllm"]["signature"]["data"]["sha256"] = odd

    edit_json(next((bundle / "run").glob("results_*")), change)
    sign_again(bundle)
    assert [finding.what for finding in differing(verify(bundle), "data")] == ["sevenllm_en_mcq"]


def test_a_zip_that_cannot_be_read(bundle, monkeypatch, capsys):
    def refuse(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("sevenllm_bench.submission.verify.unpack._check_directory", refuse)
    assert main(["verify", str(packed(bundle))]) == 2
    assert "not a readable zip file" in capsys.readouterr().err
