"""The bridge to lm-evaluation-harness: the only package here that imports lm_eval."""

import os
from importlib.metadata import PackageNotFoundError, version

from packaging.specifiers import SpecifierSet

from sevenllm_bench.errors import ConfigError, install_excepthook

#: The versions of lm-eval whose tasks are built as ours are: the range that pyproject.toml declares.
LM_EVAL_VERSIONS = ">=0.4.13,<0.5"
#: Set to anything, other versions are tried: for tests against what lm-eval releases next.
ANY_VERSION_VARIABLE = "SEVENLLM_ANY_LM_EVAL"


def lm_eval_version() -> str:
    """The version of lm-eval that is installed; "none" without one.

    Raises:
        ConfigError: It is one that this package doesn't work with; the line that installs another is given.
    """
    try:
        found = version("lm_eval")
    except PackageNotFoundError:
        return "none"
    if not os.environ.get(ANY_VERSION_VARIABLE) and not SpecifierSet(LM_EVAL_VERSIONS).contains(found, prereleases=True):
        raise ConfigError(
            f"lm-eval {found} is installed, and this package works with lm-eval{LM_EVAL_VERSIONS}: "
            f'pip install "lm-eval{LM_EVAL_VERSIONS}"'
        )
    return found


try:
    lm_eval_version()
except ConfigError:
    install_excepthook()  # lm-eval itself may be importing this
    raise
