"""An item as the document of a samples file, and back; its content is JSON text, since Arrow needs one type per column."""

from __future__ import annotations

import json
from typing import Any

from sevenllm_bench.encoder_tasks.encoder_task import Item
from sevenllm_bench.errors import DataError

#: Whose rows items are made of: the benchmark's, this project's own, or what was written for the task, or a user's file.
ITEM_SOURCES = ("official", "embedded", "own", "file")
_KEYS = ("id", "group", "source", "document")


def to_item_document(item: Item) -> dict[str, Any]:
    """The document of an item."""
    return {
        "id": item.id,
        "group": item.group,
        "source": item.source,
        "document": json.dumps(dict(item.document), ensure_ascii=False),
    }


def from_item_document(document: Any, where: str) -> Item:
    """The item of a document that `to_item_document` made.

    Args:
        document: The `doc` of a sample.
        where: Place of the sample, for the error.

    Raises:
        DataError: It is none.
    """
    if not isinstance(document, dict) or any(key not in document for key in _KEYS):
        raise DataError(f"{where}: no item of an encoder task (a doc with {', '.join(_KEYS)})")
    number, group, source = document["id"], document["group"], document["source"]
    if isinstance(number, bool) or not isinstance(number, int) or not isinstance(group, str) or source not in ITEM_SOURCES:
        raise DataError(f"{where}: id, group or source of an item is of the wrong type or unknown")
    try:
        content = json.loads(document["document"])
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(f"{where}: the document of item {number} is broken JSON ({error})") from None
    if not isinstance(content, dict):
        raise DataError(f"{where}: the document of item {number} is no object")
    return Item(number, group, source, content)
