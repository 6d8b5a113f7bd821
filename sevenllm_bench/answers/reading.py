"""An answer, read once: what every metric, report and check knows of what a model wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.answers.extraction import Extraction, read_extraction
from sevenllm_bench.answers.final_text import final_text
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
        cut: Whether the answer looks cut off.
        extraction: The JSON value found, for understanding.
        letter: The letter found, for MCQ.
    """

    kind: Kind
    text: str
    how: str
    cut: bool = False
    extraction: Extraction | None = None
    letter: str | None = None

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
    text = final_text(raw)
    is_text = isinstance(raw, str) and bool(raw.strip())
    cut = is_text and raw.rfind("<think>") > raw.rfind("</think>")
    if kind == "understanding":
        extraction = read_extraction(raw, text)
        return Reading(kind, text, extraction.how, cut or (is_text and extraction.reason == "unclosed JSON"), extraction)
    if kind == "mcq":
        letter = read_letter(raw, choices, text)
        return Reading(kind, text, letter or ("unparsed" if text else "empty"), cut, letter=letter)
    return Reading(kind, text, "prose" if text else "empty", cut or (is_text and not text.endswith(_SENTENCE_ENDS)))
