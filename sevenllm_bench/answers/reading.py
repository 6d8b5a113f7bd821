"""An answer, read once: what every metric, report and check knows of what a model wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.answers.extraction import Extraction, read_extraction
from sevenllm_bench.answers.final_text import read_final_text
from sevenllm_bench.answers.letter import read_letter
from sevenllm_bench.catalog import Kind

#: Readings from which nothing could be scored as intended.
UNREAD = ("text", "empty", "unparsed")

_SENTENCE_ENDS = tuple("}.!?。！？…．;；\"'”’」』)）】]》`*|")


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says.

    Attributes:
        kind: The kind of row that it was read for.
        text: The part that counts, as text; empty without an answer.
        how: How it was read: the `how` of an extraction, a letter or "unparsed", "prose", or "empty".
        cut: Whether the answer, or reasoning before it, looks cut off.
        extraction: The JSON value found, for understanding.
        letter: The letter found, for MCQ.
        is_suspect: Whether the answer looks like reasoning of a form that isn't known, which then counts as the answer.
    """

    kind: Kind
    text: str
    how: str
    cut: bool = False
    extraction: Extraction | None = None
    letter: str | None = None
    is_suspect: bool = False

    @property
    def is_unread(self) -> bool:
        """Whether nothing could be read in the answer."""
        return self.how in UNREAD

    @property
    def values(self) -> list[str]:
        """The leaf values of an extraction; none for other kinds."""
        return self.extraction.values if self.extraction else []


def read_answer(raw: Any, kind: Kind, choices: Mapping[str, str] | None = None) -> Reading:
    """Read an answer. Nothing that a model writes raises.

    Args:
        raw: The model's text, a JSON value parsed already, or None where there is no answer.
        kind: Kind of the row that it answers.
        choices: The texts of an MCQ's options by letter.
    """
    final = read_final_text(raw)
    text, suspect = final.text, final.is_suspect
    is_text = isinstance(raw, str) and bool(raw.strip())
    cut = is_text and final.unclosed
    if kind == "understanding":
        found = read_extraction(raw, text)
        cut = cut or (is_text and found.reason == "unclosed JSON")
        return Reading(kind, text, found.how, cut, found, is_suspect=suspect and not found.is_json)
    if kind == "mcq":
        letter = read_letter(raw, choices, text)
        # Reasoning in plain words that states a letter in the end is read well enough.
        suspect = suspect and (letter is None or not text[0].isalpha())
        return Reading(kind, text, letter or ("unparsed" if text else "empty"), cut, letter=letter, is_suspect=suspect)
    cut = cut or (is_text and not text.endswith(_SENTENCE_ENDS))
    return Reading(kind, text, "prose" if text else "empty", cut, is_suspect=suspect)
