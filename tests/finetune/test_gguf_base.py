"""A base in a GGUF file: its weights and tokens are those that it was made from, and adapters of it are merged first."""

import json
import shlex

import pytest
import torch
from finetune_runs import QUICK, make_base, weights

from sevenllm_bench.cli.main import main
from sevenllm_bench.finetune.base.model import load_model
from sevenllm_bench.finetune.base.opened_base import load_base
from sevenllm_bench.finetune.runtime import resolve
from sevenllm_bench.finetune.settings.config_file import read_config

gguf = pytest.importorskip("gguf")
transformers = pytest.importorskip("transformers")

#: Names of llama.cpp for the tensors of a Llama.
OUTSIDE = {"model.embed_tokens": "token_embd", "lm_head": "output", "model.norm": "output_norm"}
INSIDE = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def tensor_name(name):
    place = name.removesuffix(".weight")
    if place in OUTSIDE:
        return f"{OUTSIDE[place]}.weight"
    _, _, layer, rest = place.split(".", 3)
    return f"blk.{layer}.{INSIDE[rest]}.weight"


def write_gguf(base, file):
    """A base in the save_pretrained layout, as llama.cpp's convert_hf_to_gguf.py writes it, in fp32."""
    tokenizer = json.loads((base / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    config = transformers.AutoConfig.from_pretrained(base)
    words = sorted(tokenizer["vocab"], key=tokenizer["vocab"].get)
    heads = config.num_attention_heads
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.hidden_size // heads)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(words)
    writer.add_token_types([gguf.TokenType.CONTROL if word.startswith("<|") else gguf.TokenType.NORMAL for word in words])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["merges"]])
    writer.add_eos_token_id(config.eos_token_id)
    writer.add_pad_token_id(config.pad_token_id)
    for name, tensor in weights(base).items():
        if ".q_proj." in name or ".k_proj." in name:  # llama.cpp turns the halves of each head into pairs
            tensor = tensor.reshape(heads, 2, -1, tensor.shape[1]).transpose(1, 2).reshape(tensor.shape)
        writer.add_tensor(tensor_name(name), tensor.contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    """The same base in both forms."""
    folder = tmp_path_factory.mktemp("bases")
    plain = make_base(folder / "plain")
    (folder / "gguf").mkdir()
    write_gguf(plain, folder / "gguf" / "model.gguf")
    return plain, folder / "gguf"


def test_weights_and_tokens_are_those_it_was_made_from(bases):
    plain, packed = bases
    config, _, tokenizer = load_base(read_config("demo", [f"model.base={packed}", "model.gguf_file=model.gguf"]), pytest.fail)
    ids = torch.tensor([[4, 8, 90, 700]])
    expected = transformers.AutoModelForCausalLM.from_pretrained(plain)(ids).logits
    assert torch.equal(load_model(config.model, resolve(config))(ids).logits, expected)
    text = "Which tool, 文本 <|im_end|>"
    assert tokenizer.encode(text) == transformers.AutoTokenizer.from_pretrained(plain).encode(text)


def test_adapters_are_merged_before_they_are_evaluated(bases, tmp_path, capsys):
    from peft import PeftModel

    plain, packed = bases
    words = [f"model.base={packed}", "model.gguf_file=model.gguf", f"output={tmp_path / 'out'}", *QUICK, "data.held_out=0"]
    words += ["training.method=lora", "lora.rank=2", "training.max_steps=3", "training.learning_rate=0.01"]
    assert main(["finetune", "demo", *words]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("evaluate:"))
    merge, _, evaluate = line.removeprefix("evaluate: ").partition(" && ")
    assert evaluate.startswith("lm_eval --model hf --model_args pretrained=MERGED --tasks")
    assert main([str(tmp_path / "merged") if word == "MERGED" else word for word in shlex.split(merge)[1:]]) == 0
    assert "nothing shows" not in capsys.readouterr().out
    ids = torch.tensor([[4, 8, 90, 700]])
    base = transformers.AutoModelForCausalLM.from_pretrained(plain)
    adapted = PeftModel.from_pretrained(base, str(tmp_path / "out"))(ids).logits
    merged = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    assert torch.allclose(merged(ids).logits, adapted, atol=1e-5)
    assert getattr(merged.config, "quantization_config", None) is None


def test_packed_weights_are_not_packed_again(bases, tmp_path, capsys):
    words = [f"model.base={bases[1]}", "model.gguf_file=model.gguf", f"output={tmp_path / 'out'}", "training.method=qlora"]
    assert main(["finetune", "demo", *words]) == 2
    assert "not with method qlora" in capsys.readouterr().err
