"""The libraries that training stands on: that they are there, and that they are quiet."""

from __future__ import annotations

from sevenllm_bench.preflight import require_extra


def require_libraries() -> None:
    """That the packages of the extra `train` are installed.

    Raises:
        ConfigError: One is missing; the error gives the line that installs it.
    """
    for module in ("trl", "peft", "datasketch", "pydantic", "lingua"):
        require_extra(module, "train")


def quiet() -> None:
    """Keep libraries from telling strangers what runs here, and from drawing a progress bar for every small thing."""
    import os

    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import warnings

    import datasets
    import transformers

    # transformers warns of a name of its own that peft 0.21 still uses.
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)
    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
