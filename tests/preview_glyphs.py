"""Makes the letters of preview pictures again: python tests/preview_glyphs.py (needs Pillow and the DejaVu fonts).

The package draws the pictures without a library for fonts, so that it carries the letters as grey images. The licence of the
DejaVu fonts allows this.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONTS = Path("/usr/share/fonts/truetype/dejavu")
TARGET = Path(__file__).parents[1] / "sevenllm_bench" / "pages" / "charts" / "preview_glyphs.npz"
LETTERS = "".join(map(chr, range(32, 127))) + "·–…×±⟨⟩□"
#: Name, file and height in pixels.
STYLES = (("plain", "DejaVuSans.ttf", 27), ("bold", "DejaVuSans-Bold.ttf", 46))


def sheet(font: ImageFont.FreeTypeFont, height: int) -> tuple[np.ndarray, np.ndarray]:
    """All letters beside each other in 16 shades of grey, and the width of each."""
    widths = np.array([round(font.getlength(letter)) for letter in LETTERS], np.uint8)
    images = []
    for letter, width in zip(LETTERS, widths, strict=True):  # one by one, so that no letter reaches into the next
        image = Image.new("L", (int(width), height))
        ImageDraw.Draw(image).text((0, 0), letter, fill=255, font=font)
        images.append(np.asarray(image))
    return np.concatenate(images, axis=1) // 17 * 17, widths


def main() -> None:
    found = {"letters": np.array(list(map(ord, LETTERS)), np.uint32)}
    for name, file, size in STYLES:
        found[f"{name}_sheet"], found[f"{name}_widths"] = sheet(ImageFont.truetype(FONTS / file, size), round(1.3 * size))
    np.savez_compressed(TARGET, **found)
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
