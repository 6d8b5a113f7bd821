"""SEvenLLM for lm-evaluation-harness: 28 cyber threat intelligence tasks in English and Chinese.

The public API is what `__all__` names; see `docs/api.md`. Each name is loaded when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers know it; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from typing import Any

    from sevenllm_bench.api import read_run, score
    from sevenllm_bench.comparison.compare_runs import compare_runs as compare
    from sevenllm_bench.data.benchmark import Benchmark, load_benchmark
    from sevenllm_bench.errors import SEvenLLMError
    from sevenllm_bench.figures.figures import figures_of
    from sevenllm_bench.submission.verify.verify_bundle import verify_bundle as verify

__version__ = "0.1.0"

__all__ = ["Benchmark", "SEvenLLMError", "compare", "figures_of", "load_benchmark", "read_run", "score", "verify"]

#: Where each public name is defined: module and name.
_DEFINED = {
    "Benchmark": ("data.benchmark", "Benchmark"),
    "SEvenLLMError": ("errors", "SEvenLLMError"),
    "compare": ("comparison.compare_runs", "compare_runs"),
    "figures_of": ("figures.figures", "figures_of"),
    "load_benchmark": ("data.benchmark", "load_benchmark"),
    "read_run": ("api", "read_run"),
    "score": ("api", "score"),
    "verify": ("submission.verify.verify_bundle", "verify_bundle"),
}


def __getattr__(name: str) -> Any:
    if name not in _DEFINED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _DEFINED[name]
    return getattr(import_module(f"{__name__}.{module}"), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
