"""Filters lm-eval's standard error: the generation's progress, one line per step, and whatever looks like an error.

The whole text is kept in a file: progress.py LOG
"""

import re
import sys
from pathlib import Path

WORTH_SHOWING = re.compile(r"Running .* requests: +\d+%.*|.*(?:Traceback|Error|error:).*")

with Path(sys.argv[1]).open("w", encoding="utf-8") as log:
    line = ""
    while character := sys.stdin.read(1):
        log.write(character)
        if character not in "\r\n":
            line += character
            continue
        if WORTH_SHOWING.match(line):
            print(f"     {line}", file=sys.stderr, flush=True)
        line = ""
