"""The kernel of a run, decided on the loaded model."""

import json
from dataclasses import asdict

import finetune_runs
import pytest
import torch
from tiny_architectures import tiny
from tokenizers_made_here import gpt2_like, llama2_like
from transformers import AutoConfig

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.kernels.kernel_check import described
from sevenllm_bench.finetune.kernels.packed_attention import PACKED_SDPA
from sevenllm_bench.finetune.kernels.self_check import _sizes, _texts, settle_attention
from sevenllm_bench.finetune.run import finetune
from sevenllm_bench.finetune.runtime import resolve
from sevenllm_bench.finetune.settings.config import FinetuneConfig
from sevenllm_bench.finetune.settings.config_file import read_config


def settled(model, attention="auto", packing=True, max_length=512):
    """The check of a run on this model, and the lines it said."""
    config = FinetuneConfig.model_validate(
        {
            "model": {"base": "some/base", "attention": attention},
            "data": {"packing": packing, "max_length": max_length},
            "training": {"device": "cpu"},
            "output": "out",
        }
    )
    said: list[str] = []
    return settle_attention(model, gpt2_like(), config, resolve(config), said.append), said


@pytest.fixture
def big():
    """Models whose vocabulary is the tokenizer's."""
    size = len(gpt2_like())

    def made(name):
        model = tiny(name)
        model.resize_token_embeddings(size, mean_resizing=False)
        with torch.no_grad():
            model.get_input_embeddings().weight.normal_(generator=torch.Generator().manual_seed(0))
        return model

    return made


def test_a_packed_run_on_a_cpu_gets_our_kernel_and_says_so_in_one_line(big):
    model = big("Gemma 3")
    checked, said = settled(model)
    assert checked.kernel == model.config._attn_implementation == PACKED_SDPA
    assert checked.window == 20
    assert len(said) == 1
    assert said[0].startswith("attention: packed_sdpa; mean difference from plain transformers: ")
    assert "nats per token for two packed examples" in said[0]
    assert "for 256 tokens, window 20; at most 1.0e-04 (fp32)" in said[0]


def test_padded_batches_get_transformers_own_choice(big):
    assert settled(big("Llama"), packing=False)[0].kernel == "sdpa"
    assert settled(big("GPT-J"), packing=False)[0].kernel == "eager"


def test_what_failed_before_is_said(big):
    checked, said = settled(big("StableLM"))
    assert checked.kernel == "sdpa"
    assert [figures.kernel for figures in checked.tried] == [PACKED_SDPA, "sdpa"]
    assert said[0].startswith("attention: sdpa instead of packed_sdpa; ")


def test_its_record_is_json_and_gives_the_line_again(big):
    checked, said = settled(big("GPT-J"))
    record = json.loads(json.dumps(asdict(checked), allow_nan=False))
    assert [figures["kernel"] for figures in record["tried"]] == [PACKED_SDPA, "eager"]
    assert "doesn't have it" in record["tried"][0]["error"]
    assert described(record) == said[0]


def test_packing_is_refused_with_the_figures_and_the_way_out_where_examples_are_not_kept_apart(big):
    model = big("Mamba")
    with pytest.raises(ConfigError) as raised:
        settled(model)
    message = str(raised.value)
    assert message.startswith("model.base=some/base: losses are not those of plain transformers, in nats per token: ")
    assert "eager 1." in message or "eager 0." in message
    assert "for two packed examples" in message
    assert message.endswith("Packed examples would not be kept apart: data.packing=false trains on each of them alone")
    assert "\n" not in message
    assert settled(model, packing=False)[0].kernel == "eager"


def test_an_attention_that_the_user_named_is_not_replaced(big):
    assert settled(big("OPT"))[0].kernel == PACKED_SDPA
    with pytest.raises(ConfigError, match=r"sdpa \d\.\d+ for two packed examples, .*model.attention=auto chooses a kernel"):
        settled(big("OPT"), attention="sdpa")
    assert settled(big("OPT"), attention="sdpa", packing=False)[0].kernel == "sdpa"


def test_adapters_are_checked_with_their_base(big):
    from peft import LoraConfig, get_peft_model

    model = get_peft_model(
        big("Llama"), LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    )
    assert settled(model)[0].kernel == PACKED_SDPA
    assert model.get_base_model().config._attn_implementation == PACKED_SDPA


def test_weights_that_deepspeed_has_sharded_are_not_checked_and_that_is_said(big):
    model = big("Llama")
    next(model.parameters()).ds_id = 0  # as its ZeRO stage 3 marks them
    checked, said = settled(model, packing=False)
    assert checked.kernel == "sdpa"
    assert said == ["attention: sdpa, not checked: DeepSpeed has sharded the weights while loading"]


