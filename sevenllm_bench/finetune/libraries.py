"""The libraries that training stands on: that they are there, and that they are quiet."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.preflight import require_extra

if TYPE_CHECKING:  # it needs pydantic, which may be what is missing
    from sevenllm_bench.finetune.settings.config import FinetuneConfig

#: No tracker's maker is told what runs here. The trackers read it when they are imported.
NO_TELEMETRY = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "WANDB_ERROR_REPORTING": "false",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "DO_NOT_TRACK": "1",
}
#: Module and package that optimizers need besides PyTorch, by the beginning of their name in transformers.
_OPTIMIZERS = {
    "galore": ("galore_torch", "galore-torch"),
    "lomo": ("lomo_optim", "lomo-optim"),
    "adalomo": ("lomo_optim", "lomo-optim"),
    "grokadamw": ("grokadamw", "grokadamw"),
    "schedule_free": ("schedulefree", "schedulefree"),
    "apollo": ("apollo_torch", "apollo-torch"),
    "stable_adamw": ("optimi", "torch-optimi"),
    "adamw_torch_4bit": ("torchao", "torchao"),
    "adamw_torch_8bit": ("torchao", "torchao"),
    "rmsprop_bnb": ("bitsandbytes", "bitsandbytes"),
    "ademamix": ("bitsandbytes", "bitsandbytes"),
    "lion": ("bitsandbytes", "bitsandbytes"),
    "paged": ("bitsandbytes", "bitsandbytes"),
    "adamw_8bit": ("bitsandbytes", "bitsandbytes"),
    "adamw_bnb_8bit": ("bitsandbytes", "bitsandbytes"),
}
#: The same for attention kernels.
_KERNELS = {
    "flash_attention_2": ("flash_attn", "flash-attn"),
    "kernels-community/flash-attn2": ("kernels", "kernels"),
}


def require_libraries() -> None:
    """That the packages of the extra `train` are installed.

    Raises:
        ConfigError: One is missing; the error gives the line that installs it.
    """
    for module in ("trl", "peft", "pydantic", "lingua"):
        require_extra(module, "train")


def require_packages(config: FinetuneConfig) -> None:
    """That the packages are installed which a run needs besides, for its method, kernel, optimizer or trainer.

    Raises:
        ConfigError: One is missing; the error says which key asks for it.
    """
    if config.training.method == "qlora":
        require_extra("bitsandbytes", "qlora")
    if config.training.deepspeed:
        require_extra("deepspeed", "deepspeed")
    if config.model.gguf_file:
        require_extra("gguf", "gguf")
    for key, module, package in _needed(config):
        if find_spec(module) is None:
            raise ConfigError(f"{key} needs a package that is not installed: pip install {package}")


def _needed(config: FinetuneConfig) -> Iterator[tuple[str, str, str]]:
    """Key of the configuration, module and package."""
    attention, optimizer = config.model.attention, config.training.optimizer
    if attention in _KERNELS:
        yield (f"model.attention={attention}", *_KERNELS[attention])
    found = next((entry for name, entry in _OPTIMIZERS.items() if optimizer.startswith(name)), None)
    if found:
        yield (f"training.optimizer={optimizer}", *found)
    if config.training.trainer.get("use_liger_kernel"):
        yield "training.trainer.use_liger_kernel", "liger_kernel", "liger-kernel"


def quiet() -> None:
    """Keep libraries from telling strangers what runs here, and from drawing a progress bar for every small thing."""
    import os

    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    for name, value in NO_TELEMETRY.items():
        os.environ.setdefault(name, value)
    import warnings

    import datasets
    import transformers

    # transformers warns of a name of its own that peft 0.21 still uses.
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)
    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
