"""Training examples, token by token, against the ids that lm-eval's own `hf` model feeds, and through TRL's packing."""

from dataclasses import replace

import pytest
from tokenizers_made_here import gpt2_like, llama2_like, llama3_like, qwen3_like

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.encoding import example_encoder as module
from sevenllm_bench.finetune.encoding.example_encoder import IGNORED, PLAIN_CHAT_TEMPLATE, ExampleEncoder, Fitting
from sevenllm_bench.prompts import render, style_by_name, target

ALPACA, PAPER, COT = (style_by_name(name) for name in ("alpaca", "paper", "cot"))
TOKENIZERS = {"gpt2": gpt2_like, "llama2": llama2_like, "qwen3": qwen3_like, "llama3": llama3_like}
LEAVES = (
    "sevenllm_en_threat_analysis",
    "sevenllm_zh_threat_analysis",
    "sevenllm_zh_malware_feature_extraction",
    "sevenllm_en_mcq",
)
ROWS = [row for row in embedded_split("test") if row.leaf.name in LEAVES]
EXTRACTION = next(row for row in ROWS if row.kind == "understanding")
MCQ = next(row for row in ROWS if row.kind == "mcq")

#: Tokenizer, whether asked in its chat template, and that template's arguments.
WAYS = [
    ("gpt2", False, {}),
    ("llama2", False, {}),
    ("qwen3", False, {}),
    ("llama3", False, {}),
    ("qwen3", True, {}),
    ("qwen3", True, {"enable_thinking": False}),
    ("llama3", True, {}),
]


def encode(rows, tokenizer, style=ALPACA, max_length=100_000, **arguments):
    fitting = Fitting()
    return list(ExampleEncoder(tokenizer, style, max_length, **arguments).encode(rows, fitting)), fitting


def parts(example):
    """The ids without loss, and those with loss, which must be one run at the end."""
    start = next(place for place, label in enumerate(example.labels) if label != IGNORED)
    assert example.labels == [IGNORED] * start + example.input_ids[start:]
    return example.input_ids[:start], example.input_ids[start:]


# --- the prompt is the one that is asked -----------------------------------------------------------------------------


def asked(tokenizer, style, chat, arguments):
    """Ids that lm-eval's `hf` model is given for `ROWS`, through the task and the whole harness."""
    import torch
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from transformers import LlamaConfig, LlamaForCausalLM

    from sevenllm_bench.harness.launch import SEvenLLMTaskManager

    class Recording(HFLM):
        def _model_generate(self, context, *_, **__):
            assert len(context) == 1, "one at a time, so nothing is padded"
            seen.append(context[0].tolist())
            return torch.cat([context, torch.tensor([[self.tokenizer.eos_token_id]])], dim=1)

    seen: list[list[int]] = []
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        max_position_embeddings=50_000,
    )
    model = Recording(
        pretrained=LlamaForCausalLM(config), tokenizer=tokenizer, batch_size=1, device="cpu", chat_template_args=arguments
    )
    manager = SEvenLLMTaskManager(metadata={"dataset": "embedded", "prompt": style.name})
    simple_evaluate(model, tasks=list(LEAVES), task_manager=manager, bootstrap_iters=0, apply_chat_template=chat)
    return seen


@pytest.mark.parametrize(
    ("name", "chat", "arguments", "style"),
    [*((*way, ALPACA) for way in WAYS), ("llama2", False, {}, COT), ("qwen3", True, {"enable_thinking": False}, COT)],
)
def test_trained_prefixes_are_what_an_evaluation_feeds(name, chat, arguments, style):
    tokenizer = TOKENIZERS[name]()
    encoder = ExampleEncoder(tokenizer, style, 100_000, chat=chat, chat_template_arguments=arguments)
    examples, _ = encode(ROWS, tokenizer, style, chat=chat, chat_template_arguments=arguments)
    feeds = asked(tokenizer, style, chat, arguments)
    assert len(feeds) == len(ROWS) == 28
    assert sorted(feeds) == sorted(encoder.prompt_ids(row) for row in ROWS)
    for row, example in zip(ROWS, examples, strict=True):
        head, completion = parts(example)
        assert head == encoder.prompt_ids(row)
        assert completion[-1] == tokenizer.eos_token_id
        assert tokenizer.eos_token_id not in completion[:-1]


