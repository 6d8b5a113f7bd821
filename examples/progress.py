"""Filters lm-eval's standard error: every tenth of the generation's progress, and whatever looks like an error.

The whole text is kept in a file: progress.py LOG [WORDS]
"""

import re
import sys
from pathlib import Path

PROGRESS = re.compile(r"Running .* requests: +(\d+)%")
MISTAKE = re.compile(r".*(?:Traceback|Error|error:).*")

words = f"{sys.argv[2]}: " if len(sys.argv) > 2 else ""
with Path(sys.argv[1]).open("w", encoding="utf-8") as log:
    line, tenths = "", -1
    while character := sys.stdin.read(1):
        log.write(character)
        if character not in "\r\n":
            line += character
            continue
        found = PROGRESS.match(line)
        if found and int(found[1]) // 10 != tenths:
            tenths = int(found[1]) // 10
            print(f"     {words}{found[1]} % of the answers", file=sys.stderr, flush=True)
        elif MISTAKE.match(line):
            print(f"     {words}{line}", file=sys.stderr, flush=True)
        line = ""
