"""Feeds are read in a process of their own: some that are broken on purpose take feedparser a very long time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict

from sevenllm_bench.select_instruct.collect.list_files import Listed, ListedPage, feed_in
from sevenllm_bench.select_instruct.collect.refusals import RefusedError

#: Most seconds for one feed; a large one that is sound takes some.
_SECONDS = 60.0
#: Most memory of the child, in bytes of address space.
_MEMORY = 2 << 30


def read_feed(data: bytes, seconds: float = _SECONDS) -> Listed:
    """The entries of an RSS or Atom feed.

    Raises:
        RefusedError: It is too large, takes too long, or ends its reader.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", __name__]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=seconds, env=environment, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise RefusedError(f"takes more than {seconds:g} seconds to read") from None
    if done.returncode:
        raise RefusedError("can't be read: its reader ended")
    found = json.loads(done.stdout)
    if isinstance(found, str):
        raise RefusedError(found)
    return Listed([ListedPage(**page) for page in found["pages"]], problem=found["problem"])


def _main() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        found: object = asdict(feed_in(sys.stdin.buffer.read()))
    except RefusedError as error:
        found = error.reason
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    _main()
