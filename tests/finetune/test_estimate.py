"""Memory estimates: counts against published figures, bytes against what torch holds on the CPU."""

import gc
import weakref
from dataclasses import replace

import pytest

from sevenllm_bench.finetune.estimate import Setup, count_parameters, estimate_memory

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils._pytree import tree_leaves  # noqa: E402

FULL = Setup("full", "fp32", "fp32", "none", 1, 192, 1, False, "adamw_torch_fused")
LORA = replace(FULL, method="lora", precision="bf16", weights="bf16", lora_rank=8)


def config(kind, vocabulary, hidden, intermediate, layers, heads, key_heads=None, **other):
    return getattr(transformers, f"{kind}Config")(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_heads or heads,
        **{"tie_word_embeddings": False, **other},
    )


LLAMA_2_7B = config("Llama", 32000, 4096, 11008, 32, 32)
LLAMA_2_13B = config("Llama", 32000, 5120, 13824, 40, 40)
QWEN3_8B = config("Qwen3", 151936, 4096, 12288, 36, 32, 8, head_dim=128)
#: Counts as on the models' pages on the Hub (safetensors metadata); the configurations are those of their config.json.
PUBLISHED = {
    "Llama-2-7B": (LLAMA_2_7B, 6_738_415_616),
    "Llama-2-13B": (LLAMA_2_13B, 13_015_864_320),
    "Qwen1.5-7B": (config("Qwen2", 151936, 4096, 11008, 32, 32), 7_721_324_544),
    "Qwen1.5-14B": (config("Qwen2", 152064, 5120, 13696, 40, 40), 14_167_290_880),
    "Qwen3-8B": (QWEN3_8B, 8_190_735_360),
    "Qwen2.5-0.5B": (config("Qwen2", 151936, 896, 4864, 24, 14, 2, tie_word_embeddings=True), 494_032_768),
}
SMALL = {
    "llama": config("Llama", 512, 64, 176, 3, 4),
    "llama-gqa": config("Llama", 512, 128, 352, 4, 8, 2),
    "qwen2": config("Qwen2", 1024, 96, 512, 2, 6, 2, tie_word_embeddings=True),
    "qwen3": config("Qwen3", 512, 64, 192, 5, 4, 2, head_dim=32),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published_ones(name):
    model, published = PUBLISHED[name]
    assert count_parameters(model) == published


# Activations


def build(model, setup):
    torch.manual_seed(0)
    dtype = torch.float32 if setup.weights == "fp32" else torch.bfloat16
    built = transformers.AutoModelForCausalLM.from_config(model, attn_implementation="sdpa", dtype=dtype)
    if setup.method != "full":
        peft = pytest.importorskip("peft")
        targets = setup.lora_targets if isinstance(setup.lora_targets, str) else list(setup.lora_targets)
        lora = peft.LoraConfig(r=setup.lora_rank, target_modules=targets, lora_dropout=0.0, task_type="CAUSAL_LM")
        built = peft.get_peft_model(built, lora)
        built.enable_input_require_grads()
    if setup.gradient_checkpointing:
        built.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return built.train()


def forward(model, setup):
    """The backbone over two packed examples, as TRL's trainer feeds them."""
    backbone = model.get_base_model().model if hasattr(model, "get_base_model") else model.model
    first = setup.tokens // 3
    positions = torch.cat([torch.arange(first), torch.arange(setup.tokens - first)])[None]
    ids = torch.randint(0, 500, (1, setup.tokens))
    with torch.autocast("cpu", torch.bfloat16, enabled=setup.precision == "bf16"):
        return backbone(input_ids=ids, position_ids=positions, use_cache=False).last_hidden_state


def saved_bytes(model, setup):
    """Bytes that autograd saves in the forward pass: each storage once, parameters and their bf16 copies aside."""
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    shapes = {tuple(parameter.shape) for parameter in model.parameters()}
    shapes |= {shape[::-1] for shape in shapes}
    storages = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own and tuple(tensor.shape) not in shapes:
            storages[storage.data_ptr()] = (storage.nbytes(), tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        forward(model, setup)
    return sum(size for size, _ in storages.values())


class Live(TorchDispatchMode):
    """Bytes of the storages made inside it that are alive, now and at most."""

    def __init__(self, model):
        super().__init__()
        self.now = self.peak = 0
        held = [*model.parameters(), *(parameter.grad for parameter in model.parameters() if parameter.grad is not None)]
        self.known = weakref.WeakSet(tensor.untyped_storage() for tensor in held)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                self.watch(leaf.untyped_storage())
        return result

    def watch(self, storage):
        if storage in self.known:
            return
        self.known.add(storage)
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self.forget, storage.nbytes())

    def forget(self, size):
        self.now -= size


SETUPS = {
    "fp32": FULL,
    "autocast": replace(FULL, precision="bf16"),
    "bf16": replace(FULL, precision="bf16", weights="bf16"),
    "lora": LORA,
    "lora-attention": replace(LORA, lora_targets=("q_proj", "v_proj")),
    "lora-fp32": replace(LORA, precision="fp32", weights="fp32"),
    "lora-autocast": replace(LORA, weights="fp32"),
}


@pytest.mark.parametrize("tokens", [72, 640])
@pytest.mark.parametrize("kind", SETUPS)
@pytest.mark.parametrize("name", SMALL)
def test_activations_are_what_autograd_saves(name, kind, tokens):
    setup = replace(SETUPS[kind], max_length=tokens)
    measured = saved_bytes(build(SMALL[name], setup), setup)
    assert estimate_memory(SMALL[name], setup).activations == pytest.approx(measured, rel=0.07)


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("kind", SETUPS)
@pytest.mark.parametrize("name", SMALL)
def test_activations_and_buffers_are_the_peak_of_the_passes(name, kind, checkpointing):
    setup = replace(SETUPS[kind], max_length=640, gradient_checkpointing=checkpointing)
    model = build(SMALL[name], setup)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter) if parameter.requires_grad else None
    gc.collect()
    with Live(model) as live:
        forward(model, setup).float().sum().backward()
    memory = estimate_memory(SMALL[name], setup)
    assert memory.activations + memory.buffers == pytest.approx(live.peak, rel=0.25)
