"""Figures on the official data, which the issue and an eye counted; nothing of the data is here."""

from collections import Counter

import pytest
from quality_rows import SOUND_DRAFT

from sevenllm_bench.select_instruct.quality.grounded_values import supports
from sevenllm_bench.select_instruct.quality.poison import find_poison
from sevenllm_bench.text.unicode import nfkc

pytestmark = pytest.mark.data


def test_levels_of_the_references(official_rows) -> None:
    plain, levels, count = Counter[str](), {"en": Counter[str](), "zh": Counter[str]()}, Counter[str]()
    for row in official_rows:
        if row.kind != "understanding":
            continue
        source = nfkc(row.input).casefold()
        fields = {"language": row.language, "category": row.category, "instruction": row.instruction}
        draft = SOUND_DRAFT.model_copy(update={**fields, "input": row.input, "output": row.output})
        for value in supports(draft, 0.9):
            count[row.language] += 1
            plain[row.language] += nfkc(value.value).casefold() in source
            levels[row.language][str(value.level)] += 1
    # Counted in the issue, with NFKC and case folding alone.
    assert (count, plain) == ({"en": 3368, "zh": 3260}, {"en": 1740, "zh": 2301})
    # Whoever changes a level reads the disagreements again; twenty were read by eye.
    strict = {language: found["exact"] + found["normalised"] for language, found in levels.items()}
    assert strict == pytest.approx(plain, rel=0.03)
    assert all(found["fuzzy"] < 0.04 * count[language] for language, found in levels.items())


def test_no_official_input_is_taken_for_poison(official_rows) -> None:
    assert [row.id for row in official_rows if find_poison(row.input)] == []