def test_the_papers_prompt_too():
    tokenizer = gpt2_like()
    encoder = ExampleEncoder(tokenizer, PAPER, 100_000)
    assert sorted(asked(tokenizer, PAPER, False, {})) == sorted(encoder.prompt_ids(row) for row in ROWS)


def test_the_plain_template_asks_as_without_one():
    """`--apply_chat_template` of a model that was trained without chat, which gets this template."""
    from copy import deepcopy

    tokenizer = deepcopy(llama2_like())
    tokenizer.chat_template = PLAIN_CHAT_TEMPLATE
    encoder = ExampleEncoder(tokenizer, ALPACA, 100_000)
    assert sorted(asked(tokenizer, ALPACA, True, {})) == sorted(encoder.prompt_ids(row) for row in ROWS)


# --- what carries loss -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_thought_loss", [True, False])
@pytest.mark.parametrize("name", ["gpt2", "qwen3", "llama3"])
def test_the_completion_is_the_delimiter_the_answer_and_the_end(name, with_thought_loss):
    tokenizer = TOKENIZERS[name]()
    for row in ROWS:
        (example,), _ = encode([row], tokenizer, with_thought_loss=with_thought_loss)
        head, completion = parts(example)
        assert tokenizer.decode(head).endswith("### Response:")
        assert tokenizer.decode(completion) == "\n" + row.reference_text + tokenizer.eos_token


def test_sentencepiece_puts_no_space_between_prompt_and_completion():
    tokenizer = llama2_like()
    for row in ROWS:
        (example,), _ = encode([row], tokenizer)
        tokens = tokenizer.convert_ids_to_tokens(example.input_ids)
        whole = tokenizer.convert_ids_to_tokens(tokenizer.encode(f"{render(row, ALPACA)}\n{row.reference_text}"))
        assert "".join(tokens) == "".join(whole) + "</s>"
        assert tokens[0] == "<s>"
        assert tokens.count("<s>") == 1


@pytest.mark.parametrize("name", TOKENIZERS)
def test_thought_and_answer_or_the_answer_alone_differ_in_the_labels_only(name):
    tokenizer = TOKENIZERS[name]()
    both, _ = encode(ROWS, tokenizer, COT)
    answers, _ = encode(ROWS, tokenizer, COT, with_thought_loss=False)
    for row, one, other in zip(ROWS, both, answers, strict=True):
        assert one.input_ids == other.input_ids
        head, _ = parts(one)
        masked, answer = parts(other)
        assert masked[: len(head)] == head
        if name == "llama2":
            continue  # its decoding loses a space at the beginning
        assert tokenizer.decode(masked[len(head) :]) == f"\n{row.thought}\n\n### Response:\n"
        assert tokenizer.decode(answer) == row.reference_text + tokenizer.eos_token
        assert tokenizer.decode(one.input_ids[len(head) :]) == "\n" + target(row, COT) + tokenizer.eos_token


