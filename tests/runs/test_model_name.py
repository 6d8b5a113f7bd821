"""Whose scores a run's are: names that tell models apart, repositories that are certain, and nothing that is neither."""

import ast
from pathlib import Path

import pytest

from sevenllm_bench.runs.model_name import identity_of, is_only_the_base, local_arguments, repository_of

BASE, ADAPTER = "org/base", "me/adapter"


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"pretrained": BASE}, BASE),
        ({"pretrained": BASE, "peft": ADAPTER}, f"{BASE} + {ADAPTER}"),
        ({"pretrained": BASE, "delta": ADAPTER}, f"{BASE} + {ADAPTER}"),
        ({"pretrained": BASE, "lora_local_path": "/runs/7/adapter"}, f"{BASE} + /runs/7/adapter"),  # vllm
        ({"pretrained": BASE, "lora_paths": "a=/x"}, f"{BASE} + a=/x"),  # sglang
        ({"pretrained": BASE, "steer_path": "s.pt"}, f"{BASE} + s.pt"),  # steered
        ({"pretrained": BASE, "peft": None, "delta": ""}, BASE),
        ({"pretrained": BASE, "subfolder": "checkpoint-200"}, f"{BASE} (subfolder=checkpoint-200)"),
        ({"pretrained": BASE, "gguf_file": "q4.gguf"}, f"{BASE} (gguf_file=q4.gguf)"),
        ({"pretrained": BASE, "load_in_4bit": True}, f"{BASE} (load_in_4bit=True)"),
        ({"pretrained": BASE, "load_in_8bit": "True"}, f"{BASE} (load_in_8bit=True)"),
        ({"pretrained": BASE, "load_in_4bit": False, "load_in_8bit": "false"}, BASE),
        ({"pretrained": BASE, "quantization": "awq"}, f"{BASE} (quantization=awq)"),  # vllm, sglang
        ({"pretrained": BASE, "quantization_config": {"bits": 4}}, f"{BASE} (quantization_config={{'bits': 4}})"),
        ({"pretrained": BASE, "bnb_4bit_quant_type": "nf4"}, f"{BASE} (bnb_4bit_quant_type=nf4)"),
        ({"pretrained": BASE, "autogptq": "w.safetensors"}, f"{BASE} (autogptq=w.safetensors)"),
        ({"pretrained": BASE, "gptqmodel": True}, f"{BASE} (gptqmodel=True)"),
        ({"pretrained": BASE, "kv_cache_dtype": "fp8"}, f"{BASE} (kv_cache_dtype=fp8)"),
        ({"pretrained": BASE, "hf_overrides": {"rope": 2}}, f"{BASE} (hf_overrides={{'rope': 2}})"),
        ({"pretrained": BASE, "num_hidden_layers": 4}, f"{BASE} (num_hidden_layers=4)"),  # transformers: any field of the config
        ({"pretrained": BASE, "variant": "8bit"}, f"{BASE} (variant=8bit)"),
        ({"pretrained": BASE, "revision": "step1000"}, f"{BASE} (revision=step1000)"),
        ({"pretrained": BASE, "revision": "main"}, BASE),
        ({"pretrained": BASE, "revision": "0123456789abcdef0123456789abcdef01234567"}, BASE),  # the same model, pinned
        ({"pretrained": BASE, "device": "cuda:1", "batch_size": 4, "trust_remote_code": True, "tensor_parallel_size": 2}, BASE),
        ({"pretrained": BASE, "dtype": "float16", "attn_implementation": "sdpa", "max_length": 4096}, BASE),
        ({"model": "qwen3", "base_url": "http://127.0.0.1:8000/v1", "num_concurrent": 8, "tokenizer": "Qwen/Qwen3-8B"}, "qwen3"),
        ({"model_args": f"pretrained={BASE},peft={ADAPTER},dtype=auto"}, f"{BASE} + {ADAPTER}"),  # lm-eval's Python API
        ({"model_args": f"pretrained={BASE},load_in_4bit=True,batch_size=2"}, f"{BASE} (load_in_4bit=True)"),
    ],
)
def test_names(arguments, name):
    given = arguments if "model_args" not in arguments else {"pretrained": BASE, "peft": None}
    called = given.get("peft") or given.get("delta") or given.get("pretrained") or given["model"]  # as lm-eval does
    if "peft=" in str(arguments.get("model_args")):
        called = ADAPTER
    assert identity_of(called, arguments).name == name


