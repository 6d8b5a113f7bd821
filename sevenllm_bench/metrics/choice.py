"""Multiple choice: accuracy and the share of answers in which one letter could be found."""

from __future__ import annotations

from collections.abc import Sequence


def acc(letters: Sequence[str | None], references: Sequence[str]) -> list[float]:
    """1 where the letter found in the answer is the reference letter, else 0; an answer without a letter is wrong.

    Args:
        letters: n letters "A".."D", or None where no single letter could be found (see `answers.read_letter`).
        references: n letters.
    """
    return [float(letter == reference) for letter, reference in zip(letters, references, strict=True)]


def answered(letters: Sequence[str | None]) -> list[float]:
    """1 where one letter could be found in the answer, else 0; n letters or None in, n values out."""
    return [float(letter is not None) for letter in letters]
