"""Multiple-choice answers as a list of the options, each ticked or not."""

from __future__ import annotations

import re

_TICKED = r"\[[xX✓✔☑✅]\]|\([xX✓✔]\)|[☑✅✔✓●◉🔘]\ufe0f?|(?i:\b(?:true|yes|correct)\b)|正确|是|对"
_UNTICKED = r"\[\s?\]|\(\s?\)|[☐❌✗✘×○◯⬜⚪□]\ufe0f?|(?i:\b(?:false|no|incorrect|wrong)\b)|错误|不正确|否|错"
_LINE = re.compile(
    rf"[ \t*>\-•]{{0,6}}(?:(?P<before>(?P<tick>{_TICKED})|{_UNTICKED})[ \t]{{0,3}})?"
    rf"[*(]{{0,3}}(?P<letter>[A-D])[*)]{{0,3}}(?![A-Za-z0-9])[.:：、]?[ \t*]{{0,4}}"
    rf"(?:(?P<after>(?P<late_tick>{_TICKED})|{_UNTICKED})[ \t.。]{{0,3}}|[^\n]{{0,500}})"
)


def ticked(text: str) -> list[str]:
    """The letters ticked in a list of the options; none where the answer is no such list, with two marked lines or more."""
    lines = (_LINE.fullmatch(line) for line in text.splitlines()[:100])
    marked = [match for match in lines if match and (match["before"] or match["after"])]
    letters = [match["letter"] for match in marked]
    if len(set(letters)) < 2 or len(set(letters)) < len(letters):
        return []
    return [match["letter"] for match in marked if match["tick"] or match["late_tick"]]
