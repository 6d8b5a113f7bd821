"""Entry point of `sevenllm-bench`."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

from sevenllm_bench.cli.parser import build_parser
from sevenllm_bench.errors import ConfigError, SEvenLLMError, report
from sevenllm_bench.io.terminal import drop_output


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Words after the program's name; default: those of the process.

    Returns:
        Exit code: 0; 1 where `verify` finds a difference; 2 after a user's mistake, which is printed as one message; 130
        after Ctrl-C, 141 where nobody reads the output any more.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the shell
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  (for the program's life)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal or pipe that can't show a character gets a stand-in
            stream.reconfigure(errors="backslashreplace")
    _end_in_order_when_terminated()
    try:
        code = _command(words)
        sys.stdout.flush()
        return code
    except SEvenLLMError as error:
        return report(error)
    except KeyboardInterrupt:
        print("sevenllm-bench: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        drop_output()
        return 141  # as the shell says of a program that SIGPIPE ends
    except OSError as error:
        if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise
        drop_output()
        return report(ConfigError(f"the output can't be written ({error.strerror})"))


def _command(words: Sequence[str]) -> int:
    if words[:1] == ["eval"]:
        from sevenllm_bench.harness.launch import launch

        launch(words[1:])
        return 0
    parser = build_parser()
    parsed, further = parser.parse_known_args(words)
    if further and getattr(parsed, "changes", None) is not None and all("=" in word[1:] and word[0] != "-" for word in further):
        parsed.changes, further = [*parsed.changes, *further], []  # argparse takes no words after an option
    if further:
        parser.error(f"unrecognized arguments: {' '.join(further)}")
    return int(parsed.run(parsed))


def _end_in_order_when_terminated() -> None:
    """Let SIGTERM end the program as Ctrl-C does, so that nothing half-written stays.

    Not one process of several: their launcher ends those that wait for one that failed, and they would not hear it.
    """
    alone = int(os.environ.get("WORLD_SIZE") or 1) == 1 and threading.current_thread() is threading.main_thread()
    if alone and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:

        def end(*_: Any) -> None:
            sys.exit(128 + signal.SIGTERM)

        signal.signal(signal.SIGTERM, end)


if __name__ == "__main__":
    sys.exit(main())