def test_by_hand():
    """A row of five words, with a tokenizer of one word per token."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<e>", "<u>", "\n", "B", "### Response:", "T"]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<u>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("\n", "isolated")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<e>", unk_token="<u>")
    row = replace(MCQ, instruction="i", input="x", thought="T", output="B", kind="generation")
    u, n, x = 1, 2, IGNORED
    # preamble, 2 breaks, "### Instruction:", break, "i", 2 breaks, "### Input:", break, "x", 2 breaks, "### Response:"
    prompt = [u, n, n, u, n, u, n, n, u, n, u, n, n, 4]
    (example,), _ = encode([row], tokenizer)
    assert example.input_ids == [*prompt, n, 3, 0]
    assert example.labels == [x] * 14 + [n, 3, 0]
    prompt[-1] = u  # "### Thought:"
    for with_loss, labels in ((True, [n, 5, n, n, 4, n, 3, 0]), (False, [x, x, x, x, x, x, 3, 0])):
        (example,), _ = encode([row], tokenizer, COT, with_thought_loss=with_loss)
        assert example.input_ids == [*prompt, n, 5, n, n, 4, n, 3, 0]
        assert example.labels == [x] * 14 + labels


def test_rows_without_a_thought_are_left_out_and_counted():
    bare = [replace(row, thought=" \n") for row in ROWS[:2]]
    examples, fitting = encode([*bare, ROWS[2]], gpt2_like(), COT)
    assert [example.row_id for example in examples] == [ROWS[2].id]
    assert fitting.as_dict() == {"left out, no thought": {"rows": 2, "ids": [row.id for row in bare]}}
    assert len(encode(bare, gpt2_like(), ALPACA)[0]) == 2


# --- chat templates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "prompt_end", "completion"),
    [
        ("qwen3", {"enable_thinking": False}, "<|im_start|>assistant\n<think>\n\n</think>\n\n", "{answer}<|im_end|>"),
        ("qwen3", {}, "<|im_start|>assistant\n", "<think>\n\n</think>\n\n{answer}<|im_end|>"),
        ("llama3", {}, "[assistant]\n\n", "{answer}<|eot_D|><|end|>"),
    ],
)
def test_what_the_template_puts_around_the_answer(name, arguments, prompt_end, completion):
    tokenizer = TOKENIZERS[name]()
    for row in [*ROWS, replace(MCQ, output="D"), replace(ROWS[0], output="  two spaces, and a break\n")]:
        (example,), _ = encode([row], tokenizer, with_thought_loss=False, chat=True, chat_template_arguments=arguments)
        head, tail = parts(example)
        assert tokenizer.decode(head).endswith(prompt_end)
        assert tokenizer.decode(tail) == completion.format(answer="{answer}").replace("{answer}", row.reference_text)


def test_a_tokenizer_that_would_merge_prompt_and_delimiter():
    """Qwen's and Llama-3's splits make one token of ":" and a line break, which an evaluation can't feed."""
    tokenizer = qwen3_like()
    merged = tokenizer.encode("### Response:\n")
    assert tokenizer.convert_ids_to_tokens(merged)[-1] == ":Ċ"
    (example,), _ = encode([ROWS[0]], tokenizer)
    assert merged[-1] not in example.input_ids[-len(parts(example)[1]) - 1 :]


def test_a_beginning_of_sequence_is_there_once():
    tokenizer = llama3_like()
    for chat in (True, False):
        (example,), _ = encode([ROWS[0]], tokenizer, chat=chat)
        assert example.input_ids.count(tokenizer.bos_token_id) == 1
        assert example.input_ids[0] == tokenizer.bos_token_id


def test_a_template_that_writes_finished_turns_another_way():
    """As reasoning models' do: the prompt opens a thought that finished turns don't have."""
    from copy import deepcopy

    tokenizer = deepcopy(gpt2_like())
    tokenizer.chat_template = (
        "{% for message in messages %}[{{ message['role'] }}]{{ message['content'] }}{% endfor %}"
        "{% if add_generation_prompt %}[assistant]<think>\n{% endif %}"
    )
    (example,), _ = encode([ROWS[0]], tokenizer, chat=True)
    head, completion = parts(example)
    assert tokenizer.decode(head).endswith("[assistant]<think>\n")
    assert tokenizer.decode(completion) == ROWS[0].reference_text + "<|end|>"


