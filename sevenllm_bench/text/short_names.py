"""Long names made short so that no two are alike: a shared beginning and the middle give way to "…"."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sevenllm_bench.text.display import pieces

#: Columns that a short name takes at most; a Chinese character takes two.
MOST = 28
#: Fewer would leave no room for what differs.
LEAST = 12
_GAP = "…"
_JOINER, _VARIATION = "\u200d", "\ufe0f"
_SEPARATORS = "/\\-_ :@+"
#: A shared beginning shorter than this stays: "…" would save nothing.
_WORTH_DROPPING = 4
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class _Name:
    """A name as its clusters: what a reader takes for one character, or a stand-in such as ⟨U+202E⟩."""

    clusters: tuple[str, ...]

    @property
    def width(self) -> int:
        return _width(self.clusters)


def short_names(names: Sequence[str], most: int = MOST) -> dict[str, str]:
    """Each name as a page can show it in little room.

    Where all fit, they stay as they are. Otherwise the beginning that all share goes, up to a separator; then the middle, but
    for the part in which a name differs from those that would look like it; what is alike nevertheless gets a number ("~2").
    Clusters of characters stay whole, characters that can't be seen are spelled out.

    Args:
        names: The names; of equal ones, the first counts.
        most: Columns at most, 12 or more: characters, Chinese ones twice.

    Returns:
        Name to short name: no two alike (also after Unicode's NFKC), each one at most `most` characters, the same for the same
        names in the same order.
    """
    most = max(LEAST, most)
    full = {name: _Name(tuple(_clusters(name))) for name in dict.fromkeys(names)}
    rest = _without_shared_beginning(full, most)
    short = {name: _fitted(rest[name], most) for name in full}
    for _ in range(_ROUNDS):
        alike = [group for group in _alike(short) if len(group) > 1]
        for group in alike:
            short |= _apart({name: full[name] for name in group}, most)
        if not alike:
            return short
    return _numbered(short, most)


def _clusters(text: str) -> list[str]:
    """What can be cut between: a character with its marks, joined emoji, a stand-in."""
    found: list[str] = []
    for piece in pieces(" ".join(text.split())):
        if piece.spelled:
            found.append(piece.text)
            continue
        for character in piece.text:
            if found and _goes_on(found[-1], character):
                found[-1] += character
            else:
                found.append(character)
    return found


def _goes_on(before: str, character: str) -> bool:
    """Whether a character belongs to the cluster before it."""
    if before[-1] == _JOINER or character in (_JOINER, _VARIATION) or unicodedata.category(character).startswith("M"):
        return True
    if 0x1F3FB <= ord(character) <= 0x1F3FF:  # skin tones
        return True
    return len(before) == 1 and all(0x1F1E6 <= ord(one) <= 0x1F1FF for one in (before, character))  # the two letters of a flag


def _width(clusters: Sequence[str]) -> int:
    """Columns: each character counts, so that no short name is longer than it is wide."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for cluster in clusters for c in cluster)


def _without_shared_beginning(full: dict[str, _Name], most: int) -> dict[str, _Name]:
    """The names without the beginning that all share, or a part of it that is enough, where one of them is too long."""
    if len(full) < 2 or all(name.width <= most for name in full.values()):
        return full
    shared, first = _shared([name.clusters for name in full.values()]), next(iter(full.values()))
    ends = [place + 1 for place in range(shared) if first.clusters[place] in _SEPARATORS and place + 1 >= _WORTH_DROPPING]
    for end in ends:
        cut = {key: _Name((_GAP, *name.clusters[end:])) for key, name in full.items()}
        if end == ends[-1] or all(name.width <= most for name in cut.values()):
            return cut
    return full


def _shared(names: Sequence[Sequence[str]]) -> int:
    """Clusters that all names begin with."""
    least = min(map(len, names))
    return next((place for place in range(least) if len({name[place] for name in names}) > 1), least)


def _fitted(name: _Name, most: int) -> str:
    """The name with its beginning and its end, where it is too long."""
    if name.width <= most:
        return "".join(name.clusters)
    head = _taken(name.clusters, (most - 1) // 2)
    tail = _taken(name.clusters[::-1], most - 1 - _width(head))[::-1]
    return "".join([*head, *([] if head[-1:] == (_GAP,) else [_GAP]), *tail])


def _taken(clusters: Sequence[str], most: int) -> tuple[str, ...]:
    """As many clusters from the beginning as fit."""
    room = most
    for place, cluster in enumerate(clusters):
        room -= _width([cluster])
        if room < 0:
            return tuple(clusters[:place])
    return tuple(clusters)


def _alike(short: dict[str, str]) -> list[list[str]]:
    """The names by what they look like."""
    groups: dict[str, list[str]] = {}
    for name, shown in short.items():
        groups.setdefault(unicodedata.normalize("NFKC", shown), []).append(name)
    return list(groups.values())


def _apart(group: dict[str, _Name], most: int) -> dict[str, str]:
    """Names that look alike, each by the part in which they differ, with a little of what is before it."""
    clusters = [name.clusters for name in group.values()]
    start = _shared(clusters)
    end = min(_shared([name[::-1] for name in clusters]), min(map(len, clusters)) - start)
    return {key: _around(name.clusters, start, len(name.clusters) - end, most) for key, name in group.items()}


def _around(clusters: tuple[str, ...], start: int, end: int, most: int) -> str:
    """The part from `start` to `end`, as much as fits, with what is around it."""
    room = most - 2
    part = clusters[start:end]
    if _width(part) > room:
        return _GAP + _fitted(_Name(part), most - 1)
    before = _taken(clusters[:start][::-1], (room - _width(part)) // 2)[::-1]
    after = _taken(clusters[end:], room - _width(part) - _width(before))
    left = _GAP if len(before) < start else ""
    right = _GAP if len(after) < len(clusters) - end else ""
    return left + "".join([*before, *part, *after]) + right


def _numbered(short: dict[str, str], most: int) -> dict[str, str]:
    """The names with numbers where they still look alike."""
    taken: set[str] = set()
    found: dict[str, str] = {}
    for name, shown in short.items():
        number, tried = 1, shown
        while unicodedata.normalize("NFKC", tried) in taken:
            number += 1
            end = f"~{number}"
            tried = "".join(_taken(_clusters(shown), most - len(end))) + end
        taken.add(unicodedata.normalize("NFKC", tried))
        found[name] = tried
    return found
