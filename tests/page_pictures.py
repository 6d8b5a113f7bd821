"""Makes the pictures of docs/report.md again: python tests/page_pictures.py (needs chromium and a font with Chinese).

The picture of the README is one of the demo's report: python tests/page_pictures.py --demo demo-output/report

The answers are the embedded rows' references, corrupted more or less; the submissions are invented. No official row is shown.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from leaderboard_files import SECTIONS, manifest_of, write_bundle, write_many
from playwright.sync_api import sync_playwright

from sevenllm_bench.cli.main import main
from sevenllm_bench.data.embedded import embedded_split

IMAGES = Path(__file__).parents[1] / "docs" / "images"
MOST_BYTES = 300_000


def corrupted(value: Any, share: float, chance: random.Random) -> Any:
    """A reference with about `share` of its values changed, words dropped, letters guessed."""
    if isinstance(value, dict):
        return {key: corrupted(item, share, chance) for key, item in value.items()}
    if isinstance(value, list):
        return [corrupted(item, share, chance) for item in value]
    text = str(value)
    if len(text) == 1:
        return chance.choice("ABCD") if chance.random() < share else text
    if " " not in text:
        return text[: max(1, round(len(text) * (1 - share)))] if chance.random() < 2 * share else text
    return " ".join(word for word in text.split() if chance.random() > share / 2) or text


def write_answers(file: Path, share: float) -> None:
    chance = random.Random(share)
    lines = []
    for row in embedded_split("test"):
        answer = corrupted(row.output, share, chance)
        if chance.random() < share / 8:
            answer = "I can't answer this without the full report."
        lines.append(json.dumps({"id": row.id, "output": answer}, ensure_ascii=False))
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def build(folder: Path) -> None:
    """A report of three invented models, and a leaderboard of two hundred."""
    shares = {"careful-8b": 0.15, "hasty-8b": 0.3, "careless-1b": 0.5}
    for name, share in shares.items():
        write_answers(folder / f"{name}.jsonl", share)
    files = [str(folder / f"{name}.jsonl") for name in shares]
    assert main(["report", *files, "--dataset", "embedded", "-o", str(folder / "report")]) == 0
    facts = write_many(folder / "submissions", 200)
    encoder = manifest_of("lab/cti-encoder", {})
    encoder["figures"] = [
        {"id": f"sevenllm-{x}-mcq-logprob.acc", "value": 0.62, "rows": 50, "stderr": (0.62 * 0.38 / 49) ** 0.5}
        for x in ("en", "zh")
    ]
    write_bundle(folder / "submissions" / "encoder", encoder)
    write_bundle(folder / "submissions" / "earlier", manifest_of(next(iter(facts)), dict.fromkeys(SECTIONS, 0.3), "2025-11-02"))
    (folder / "models.yaml").write_text(json.dumps(facts))
    words = ["leaderboard", "build", str(folder / "submissions"), "--models", str(folder / "models.yaml")]
    assert main([*words, "-o", str(folder / "leaderboard")]) == 0


_OPEN = "document.querySelector('#t-rows a').click()"
_COMPARISON = (
    "for (const box of [...document.querySelectorAll('#t-models .pick')].slice(0, 2)) box.click(); "
    "document.getElementById('tray-go').click()"
)
#: Name of the picture, page, what to do before it is taken, width, height, colour scheme.
SHOTS = (
    ("report-headline", "report/index.html", "", 1200, 760, "light"),
    ("report-map", "report/index.html", "document.getElementById('map').scrollIntoView()", 1200, 860, "light"),
    ("report-row", "report/tasks/sevenllm_zh_malware_feature_extraction.html", _OPEN, 1200, 960, "light"),
    ("leaderboard", "leaderboard/index.html", "", 1280, 800, "light"),
    ("leaderboard-compare", "leaderboard/index.html", _COMPARISON, 1200, 800, "light"),
)  # fmt: skip
#: The same for the report of `make demo`.
DEMO_SHOTS = (("demo-report", "index.html", "", 1200, 760, "light"),)


def take(folder: Path, shots: Sequence[tuple[Any, ...]]) -> None:
    """The pictures, each below the size that the repository takes."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, page_name, action, width, height, scheme in shots:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            page.goto(f"file://{folder}/{page_name}")
            page.wait_for_timeout(1_500)
            page.evaluate(action or "0")
            page.wait_for_timeout(1_500)
            page.screenshot(path=IMAGES / f"{name}.png")
            page.close()
            size = (IMAGES / f"{name}.png").stat().st_size
            print(f"{name}.png: {size:,} bytes")
            if size > MOST_BYTES:
                sys.exit(f"{name}.png is too large")
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Makes the pictures of the docs.")
    parser.add_argument("--demo", type=Path, metavar="DIR", help="only the picture of the report that `make demo` wrote there")
    demo = parser.parse_args().demo
    IMAGES.mkdir(parents=True, exist_ok=True)
    if demo:
        take(demo.resolve(), DEMO_SHOTS)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            build(Path(temporary))
            take(Path(temporary), SHOTS)
