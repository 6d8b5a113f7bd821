"""Host memory where weights are sharded: the main process loads them, and the others get their shards from it.

Each process would load the whole model otherwise: 8 processes, 7 billion parameters in fp32, 215 GiB of one machine. So the
others build the model with parameters that hold nothing, and accelerate broadcasts them, one at a time, as it shards the model
(`cpu_ram_efficient_loading` of FSDP2; transformers 5.23 itself still loads them in every process).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.base.model import load_model
from sevenllm_bench.finetune.estimates.memory import meta_model
from sevenllm_bench.finetune.processes import is_main_process
from sevenllm_bench.finetune.runtime import Runtime
from sevenllm_bench.finetune.settings.config import FinetuneConfig

if TYPE_CHECKING:
    from transformers import PretrainedConfig


def load_share(config: FinetuneConfig, base: PretrainedConfig, runtime: Runtime) -> Any:
    """The base model, with weights in the processes that load them.

    Args:
        config: The run.
        base: Configuration of its base model.
        runtime: What it is computed on.

    Raises:
        ConfigError: As `load_model`.
    """
    is_empty = not is_main_process() and is_loaded_once(config, base)
    return load_model(config.model, runtime, without_weights=base if is_empty else None)


def is_loaded_once(config: FinetuneConfig, base: PretrainedConfig) -> bool:
    """Whether the main process alone loads the weights.

    Not where nothing is sharded by FSDP; where code of the model's own repository is needed; and where the model saves buffers
    that are no parameters (Gemma 4, most mixtures of experts), which accelerate 1.15 doesn't broadcast.
    """
    if config.training.sharding != "full":
        return False
    try:
        model = meta_model(base)
    except ConfigError:
        return False
    return set(model.state_dict()) <= {name for name, _ in model.named_parameters(remove_duplicate=False)}
