"""What submissions are called in addresses and file names: the same in every build."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence

from sevenllm_bench.pages.leaderboard.entry import Entry

_UNSAFE = re.compile(r"[^a-z0-9_-]+")
_LONGEST = 60


def entry_ids(entries: Sequence[Entry]) -> list[str]:
    """An id for each entry, in their order: its own, or one from its content; alike ones are numbered.

    Args:
        entries: All entries of the leaderboard.
    """
    seen: dict[str, int] = {}
    found = []
    for entry in entries:
        name = _UNSAFE.sub("-", entry.id.casefold()).strip("-")[:_LONGEST] or _of_content(entry)
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return found


def _of_content(entry: Entry) -> str:
    figures = {name: value.mean for name, value in sorted(entry.figures.items())}
    content = json.dumps([entry.name, entry.revision, entry.protocol, entry.moment or entry.date, figures])
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:12]
