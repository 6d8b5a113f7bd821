"""Encoded examples as Arrow tables: compact, and repeated by reference."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenllm_bench.finetune.encoding.example_encoder import IGNORED, Example

if TYPE_CHECKING:
    from datasets import Dataset

#: Examples that become one Arrow table at a time: lists of Python integers are large.
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class TokenTable:
    """Encoded examples.

    Attributes:
        dataset: Columns "input_ids", "labels" (lists of int32) and "cell"; n examples.
        row_ids: (n,): the row or conversation that each comes from.
        sizes: (n,): tokens.
        label_sizes: (n,): tokens that carry loss.
    """

    dataset: Dataset
    row_ids: np.ndarray
    sizes: np.ndarray
    label_sizes: np.ndarray

    def taken(self, places: Sequence[int]) -> TokenTable:
        """The examples at some places, in that order; one may come more than once."""
        if list(places) == list(range(len(self.row_ids))):
            return self
        picked = np.asarray(places, dtype=np.int64)
        return TokenTable(self.dataset.select(picked), self.row_ids[picked], self.sizes[picked], self.label_sizes[picked])

    def counts(self) -> dict[str, int]:
        """Examples, tokens, and tokens that carry loss."""
        return {"examples": len(self.row_ids), "tokens": int(self.sizes.sum()), "label tokens": int(self.label_sizes.sum())}


def token_table(examples: Iterable[Example]) -> TokenTable:
    """Examples as a table."""
    import pyarrow as pa
    from datasets import Dataset

    examples = iter(examples)
    tables, columns = [_table([])], []
    while chunk := list(islice(examples, _CHUNK)):
        tables.append(_table(chunk))
        columns += [_row(example) for example in chunk]
    numbers = np.array(columns, dtype=np.int64).reshape(-1, 3)
    # Without a fingerprint of ours, datasets makes one of a pickled copy of the whole table.
    return TokenTable(Dataset(pa.concat_tables(tables), fingerprint=_fingerprint(tables)), *numbers.T)


def _fingerprint(tables: Sequence[Any]) -> str:
    """16 hex digits of a hash of the tables' token ids and labels."""
    digest = hashlib.blake2b(digest_size=8)
    for table in tables:
        for name in ("input_ids", "labels"):
            for chunk in table.column(name).chunks:
                digest.update(chunk.offsets.to_numpy().tobytes() + chunk.values.to_numpy().tobytes())
    return digest.hexdigest()


def _row(example: Example) -> tuple[int, int, int]:
    return example.row_id, len(example.input_ids), len(example.labels) - example.labels.count(IGNORED)


def _table(examples: Sequence[Example]) -> Any:
    import pyarrow as pa

    columns = [_lists([getattr(example, name) for example in examples]) for name in ("input_ids", "labels")]
    cells = pa.array([example.cell for example in examples], pa.string())
    return pa.table([*columns, cells], names=["input_ids", "labels", "cell"])


def _lists(values: Sequence[list[int]]) -> Any:
    import pyarrow as pa

    ends = np.cumsum([0, *map(len, values)], dtype=np.int32)
    flat: Iterator[int] = (number for numbers in values for number in numbers)
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(np.fromiter(flat, np.int32, count=ends[-1])))