def test_templates_and_tokenizers_that_do_not_serve():
    from copy import deepcopy

    with pytest.raises(ConfigError, match="no chat template"):
        ExampleEncoder(gpt2_like(), ALPACA, 100, chat=True)
    tokenizer = deepcopy(gpt2_like())
    tokenizer.eos_token = None
    with pytest.raises(ConfigError, match="no end-of-sequence token"):
        ExampleEncoder(tokenizer, ALPACA, 100)
    tokenizer = deepcopy(gpt2_like())
    for template in ("{{ raise_exception('no user') }}", "{% for", "{{ 1 / 0 }}"):
        tokenizer.chat_template = template
        with pytest.raises(ConfigError, match="chat template can't be applied"):
            encode([ROWS[0]], tokenizer, chat=True)
    with pytest.raises(ConfigError, match="tokenize"):
        encode([ROWS[0]], qwen3_like(), chat=True, chat_template_arguments={"tokenize": True})


# --- what doesn't fit ------------------------------------------------------------------------------------------------


def length(row, tokenizer, style=ALPACA):
    return len(encode([row], tokenizer, style)[0][0].input_ids)


@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("style", [ALPACA, COT], ids=lambda style: style.name)
def test_a_long_incident_text_is_shortened_and_nothing_else(name, style):
    tokenizer = TOKENIZERS[name]()
    for row in (EXTRACTION, MCQ, ROWS[0]):
        whole = length(row, tokenizer, style)
        (example,), fitting = encode([row], tokenizer, style, max_length=whole - 20)
        assert whole - 25 < len(example.input_ids) <= whole - 20
        assert (fitting.shortened, fitting.cut, fitting.no_room) == ([row.id], [], [])
        _, completion = parts(example)
        assert completion == parts(encode([row], tokenizer, style)[0][0])[1]
        if name != "llama2":
            text = tokenizer.decode(example.input_ids)
            before, _, after = render(replace(row, input="\0"), style).partition("\0")
            end = after + "\n" + target(row, style) + tokenizer.eos_token
            assert text.removeprefix(tokenizer.bos_token or "").startswith(before)
            assert text.endswith(end)
            kept = text[text.index(before) + len(before) : -len(end)]
            assert kept
            assert row.input.startswith(kept)
            assert kept != row.input


def test_a_row_that_just_fits_is_whole():
    tokenizer = gpt2_like()
    whole = length(EXTRACTION, tokenizer)
    (example,), fitting = encode([EXTRACTION], tokenizer, max_length=whole)
    assert (len(example.input_ids), fitting.as_dict()) == (whole, {})
    _, fitting = encode([EXTRACTION], tokenizer, max_length=whole - 1)
    assert fitting.shortened == [EXTRACTION.id]


def test_a_long_answer_is_cut_without_an_end_and_counted():
    tokenizer = gpt2_like()
    row = replace(ROWS[0], output="The attacker moved on. " * 500, input="Much text. " * 500)
    empty = length(replace(row, output="", input=""), tokenizer)
    (example,), fitting = encode([row], tokenizer, max_length=empty + 50)
    assert len(example.input_ids) == len(example.labels) == empty + 50
    assert (fitting.shortened, fitting.cut, fitting.no_room) == ([], [row.id], [])
    head, completion = parts(example)
    assert head == ExampleEncoder(tokenizer, ALPACA, 10).prompt_ids(replace(row, input=""))
    assert tokenizer.eos_token_id not in completion
    assert ("\n" + row.output).startswith(tokenizer.decode(completion))


def test_no_room_for_an_answer():
    tokenizer = gpt2_like()
    prompt = len(ExampleEncoder(tokenizer, ALPACA, 10).prompt_ids(replace(EXTRACTION, input="")))
    examples, fitting = encode([EXTRACTION, EXTRACTION], tokenizer, max_length=prompt)
    assert (examples, fitting.no_room) == ([], [EXTRACTION.id] * 2)
    assert fitting.as_dict() == {"left out, too long": {"rows": 2, "ids": [EXTRACTION.id] * 2}}
    assert encode([EXTRACTION], tokenizer, max_length=prompt + 1)[1].cut == [EXTRACTION.id]
    thought = replace(EXTRACTION, thought="Long. " * 200)
    examples, fitting = encode([thought], tokenizer, COT, max_length=prompt + 100, with_thought_loss=False)
    assert (examples, fitting.no_room) == ([], [EXTRACTION.id]), "its thought would fill it, without any loss"


