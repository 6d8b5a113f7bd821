"""A picture of pixels with rectangles, dots and text, as PNG: what previews of links need, without a library for images."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from sevenllm_bench.pages.charts.svg import one_line

if TYPE_CHECKING:
    import numpy as np

Style = Literal["plain", "bold"]
Colour = tuple[int, int, int]
#: Is drawn for a character that there is no letter for, such as a Chinese one.
_UNKNOWN = "□"


@cache
def _letters(style: Style) -> dict[str, np.ndarray[Any, Any]]:
    """Each character's letter, as shares of ink: arrays of [height, width], from 0 to 1."""
    import numpy as np

    with files("sevenllm_bench.pages").joinpath("charts", "preview_glyphs.npz").open("rb") as file, np.load(file) as found:
        sheet, widths = found[f"{style}_sheet"] / 255, found[f"{style}_widths"].astype(int)
        cut = np.split(sheet, np.cumsum(widths)[:-1], axis=1)
        return dict(zip(map(chr, found["letters"].tolist()), cut, strict=True))


def words_width(words: str, style: Style = "plain") -> int:
    """Pixels that a text takes."""
    letters = _letters(style)
    return sum(letters.get(character, letters[_UNKNOWN]).shape[1] for character in words)


class Picture:
    """Pixels to draw on; the corner at the left and top is (0, 0)."""

    def __init__(self, width: int, height: int, paper: Colour = (255, 255, 255)) -> None:
        """Make an empty one."""
        import numpy as np

        self._pixels = np.empty((height, width, 3), np.float64)
        self._pixels[:] = paper

    def bar(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self._pixels[round(top) : round(bottom), round(left) : round(right)] = colour

    def dot(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a circle, with a smooth edge."""
        import numpy as np

        top, left, size = max(0, int(y - radius) - 1), max(0, int(x - radius) - 1), int(2 * radius) + 4
        part = self._pixels[top : top + size, left : left + size]
        rows, columns = np.mgrid[: part.shape[0], : part.shape[1]]
        distance = np.hypot(rows + top - y, columns + left - x)
        part[:] = _mixed(part, np.clip(radius + 0.5 - distance, 0, 1), colour)

    def words(self, x: float, y: float, words: str, colour: Colour, most: int = 10_000, style: Style = "plain") -> None:
        """Write a text on one line.

        Args:
            x: Where it begins.
            y: Its upper end.
            words: Untrusted; characters without a letter are boxes.
            colour: Its colour.
            most: Pixels beyond which it is cut.
            style: "plain" or "bold".
        """
        letters, place = _letters(style), round(x)
        for character in _cut(one_line(words, 200), most, style):
            letter = letters.get(character, letters[_UNKNOWN])
            part = self._pixels[round(y) : round(y) + letter.shape[0], place : place + letter.shape[1]]
            part[:] = _mixed(part, letter[: part.shape[0], : part.shape[1]], colour)
            place += letter.shape[1]

    def png(self) -> bytes:
        """The picture as a PNG file."""
        import numpy as np

        pixels = np.rint(self._pixels).astype(np.uint8)
        height, width, _ = pixels.shape
        lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, 3 * width)], axis=1)
        parts = (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(lines.tobytes(), 6)),
            (b"IEND", b""),
        )
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in parts)


def _cut(words: str, most: int, style: Style) -> str:
    """A text that takes no more than some pixels."""
    if words_width(words, style) <= most:
        return words
    while words and words_width(f"{words}…", style) > most:
        words = words[:-1]
    return f"{words.rstrip()}…"


def _mixed(under: np.ndarray[Any, Any], ink: np.ndarray[Any, Any], colour: Colour) -> np.ndarray[Any, Any]:
    """Pixels with as much of a colour over them."""
    import numpy as np

    share = ink[..., None]
    mixed: np.ndarray[Any, Any] = under * (1 - share) + np.array(colour) * share
    return mixed


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
