"""Tables and texts in Markdown that no name or note from elsewhere can break."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sevenllm_bench.text.display import plain

#: What would end a code span or a table's cell, spelled out as other characters that can't be shown are.
_SPELLED = str.maketrans({"`": "⟨U+0060⟩", "|": "⟨U+007C⟩"})


def code(text: str, most: int = 80) -> str:
    """A text from elsewhere as a code span: nothing in it is markup, a link, or the end of a cell; "-" for an empty one."""
    shown = plain(text, most).translate(_SPELLED)
    return f"`{shown}`" if shown else "-"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """A table; the first `texts` columns are aligned to the left, the others, figures, to the right."""
    rule = ["---"] * texts + ["--:"] * (len(columns) - texts)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows))
