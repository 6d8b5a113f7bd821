"""The official SEvenLLM-Bench file: from the Hub at a pinned revision, or from a local folder; its sha256 is checked.

There is no fallback: when the file is not available, or is not the one that the paper's figures are about, loading stops.
"""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from sevenllm_bench.data.hub import REPO_ID, REVISION, download
from sevenllm_bench.data.rows import Row, read_rows
from sevenllm_bench.errors import DataError
from sevenllm_bench.io.file_kinds import of_bytes
from sevenllm_bench.io.files import read_bytes, user_path

FILENAME = "test.jsonl"
SHA256 = "08a27277386b1f205ed0814d379bb0db9bdce8f39bde099020a1f8044d404d7b"
SIZE = 2_741_414
#: The same file with LF line ends, as a checkout with converted line ends has it: the rows are the same.
SHA256_LF = "cf0fe07718f3773dbcbfa2c414e0a47b1e1fbdba684df3765e0e90204eb1472e"

DATA_DIR_VARIABLE = "SEVENLLM_DATA_DIR"
ALLOW_MODIFIED_VARIABLE = "SEVENLLM_ALLOW_MODIFIED"

WAYS_TO_GET_IT = f"""Ways to get it:
  - let it be downloaded (needs the network): https://huggingface.co/datasets/{REPO_ID}, revision {REVISION[:8]}
  - put {FILENAME} into a folder and name it: {DATA_DIR_VARIABLE}=DIR, or --metadata data_dir=DIR (lm_eval), or --data-dir DIR
  - to try the package without it, on our own rows, which are not the benchmark: --metadata dataset=embedded (lm_eval),
    or --dataset embedded (score)"""


@dataclass(frozen=True, slots=True)
class OfficialData:
    """The parsed file and what identifies it.

    Attributes:
        rows: All rows, in file order (1,300 in the genuine file).
        sha256: Hash of the file as read.
        modified: Whether it differs from the genuine file (then `allow_modified` was given).
        origin: "hub" or "folder".
    """

    rows: tuple[Row, ...]
    sha256: str
    modified: bool
    origin: str


def load_official(data_dir: str | Path | None = None, allow_modified: bool = False) -> OfficialData:
    """Load and verify the official file; parsed once per process for the same file.

    Args:
        data_dir: Folder that holds test.jsonl, or the file itself. Default: the environment's SEVENLLM_DATA_DIR; without
            it, the Hub at the pinned revision (or its local cache).
        allow_modified: Accept a file whose sha256 differs; `OfficialData.modified` then says so.

    Raises:
        DataError: The file is missing, can't be downloaded, is truncated or modified, or is malformed.
    """
    allow_modified = allow_modified or os.environ.get(ALLOW_MODIFIED_VARIABLE, "").lower() in {"1", "true", "yes"}
    folder = data_dir or os.environ.get(DATA_DIR_VARIABLE)
    path = _in_folder(user_path(folder, DataError)) if folder else download(FILENAME, f"the official {FILENAME}", WAYS_TO_GET_IT)
    try:
        stat = path.stat()
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror or error})") from None
    return _load(path, stat.st_mtime_ns, stat.st_size, allow_modified, "folder" if folder else "hub")


@functools.lru_cache(maxsize=4)
def _load(path: Path, mtime_ns: int, size: int, allow_modified: bool, origin: str) -> OfficialData:
    content = read_bytes(path, DataError)
    sha256 = hashlib.sha256(content).hexdigest()
    modified = sha256 not in {SHA256, SHA256_LF}
    if modified and not allow_modified:
        raise DataError(_what_differs(content, path, sha256, origin))
    return OfficialData(read_rows(content, str(path)), sha256, modified, origin)


def _in_folder(path: Path) -> Path:
    if path.is_file():
        return path.resolve()
    if not path.is_dir():
        raise DataError(f"the data folder {path} doesn't exist.\n{WAYS_TO_GET_IT}")
    if not (path / FILENAME).is_file():
        raise DataError(f"no {FILENAME} in the data folder {path}.\n{WAYS_TO_GET_IT}")
    return (path / FILENAME).resolve()


def _what_differs(content: bytes, path: Path, sha256: str, origin: str) -> str:
    """A message that names how the file differs from the genuine one."""
    message = f"{path} is not the official file: its sha256 is {sha256}, expected {SHA256}."
    if len(content) < SIZE and content.startswith(b'{"id"') and not content.rstrip().endswith(b"}"):
        message += f"\nIt ends in the middle of a row, after {len(content):,} of {SIZE:,} bytes: a truncated download."
    elif other := of_bytes(content[:512]):
        message += f"\nIt is {other}."
    else:
        try:
            message += f"\nIt has {len(read_rows(content, path.name)):,} well-formed rows (the official file has 1,300)."
        except DataError as error:
            message += f"\nFirst problem in it: {error}."
    remedy = "delete it, so that it is downloaded again" if origin == "hub" else "replace it with the genuine file"
    return (
        f"{message}\nEither {remedy}, or accept it as it is: --metadata allow_modified=true (lm_eval), "
        f"--allow-modified, or {ALLOW_MODIFIED_VARIABLE}=1; the results then say so."
    )
