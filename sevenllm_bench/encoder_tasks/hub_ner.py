"""Named entities of a data set on the Hub, at a commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sevenllm_bench.encoder_tasks.label_map import LabelMap
from sevenllm_bench.encoder_tasks.ner_data import LabelledText, NerData, ner_data
from sevenllm_bench.encoder_tasks.ner_files import TAG_KEYS, labelled_text
from sevenllm_bench.errors import DataError
from sevenllm_bench.io.hub_access import dataset_commit, reason_of


def read_hub_ner(
    repository: str,
    revision: str | None = None,
    subset: str | None = None,
    split: str = "test",
    labels: LabelMap | None = None,
) -> NerData:
    """Read a data set of the Hub, or of its local cache: words with tags, or texts with spans (see `ner_files`).

    Args:
        repository: Its id, "owner/name".
        revision: Branch, tag or commit; what is no commit is resolved to one. Default: main.
        subset: Its configuration, where it has several.
        split: Its split.
        labels: The labels' types; None for their names alone.

    Raises:
        DataError: There is no such data set, revision, subset or split; the Hub can't be reached; a row is of neither form
            (its number is named), or see `ner_data`.
    """
    from datasets import load_dataset

    what = f"the data set {repository}" + (f" at {revision}" if revision else "")
    commit = dataset_commit(repository, revision, what)
    try:
        rows = load_dataset(repository, subset, split=split, revision=commit)
        names = _tag_names(rows.features)
    except Exception as problem:  # the Hub's client, its HTTP library, and readers of many kinds
        raise DataError(f"{what} can't be loaded ({reason_of(problem)})") from None
    name = f"{repository}, split {split}"
    return ner_data(_texts(rows, name, names), labels or LabelMap(), name, f"{repository}@{commit}")


def _texts(rows: Any, name: str, tag_names: Sequence[str] | None) -> Iterator[LabelledText]:
    for number in range(len(rows)):
        yield labelled_text(rows[number], f"{name}, row {number + 1}", tag_names)


def _tag_names(features: Any) -> list[str] | None:
    """Names of tags that are numbers; None where the data set has none."""
    for key in TAG_KEYS:
        names = getattr(getattr(features.get(key), "feature", None), "names", None)
        if names:
            return list(names)
    return None
