"""The five types of entity, and which keys of extraction references name entities of a type: the published map.

`labels/answer_keys.json` holds the map. The types are those of SecureBERT 2.0's entity model (arXiv 2510.00240). The map
was made from the keys of the official references. The names of the types are keys too: models answer with them. A key is
compared in lower case, with "_" and "-" as blanks and without a plural's "s". Keys that may name entities of several
types, such as "Tool" or "Target", have none, and neither have keys of descriptions.
"""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from typing import Any, Literal, get_args

EntityType = Literal["Indicator", "Malware", "Organization", "System", "Vulnerability"]
ENTITY_TYPES: tuple[EntityType, ...] = get_args(EntityType)

#: Moves when the map does, and with it the official items.
ENTITY_MAP_VERSION = 1

_FILE = files("sevenllm_bench.encoder_tasks") / "labels" / "answer_keys.json"
#: In the file, the keys that say nothing of their own: their values are of the type of the key above.
_OF_THE_KEY_ABOVE = "type of the key above"


def _normal(key: str) -> str:
    words = " ".join(key.casefold().replace("_", " ").replace("-", " ").split())
    return words[:-1] if words.isascii() and words.endswith("s") else words


@functools.cache
def _map() -> dict[str, list[str]]:
    """Types, and "type of the key above", to their keys in normal form."""
    content: dict[str, dict[str, list[str]]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return {name: [_normal(key) for keys in by_language.values() for key in keys] for name, by_language in content.items()}


@functools.cache
def key_types() -> dict[str, EntityType]:
    """The map: a key in its normal form to its type."""
    return {key: kind for kind in ENTITY_TYPES for key in _map()[kind]}


def typed_values(reference: Any) -> list[tuple[str, EntityType]]:
    """The texts in a reference, or in a model's answer, that stand under a key with a type, in order, with that type.

    The nearest key decides; "Name", "Aliases" and such leave it to the key above. Numbers count as their digits: ports.

    Args:
        reference: The JSON value.
    """
    found: list[tuple[str, EntityType]] = []
    stack: list[tuple[Any, EntityType | None]] = [(reference, None)]
    while stack:
        value, kind = stack.pop()
        if isinstance(value, dict):
            stack.extend((item, _type_under(str(key), kind)) for key, item in reversed(value.items()))
        elif isinstance(value, list):
            stack.extend((item, kind) for item in reversed(value))
        elif kind is not None and isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
            found.append((str(value).strip(), kind))
    return found


def _type_under(key: str, above: EntityType | None) -> EntityType | None:
    normal = _normal(key)
    return key_types().get(normal, above if normal in _map()[_OF_THE_KEY_ABOVE] else None)
