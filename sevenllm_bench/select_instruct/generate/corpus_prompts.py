"""The prompts of a corpus build: what is asked in each language, named, versioned and hashed like the benchmark's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.catalog import TASKS, Kind, Language, Task, task_by_name
from sevenllm_bench.judge.quoting import fenced, prepared, request_code
from sevenllm_bench.judge.rubric import shape_sha256
from sevenllm_bench.select_instruct.corpus_records import TaskChoice
from sevenllm_bench.select_instruct.generate.reply_schemas import SELECT_FORMAT, WRITE_FORMATS
from sevenllm_bench.select_instruct.generate.wording import PromptWording
from sevenllm_bench.select_instruct.generate.wording_en import ENGLISH
from sevenllm_bench.select_instruct.generate.wording_zh import CHINESE

WORDINGS: dict[Language, PromptWording] = {"en": ENGLISH, "zh": CHINESE}

#: Moves when the wording of a prompt does; a test holds the hashes.
SELECT_VERSION, WRITE_VERSION, REPAIR_VERSION = 2, 2, 2

Message = dict[str, str]


@dataclass(frozen=True, slots=True)
class CorpusPrompt:
    """What identifies a prompt.

    Attributes:
        name: "select-en", "instruct-mcq-zh", "repair-en" and the like.
        version: Moves with the wording.
        sha256: First 12 hex digits of the hash over all its fixed text, the form of its reply, and how texts are quoted.
    """

    name: str
    version: int
    sha256: str

    @property
    def label(self) -> str:
        """Name and version, as records have them."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt with its material.

    Attributes:
        messages: A system message, the same for all texts of a language, and a user message.
        code: The code that the reply must give.
        text: The text as the model sees it.
    """

    messages: list[Message]
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Material:
    """What is quoted in a prompt.

    Attributes:
        language: Of the text.
        title: Its title; left out when empty.
        text: The excerpt.
    """

    language: Language
    title: str
    text: str


def select_prompt(language: Language) -> CorpusPrompt:
    """The prompt that asks which tasks fit."""
    wording = WORDINGS[language]
    parts = (SELECT_VERSION, _select_system(wording, language, (4, 3, 1)), _frame(wording), wording.select_closing, SELECT_FORMAT)
    return CorpusPrompt(f"select-{language}", SELECT_VERSION, shape_sha256(*parts))


def write_prompt(kind: Kind, language: Language) -> CorpusPrompt:
    """The prompt that asks for a row of a kind."""
    wording = WORDINGS[language]
    tasks = [_task_text(wording, language, task, style) for task in TASKS for style in wording.styles[kind]]
    parts = (WRITE_VERSION, _write_system(wording, kind), tasks, _frame(wording), wording.write_closing, WRITE_FORMATS[kind])
    return CorpusPrompt(f"instruct-{kind}-{language}", WRITE_VERSION, shape_sha256(*parts))


def repair_prompt(kind: Kind, language: Language) -> CorpusPrompt:
    """The prompt that tells what was found in a row, with the conversation before it."""
    wording = WORDINGS[language]
    parts = (REPAIR_VERSION, write_prompt(kind, language).sha256, wording.repair, wording.repair_closing)
    return CorpusPrompt(f"repair-{kind}-{language}", REPAIR_VERSION, shape_sha256(*parts))


def ask_for_tasks(material: Material, most: tuple[int, int, int]) -> Asked:
    """The question which tasks fit a text.

    Args:
        material: The text.
        most: Most tasks of extraction, of generation, and for MCQs.
    """
    wording = WORDINGS[material.language]
    system = _select_system(wording, material.language, most)
    return _asked(wording, system, material, "", wording.select_closing)


def ask_for_row(material: Material, choice: TaskChoice, style: int) -> Asked:
    """The question for one row.

    Args:
        material: The text.
        choice: The task, and the thought on it as the plan.
        style: Which way to word the instruction; any whole number.
    """
    wording = WORDINGS[material.language]
    task = task_by_name(choice.task)
    assert task, choice.task
    styles = wording.styles[choice.kind]
    head = _task_text(wording, material.language, task, styles[style % len(styles)])
    return _asked(wording, _write_system(wording, choice.kind), material, head, wording.write_closing, choice.thought)


def tell_findings(asked: Asked, reply: str, reasons: Sequence[str], language: Language) -> list[Message]:
    """The conversation that goes on from `asked` and the reply to it, with what was found in it."""
    wording = WORDINGS[language]
    found = prepared("\n".join(f"- {reason}" for reason in reasons), language)
    user = "\n\n".join((wording.repair, fenced(wording.labels[3], found, asked.code), wording.repair_closing))
    return [*asked.messages, {"role": "assistant", "content": reply}, {"role": "user", "content": user}]


def _asked(wording: PromptWording, system: str, material: Material, head: str, closing: str, plan: str = "") -> Asked:
    title, text, plan = (prepared(part, material.language) for part in (material.title, material.text, plan))
    code = request_code(0, [text], [title, text, plan])
    parts = zip(wording.labels, (title, text, plan), strict=False)
    quoted = [fenced(label, part, code) for label, part in parts if part]
    user = "\n\n".join(part for part in (wording.code.format(code=code), head, *quoted, closing) if part)
    return Asked([{"role": "system", "content": system}, {"role": "user", "content": user}], code, text)


def _select_system(wording: PromptWording, language: Language, most: tuple[int, int, int]) -> str:
    tasks = "\n".join(_in(wording.task_line, task, language) for task in TASKS)
    extraction, generation, mcq = most
    asked = wording.select.format(extraction=extraction, generation=generation, mcq=mcq, tasks=tasks)
    return f"{asked}\n\n{wording.fences}"


def _write_system(wording: PromptWording, kind: Kind) -> str:
    return "\n\n".join((wording.write[kind], wording.common, wording.reply[kind], wording.fences))


def _task_text(wording: PromptWording, language: Language, task: Task, style: str) -> str:
    return _in(wording.task, task, language, style)


def _in(template: str, task: Task, language: Language, style: str = "") -> str:
    definition = task.definition if language == "en" else task.definition_zh
    return template.format(name=task.name, other=task.name_zh, definition=definition, style=style)


def _frame(wording: PromptWording) -> list[Any]:
    return [wording.code, wording.labels]
