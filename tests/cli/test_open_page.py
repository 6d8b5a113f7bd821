"""When the demo opens its report: only before a desktop."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "open_page.py"
has_desktop = runpy.run_path(str(SCRIPT))["has_desktop"]


@pytest.mark.parametrize(
    ("environment", "is_terminal", "system", "opens"),
    [
        ({"DISPLAY": ":0"}, True, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True, "linux", True),
        ({}, True, "darwin", True),
        ({}, True, "linux", False),
        ({"DISPLAY": ":0"}, False, "linux", False),
        ({"DISPLAY": ":0", "CI": "true"}, True, "linux", False),
        ({"SSH_CONNECTION": "10.0.0.1 22 10.0.0.2 22"}, True, "darwin", False),
    ],
)
def test_a_page_is_opened_where_somebody_sits_before_a_desktop(environment, is_terminal, system, opens):
    assert has_desktop(environment, is_terminal, system) is opens


def test_nothing_happens_in_a_pipe(tmp_path):
    """A browser that would leave a mark is never started."""
    words = [sys.executable, str(SCRIPT), "page.html"]
    environment = {"PATH": "/usr/bin:/bin", "DISPLAY": ":0", "BROWSER": f"touch {tmp_path}/opened"}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    assert (done.stdout, done.stderr) == ("", "")
    assert list(tmp_path.iterdir()) == []
