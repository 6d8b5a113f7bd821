"""The benchmark rows that training data is kept apart from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import DataError


@dataclass(frozen=True, slots=True)
class GuardedRows:
    """Rows for `LeakGuard`.

    Attributes:
        rows: The embedded test rows, then the official ones where they are guarded.
        sha256: Of the official file; None where it isn't guarded.
    """

    rows: tuple[Row, ...]
    sha256: str | None


def guarded_rows(guard: Literal["official", "embedded"], data_dir: str | None, allow_modified: bool, setting: str) -> GuardedRows:
    """Load the rows to guard.

    Args:
        guard: "official" (and embedded), or "embedded" alone.
        data_dir: Folder of the official file; default: SEVENLLM_DATA_DIR, or the Hub.
        allow_modified: Take a file whose hash differs.
        setting: How a user asks for the embedded rows alone, for the message.

    Raises:
        DataError: The official file is not available.
    """
    embedded = load_benchmark("embedded").rows
    if guard == "embedded":
        return GuardedRows(tuple(embedded), None)
    try:
        official = load_benchmark("official", data_dir, allow_modified)
    except DataError as error:
        raise DataError(
            f"the leak guard keeps rows of the benchmark out of the training data, and needs its file: {error}\n"
            f"  - or guard the embedded test rows only: {setting}"
        ) from None
    return GuardedRows((*embedded, *official.rows), official.sha256)
