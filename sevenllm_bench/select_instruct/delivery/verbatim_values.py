"""A value as a text writes it, where the two differ in case, white space or Unicode form only."""

from __future__ import annotations

from sevenllm_bench.text.unicode import nfkc


def written_as_in(value: str, text: str) -> str:
    """The first part of `text` that equals `value` but for its writing; `value` itself where there is none."""
    if value in text:
        return value
    wanted = _folded(value)[0].strip()
    folded, places = _folded(text)
    begin = folded.find(wanted) if wanted else -1
    if begin < 0:
        return value
    return text[places[begin] : places[begin + len(wanted) - 1] + 1]


def _folded(text: str) -> tuple[str, list[int]]:
    """Text without differences of writing, and the place that each of its characters has in `text`."""
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for one in nfkc(character).casefold():
            one = " " if one.isspace() else one
            if one != " " or characters[-1:] != [" "]:
                characters.append(one)
                places.append(place)
    return "".join(characters), places
