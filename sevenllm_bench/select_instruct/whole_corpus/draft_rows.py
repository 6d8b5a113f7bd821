"""A draft as the typed row that the rest of the package works with."""

from __future__ import annotations

from sevenllm_bench.data.rows import OPENINGS, Row
from sevenllm_bench.select_instruct.corpus_records import Draft

_OPENING = {section: opening for opening, section in OPENINGS.items()}
#: What stands between the opening words and the question, as in the official rows.
_JOIN = {
    ("en", "understanding"): " and return the results in json format: ",
    ("en", "generation"): " and return the result in text format: ",
    ("zh", "understanding"): "，返回json格式结果：",
    ("zh", "generation"): "，返回文本格式结果：",
}


def row_of(draft: Draft, number: int) -> Row:
    """The training row of a draft, with `number` as its id."""
    if draft.kind == "mcq":
        instruction: str | dict[str, object] = {"question": draft.instruction, "choice": dict(sorted(draft.choices.items()))}
    else:
        section = (draft.language, draft.kind)
        instruction = f"{_OPENING[section]}{_JOIN[section]}{draft.instruction}"
    return Row(
        id=number,
        category=draft.category,
        instruction=instruction,
        input=draft.input,
        thought=draft.thought,
        output=draft.output,
        language=draft.language,
        kind=draft.kind,
        source="instruct",
    )
