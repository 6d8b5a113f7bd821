"""Causal language models of many architectures, made tiny from transformers' own configurations, with random weights."""

from __future__ import annotations

from typing import Any

VOCABULARY = 96
#: Smaller than the long text of a check.
WINDOW = 20

_COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_EXPERTS = {"num_experts": 4, "num_local_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24}
_MAMBA = {"mamba_d_state": 8, "mamba_d_conv": 4, "mamba_expand": 2, "mamba_n_heads": 4, "mamba_d_head": 16, "mamba_n_groups": 1}
_LINEAR = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "layer_types": ["linear_attention", "full_attention"],
}
_SLIDING = {"sliding_window": WINDOW, "layer_types": ["sliding_attention", "full_attention"]}

_PER_LAYER_INPUT = {"vocab_size_per_layer_input": VOCABULARY, "hidden_size_per_layer_input": 8, "num_kv_shared_layers": 0}
_PICTURES = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}

#: By name: the model type in transformers, and what differs from `_COMMON`.
ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "Llama": ("llama", {}),
    "Mistral, window": ("mistral", {"sliding_window": WINDOW}),
    "Ministral, window": (
        "ministral",
        {"head_dim": 8, "rope_parameters": {"rope_type": "default", "rope_theta": 1e4}, **_SLIDING},
    ),
    "Qwen2": ("qwen2", {}),
    "Qwen2, window": ("qwen2", {"use_sliding_window": True, "max_window_layers": 0, "sliding_window": WINDOW}),
    "Qwen3": ("qwen3", {"head_dim": 8}),
    "Gemma": ("gemma", {"head_dim": 8}),
    "Gemma 2": ("gemma2", {"head_dim": 8, **_SLIDING}),
    "Gemma 3": ("gemma3_text", {"head_dim": 8, **_SLIDING}),
    "Gemma 3 with images": (
        "gemma3",
        {
            "text_config": {**_COMMON, "head_dim": 8, **_SLIDING},
            "vision_config": _PICTURES,
            "mm_tokens_per_image": 4,
            "image_token_index": VOCABULARY - 1,
        },
    ),
    "Gemma 3n": (
        "gemma3n_text",
        {
            "head_dim": 8,
            **_SLIDING,
            **_PER_LAYER_INPUT,
            "laurel_rank": 4,
            "intermediate_size": [48, 48],
            "activation_sparsity_pattern": [0.0, 0.0],
            "altup_num_inputs": 2,
        },
    ),
    "Gemma 4": ("gemma4_text", {"head_dim": 8, "global_head_dim": 8, **_SLIDING, **_PER_LAYER_INPUT}),
    "Phi": ("phi", {}),
    "Phi-3, window": ("phi3", {"sliding_window": WINDOW}),
    "GPT-NeoX": ("gpt_neox", {}),
    "GPT-2": ("gpt2", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512}),
    "GPT-Neo, window": (
        "gpt_neo",
        {"num_layers": 2, "num_heads": 4, "attention_types": [[["global", "local"], 1]], "window_size": WINDOW},
    ),
    "GPT-J": ("gptj", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512, "rotary_dim": 4}),
    "CodeGen": ("codegen", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512, "rotary_dim": 4}),
    "GPTBigCode": ("gpt_bigcode", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512}),
    "OPT": ("opt", {"word_embed_proj_dim": 32, "ffn_dim": 48}),
    "XGLM": ("xglm", {"d_model": 32, "ffn_dim": 48, "num_layers": 2, "attention_heads": 4}),
    "BioGPT": ("biogpt", {}),
    "Falcon": ("falcon", {"new_decoder_architecture": True, "num_kv_heads": 2}),
    "Falcon, ALiBi": ("falcon", {"alibi": True, "new_decoder_architecture": False, "multi_query": False}),
    "BLOOM": ("bloom", {"n_layer": 2, "n_head": 4}),
    "MPT": ("mpt", {"d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 512}),
    "StableLM": ("stablelm", {}),
    "StarCoder2, window": ("starcoder2", {"sliding_window": WINDOW}),
    "OLMo 2": ("olmo2", {}),
    "OLMo 3": ("olmo3", _SLIDING),
    "Cohere": ("cohere", {}),
    "Cohere 2": ("cohere2", {"head_dim": 8, **_SLIDING}),
    "Granite": ("granite", {"logits_scaling": 4.0, "attention_multiplier": 0.3, "residual_multiplier": 0.5}),
    "SmolLM3": ("smollm3", {}),
    "EXAONE 4": ("exaone4", _SLIDING),
    "GLM-4": ("glm4", {"head_dim": 8}),
    "Nemotron": ("nemotron", {}),
    "ERNIE 4.5": ("ernie4_5", {"head_dim": 8}),
    "Mixtral": ("mixtral", _EXPERTS),
    "Qwen2-MoE": ("qwen2_moe", {**_EXPERTS, "shared_expert_intermediate_size": 24}),
    "Qwen3-MoE": ("qwen3_moe", {**_EXPERTS, "head_dim": 8}),
    "OLMoE": ("olmoe", _EXPERTS),
    "GPT-OSS": ("gpt_oss", {**_EXPERTS, "head_dim": 8, **_SLIDING}),
    "DeepSeek-V3": (
        "deepseek_v3",
        {
            **_EXPERTS,
            "n_routed_experts": 4,
            "n_group": 1,
            "topk_group": 1,
            "first_k_dense_replace": 1,
            "num_key_value_heads": 4,
            "kv_lora_rank": 8,
            "q_lora_rank": None,
            "qk_rope_head_dim": 4,
            "qk_nope_head_dim": 8,
            "v_head_dim": 8,
        },
    ),
    "Llama 4": (
        "llama4_text",
        {
            **_EXPERTS,
            "head_dim": 8,
            "intermediate_size_mlp": 48,
            "attention_chunk_size": WINDOW,
            "layer_types": ["chunked_attention", "full_attention"],
            "no_rope_layers": [1, 0],
        },
    ),
    "Phi-3.5-MoE": ("phimoe", _EXPERTS),
    "Mamba": ("mamba", {"state_size": 8}),
    "Mamba-2": ("mamba2", {"num_heads": 8, "head_dim": 8, "state_size": 8, "n_groups": 1, "chunk_size": 16}),
    "Falcon-Mamba": ("falcon_mamba", {"state_size": 8}),
    "RWKV": ("rwkv", {"attention_hidden_size": 32}),
    "RecurrentGemma": (
        "recurrent_gemma",
        {"attention_window_size": WINDOW, "block_types": ["recurrent", "attention"], "lru_width": 32},
    ),
    "xLSTM": (
        "xlstm",
        {"embedding_dim": 32, "num_blocks": 2, "num_heads": 2},
    ),
    "MiniMax": (
        "minimax",
        {**_EXPERTS, "head_dim": 8, "layer_types": ["linear_attention", "full_attention"], "block_size": 16},
    ),
    "Nemotron-H": (
        "nemotron_h",
        {
            "hybrid_override_pattern": "M*",
            "mamba_num_heads": 4,
            "mamba_head_dim": 16,
            "ssm_state_size": 8,
            "n_groups": 1,
            "chunk_size": 16,
            "head_dim": 8,
        },
    ),
    "Jamba": ("jamba", {**_EXPERTS, **_MAMBA, "attn_layer_period": 2, "attn_layer_offset": 1, "use_mamba_kernels": False}),
    "Bamba": ("bamba", {**_MAMBA, "attn_layer_indices": [1], "mamba_chunk_size": 16}),
    "Zamba 2": (
        "zamba2",
        {
            **_MAMBA,
            "layers_block_type": ["mamba", "hybrid"],
            "mamba_headdim": 16,
            "num_mem_blocks": 1,
            "attention_head_dim": 16,
            "chunk_size": 16,
            "mamba_ngroups": 1,
            "n_mamba_heads": 4,
        },
    ),
    "Falcon-H1": ("falcon_h1", {**_MAMBA, "head_dim": 8, "mamba_chunk_size": 16, "mamba_d_ssm": 64}),
    "Granite 4": (
        "granitemoehybrid",
        {**_MAMBA, **_EXPERTS, "layer_types": ["mamba", "attention"], "shared_intermediate_size": 48, "mamba_chunk_size": 16},
    ),
    "LFM2": ("lfm2", {"layer_types": ["conv", "full_attention"], "block_multiple_of": 8, "full_attn_idxs": [1]}),
    "Qwen3-Next": ("qwen3_next", {**_EXPERTS, **_LINEAR, "head_dim": 8, "shared_expert_intermediate_size": 24}),
    "Qwen3.5": ("qwen3_5_text", {**_LINEAR, "head_dim": 8}),
}


def tiny(name: str) -> Any:
    """The model, of some ten thousand parameters: its weights are large enough that every token that is seen matters."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    kind, own = ARCHITECTURES[name]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **{**_COMMON, **own})).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(5)
    return model
