"""The folder of a build: whose it is, and who works in it."""

import os
import subprocess
import sys

import pytest

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.select_instruct.settings.build_config import CorpusSource
from sevenllm_bench.select_instruct.stages.build_folder import BuildFolder, fingerprint


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(ConfigError, match="not empty, and no folder of a corpus build"), BuildFolder(tmp_path).claimed({}):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_folder_of_a_build_is_taken_again(tmp_path):
    for _ in range(2):
        with BuildFolder(tmp_path / "new").claimed({"a": 1}):
            pass
    assert (tmp_path / "new" / "build.json").read_text("utf-8") == '{\n  "a": 1\n}\n'


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(ConfigError, match="is a file; name a folder"), BuildFolder(tmp_path / "file").claimed({}):
        pass


def test_two_processes_do_not_build_in_one_folder(tmp_path):
    code = (
        "from sevenllm_bench.select_instruct.stages.build_folder import BuildFolder; import sys\n"
        "from sevenllm_bench.errors import ConfigError\n"
        "try:\n"
        "    with BuildFolder(sys.argv[1]).claimed({}): print('claimed')\n"
        "except ConfigError as error: print(error)\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "build")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with BuildFolder(tmp_path / "build").claimed({}):
        during = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout
    after = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout
    assert "another process builds in" in during
    assert after == "claimed\n"


def test_the_fingerprint_tells_new_and_changed_files(tmp_path):
    source = (CorpusSource(location=str(tmp_path)), CorpusSource(location="https://example.org/feed.xml"))
    (tmp_path / "a.html").write_text("1", "utf-8")
    first = fingerprint(source)
    assert first == fingerprint(source)
    (tmp_path / "b.html").write_text("1", "utf-8")
    second = fingerprint(source)
    os.utime(tmp_path / "a.html", (1, 1))
    assert len({first, second, fingerprint(source)}) == 3