def test_every_row_is_encoded_or_noted():
    tokenizer = gpt2_like()
    for style in (ALPACA, COT):
        wholes = {example.row_id: example for example in encode(ROWS, tokenizer, style)[0]}
        for max_length in (16, 250, 400, 600):
            examples, fitting = encode(ROWS, tokenizer, style, max_length=max_length)
            assert len(examples) + len(fitting.no_room) + len(fitting.no_thought) == len(ROWS)
            assert all(len(example.input_ids) <= max_length for example in examples)
            touched = {*fitting.shortened, *fitting.cut}
            for example in examples:
                assert (example == wholes[example.row_id]) == (example.row_id not in touched)


def test_shortening_takes_logarithmically_many_tries(monkeypatch):
    row = replace(ROWS[0], input="x " * 50_000)
    encoder = ExampleEncoder(gpt2_like(), ALPACA, 500)
    calls = []
    original = ExampleEncoder._whole
    monkeypatch.setattr(ExampleEncoder, "_whole", lambda self, row: calls.append(1) or original(self, row))
    assert len(list(encoder.encode([row], Fitting()))) == 1
    assert len(calls) <= 2 + 17, "100,000 characters: log2 is below 17"


def test_bisection():
    for best in (-1, 0, 5, 9):
        assert module._longest(lambda size, best=best: size <= best, 10) == best
    assert module._longest(lambda size: True, 10) == 9


# --- packing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 3])
def test_after_packing_each_example_has_its_own_labels_and_positions(batch):
    from datasets import Dataset
    from trl import pack_dataset
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    tokenizer = llama2_like()
    examples = encode(ROWS, tokenizer, COT, with_thought_loss=False)[0]
    longest = max(len(example.input_ids) for example in examples)
    table = Dataset.from_dict({name: [getattr(example, name) for example in examples] for name in ("input_ids", "labels")})
    packed = pack_dataset(table, longest + 300, strategy="bfd")
    assert len(packed) < len(examples)
    collator = DataCollatorForLanguageModeling(pad_token_id=tokenizer.pad_token_id, padding_free=True)
    found = []
    for start in range(0, len(packed), batch):
        output = collator([packed[place] for place in range(start, min(start + batch, len(packed)))])
        ids, labels, positions = (output[name][0].tolist() for name in ("input_ids", "labels", "position_ids"))
        starts = [place for place, position in enumerate(positions) if position == 0]
        for begin, end in zip(starts, [*starts[1:], len(ids)], strict=True):
            assert positions[begin:end] == list(range(end - begin))
            assert labels[begin] == IGNORED
            found.append((ids[begin:end], labels[begin:end]))
    assert sorted(found) == sorted((example.input_ids, example.labels) for example in examples)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("tokenizer_config.json", '{"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": {"a": 1}}'),
        ("tokenizer_config.json", '{"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": ["x"]}'),
        ("tokenizer.json", "{}"),
        ("tokenizer.json", '{"model": {"type": "BPE", "vocab": {"a": "x"}, "merges": []}}'),
        ("tokenizer.json", "\x00"),
    ],
)
def test_a_broken_tokenizer_is_one_message(file, content, tmp_path):
    from finetune.finetune_runs import make_base

    from sevenllm_bench.errors import ConfigError
    from sevenllm_bench.finetune.base.model import load_tokenizer
    from sevenllm_bench.finetune.settings.model_sections import ModelSection

    folder = make_base(tmp_path / "base")
    (folder / file).write_text(content)
    with pytest.raises(ConfigError, match="can't be loaded"):
        load_tokenizer(ModelSection(base=str(folder)), chat=False)