def test_models_that_lm_eval_makes_up_a_name_for():
    """megatron_lm and watsonx_llm name what they load by arguments at which lm-eval doesn't look."""
    assert identity_of("Flat-Badger-17", {"load": "/ckpt", "ckpt_step": 500}).name == "/ckpt (ckpt_step=500)"
    assert identity_of("Flat-Badger-17", {"model_id": "ibm/granite"}).name == "ibm/granite"
    assert identity_of("Flat-Badger-17", {"base_url": "http://127.0.0.1:8080"}).name == "Flat-Badger-17"  # gguf: a server's


def test_a_name_that_a_submitter_gives_keeps_what_was_done_to_the_weights():
    identity = identity_of(ADAPTER, {"pretrained": BASE, "peft": ADAPTER, "load_in_4bit": True})
    assert identity.named("me/merged") == "me/merged (load_in_4bit=True)"


def test_notes_hold_whatever_may_change_an_answer():
    arguments = {
        "pretrained": BASE,
        "peft": ADAPTER,
        "dtype": "float16",
        "load_in_8bit": True,
        "enable_thinking": "False",
        "revision": "0123456789abcdef0123456789abcdef01234567",
        "max_length": 2048,
        "some_new_argument": 3,
        "device": "cuda",
        "auth_token": "x",
    }
    assert identity_of(ADAPTER, arguments).noted == (
        f"peft={ADAPTER}, pretrained={BASE}, load_in_8bit=True, revision=0123456789abcdef0123456789abcdef01234567, "
        "dtype=float16, enable_thinking=False, max_length=2048, some_new_argument=3"
    )


def test_secrets_are_in_no_name():
    identity = identity_of(
        "m", {"pretrained": "m", "quantization_config": {"token": "hf_AbCdEfGhIjKlMnOpQrSt"}, "hf_token": "abc"}
    )
    assert "AbCdEf" not in identity.name + identity.noted
    assert "abc" not in identity.noted


@pytest.mark.parametrize(
    "junk", [None, 7, "x", [1], {}, {"a": {"b": [1]}}, {1: 2}, {"pretrained": None}, {"peft": ["\x1b[31m\ud800"]}]
)
def test_junk_from_untrusted_files_is_harmless(junk):
    identity = identity_of("name", junk)
    assert identity.name.isprintable()
    assert identity.noted.isprintable()
    assert repository_of("hf", junk, "abc")[0] is None


@pytest.mark.parametrize(
    ("source", "arguments", "commit", "repository"),
    [
        ("hf", {"pretrained": BASE}, "abc123", BASE),
        ("hf", {"pretrained": BASE, "load_in_4bit": True}, "abc123", BASE),
        ("hf", {"pretrained": BASE, "gguf_file": "q4.gguf"}, "abc123", BASE),
        ("hf", {"pretrained": BASE, "peft": ADAPTER}, "abc123", ADAPTER),
        ("hf", {"pretrained": BASE, "delta": ADAPTER}, "abc123", ADAPTER),
        ("hf", {"pretrained": "/models/base", "peft": ADAPTER}, "abc123", ADAPTER),
        ("vllm", {"pretrained": BASE}, "", BASE),  # vllm records no commit
        ("hf", {"model_args": f"pretrained={BASE}"}, "abc123", BASE),
        ("hf", {"pretrained": BASE, "peft": "./out/adapter"}, "abc123", None),
        ("hf", {"pretrained": BASE, "peft": "out/adapter"}, "", None),
        ("hf", {"pretrained": "out/checkpoint"}, "", None),
        ("hf", {"pretrained": "/models/base"}, "abc123", None),
        ("hf", {"pretrained": "~/base"}, "abc123", None),
        ("hf", {"pretrained": "./a"}, "abc123", None),
        ("hf", {"pretrained": "../a/b"}, "abc123", None),
        ("hf", {"pretrained": r"C:\models\base"}, "abc123", None),
        ("hf", {"pretrained": "a/b/c"}, "abc123", None),
        ("hf", {"pretrained": "gpt2"}, "abc123", None),
        ("vllm", {"pretrained": BASE, "lora_local_path": ADAPTER}, "abc123", None),
        ("sglang", {"pretrained": BASE, "lora_paths": ADAPTER}, "abc123", None),
        ("steered", {"pretrained": BASE, "steer_path": "s.pt"}, "abc123", None),
        ("hf", {"pretrained": BASE, "peft": ADAPTER, "delta": "me/delta"}, "abc123", None),
        ("local-completions", {"model": BASE}, "abc123", None),
        ("openvino", {"pretrained": BASE}, "abc123", None),  # quantises large models by itself
        ("sevenllm-replay", {"model": BASE, "predictions": "x.jsonl"}, "", None),
        ("unknown", {"pretrained": BASE}, "abc123", None),
        ("hf", {}, "abc123", None),
    ],
)
def test_repositories(source, arguments, commit, repository):
    found, why = repository_of(source, arguments, commit)
    assert found == repository
    assert bool(why) == (repository is None)


