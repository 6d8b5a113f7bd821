"""100 changed inputs and command lines; `tests/perf/fuzz.py` runs 5,000."""

import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parent / "perf" / "fuzz.py"


@pytest.mark.slow
def test_no_traceback_no_hang_and_bounded_memory():
    done = subprocess.run(
        [sys.executable, str(FUZZ), "--cases", "100", "--seed", "11"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100 cases" in done.stdout
