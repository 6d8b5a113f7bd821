"""What scoring will need, checked before anything is generated: each check with its finding and what to do."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from sevenllm_bench.errors import ConfigError, SEvenLLMError
from sevenllm_bench.io.files import CACHE_VARIABLE, cache_folder


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check.

    Attributes:
        name: What was checked.
        ok: Whether it is as it should be.
        text: What was found; when not ok, what to do as well.
    """

    name: str
    ok: bool
    text: str


#: A check: its name, and a function that returns what it found or raises a `SEvenLLMError`.
Check = tuple[str, Callable[[], str]]


def run_checks(checks: Sequence[Check]) -> list[CheckResult]:
    """Run every check; one that fails doesn't keep the others from running."""
    results = []
    for name, check in checks:
        try:
            results.append(CheckResult(name, True, check()))
        except SEvenLLMError as error:
            results.append(CheckResult(name, False, str(error)))
    return results


def check_cache() -> str:
    """That the cache folder can be written to.

    Raises:
        ConfigError: It can't.
    """
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"x" * 4096)
            file.flush()
    except OSError as error:
        raise ConfigError(
            f"the cache folder {folder} can't be written ({error.strerror or error}); free space, or set {CACHE_VARIABLE}=DIR"
        ) from None
    return str(folder)


def check_data(data_dir: str | None, allow_modified: bool) -> str:
    """That the official file is there and genuine.

    Raises:
        DataError: It isn't.
    """
    from sevenllm_bench.data.benchmark import load_benchmark

    data = load_benchmark("official", data_dir, allow_modified)
    state = "MODIFIED, which results will say" if data.modified else "genuine"
    return f"{len(data.rows):,} rows, {state}, sha256 {data.sha256[:16]}, from the {data.origin}"


def require_extra(module: str, extra: str) -> None:
    """That a package of an extra is installed.

    Raises:
        ConfigError: It isn't; the line that installs it is given.
    """
    if find_spec(module) is None:
        raise ConfigError(f'{module} is not installed: pip install "sevenllm-bench[{extra}]"')


def is_offline() -> bool:
    """Whether the environment forbids the Hub (HF_HUB_OFFLINE)."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
