"""Adapters are asked as they were trained: lm-eval's `hf` model, loaded by the command that is printed, gets the same ids."""

import json
import shlex
import shutil

import pytest
import torch
from finetune_runs import QUICK, make_base, weights

from sevenllm_bench.cli.main import main
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.finetune.output.evaluation import Evaluation
from sevenllm_bench.finetune.run import finetune
from sevenllm_bench.finetune.settings.config_file import read_config

#: Of a tokenizer whose own template is not the one that was trained on.
OTHER_TEMPLATE = "{% for message in messages %}[{{ message['role'] }}] {{ message['content'] }} {% endfor %}"


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    return make_base(tmp_path_factory.mktemp("base") / "model")


def tune(base, output, *changes):
    words = [f"model.base={base}", f"output={output}", *QUICK, "training.method=lora", "lora.rank=2", "lora.dropout=0.0"]
    words += ["data.held_out=0", "training.max_steps=2", "training.learning_rate=0.01"]
    return finetune(read_config("demo", [*words, *changes]), lambda _: None)


def asked(command: str) -> tuple[list[list[int]], list[list[str]], dict]:
    """Ids that lm-eval's `hf` model is given by a command; where it stops; and the model's arguments."""
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.utils import simple_parse_args_string

    from sevenllm_bench.harness.launch import SEvenLLMTaskManager

    words = shlex.split(command)
    given = words[words.index("--model_args") + 1]
    arguments = json.loads(given) if given.startswith("{") else simple_parse_args_string(given)
    prompt = words[words.index("--metadata") + 1].partition("=")[2] if "--metadata" in words else "alpaca"

    class Recording(HFLM):
        def _model_generate(self, context, stop, **_):
            seen.append(context[0].tolist())
            stops.append(stop)
            return torch.cat([context, torch.tensor([[self.tokenizer.eos_token_id]])], dim=1)

    seen: list[list[int]] = []
    stops: list[list[str]] = []
    model = Recording(**arguments, device="cpu", batch_size=1)
    manager = SEvenLLMTaskManager(metadata={"dataset": "embedded", "prompt": prompt})
    tasks = manager.match_tasks(["sevenllm_en_mcq"])
    simple_evaluate(
        model, tasks=tasks, task_manager=manager, bootstrap_iters=0, apply_chat_template="--apply_chat_template" in words
    )
    return seen, stops, arguments


@pytest.mark.parametrize(
    ("chat", "arguments"), [(False, "{}"), (True, "{}"), (True, "{enable_thinking: false}"), (True, "{reasoning: [low, 1]}")]
)
def test_the_printed_command_asks_what_was_trained(chat, arguments, base, tmp_path):
    """Token by token, the end of sequence too, whatever template the base's own tokenizer has meanwhile."""
    from sevenllm_bench.finetune.base.opened_base import load_base
    from sevenllm_bench.finetune.encoding.dataset import encoder_for

    own = tmp_path / "base"
    shutil.copytree(base, own)
    changes = [f"data.chat={str(chat).lower()}", f"data.chat_template_arguments={arguments}"]
    config = read_config("demo", [f"model.base={own}", "output=x", *QUICK, *changes])
    encoder = encoder_for(config.data, load_base(config, print)[2])
    rows = [row for row in embedded_split("test") if (row.language, row.kind) == ("en", "mcq")]
    expected = sorted(encoder.prompt_ids(row) for row in rows)

    finished = tune(own, tmp_path / "out", *changes)
    (own / "chat_template.jinja").write_text(OTHER_TEMPLATE)
    command = finished.evaluation.command(finished.output)
    if not chat:  # asked in a chat all the same, the template that writes nothing travels with the adapters
        command += " --apply_chat_template"
    seen, stops, given = asked(command)
    assert sorted(seen) == expected
    assert len(seen) == len(rows) > 0
    assert all("<|im_end|>" in stop for stop in stops)
    assert given["tokenizer"] == given["peft"] == str(finished.output)


def test_added_tokens_travel_with_the_adapters(base, tmp_path):
    """Adapters of another tool over embeddings that it made larger: lm-eval makes the base's as large as the tokenizer."""
    from lm_eval.models.huggingface import HFLM
    from lm_eval.utils import simple_parse_args_string
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.add_tokens(["<ioc>"])
    model = AutoModelForCausalLM.from_pretrained(base)
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    torch.manual_seed(3)
    model = get_peft_model(model, LoraConfig(r=2, target_modules="all-linear", modules_to_save=["embed_tokens", "lm_head"]))
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    words = shlex.split(Evaluation(base=str(base)).command(tmp_path))
    loaded = HFLM(**simple_parse_args_string(words[words.index("--model_args") + 1]), device="cpu")
    ids = loaded.tok_encode("a <ioc> there")
    assert len(tokenizer) - 1 in ids
    assert torch.allclose(loaded.model(torch.tensor([ids])).logits, model.eval()(torch.tensor([ids])).logits, atol=1e-5)


def test_adapters_with_whole_embeddings_are_merged_first(base, tmp_path, capsys):
    """lm-eval cuts the embeddings of a base to the size of the tokenizer, which such adapters don't fit: 8 rows are more here."""
    from lm_eval.models.huggingface import HFLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    padded = tmp_path / "padded"
    model = AutoModelForCausalLM.from_pretrained(base)
    model.resize_token_embeddings(model.config.vocab_size + 8, mean_resizing=False)
    model.save_pretrained(padded)
    AutoTokenizer.from_pretrained(base).save_pretrained(padded)
    words = [f"model.base={padded}", f"output={tmp_path / 'out'}", *QUICK, "training.max_steps=1", "data.held_out=0"]
    words += ["training.method=lora", "lora.rank=2", "lora.modules_to_save=[embed_tokens, lm_head]"]
    assert main(["finetune", "demo", *words]) == 0
    printed = capsys.readouterr().out
    line = next(line for line in printed.splitlines() if line.startswith("evaluate:")).removeprefix("evaluate: ")
    merge, _, evaluate = line.partition(" && ")
    with pytest.raises(RuntimeError, match="size mismatch"):
        HFLM(pretrained=str(padded), peft=str(tmp_path / "out"), tokenizer=str(tmp_path / "out"), device="cpu")
    assert main([str(tmp_path / "merged") if word == "MERGED" else word for word in shlex.split(merge)[1:]]) == 0
    assert evaluate.startswith("lm_eval --model hf --model_args pretrained=MERGED --tasks")
    assert weights(tmp_path / "merged")["lm_head.weight"].shape[0] == 1024 + 8
    HFLM(pretrained=str(tmp_path / "merged"), device="cpu")
