"""MTEB imported so that it leaves no trace: on import it makes its cache's folder, even where nothing is ever kept there."""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.util import find_spec
from types import ModuleType

from sevenllm_bench.errors import ConfigError

INSTALL_LINE = 'pip install "sevenllm-bench[encoders]"'
_CACHE_VARIABLE = "MTEB_CACHE"


def require_mteb() -> ModuleType:
    """MTEB, imported.

    Its default cache is where it would be otherwise; its folder is made when MTEB first writes to it.

    Raises:
        ConfigError: It isn't installed; the line that installs it is given.
    """
    if "mteb" not in sys.modules:
        if find_spec("mteb") is None:
            raise ConfigError(f"retrieval runs through MTEB, which is not installed: {INSTALL_LINE}")
        _import_elsewhere()
    import mteb

    return mteb


def _import_elsewhere() -> None:
    """Import it with a temporary folder as its cache, and name the usual one afterwards."""
    usual = os.environ.get(_CACHE_VARIABLE)
    try:
        with tempfile.TemporaryDirectory() as folder:
            os.environ[_CACHE_VARIABLE] = folder
            import mteb  # noqa: F401
    finally:
        if usual is None:
            os.environ.pop(_CACHE_VARIABLE, None)
        else:
            os.environ[_CACHE_VARIABLE] = usual
    cache = getattr(sys.modules.get("mteb.evaluate"), "_DEFAULT_CACHE", None)
    if cache is not None:
        cache.cache_path = cache.default_cache_path
