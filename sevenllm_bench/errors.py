"""What the user did wrong, and what to do next: every such error of this package is a `SEvenLLMError`."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType


class SEvenLLMError(Exception):
    """A mistake that the user can fix. The message says what is wrong, with which input, and what to do."""


class DataError(SEvenLLMError):
    """Benchmark data that is missing, altered or malformed."""


class PredictionsError(SEvenLLMError):
    """A predictions or samples file that can't be read."""


class ResultsError(SEvenLLMError):
    """Results of lm-eval that can't be read, or runs that can't be compared."""


class ConfigError(SEvenLLMError):
    """An option with a value that doesn't exist or doesn't fit."""


EXIT_CODE = 2
#: Characters of a message at most; all names of tasks have 3,000.
_MOST = 6_000
_LONG_WORD = re.compile(r"\S{400,}")


def report(error: SEvenLLMError) -> int:
    """Print `error` on standard error, without a traceback, and return the exit code for it (2)."""
    shown = "".join(c if c.isprintable() or c == "\n" else "�" for c in bounded(str(error)))  # names and reasons from elsewhere
    print(f"sevenllm-bench: error: {shown}", file=sys.stderr)
    return EXIT_CODE


def bounded(message: str) -> str:
    """A message that can be read, whatever was given: of long words and of a long whole, the beginning and the end.

    Args:
        message: A message that quotes what users or files say.
    """
    words = _LONG_WORD.sub(
        lambda word: f"{word[0][:200]}…{word[0][-100:]}", message[: 10 * _MOST] + message[10 * _MOST :][-_MOST:]
    )
    return words if len(words) <= _MOST else f"{words[: _MOST - 801]}…{words[-800:]}"


def install_excepthook(explain: Callable[[BaseException], SEvenLLMError | None] = lambda error: None) -> None:
    """End a process that dies of a `SEvenLLMError` with its message alone and exit code 2.

    For `lm_eval`, whose command line lets exceptions through: a user's mistake should not print a traceback there
    either. Other exceptions keep their traceback, callers that catch the error see no difference. Safe to call twice.

    Args:
        explain: Gives a `SEvenLLMError` for an exception of another kind that it knows, else None.
    """
    previous = sys.excepthook
    if getattr(previous, "for_sevenllm", False):
        return

    def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        found = error if isinstance(error, SEvenLLMError) else explain(error)
        if found is not None:
            raise SystemExit(report(found))
        previous(kind, error, traceback)

    hook.for_sevenllm = True  # type: ignore[attr-defined]
    sys.excepthook = hook


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name most like `name`, or None when nothing is close.

    Args:
        name: What was given; only its first 100 characters count.
        known: The names that exist.
        cutoff: Least similarity, from 0 (anything) to 1 (equal), as in `difflib.get_close_matches`.
    """
    return next(iter(difflib.get_close_matches(name[:100], list(known), n=1, cutoff=cutoff)), None)


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """The message for a name that doesn't exist: the nearest known name, if one is close, and all known names.

    Args:
        what: What the name is of, e.g. "prompt".
        name: The name given.
        known: The names that exist.
    """
    names = list(known)
    near = nearest(name, names)
    hint = f"; did you mean {near!r}?" if near else "."
    return f"unknown {what} {name!r}{hint} Known: {', '.join(names)}"


def unknown_options(words: Sequence[str], known: Iterable[str]) -> Iterator[str]:
    """A sentence for each long option among the words that doesn't exist, with the nearest one that does.

    Args:
        words: Words of a command line; those after "--" are no options.
        known: The options that exist; argparse takes any unique beginning of one.
    """
    options = [name for name in known if name.startswith("--")]
    for word in words[: words.index("--") if "--" in words else None]:
        name = word.partition("=")[0]
        if name.startswith("--") and not any(option.startswith(name) for option in options):
            near = nearest(name, options)
            yield f"unknown option {name[:100]}" + (f"; did you mean {near}?" if near else "")
