"""Entry point of `sevenllm-bench`."""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from sevenllm_bench import __version__
from sevenllm_bench.cli.commands import command_named, parsed
from sevenllm_bench.cli.overview import EXIT_CODE as OVERVIEW_CODE
from sevenllm_bench.cli.overview import OVERVIEW
from sevenllm_bench.errors import ConfigError, SEvenLLMError, report
from sevenllm_bench.io.progress import steps_shown
from sevenllm_bench.io.terminal import drop_output
from sevenllm_bench.io.termination import end_in_order
from sevenllm_bench.text.display import printable

#: Set to anything, what should not happen prints its traceback.
DEBUG_VARIABLE = "SEVENLLM_DEBUG"
#: Exit code after what should not happen; that of a program's fault in sysexits.h.
UNEXPECTED = 70


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Words after the program's name; default: those of the process.

    Returns:
        Exit code: 0; 1 where `verify` finds a difference, and without a command; 2 after a user's mistake, which is printed
        as one message; 70 after a fault of ours, which is one line (SEVENLLM_DEBUG=1 prints its traceback too); 75 where
        `corpus build` waits for batches; 130 after Ctrl-C, 141 where the output has no reader any more.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the shell
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  (for the program's life)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal or pipe that can't show a character gets a stand-in
            stream.reconfigure(errors="backslashreplace")
    if (
        int(os.environ.get("WORLD_SIZE") or 1) == 1
    ):  # of several processes the launcher ends those that wait, in C, and can't hear
        end_in_order()
    try:
        with steps_shown():
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
    except Exception as error:
        if words[:1] == ["eval"]:  # what lm-eval and its models raise is theirs to explain
            raise
        return _report_unexpected(error)


def _report_unexpected(error: Exception) -> int:
    """One line on standard error for what should not happen, with what to do next; returns the exit code."""
    if isinstance(error, OSError) and error.filename is None and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        drop_output()
        return report(ConfigError(f"the output can't be written ({error.strerror})"))
    if isinstance(error, OSError) and error.filename is not None:
        return report(ConfigError(f"{printable(error.filename)}: can't be used ({error.strerror})"))
    if isinstance(error, MemoryError):
        return report(ConfigError("not enough memory for this; give it smaller files, or more memory"))
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    print(
        f"sevenllm-bench: unexpected error: {printable(f'{type(error).__name__}: {error}', 300)} "
        f"({Path(place.filename).name}, line {place.lineno}). This is a fault of sevenllm-bench {__version__}: please report it "
        f"with this line, the command, and what it prints with {DEBUG_VARIABLE}=1",
        file=sys.stderr,
    )
    return UNEXPECTED


def _command(words: Sequence[str]) -> int:
    """Run the command that the first word names; only its module is loaded."""
    if not words:
        print(OVERVIEW, end="")
        return OVERVIEW_CODE
    if words[0] == "help":
        words = [*words[1:2], "--help"]
    name = command_named(words[0])
    if name == "eval":
        from sevenllm_bench.harness.launch import launch

        launch(words[1:])
        return 0
    module, arguments = parsed(name, words[1:])
    return int(module.run(arguments))


if __name__ == "__main__":
    sys.exit(main())
