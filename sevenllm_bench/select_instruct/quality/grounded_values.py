"""Grounding of extraction: every value that the model extracted is in the input."""

# ruff: noqa: E501  (patterns and lists of words are not wrapped)
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from sevenllm_bench.select_instruct.corpus_records import Draft
from sevenllm_bench.select_instruct.quality.value_support import Level, SupportingText
from sevenllm_bench.text.leaf_values import leaf_values

#: Answers to a question that is answered by yes or no.
_YES_NO = frozenset({"true", "false", "yes", "no", "是", "否", "有", "无", "存在", "不存在"})
_CLASSIFICATION = "Cybersecurity Event Classification"
_RELATIONS = "Main Relation Extraction"
#: An instruction that offers words to choose from.
_OFFERS = re.compile(
    r"\b(?:one of|from (?:among |the list|these|the following|\()|choose|select|pick|either|whether|label(?:s|led)?|as (?:low|high|critical)|categor(?:y|ies) )"
    r"|之一|选出|选择|从[“\"（(「]|判断|是否|标签|分为|归为|可选|其中选|取值",
    re.IGNORECASE,
)
_RELATION_KEY = re.compile(r"relation(?:ship)?s?|predicate|verb|link|关系(?:类型|词)?|谓词|谓语|联系|动作", re.IGNORECASE)
_LONGEST_RELATION = 60
#: Keys of a label, where events are classified: its words are the classifier's, as those of a relation are.
_LABEL_KEY = re.compile(
    r"(?:\w+[ _])?(?:types?|categor(?:y|ies)|class(?:es|ification)?|labels?)|[\u4e00-\u9fff]{0,6}(?:类型|类别|分类|标签)",
    re.IGNORECASE,
)


class ValueSupport(NamedTuple):
    """A value, and the level at which the input supports it.

    Attributes:
        value: The leaf value as text.
        level: None where the input doesn't support it; "offered" for a label of the instruction, "free" for what needs no
            support.
    """

    value: str
    level: Level | str | None


def supports(draft: Draft, fuzzy: float) -> list[ValueSupport]:
    """The values of an extraction, and how the input supports each."""
    text = SupportingText(draft.input)
    offered = SupportingText(draft.instruction) if offers_words(draft) else None
    found = []
    for value, free in _values(draft.output, draft.category):
        level: Level | str | None = text.level(value, fuzzy)
        if level is None and value.strip().casefold() in _YES_NO:
            level = "free"
        if level is None and offered and len(value) > 1 and offered.holds(value):
            level = "offered"
        if level is None and free and len(value) <= _LONGEST_RELATION and not text.missing_names(value):
            level = "free"
        found.append(ValueSupport(value, level))
    return found


def offers_words(draft: Draft) -> bool:
    """Whether the instruction gives words to choose from, which are labels and needn't be in the input."""
    return draft.category == _CLASSIFICATION or _OFFERS.search(draft.instruction) is not None


def _values(value: Any, category: str, free: bool = False) -> Iterator[tuple[str, bool]]:
    """Leaf values in order, each with whether it is the word of a relation, or a label."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _values(item, category, _is_free(str(key).strip(), item, category))
    elif isinstance(value, list):
        triple = category == _RELATIONS and len(value) == 3 and all(isinstance(item, str) for item in value)
        for place, item in enumerate(value):
            yield from _values(item, category, (triple and place == 1) or (free and category == _CLASSIFICATION))
    else:
        yield leaf_values(value)[0], free


def _is_free(key: str, item: Any, category: str) -> bool:
    if category == _CLASSIFICATION and _LABEL_KEY.fullmatch(key):
        return not isinstance(item, dict)
    return bool(_RELATION_KEY.fullmatch(key)) and not isinstance(item, dict | list)
