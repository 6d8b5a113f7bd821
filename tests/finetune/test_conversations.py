"""Conversations as training examples: asked as an evaluation would, with loss on the assistant's turns alone."""

from copy import deepcopy

import pytest
from tokenizers_made_here import gpt2_like, llama2_like, llama3_like, qwen3_like

from sevenllm_bench.corpus.conversation import Conversation, Turn
from sevenllm_bench.finetune.encoding.example_encoder import IGNORED, ExampleEncoder, Fitting
from sevenllm_bench.prompts import render, style_by_name

ALPACA, COT = style_by_name("alpaca"), style_by_name("cot")
SINGLE = (Turn("user", "Name the tool."), Turn("assistant", "It was Emotet."))
WITH_INPUT = (Turn("user", "Name the tool."), Turn("user", "Emotet was seen."), Turn("assistant", "Emotet."))
LONG = (
    Turn("system", "You are brief."),
    Turn("user", "Who attacked?"),
    Turn("assistant", "A group from abroad."),
    Turn("user", "When was it?"),
    Turn("assistant", "In May, it is said."),
)
#: Gemma's: turns are trimmed, and a system's turn is refused.
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}"
    "{{ '[' + role + ']\\n' + message['content'] | trim + '<|eot_D|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '[model]\\n' }}{% endif %}"
)


def conversation(turns, row_id=1):
    return Conversation(row_id, tuple(turns), "en", "talk")


def encode(turns, tokenizer, style=ALPACA, max_length=100_000, **arguments):
    fitting = Fitting()
    found = list(ExampleEncoder(tokenizer, style, max_length, **arguments).encode([conversation(turns)], fitting))
    return (found[0] if found else None), fitting


def learned(example, tokenizer):
    """The texts that carry loss, each a run of labels."""
    runs, open_ = [], []
    for token, label in [*zip(example.input_ids, example.labels, strict=True), (0, IGNORED)]:
        assert label in (IGNORED, token)
        if label != IGNORED:
            open_.append(token)
        elif open_:
            runs.append(tokenizer.decode(open_))
            open_ = []
    return runs


def row(turns):
    """The SEvenLLM row that asks the same."""
    from sevenllm_bench.data.rows import Row

    instruction, *inputs = [turn.text for turn in turns if turn.role == "user"]
    return Row(1, "Threat Analysis", instruction, "".join(inputs), "", turns[-1].text, "en", "generation")


# --- the plain prompt ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tokenizer", [gpt2_like(), llama2_like(), qwen3_like(), llama3_like()], ids=lambda each: each.eos_token)
@pytest.mark.parametrize("turns", [SINGLE, WITH_INPUT], ids=["one turn", "instruction and input"])
@pytest.mark.parametrize("style", [ALPACA, COT], ids=lambda style: style.name)
def test_a_single_answer_is_asked_as_a_row_is(tokenizer, turns, style):
    """In the prompt "alpaca" also where rows are asked for a thought, which a general example has none of."""
    example, _ = encode(turns, tokenizer, style)
    (of_row,) = ExampleEncoder(tokenizer, ALPACA, 100_000).encode([row(turns)], Fitting())
    assert (example.input_ids, example.labels) == (of_row.input_ids, of_row.labels)
    assert example.cell == "en/general talk"


def test_several_turns_in_the_plain_form():
    tokenizer = gpt2_like()
    example, _ = encode(LONG, tokenizer)
    first = render(row((Turn("user", "You are brief.\n\nWho attacked?"), LONG[2])), ALPACA)
    assert tokenizer.decode(example.input_ids) == (
        f"{first}\nA group from abroad.<|end|>\n\n### Instruction:\nWhen was it?\n\n### Response:\nIn May, it is said.<|end|>"
    )
    assert learned(example, tokenizer) == ["\nA group from abroad.<|end|>", "\nIn May, it is said.<|end|>"]


# --- chat templates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [{}, {"enable_thinking": False}])
@pytest.mark.parametrize("make", [qwen3_like, llama3_like])
@pytest.mark.parametrize("turns", [SINGLE, LONG], ids=["one turn", "several"])
def test_the_last_answer_is_asked_as_the_template_asks(make, arguments, turns):
    """Token by token what transformers' own template gives for the turns before it."""
    tokenizer = make()
    messages = [{"role": turn.role, "content": turn.text} for turn in turns[:-1]]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **arguments)
    asked = tokenizer.encode(text, add_special_tokens=not text.startswith(tokenizer.bos_token or "\0"))
    example, _ = encode(turns, tokenizer, chat=True, chat_template_arguments=arguments)
    assert example.input_ids[: len(asked)] == asked
    assert turns[-1].text in tokenizer.decode(example.input_ids[len(asked) :])
    assert all(label != IGNORED for label in example.labels[len(asked) :])


