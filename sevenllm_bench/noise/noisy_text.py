"""Which kind of noise an incident text gets, and the text with it.

One kind for each row and seed. The question and the reference are never changed, and the indicators of the text are the same
after refanging, each as often as before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sevenllm_bench.data.rows import Row
from sevenllm_bench.noise.chance import Chance
from sevenllm_bench.noise.character_noise import defanged, misread, zero_width
from sevenllm_bench.noise.page_noise import cookie_banner, line_ends, page_breaks, watermarks
from sevenllm_bench.noise.text_places import indicators

#: Moves when the same seed gives another text.
STRESS_VERSION = 1
#: The greatest seed.
MOST_SEED = 2**31 - 1

#: The kinds of noise, and what makes a text noisy.
NOISES: dict[str, Callable[[str, str, Chance], str]] = {
    "page-breaks": page_breaks,
    "watermark": watermarks,
    "cookie-banner": cookie_banner,
    "defanging": defanged,
    "ocr": misread,
    "line-ends": line_ends,
    "zero-width": zero_width,
}
#: The kind that most texts can't have.
_RARE = "defanging"
#: Where no kind changes the text.
NO_NOISE = "none"


@dataclass(frozen=True, slots=True)
class NoisyRow:
    """A row whose incident text has noise.

    Attributes:
        row: The row; all but `input` is as it was.
        noise: The kind of noise, one of `NOISES`, or "none" where no kind changes the text.
    """

    row: Row
    noise: str


def noisy_text(text: str, language: str, noise: str, name: str) -> str:
    """A text with one kind of noise.

    Args:
        text: The text.
        language: "en" or "zh".
        noise: One of `NOISES`.
        name: What the choices depend on, beside the kind.

    Returns:
        The text with noise; the text itself where this kind doesn't change it, or would change its indicators.
    """
    found = NOISES[noise](text, language, Chance(f"{STRESS_VERSION}:{name}:{noise}"))
    return found if indicators(found) == indicators(text) else text


def noisy_row(row: Row, seed: int = 0) -> NoisyRow:
    """A row with the noise that the seed gives it: of the kinds that change its text, one by chance.

    Few texts have an indicator that can be defanged; every second one of them is defanged, or the kind would have too few rows.

    Args:
        row: A row with an incident text.
        seed: From 0 to `MOST_SEED`.
    """
    name = f"{seed}:{row.id}"
    chance, left = Chance(f"{STRESS_VERSION}:{name}"), [noise for noise in NOISES if noise != _RARE]
    left = [left.pop(chance.below(len(left))) for _ in range(len(left))]
    for noise in [_RARE, *left] if chance.happens(0.5) else left:
        text = noisy_text(row.input, row.language, noise, name)
        if text != row.input:
            return NoisyRow(replace(row, input=text), noise)
    return NoisyRow(row, NO_NOISE)


def describe_noise(seed: int) -> dict[str, int]:
    """What identifies the noise, for signatures."""
    return {"version": STRESS_VERSION, "seed": seed}
