"""Lengths of the parts of a row."""

from __future__ import annotations

import json

from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft
from sevenllm_bench.select_instruct.settings.build_config import QualitySection

#: Characters of an instruction, and of a thought.
_INSTRUCTION, _THOUGHT = (4, 1200), (6, 4000)


class LengthCheck:
    """Nothing is too short to say something, or too long to be read."""

    name = "length"

    def problem(self, draft: Draft, settings: QualitySection) -> CheckFinding | None:
        """The first part that is out of its bounds."""
        least = settings.min_answer_characters if draft.kind == "generation" else 0
        prose = draft.output if isinstance(draft.output, str) else json.dumps(draft.output, ensure_ascii=False, default=str)
        for part, text, (low, high) in (
            ("input", draft.input, (settings.min_input_characters, None)),
            ("instruction", draft.instruction, _INSTRUCTION),
            ("thought", draft.thought, _THOUGHT),
            ("output", prose, (least, settings.max_answer_characters)),
        ):
            length = len(text.strip())
            if length < low:
                return self._finding(f"the {part} has {length} characters; at least {low} are wanted", length)
            if high is not None and length > high:
                return self._finding(f"the {part} has {length} characters; at most {high} are allowed", length)
        return None

    def _finding(self, reason: str, length: int) -> CheckFinding:
        return CheckFinding(check=self.name, reason=reason, score=float(length))
