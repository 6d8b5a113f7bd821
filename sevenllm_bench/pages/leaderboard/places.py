"""Where things lie on the machine that builds the leaderboard; no page and no JSON names it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from sevenllm_bench.pages.leaderboard.entry import Entry


def place_in(path: Path, given: Path) -> str:
    """A file's path from the folder that was given; of a file that was given itself, its name."""
    try:
        inside = path.relative_to(given)
    except ValueError:
        return path.name
    return inside.as_posix() if inside.parts else path.name


def without_places(text: str, places: Iterable[Path]) -> str:
    """A text without these folders: what lies in them keeps its path from there.

    Args:
        text: Any text.
        places: Folders and files of this machine.
    """
    for name in sorted({name for place in places for name in _spellings(place)}, key=len, reverse=True):
        if name in text:
            text = text.replace(name + os.sep, "").replace(name, Path(name).name)
    return text


@lru_cache(256)
def _spellings(place: Path) -> tuple[str, ...]:
    """A place as given, from the root, and without links; "/" and single names are no places to hide."""
    found = (place, place.absolute(), Path(os.path.realpath(place)))
    return tuple(os.fspath(path) for path in found if len(path.parts) > 1)


def here(given: Path) -> tuple[Path, ...]:
    """The folders of this machine that texts may name: what was given, the working folder, the user's own."""
    return (given, given.parent, Path.cwd(), Path.home())


def published(entry: Entry, path: Path, given: Path, places: Sequence[Path]) -> Entry:
    """The entry as it can be published, without folders of this machine.

    Args:
        entry: The entry.
        path: Where its submission lies.
        given: The file or folder that was named for it.
        places: See `here`.
    """
    places = (path.parent, *places)
    return replace(
        entry,
        path=place_in(path, given),
        name=without_places(entry.name, places),
        protocol=without_places(entry.protocol, places),
        command=without_places(entry.command, places),
        notes=without_places(entry.notes, places),
        refused=tuple(without_places(why, places) for why in entry.refused),
    )