def test_loss_on_the_assistants_turns_alone():
    tokenizer = qwen3_like()
    example, _ = encode(LONG, tokenizer, chat=True)
    answers = ["A group from abroad.<|im_end|>", "<think>\n\n</think>\n\nIn May, it is said.<|im_end|>"]
    assert learned(example, tokenizer) == answers
    example, _ = encode(LONG, tokenizer, chat=True, chat_template_arguments={"enable_thinking": False})
    assert learned(example, tokenizer) == [answers[0], "In May, it is said.<|im_end|>"]


def test_a_template_without_a_system_turn_that_trims():
    tokenizer = deepcopy(llama3_like())
    tokenizer.chat_template = GEMMA
    example, _ = encode(LONG, tokenizer, chat=True)
    assert tokenizer.decode(example.input_ids) == (
        "<|begin|>[user]\nYou are brief.\n\nWho attacked?<|eot_D|>\n[model]\nA group from abroad.<|eot_D|>\n"
        "[user]\nWhen was it?<|eot_D|>\n[model]\nIn May, it is said.<|eot_D|><|end|>"
    )
    assert learned(example, tokenizer) == ["A group from abroad.<|eot_D|>", "In May, it is said.<|eot_D|><|end|>"]
    assert example.input_ids.count(tokenizer.bos_token_id) == 1


def test_a_template_that_changes_what_was_said_earlier():
    """As reasoning models' drop earlier thoughts: then only the last answer is learned, after the prompt as it is asked."""
    tokenizer = deepcopy(gpt2_like())
    tokenizer.chat_template = (
        "{% for message in messages %}[{{ message['role'] }}]"
        "{{ message['content'].split('</think>')[-1] if not loop.last else message['content'] }}{% endfor %}"
        "{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    turns = (*LONG[1:2], Turn("assistant", "<think>Hm</think>A group."), *LONG[3:])
    example, _ = encode(turns, tokenizer, chat=True)
    assert tokenizer.decode(example.input_ids) == (
        "[user]Who attacked?[assistant]A group.[user]When was it?[assistant]In May, it is said.<|end|>"
    )
    assert learned(example, tokenizer) == ["In May, it is said.<|end|>"]


# --- what doesn't fit ------------------------------------------------------------------------------------------------


def test_later_turns_are_left_out_whole():
    tokenizer = gpt2_like()
    turns = LONG + tuple(Turn(each.role, f"{each.text} Once more.") for _ in range(4) for each in LONG[1:3])
    sizes = [len(encode(turns[: 3 + 2 * count], tokenizer)[0].input_ids) for count in range(6)]
    for kept, size in enumerate(sizes[:-1], 1):
        example, fitting = encode(turns, tokenizer, max_length=size)
        assert example.input_ids == encode(turns[: 1 + 2 * kept], tokenizer)[0].input_ids
        assert (fitting.later, fitting.shortened, fitting.cut) == ([1], [], [])
    assert encode(turns, tokenizer, max_length=sizes[-1])[1].as_dict() == {}


@pytest.mark.parametrize("chat", [True, False])
def test_a_conversation_without_end_is_looked_at_as_far_as_it_fits(monkeypatch, chat):
    tokenizer, rendered = qwen3_like(), 0
    apply = tokenizer.apply_chat_template

    def counting(messages, **arguments):
        nonlocal rendered
        rendered += len(messages)
        return apply(messages, **arguments)

    monkeypatch.setattr(tokenizer, "apply_chat_template", counting)
    turns = tuple(Turn(("user", "assistant")[place % 2], f"Number {place}.") for place in range(20_000))
    example, fitting = encode(turns, tokenizer, max_length=500, chat=chat)
    assert example == encode(turns[:60], tokenizer, max_length=500, chat=chat)[0]
    assert fitting.later == [1]
    assert rendered < 20_000, "the time doesn't go with the square of the turns"


def test_a_first_answer_that_does_not_fit():
    tokenizer = gpt2_like()
    turns = (WITH_INPUT[0], Turn("user", "Much was seen. " * 40), WITH_INPUT[2])
    bare = len(encode((WITH_INPUT[0], Turn("user", ""), WITH_INPUT[2]), tokenizer)[0].input_ids)
    example, fitting = encode(turns, tokenizer, max_length=bare + 20)
    assert fitting.shortened == [1]
    assert tokenizer.decode(example.input_ids).endswith("### Response:\nEmotet.<|end|>")
    turns = (SINGLE[0], Turn("assistant", "Very long. " * 100))
    prompt = len(encode(SINGLE, tokenizer)[0].input_ids)
    example, fitting = encode(turns, tokenizer, max_length=prompt + 30)
    assert (fitting.cut, len(example.input_ids)) == ([1], prompt + 30)
    assert tokenizer.eos_token_id not in example.input_ids
    assert encode(SINGLE, tokenizer, max_length=20)[1].no_room == [1]
