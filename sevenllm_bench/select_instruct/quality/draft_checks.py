"""All checks of a draft, in the order in which they are told and in which they reject."""

from __future__ import annotations

from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft
from sevenllm_bench.select_instruct.quality.check_length import LengthCheck
from sevenllm_bench.select_instruct.quality.draft_check import DraftCheck
from sevenllm_bench.select_instruct.quality.grounding_check import GroundingCheck
from sevenllm_bench.select_instruct.quality.instruction_check import InstructionCheck
from sevenllm_bench.select_instruct.quality.other_task import OtherTaskCheck
from sevenllm_bench.select_instruct.quality.question_check import QuestionCheck
from sevenllm_bench.select_instruct.quality.reply_manners import (
    MetaTalkCheck,
    PlaceholderCheck,
    PromptWordsCheck,
    RefusalCheck,
)
from sevenllm_bench.select_instruct.quality.row_language import LanguageCheck
from sevenllm_bench.select_instruct.quality.row_schema import SchemaCheck
from sevenllm_bench.select_instruct.quality.verbatim_input import VerbatimCheck, with_verbatim_input
from sevenllm_bench.select_instruct.settings.build_config import QualitySection

CHECKS: tuple[DraftCheck, ...] = (
    SchemaCheck(),
    VerbatimCheck(),
    LengthCheck(),
    RefusalCheck(),
    PromptWordsCheck(),
    MetaTalkCheck(),
    PlaceholderCheck(),
    LanguageCheck(),
    OtherTaskCheck(),
    QuestionCheck(),
    InstructionCheck(),
    GroundingCheck(),
)
_BY_NAME = {check.name: check for check in CHECKS}


def check_draft(draft: Draft, settings: QualitySection) -> Draft:
    """The draft with what the checks say of it now.

    Its input becomes the passage of the excerpt as the excerpt writes it, where only white space or Unicode form differs.
    A draft without the form of its kind is looked at no further.

    Returns:
        The draft with new `findings` and `scores`; a sound one has no findings.
    """
    draft = with_verbatim_input(draft)
    findings: list[CheckFinding] = []
    for check in CHECKS:
        found = check.problem(draft, settings)
        if found:
            findings.append(found)
            if check.name == SchemaCheck.name:
                break
    grounding = GroundingCheck()
    schema_holds = not findings or findings[0].check != SchemaCheck.name
    scores = {grounding.name: round(grounding.score(draft, settings), 4)} if schema_holds else {}
    return draft.model_copy(update={"findings": tuple(findings), "scores": scores})


def check_named(name: str) -> DraftCheck:
    """The check of this name.

    Raises:
        KeyError: There is none.
    """
    return _BY_NAME[name]
