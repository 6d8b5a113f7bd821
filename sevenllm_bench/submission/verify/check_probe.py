"""The result of a probe in a bundle: readable, and of the same model. Its tests need the model, so they are the submitter's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sevenllm_bench.errors import ResultsError
from sevenllm_bench.memorisation.probe_file import read_probe
from sevenllm_bench.memorisation.probe_result import ProbeResult
from sevenllm_bench.submission.verify.findings import Finding
from sevenllm_bench.text.display import printable


def check_probe(path: Path, base: str) -> Iterator[Finding]:
    """What can be said of the file, if there is one.

    Args:
        path: Where it would be.
        base: The model's name in the run.
    """
    if not path.is_file():
        return
    try:
        result = read_probe(path)
    except ResultsError as error:
        reason = str(error).replace(str(path), path.name)
        yield Finding("probe", path.name, "differs", printable(reason, 400))
        return
    if why := why_not_of(result, base):
        yield Finding("probe", path.name, "differs", why)
    else:
        yield Finding("probe", path.name, "note", f"as the submitter says, since its tests need the model: {result.summary}")


def why_not_of(result: ProbeResult, base: str) -> str:
    """Why a probe isn't of a run's model; empty where it is.

    Args:
        result: The probe.
        base: The model's name in the run.
    """
    probed = str(result.model.get("base", ""))
    return "" if probed == base else printable(f"a probe of {probed}, not of the run's model {base}", 400)
