"""The report of runs: processor time of the command, and milliseconds until its first page is ready in Chromium.

python tests/perf/bench_report.py RUN...

For the figures of the twelve published models: put their answers through `sevenllm-bench eval --model sevenllm-replay` first.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

_TIMES = 5
#: When the document was parsed and its scripts had run, counted from the beginning of loading.
_READY = "() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


def main() -> None:
    """Build, open, print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "report"
        subprocess.run(
            [sys.executable, "-m", "sevenllm_bench.cli.main", "report", *sys.argv[1:], "-o", str(folder)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        print(f"{len(sys.argv) - 1} runs: {used.ru_utime + used.ru_stime:.2f} s of processor time, {size / 1e6:.1f} MB")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            found = []
            for _ in range(_TIMES):
                page = browser.new_page()
                page.goto((folder / "index.html").as_uri())
                found.append(page.evaluate(_READY))
                page.close()
            print(f"ready in {' '.join(f'{ready:.0f}' for ready in found)} ms")
            browser.close()


if __name__ == "__main__":
    main()
