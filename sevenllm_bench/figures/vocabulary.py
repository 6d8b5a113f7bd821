"""What languages, kinds, sections and tasks are called in words, the same on pages, in tables and in JSON."""

from __future__ import annotations

from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask

LANGUAGE_NAMES = {"en": "English", "zh": "Chinese"}
KIND_NAMES = {"understanding": "understanding", "generation": "generation", "mcq": "multiple choice"}


def section_name(section: str) -> str:
    """A section in words: "en_mcq" is "English, multiple choice"."""
    language, _, kind = section.partition("_")
    return f"{LANGUAGE_NAMES.get(language, language)}, {KIND_NAMES.get(kind, kind)}"


def task_title(task: EncoderTask) -> str:
    """An encoder task in words: "Answer ranking, English"."""
    words = task.kind.replace("-", " ").capitalize()
    return f"{words}, {LANGUAGE_NAMES[task.language]}" if task.language else words
