"""Which rows a model is trained on: without repeated questions, some incidents held out, a sample, groups balanced.

Every choice is made by a keyed hash of a row's id or text, never by its place or a shuffle: it is the same in another order
of rows, in another process, and mostly with other rows beside it.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

from sevenllm_bench.corpus.conversation import Conversation
from sevenllm_bench.corpus.near_duplicates import near_groups
from sevenllm_bench.corpus.normalisation import normalised, normalised_question
from sevenllm_bench.data.rows import Row

#: Begins the second part of the cell of a general example; the name of its source follows.
GENERAL = "general "

_Record = TypeVar("_Record", Row, Conversation, Row | Conversation)


def cell_of(row: Row | Conversation) -> str:
    """Language and task of a row, as losses are reported by: "en/Threat Analysis", "zh/mcq", or "en/general NAME"."""
    if isinstance(row, Conversation):
        return f"{row.language}/{GENERAL}{row.source}"
    return f"{row.language}/{'mcq' if row.kind == 'mcq' else row.category}"


def counts_by_cell(rows: Iterable[Row | Conversation]) -> dict[str, int]:
    """Rows in each cell, cells in alphabetical order."""
    return dict(sorted(Counter(map(cell_of, rows)).items()))


# --- duplicates ------------------------------------------------------------------------------------------------------


def deduplicate(rows: Iterable[_Record]) -> tuple[list[_Record], list[tuple[int, int]]]:
    """Drop every row that asks what an earlier one asked about the same incident text, whatever its answer.

    Of a conversation, the user's first turn is what is asked, and all up to the last answer the text.

    Returns:
        The rows kept, in order, and (id, id of the first such row) of each row dropped. Case, punctuation and spaces make
        no difference.
    """
    first: dict[bytes, int] = {}
    kept, dropped = [], []
    for row in rows:
        key = asked_digest(row)
        if key in first:
            dropped.append((row.id, first[key]))
        else:
            first[key] = row.id
            kept.append(row)
    return kept, dropped


def asked_digest(row: Row | Conversation) -> bytes:
    """A hash of what a row asks and of its text in the normal form, by which `deduplicate` tells repeated rows."""
    return _digest(_asked(row))


def _asked(row: Row | Conversation) -> str:
    if isinstance(row, Row):
        return f"{normalised_question(row) or row.instruction}\0{normalised(row.input) or row.input}"
    first, *rest = (turn.text for turn in row.turns[:-1] if turn.role != "system")
    text = "\n".join(rest)
    return f"{normalised(first) or first}\0{normalised(text) or text}"


# --- held-out rows ---------------------------------------------------------------------------------------------------


def split_held_out(
    rows: Sequence[_Record], share: float, seed: int, always: Collection[int] = ()
) -> tuple[list[_Record], list[_Record]]:
    """Hold incidents out, with all rows that ask about them.

    Incident texts that nearly equal one another (see `near_groups`) are one incident; rows without a text are told apart by
    what they ask, conversations by what the user says. About `share` of the incidents is held out: those whose hash is that
    low. Each language, and each general source, has at least one on either side, where it has two and `share` makes at least
    one of them. Further rows move no incident but one whose group they join, or the one that stands for its language.

    Args:
        rows: The rows.
        share: Share of incidents to hold out, in [0, 1); 0 holds none out.
        seed: Another seed holds out others.
        always: Ids of rows that are there for the held-out loss alone. One that is trained on too, or nearly, is on neither
            side.

    Returns:
        Training rows and held-out rows, each in the order of `rows`.
    """
    if share <= 0 and not always:
        return list(rows), []
    incidents = incidents_of(rows)
    held = _held(rows, incidents, share, seed, always)
    trained = {incident for row, incident in zip(rows, incidents, strict=True) if row.id not in always} - held
    sides: tuple[list[_Record], list[_Record]] = ([], [])
    for row, incident in zip(rows, incidents, strict=True):
        if row.id not in always:
            sides[incident in held].append(row)
        elif incident not in trained:
            sides[1].append(row)
    return sides


def _held(
    rows: Sequence[Row | Conversation], incidents: Sequence[str], share: float, seed: int, always: Collection[int]
) -> set[str]:
    """The incidents that are held out of those with a row to train on."""
    if share <= 0:
        return set()
    groups: dict[str, set[str]] = defaultdict(set)
    for row, incident in zip(rows, incidents, strict=True):
        if row.id not in always:
            groups[row.language if isinstance(row, Row) else GENERAL + row.source].add(incident)
    levels = {incident: _uniform("held out", seed, incident) for incident in incidents}
    held = {incident for group in groups.values() for incident in group if levels[incident] < share}
    for group in sorted(groups):
        ordered = sorted(groups[group], key=lambda incident: (levels[incident], incident))
        if len(ordered) >= 2 and len(ordered) * share >= 1:
            held.add(ordered[0])
        if held.issuperset(ordered):
            held.remove(ordered[-1])
    return held


def incidents_of(rows: Sequence[Row | Conversation]) -> list[str]:
    """A name for the incident of each row: the digest of one text of its group, the same one in any order of rows."""
    names = [_incident_text(row) for row in rows]
    texts = sorted(set(names), key=lambda text: (_digest(text), text))
    leaders = near_groups(texts)
    incident = {text: _digest(texts[leader]).hex() for text, leader in zip(texts, leaders, strict=True)}
    return [incident[name] for name in names]


def _incident_text(row: Row | Conversation) -> str:
    if isinstance(row, Row):
        return normalised(row.input) or normalised_question(row)
    return normalised("\n".join(turn.text for turn in row.turns if turn.role == "user"))


# --- samples and balance ---------------------------------------------------------------------------------------------


def sample(rows: Sequence[_Record], count: int, seed: int) -> list[_Record]:
    """At most `count` of the rows, in their order; a smaller sample is part of a larger one. Ids should be distinct."""
    chosen = set(_ranked(rows, "sample", seed)[: max(count, 0)])
    return [row for place, row in enumerate(rows) if place in chosen]


def balance(rows: Sequence[Row], language_temperature: float, task_temperature: float, seed: int) -> list[Row]:
    """As many rows, in other proportions: groups of n rows get shares p ~ n^(1/T) (temperature sampling).

    Languages first, then cells (tasks, MCQ) within each language. A cell that grows has each row equally often, or once
    more; one that shrinks is sampled. T = 1 keeps proportions, larger values draw them together, infinity makes groups
    equal; below 1 they are driven apart. A small group may vanish then, and a small cell of a language that shrinks.

    Args:
        rows: The rows, with distinct ids.
        language_temperature: T over languages, above 0.
        task_temperature: T over cells within a language, above 0.
        seed: Says which rows come once more, or stay.

    Returns:
        The rows in their order, as often as all come; then again those that come a second time, and so on.
    """
    cells = _places(rows, cell_of)
    languages = _places(rows, lambda row: row.language)
    times = [0] * len(rows)
    for language, total in _shares(_sizes(languages), language_temperature, len(rows)).items():
        own = {cell: places for cell, places in cells.items() if cell.startswith(f"{language}/")}
        for cell, size in _shares(_sizes(own), task_temperature, total).items():
            each, more = divmod(size, len(own[cell]))
            for rank, place in enumerate(_ranked([rows[place] for place in own[cell]], "balance", seed)):
                times[own[cell][place]] = each + (rank < more)
    return [row for turn in range(max(times, default=0)) for row, often in zip(rows, times, strict=True) if often > turn]


def _places(rows: Sequence[Row], group_of: Callable[[Row], str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        groups[group_of(row)].append(place)
    return groups


def _sizes(groups: Mapping[str, Sequence[int]]) -> dict[str, int]:
    return {name: len(groups[name]) for name in sorted(groups)}


def _shares(sizes: Mapping[str, int], temperature: float, total: int) -> dict[str, int]:
    """`total` divided among groups as n^(1/T), whole numbers by the largest remainders (of equals the first by name)."""
    largest = max(sizes.values(), default=1)
    exact = temperature == 1
    weights = {name: Fraction(size) if exact else Fraction((size / largest) ** (1 / temperature)) for name, size in sizes.items()}
    quotas = {name: total * weight / sum(weights.values()) for name, weight in weights.items()}
    shares = {name: math.floor(quota) for name, quota in quotas.items()}
    by_remainder = sorted(quotas, key=lambda name: (shares[name] - quotas[name], name))
    for name in by_remainder[: total - sum(shares.values())]:
        shares[name] += 1
    return shares


def _ranked(rows: Sequence[Row | Conversation], purpose: str, seed: int) -> list[int]:
    """Places of the rows in the order of a keyed hash of their ids."""
    return ranked([row.id for row in rows], purpose, seed)


def ranked(ids: Sequence[int], purpose: str, seed: int) -> list[int]:
    """Places of some ids in the order of a keyed hash of them."""
    return sorted(range(len(ids)), key=lambda place: (_digest(f"{purpose}\0{seed}\0{ids[place]}"), place))


def _uniform(purpose: str, seed: int, name: str) -> float:
    """A number in [0, 1) that a name and a seed decide."""
    return int.from_bytes(_digest(f"{purpose}\0{seed}\0{name}")[:6]) / 2**48


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
