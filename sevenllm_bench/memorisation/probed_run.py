"""Whether a probe is of the model that a run is of."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sevenllm_bench.memorisation.probe_result import ProbeResult
from sevenllm_bench.runs.model_name import Identity
from sevenllm_bench.text.display import printable

_COMMIT = re.compile(r"[0-9a-f]{7,64}")


def why_not_of(result: ProbeResult, model: Identity, commit: object) -> str:
    """Why a probe is of another model than a run; empty where it isn't.

    Both are of one model where the weights, the adapters over them and what else makes another model of them (see
    `Identity.name`) are the same, and the commit, where both say it.

    Args:
        result: The probe.
        model: The run's model.
        commit: The commit of the run's model, or of its adapter; anything else where it isn't known.
    """
    name = result.model.get("name")
    if name != model.name:
        return printable(f"a probe of {name}, not of the run's model {model.name}", 400)
    given = result.model.get("arguments")
    own = _commit(result.model.get("commit"), given if isinstance(given, Mapping) else {})
    other = _commit(commit, model.variants)
    if own and other and not (own.startswith(other) or other.startswith(own)):
        return printable(f"a probe of {name} at commit {own}, not of the run's model, which is at commit {other}", 400)
    return ""


def _commit(said: object, arguments: Mapping[str, object]) -> str:
    """The commit that was loaded, or that was asked for; empty where neither is known."""
    known = (one for one in (said, arguments.get("revision")) if isinstance(one, str) and _COMMIT.fullmatch(one))
    return next(known, "")
