"""The result of a probe in a bundle: readable, and of the same model. Its tests need the model, so they are the submitter's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sevenllm_bench.errors import ResultsError
from sevenllm_bench.memorisation.probe_file import read_probe
from sevenllm_bench.memorisation.probed_run import why_not_of
from sevenllm_bench.runs.records import Model
from sevenllm_bench.submission.verify.findings import Finding
from sevenllm_bench.text.display import printable


def check_probe(path: Path, model: Model) -> Iterator[Finding]:
    """What can be said of the file, if there is one.

    Args:
        path: Where it would be.
        model: The run's model.
    """
    if not path.is_file():
        return
    try:
        result = read_probe(path)
    except ResultsError as error:
        reason = str(error).replace(str(path), path.name)
        yield Finding("probe", path.name, "differs", printable(reason, 400))
        return
    if why := why_not_of(result, model.identity, model.sha):
        yield Finding("probe", path.name, "differs", why)
    else:
        yield Finding("probe", path.name, "note", f"as the submitter says, since its tests need the model: {result.summary}")
