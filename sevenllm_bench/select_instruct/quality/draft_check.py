"""What a check of a draft is."""

from __future__ import annotations

from typing import Protocol

from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft
from sevenllm_bench.select_instruct.settings.build_config import QualitySection
from sevenllm_bench.text.leaf_values import leaf_values


class DraftCheck(Protocol):
    """Looks at one draft for one kind of fault."""

    @property
    def name(self) -> str:
        """Names the check in findings, in files of rejected rows, and in counts."""
        ...

    def problem(self, draft: Draft, settings: QualitySection) -> CheckFinding | None:
        """What is wrong with the draft, None where nothing is; no draft raises."""
        ...


def answer_text(draft: Draft) -> str:
    """The answer as prose: that of an extraction is its values, that of an MCQ its options."""
    if draft.kind == "mcq":
        return "\n".join(draft.choices.values())
    return draft.output if isinstance(draft.output, str) else "\n".join(leaf_values(draft.output))


def shown(text: str, most: int = 80) -> str:
    """A part of a draft as it is quoted in a reason."""
    text = " ".join(text.split())
    return repr(text if len(text) <= most else text[: most - 1] + "…")
