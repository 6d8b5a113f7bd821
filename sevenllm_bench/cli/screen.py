"""The terminal that a command prints to: how wide it is, colours for verdicts, lines broken between words."""

from __future__ import annotations

import io
import re
import shutil
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sevenllm_bench.io.progress import aside

if TYPE_CHECKING:
    from rich.console import RenderableType

#: How a verdict's first words are coloured, by name of the terminal's own palette.
_TONES = {
    "better": "green",
    "confirmed": "green",
    "ok": "green",
    "worse": "red",
    "differs": "red",
    "FAIL": "red",
    "cannot tell": "yellow",
    "cannot be confirmed": "yellow",
}

#: Words, and the parts of words that are longer than a line: each with what joins it to the next one.
_WORDS = re.compile(r"\S+\s*|\s+")
_PARTS = re.compile(r"[\-_/]*[^\-_/]+[\-_/]*|[\-_/]+")


def screen_width() -> int | None:
    """Columns of the terminal that standard output is (COLUMNS where set); None for a pipe or a file."""
    return max(20, shutil.get_terminal_size().columns) if sys.stdout.isatty() else None


def tone_of(verdict: str) -> str:
    """The colour of a verdict; "" where it has none."""
    return next((tone for words, tone in _TONES.items() if verdict.startswith(words)), "")


def wrapped(text: str, width: int) -> str:
    """Text in lines of at most `width` characters of a terminal, where a Chinese one counts two.

    Broken after spaces, or after the marks that join the parts of a name; in the middle of a word only where it is too long.
    """
    from rich.cells import cell_len, chop_cells

    if cell_len(text) <= width:
        return text
    words = [word if cell_len(word.rstrip()) <= width else _PARTS.findall(word) for word in _WORDS.findall(text)]
    lines = [""]
    for part in (part for word in words for part in ([word] if isinstance(word, str) else word)):
        if cell_len(lines[-1]) + cell_len(part.rstrip()) <= width:
            lines[-1] += part
        else:
            lines += [part] if cell_len(part.rstrip()) <= width else chop_cells(part, width)
    return "\n".join(line.rstrip() for line in lines if line.strip())


def print_drawn(drawn: RenderableType, width: int) -> None:
    """Print what rich draws. Coloured on a terminal only: neither with NO_COLOR nor TERM=dumb, both of which rich knows."""
    from rich.console import Console

    # Into a buffer: rich itself would end the program, with 1, where nobody reads its output any more.
    buffer = io.StringIO()
    console = Console(file=buffer, width=width, force_terminal=sys.stdout.isatty(), highlight=False, emoji=False)
    console.print(drawn)
    print(buffer.getvalue(), end="")


def print_lines(lines: Iterable[str]) -> None:
    """Print sentences; a terminal's width breaks them between words, a pipe gets each as one line."""
    width = screen_width()
    for line in lines:
        if width is None:
            print(line)
        else:
            print(wrapped(line, width))


def print_aside(line: str) -> None:
    """Print a line at once, while a step of the command may be shown."""
    with aside():
        print(line, flush=True)


def print_verdict(verdict: str, rest: str) -> None:
    """Print a line that begins with a verdict, which is coloured on a terminal."""
    width = screen_width()
    if width is None:
        print(f"{verdict}{rest}")
    else:
        from rich.text import Text

        line = Text(wrapped(verdict + rest, width))
        line.stylize(tone_of(verdict), 0, len(verdict))
        print_drawn(line, width)
