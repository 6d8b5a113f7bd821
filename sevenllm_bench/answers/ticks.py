"""Multiple-choice answers as a list of the options, each ticked or not."""

from __future__ import annotations

import re

_TICKED = r"\[[xX✓✔☑✅]\]|\([xX✓✔]\)|[☑✅✔✓●◉🔘]\ufe0f?|(?i:\b(?:true|yes|correct)\b)|正确|是|对"
_UNTICKED = r"\[\s?\]|\(\s?\)|[☐❌✗✘×○◯⬜⚪□]\ufe0f?|(?i:\b(?:false|no|incorrect|wrong)\b)|错误|不正确|否|错"
#: A mark that follows the option's text: signs as they are, words after a dash, a colon or an opening bracket.
_LATE = (
    r"[^\n]{0,500}?[ \t*]+(?:(?P<sign>[✓✔☑✅])|[❌✗✘])\ufe0f?"
    r"|[^\n]{0,500}?(?:[ \t][-–—][ \t]|[:：][ \t]?|[ \t]?[(（])[ \t*]{0,3}"
    r"(?:(?P<word>(?i:correct|true|yes|right)|正确|对)|(?i:incorrect|false|no|not correct|wrong)|错误|不正确|错)[*]{0,3}[)）]?"
)
_LINE = re.compile(
    rf"[ \t*>\-•]{{0,6}}(?:(?P<before>(?P<tick>{_TICKED})|{_UNTICKED})[ \t]{{0,3}})?"
    rf"[*(]{{0,3}}(?P<letter>[A-D])[*)]{{0,3}}(?![A-Za-z0-9])[.:：、]?[ \t*]{{0,4}}"
    rf"(?:(?P<after>(?:[-–—][ \t])?(?:(?P<late_tick>{_TICKED})|{_UNTICKED})|{_LATE})[ \t.。*]{{0,3}}|[^\n]{{0,500}})"
)
_TICKS = ("tick", "late_tick", "sign", "word")


def ticked(text: str) -> list[str]:
    """The letters ticked in a list of the options; none where the answer is no such list, with two marked lines or more."""
    lines = (_LINE.fullmatch(line) for line in text.splitlines()[:100])
    marked = [match for match in lines if match and (match["before"] or match["after"])]
    letters = [match["letter"] for match in marked]
    if len(set(letters)) < 2 or len(set(letters)) < len(letters):
        return []
    return [match["letter"] for match in marked if any(match[name] for name in _TICKS)]