def test_a_folder_with_the_name_of_a_repository_is_none(tmp_path, monkeypatch):
    (tmp_path / "org" / "base").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert repository_of("hf", {"pretrained": BASE}, "abc123") == (None, "org/base is a local folder")


def test_what_was_local_where_the_model_ran_is_remembered(tmp_path, monkeypatch):
    (tmp_path / "out" / "checkpoint").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    found = local_arguments({"pretrained": "out/checkpoint", "peft": ADAPTER, "device": "out", "tokenizer": "out"})
    monkeypatch.undo()
    assert found == ("pretrained",)
    assert repository_of("vllm", {"pretrained": "out/checkpoint"}, "", found) == (None, "out/checkpoint is a local folder")
    assert repository_of("hf", {"pretrained": "out/checkpoint", "peft": ADAPTER}, "abc123", found)[0] == ADAPTER


def test_the_base_is_not_the_adapters_repository():
    assert is_only_the_base("Org/Base", {"pretrained": BASE, "peft": ADAPTER})
    assert is_only_the_base(BASE, {"pretrained": BASE, "lora_local_path": "/x"})
    assert not is_only_the_base(ADAPTER, {"pretrained": BASE, "peft": ADAPTER})
    assert not is_only_the_base("me/merged", {"pretrained": BASE, "peft": ADAPTER})
    assert not is_only_the_base(BASE, {"pretrained": BASE, "load_in_4bit": True})
    assert not is_only_the_base(BASE, {"pretrained": BASE})


#: Of the arguments that lm-eval's models declare, those that name nothing and make no other model, but may change an answer.
MAY_CHANGE_AN_ANSWER = {
    *("add_bos_token", "backend", "chat_template_args", "dtype", "enable_thinking", "mixed_precision_dtype", "precision"),
    *("prefix_token_id", "custom_prefix_token_id", "softmax_dtype", "think_end_token", "tokenizer", "tokenizer_mode", "seed"),
    *("max_length", "max_model_len", "max_gen_toks", "max_tokens_to_sample", "temperature", "truncate", "truncation"),
    *("truncation_side", "context_length", "seq_length", "max_input_len", "max_output_len", "max_beam_width", "eos_string"),
    *("tokenizer_path", "tokenizer_type", "tokenizer_model", "vocab_file", "merge_file", "use_dist_ckpt", "extra_args"),
    *("num_layers", "hidden_size", "num_attention_heads", "ffn_hidden_size", "num_query_groups", "is_hf", "load_format"),
    *("generate_params", "image_token_id", "image_string", "interleave", "convert_img_format", "min_pixels", "max_pixels"),
    *("image_width", "image_height", "image_max_side", "max_audios", "max_images"),
}


def _is_registered(node):
    return any("register_model" in ast.unparse(decorator) for decorator in node.decorator_list)


def test_every_argument_of_lm_evals_models_is_accounted_for():
    """Each names the model, makes another, may change an answer, or is known to change none: none was forgotten."""
    import lm_eval.models

    noted = set()
    for file in Path(lm_eval.models.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and (_is_registered(node) or node.name in ("TemplateAPI", "_ONNXLMBase")):
                for method in (m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"):
                    names = [argument.arg for argument in [*method.args.args, *method.args.kwonlyargs]]
                    noted |= {name for name in names if name != "self" and identity_of("", {name: "x"}).notes}
    makes_another = {"peft", "delta", "lora_local_path", "steer_path", "pretrained", "subfolder", "gguf_file", "revision"}
    makes_another |= {"autogptq", "gptqmodel", "quantization", "kv_cache_dtype", "ckpt_step"}
    assert noted - makes_another <= MAY_CHANGE_AN_ANSWER
    assert makes_another - {"pretrained"} <= noted
