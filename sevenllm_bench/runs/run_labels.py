"""Labels that the user gives to runs: `--label RUN=NAME`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sevenllm_bench.errors import ConfigError, unknown_name
from sevenllm_bench.runs.records import Run
from sevenllm_bench.text.visible_names import appearance, why_no_name


def relabelled(runs: Sequence[Run], given: Sequence[str], wanted: Sequence[str]) -> list[Run]:
    """The runs with the labels that the user gave.

    Args:
        runs: The runs, with labels that differ.
        given: The files and folders that the user named, from which the runs were read.
        wanted: RUN=NAME each, where RUN is one of `given`, or the label of a run.

    Raises:
        ConfigError: RUN is unknown or stands for several runs, a run is named twice, or two runs have the same name, or names
            that look alike.
    """
    names: dict[str, str] = {}
    for words in wanted:
        run, name = _pair(words, runs, given)
        if names.setdefault(run, name) != name:
            raise ConfigError(f"--label {words}: that run is also called {names[run]!r}")
    found = [replace(run, label=names.get(run.label, run.label)) for run in runs]
    first: dict[str, str] = {}
    for one in found if names else ():
        seen = first.setdefault(appearance(one.label), one.label)
        if sum(other.label == one.label for other in found) > 1:
            raise ConfigError(f"--label: two runs would be called {one.label!r}; give them names that differ")
        if seen != one.label:
            raise ConfigError(f"--label: {seen!r} and {one.label!r} look alike; give them names that differ to the eye")
    return found


def _pair(words: str, runs: Sequence[Run], given: Sequence[str]) -> tuple[str, str]:
    """The present label of the run that RUN=NAME means, and NAME. RUN, as a path, may hold "=" itself."""
    places = [place for place, character in enumerate(words) if character == "="]
    if not places:
        raise ConfigError(f"--label {words}: expected RUN=NAME, such as results/a=tuned")
    by_label = {run.label: [run.label] for run in runs}
    by_path = {_resolved(path): _labels_in(path, runs) for path in given}
    for place in places:
        run = words[:place]
        found = by_label.get(run) or by_path.get(_resolved(run))
        if found is not None:
            return _one(words, found), _name(words, words[place + 1 :].strip())
    raise ConfigError(f"--label {words}: {unknown_name('run', words[: places[0]], dict.fromkeys([*by_label, *map(str, given)]))}")


def _labels_in(path: str, runs: Sequence[Run]) -> list[str]:
    """The labels of the runs that were read from a file or folder."""
    return [run.label for run in runs if _resolved(run.path).is_relative_to(_resolved(path))]


def _resolved(path: str) -> Path:
    """The same place always in the same words; a text that can't be a path stays as it is."""
    try:
        return Path(path).expanduser().resolve()
    except (OSError, RuntimeError, ValueError):
        return Path(path)


def _one(words: str, labels: Sequence[str]) -> str:
    if len(labels) != 1:
        several = f"{len(labels)} runs are in it ({', '.join(labels)}); name one of these" if labels else "no run is in it"
        raise ConfigError(f"--label {words}: {several}")
    return labels[0]


def _name(words: str, name: str) -> str:
    hidden = why_no_name(name) if name else ""
    if not name or hidden or "\n" in name or len(name) > 200:
        why = hidden or "it is empty, has several lines or more than 200 characters"
        raise ConfigError(f"--label {words}: not a name: {why}")
    return name
