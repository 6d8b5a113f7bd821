"""Opens a page in the browser of the desktop that runs this, if there is one: open_page.py FILE.

Nothing happens in CI, in a pipe, and where no desktop is, as over SSH.
"""

import os
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path


def has_desktop(environment: Mapping[str, str], is_terminal: bool, system: str) -> bool:
    """Whether somebody sits before a desktop of this machine.

    Args:
        environment: Variables of the environment.
        is_terminal: Whether the output is a terminal.
        system: `sys.platform`.
    """
    if not is_terminal or environment.get("CI") or environment.get("SSH_CONNECTION"):
        return False
    return system in ("darwin", "win32") or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    if has_desktop(os.environ, sys.stdout.isatty(), sys.platform):
        webbrowser.open(Path(sys.argv[1]).resolve().as_uri())
