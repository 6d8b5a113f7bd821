"""A leaderboard of many synthetic submissions: processor time to build it, milliseconds to sort it by each column in Chromium.

python tests/perf/bench_leaderboard.py [SUBMISSIONS]
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from leaderboard_files import write_many
from playwright.sync_api import sync_playwright

from sevenllm_bench.cli.collection import without_collection
from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.model_metadata import read_facts

#: Milliseconds for each header of the table, the layout included.
SORT_BY_EACH = """() => [...document.querySelectorAll("#t-models thead button")].map((button) => {
    const start = performance.now();
    button.click();
    document.body.offsetHeight;
    return performance.now() - start;
})"""


def main() -> None:
    """Build, open, sort; print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        facts = folder / "models.yaml"
        facts.write_text(json.dumps(write_many(folder / "in", count)), encoding="utf-8")
        start = time.process_time()
        with without_collection():  # as the command does
            built = build_leaderboard([folder / "in"], folder / "out", read_facts(facts))
        wanted = f"wanted: {count / 300:.1f}, on an idle machine"
        print(f"{built.entries:,} submissions built in {time.process_time() - start:.2f} s of processor time ({wanted})")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page()
            page.goto(built.index.as_uri())
            sorts = page.evaluate(SORT_BY_EACH)
            print(f"sorted by each of {len(sorts)} columns in {min(sorts):.0f} to {max(sorts):.0f} ms (wanted: 200)")
            page.locator("#models").get_by_role("button", name="Show all").click()
            print(f"sorted with every row shown in {page.evaluate(SORT_BY_EACH)[0]:.0f} ms")
            browser.close()


if __name__ == "__main__":
    main()
