"""The option `--probe` of reports: results of `sevenllm-bench probe`, each for the runs of the same model."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import user_path
from sevenllm_bench.memorisation.probe_file import read_probe
from sevenllm_bench.memorisation.probe_result import ProbeResult
from sevenllm_bench.memorisation.probed_run import why_not_of
from sevenllm_bench.runs.records import Run
from sevenllm_bench.text.display import printable


def add_probes(parser: argparse.ArgumentParser) -> None:
    """Add the option: see `probes_of`."""
    parser.add_argument(
        "--probe",
        action="append",
        metavar="FILE",
        default=[],
        help="also show a result of `sevenllm-bench probe` of the model of one of the runs; again for more",
    )


def probes_of(paths: Sequence[str], runs: Sequence[Run]) -> dict[str, ProbeResult]:
    """Each run's label to the probe of its model.

    Args:
        paths: The files, as given.
        runs: The runs; those of one model share its probe.

    Raises:
        SEvenLLMError: A file can't be read, is of a model of which there is no run, or of one that another file is of.
    """
    found: dict[str, ProbeResult] = {}
    for path in paths:
        probe = read_probe(user_path(path, ConfigError))
        labels = [run.label for run in runs if not why_not_of(probe, run.model.identity, run.model.sha)]
        if not labels:
            raise ConfigError(f"--probe {path}: a probe of {_name(probe)}, but the runs are of {_models(runs)}")
        if labels[0] in found:
            raise ConfigError(f"--probe {path}: a second probe of {_name(probe)}; name one for each model")
        found |= dict.fromkeys(labels, probe)
    return found


def _name(probe: ProbeResult) -> str:
    commit = probe.model.get("commit")
    return printable(probe.model.get("name"), 120) + (f" at {printable(commit, 40)}" if commit else "")


def _models(runs: Sequence[Run]) -> str:
    names = [
        run.model.identity.name + (f" at {run.model.sha}" if isinstance(run.model.sha, str) and run.model.sha else "")
        for run in runs
    ]
    return ", ".join(printable(name, 120) for name in dict.fromkeys(names))
