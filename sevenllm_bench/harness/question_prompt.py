"""A prompt that also holds what an encoder reads in its place."""

from __future__ import annotations

from typing import Any


class QuestionPrompt(str):
    """A row's prompt, with its question and incident text as an encoder reads them: without template and examples.

    Attributes:
        question: They.
    """

    question: str

    @classmethod
    def of(cls, prompt: str, question: str) -> QuestionPrompt:
        """A prompt with its question."""
        made = cls(prompt)
        made.question = question
        return made


def encoder_context(context: Any) -> str:
    """What an encoder reads of a request's context: the question where the task gives one, else all."""
    return context.question if isinstance(context, QuestionPrompt) else str(context)