def test_short_sequences_are_checked_too(big):
    checked, said = settled(big("Gemma 3"), max_length=16)
    assert checked.kernel == PACKED_SDPA
    assert checked.tokens == 12
    assert checked.window is None
    assert "window" not in said[0]


@pytest.mark.parametrize(
    ("kind", "own", "max_length", "long", "window"),
    [
        ("llama", {}, 4096, 256, None),
        ("gemma3_text", {"sliding_window": 512}, 4096, 640, 512),
        ("gemma3_text", {"sliding_window": 512}, 512, 256, None),  # no text of this run is longer than the window
        ("gemma3_text", {"sliding_window": 512}, 600, 536, 512),
        ("mistral", {"sliding_window": 4096}, 8192, 4224, 4096),
        ("mistral", {"sliding_window": 16384}, 32768, 5792, 16384),  # 32 heads x 5,792² x 4 bytes are 4 GiB
        ("qwen2", {"use_sliding_window": False, "sliding_window": 4096}, 8192, 256, None),
        ("llama4_text", {"attention_chunk_size": 1024}, 4096, 1152, 1024),
    ],
)
def test_the_long_text_is_longer_than_the_windows_of_the_run_and_bounded(kind, own, max_length, long, window):
    sizes = _sizes(AutoConfig.for_model(kind, **{"num_attention_heads": 32, **own}), max_length)
    assert (sizes.long, sizes.window) == (long, window)
    assert sizes.long + sizes.short <= max_length


@pytest.mark.parametrize("tokenizer", [gpt2_like, llama2_like])
def test_texts_have_their_sizes_and_begin_as_the_models_do(tokenizer):
    sizes = _sizes(AutoConfig.for_model("mistral", sliding_window=16000, num_attention_heads=1), 20000)
    long, short = _texts(tokenizer(), sizes)
    assert (len(long), len(short)) == (16128, 64)
    if tokenizer().bos_token_id is not None:
        assert long[0] == short[0] == tokenizer().bos_token_id


# In a run


@pytest.fixture
def saved(big, tmp_path):
    """Bases in the save_pretrained layout."""

    def folder(name):
        big(name).save_pretrained(tmp_path / "base")
        gpt2_like().save_pretrained(tmp_path / "base")
        return tmp_path / "base"

    return folder


def run(base, output, *words):
    said: list[str] = []
    steps = ("training.max_steps=3", "data.max_length=384", "training.learning_rate=1e-3")
    words = (f"model.base={base}", f"output={output}", *finetune_runs.QUICK, *steps, *words)
    return finetune(read_config("demo", list(words)), said.append), said


def test_a_model_with_a_window_is_trained_and_evaluated_as_with_plain_attention(saved, tmp_path):
    base = saved("Gemma 3")
    run(base, tmp_path / "ours")
    run(base, tmp_path / "plain", "model.attention=eager")
    ours, plain = (finetune_runs.log(tmp_path / name) for name in ("ours", "plain"))
    for kind in ("loss", "eval_loss"):
        values = [[entry[kind] for entry in log if kind in entry] for log in (ours, plain)]
        assert len(values[0]) >= 2
        assert values[0] == pytest.approx(values[1], abs=2e-3)  # logged losses are rounded


def test_the_check_is_in_the_card_and_in_the_account_and_the_kernel_is_not_in_the_configuration(saved, tmp_path):
    finished, said = run(saved("StableLM"), tmp_path / "out")
    (line,) = [line for line in said if line.startswith("attention: ")]
    assert line.startswith("attention: sdpa instead of packed_sdpa; ")
    assert f"- {line}\n" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    account = json.loads((tmp_path / "out" / "training_data.json").read_text(encoding="utf-8"))
    assert account["attention"] == json.loads(json.dumps(finished.report["attention"]))
    assert described(account["attention"]) == line
    assert "attn" not in (tmp_path / "out" / "config.json").read_text(encoding="utf-8")


def test_a_run_that_would_mix_examples_ends_before_its_data_are_prepared(saved, tmp_path):
    base, said = saved("Mamba"), []
    words = [f"model.base={base}", f"output={tmp_path / 'out'}", "data.packing=true", "data.max_length=384"]
    with pytest.raises(ConfigError, match=r"data\.packing=false"):
        finetune(read_config("demo", words), said.append)
    assert said == []
    assert not (tmp_path / "out").exists()
