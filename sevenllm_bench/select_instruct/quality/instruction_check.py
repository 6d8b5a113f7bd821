"""The instruction asks, in general words of its own: it neither gives the answer nor copies the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rapidfuzz import fuzz

from sevenllm_bench.catalog import TASKS
from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft
from sevenllm_bench.select_instruct.quality.draft_check import shown
from sevenllm_bench.select_instruct.quality.grounded_prose import chinese_own_names, english_own_names
from sevenllm_bench.select_instruct.quality.grounded_values import offers_words
from sevenllm_bench.select_instruct.quality.value_support import folded, folded_words
from sevenllm_bench.select_instruct.settings.build_config import QualitySection
from sevenllm_bench.text.indicators import INDICATOR, refang
from sevenllm_bench.text.leaf_values import leaf_values

#: Share of an answer's values that the instruction may name.
_NAMED = 0.5
#: Letters and digits of a value that say something; of Chinese fewer.
_LATIN, _CHINESE = 4, 3
#: Letters and digits in a row that are copied.
_COPIED = {"en": 70, "zh": 30}
#: Similarity to a definition of the catalogue, in percent.
_DEFINITION = 92


class InstructionCheck:
    """What the instruction says is a question."""

    name = "instruction"

    def problem(self, draft: Draft, settings: QualitySection) -> CheckFinding | None:
        """What the instruction gives away or copies."""
        reason = next(_faults(draft), None)
        return CheckFinding(check=self.name, reason=reason) if reason else None


def _faults(draft: Draft) -> Iterator[str]:
    asked = folded(draft.instruction)
    for task in TASKS:
        for definition in (task.definition, task.definition_zh):
            if fuzz.ratio(asked, folded(definition)) >= _DEFINITION:
                yield "the instruction copies the definition of the task; ask in words of its own"
    if draft.kind == "understanding":
        yield from _named_values(draft)
    if (
        draft.kind == "generation"
        and isinstance(draft.output, str)
        and _longest_copy(draft.instruction, draft.output, draft.language)
    ):
        yield "the instruction holds a part of the answer"
    if draft.kind != "mcq":
        yield from _own_names(draft)
    if draft.kind != "mcq" and _longest_copy(draft.instruction, draft.input, draft.language):
        yield "the instruction repeats a part of the input; ask in general words"


def _own_names(draft: Draft) -> Iterator[str]:
    """Names of the incident: an instruction asks what could be asked of other reports, too."""
    found = chinese_own_names if draft.language == "zh" else english_own_names
    name = next(found(draft.instruction, draft.input), None)
    if name:
        yield f"the instruction names {shown(name)}, which only this text has; ask in general words"


def _named_values(draft: Draft) -> Iterator[str]:
    if offers_words(draft):
        return
    words = f" {folded_words(draft.instruction)} "
    values = [value for value in dict.fromkeys(leaf_values(draft.output)) if folded(value)]
    named = [value for value in values if _is_specific(value) and _holds(words, value)]
    if named and len(named) >= _NAMED * len(values):
        yield f"the instruction already names the answer: {shown(named[0])}"
    for match in INDICATOR.finditer(refang(draft.instruction)):
        if folded(match[0]) in {folded(value) for value in values}:
            yield f"the instruction already names the answer: {shown(match[0])}"


def _is_specific(value: str) -> bool:
    """Whether a value is a name or a figure, no common word."""
    letters = folded(value)
    if re.search(r"[\u3400-\u9fff]", value):
        return len(letters) >= _CHINESE
    return len(letters) >= _LATIN and (value != value.lower() or any(sign.isdigit() for sign in value))


def _holds(words: str, value: str) -> bool:
    wanted = folded_words(value)
    return f" {wanted} " in words or (
        re.search(r"[\u3400-\u9fff]", wanted) is not None and wanted.replace(" ", "") in words.replace(" ", "")
    )


def _longest_copy(asked: str, text: str, language: str) -> bool:
    wanted, known, length = folded(asked), folded(text), _COPIED["zh" if language == "zh" else "en"]
    return any(wanted[place : place + length] in known for place in range(max(0, len(wanted) - length + 1)))
