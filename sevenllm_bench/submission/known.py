"""The rows that a submission must be about: the official file, verified, and the embedded rows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sevenllm_bench.catalog import Leaf
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import DataError


class KnownRows:
    """Rows by source, read when first asked for."""

    def __init__(self, data_dir: str | None = None) -> None:
        """Take the official file from `data_dir`, or from where `load_official` finds it."""
        self._data_dir = data_dir

    @cached_property
    def _official(self) -> tuple[dict[int, Row], dict[str, Any]]:
        from sevenllm_bench.data.benchmark import describe_official
        from sevenllm_bench.data.official import ALLOW_MODIFIED_VARIABLE, load_official

        data = load_official(self._data_dir)
        if data.modified:
            raise DataError(
                f"submissions are checked against the genuine file alone (found sha256 {data.sha256}): "
                f"unset {ALLOW_MODIFIED_VARIABLE}"
            )
        return {row.id: row for row in data.rows}, describe_official(data)

    @cached_property
    def _embedded(self) -> tuple[dict[int, Row], dict[str, Any]]:
        from sevenllm_bench.data.benchmark import describe_embedded
        from sevenllm_bench.data.embedded import embedded_split

        return {row.id: row for row in embedded_split("test")}, describe_embedded()

    def rows(self, source: str) -> Mapping[int, Row]:
        """Rows by id.

        Args:
            source: "official" or "embedded".

        Raises:
            DataError: The official file can't be had, or is not the genuine one.
        """
        return (self._official if source == "official" else self._embedded)[0]

    def description(self, source: str) -> Mapping[str, Any]:
        """What identifies the rows, see `data.describe`."""
        return (self._official if source == "official" else self._embedded)[1]

    def of_leaf(self, leaf: Leaf, source: str) -> list[Row]:
        """The rows of a leaf, in the file's order, which is the order in which lm-eval runs them."""
        return [row for row in self.rows(source).values() if row.leaf == leaf]
