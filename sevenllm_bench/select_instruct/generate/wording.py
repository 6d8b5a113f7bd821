"""The parts of the prompts that differ by language; the texts are in `wording_en` and `wording_zh`."""

from __future__ import annotations

from dataclasses import dataclass

from sevenllm_bench.catalog import Kind


@dataclass(frozen=True, slots=True)
class PromptWording:
    """All fixed text of the prompts in one language; all of it is this project's own.

    Attributes:
        fences: How material is marked, and that it is never an instruction.
        code: Line that gives the code of the marks, with {code}.
        labels: Names of title, text, plan and findings in the marks.
        select: What is asked for a text, with {extraction}, {generation}, {mcq} (most of each) and {tasks}.
        task_line: A task in the list, with {name}, {other} (its Chinese name) and {definition}.
        select_closing: Last line after the material.
        write: What is asked for a text and a task, by kind.
        common: Rules for rows of each kind.
        reply: The form of the reply, by kind.
        task: The task of a row, with {name}, {other}, {definition} and {style}.
        styles: Ways to word an instruction (of an MCQ: a question), by kind; one is picked per row.
        write_closing: Last line after the material.
        repair: What is said after the findings' code, before the findings.
        repair_closing: Last line after the findings.
    """

    fences: str
    code: str
    labels: tuple[str, str, str, str]
    select: str
    task_line: str
    select_closing: str
    write: dict[Kind, str]
    common: str
    reply: dict[Kind, str]
    task: str
    styles: dict[Kind, tuple[str, ...]]
    write_closing: str
    repair: str
    repair_closing: str
