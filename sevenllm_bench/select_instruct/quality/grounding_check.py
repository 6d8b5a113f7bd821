"""The answer says nothing that the input doesn't: values of an extraction, facts in prose, the right option of a question."""

from __future__ import annotations

import re

from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft
from sevenllm_bench.select_instruct.quality.draft_check import shown
from sevenllm_bench.select_instruct.quality.grounded_prose import unsupported
from sevenllm_bench.select_instruct.quality.grounded_values import supports
from sevenllm_bench.select_instruct.quality.value_support import SupportingText, folded_words
from sevenllm_bench.select_instruct.settings.build_config import QualitySection

#: Words of the right option that must be words of the input, as a share: options are often told in other words.
_OPTION = 0.1
_SHOWN = 5
_CONTENT = re.compile(r"[a-z]{4,}")


class GroundingCheck:
    """Share of what the answer states that the input supports."""

    name = "grounding"

    def problem(self, draft: Draft, settings: QualitySection) -> CheckFinding | None:
        """What the input doesn't support, where the share is below what is wanted."""
        if draft.kind == "understanding":
            return self._of_values(draft, settings)
        stated = draft.choices.get(str(draft.output), "") if draft.kind == "mcq" else str(draft.output)
        missing = list(dict.fromkeys((*unsupported(draft, stated), *_of_thought(draft))))
        if missing:
            named = ", ".join(f"{what} {shown(words, 60)}" for what, words in missing[:_SHOWN])
            return CheckFinding(check=self.name, reason=f"the input doesn't have: {named}", score=0.0)
        return self._of_option(draft, stated) if draft.kind == "mcq" else None

    def score(self, draft: Draft, settings: QualitySection) -> float:
        """Share of an extraction's values that the input supports; 1 for prose without a finding."""
        if draft.kind != "understanding":
            return 1.0
        found = supports(draft, settings.fuzzy)
        return sum(value.level is not None for value in found) / max(1, len(found))

    def _of_values(self, draft: Draft, settings: QualitySection) -> CheckFinding | None:
        found = supports(draft, settings.fuzzy)
        missing = [value.value for value in found if value.level is None]
        share = (len(found) - len(missing)) / max(1, len(found))
        if not missing or share >= settings.grounding:
            wrong = list(dict.fromkeys(_of_thought(draft)))
            if not wrong:
                return None
            named = ", ".join(f"{what} {shown(words, 60)}" for what, words in wrong[:_SHOWN])
            return CheckFinding(check=self.name, reason=f"the thought names what the input doesn't have: {named}", score=share)
        named = ", ".join(shown(value, 60) for value in missing[:_SHOWN])
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        return CheckFinding(
            check=self.name, reason=f"these values do not occur in the input: {named}{more}", score=round(share, 4)
        )

    def _of_option(self, draft: Draft, option: str) -> CheckFinding | None:
        text = SupportingText(draft.input)
        if text.holds(option):
            return None
        share = _shared_words(folded_words(option), text)
        if share >= _OPTION:
            return None
        return CheckFinding(
            check=self.name, reason=f"the input doesn't support the right option {shown(option)}", score=round(share, 4)
        )


def _of_thought(draft: Draft) -> list[tuple[str, str]]:
    """Indicators and identifiers of the thought that the input lacks; its names and numbers are its own affair."""
    kinds = {"vulnerability", "ATT&CK identifier", "indicator"}
    options = "\n".join(draft.choices.values())  # a thought on a question says why they are wrong
    return [found for found in unsupported(draft, draft.thought, options) if found[0] in kinds]


def _shared_words(option: str, text: SupportingText) -> float:
    """Share of the words (of Chinese: of the pairs of characters) of an option that the input has, by their first letters."""
    pairs = [run[place : place + 2] for run in re.findall(r"[\u3400-\u9fff]+", option) for place in range(len(run) - 1)]
    stems = [word[:5] for word in _CONTENT.findall(option)] + pairs
    if not stems:
        return 1.0
    return sum(
        (f" {stem}" in text.words if stem.isascii() else stem in text.letters) or stem in text.words for stem in stems
    ) / len(stems)
