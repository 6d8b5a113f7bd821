"""Records of general instruction sets to turns: the formats as their makers publish them, and what gives no conversation."""

import pytest

from sevenllm_bench.corpus.conversation import Turn
from sevenllm_bench.corpus.source.formats import format_of, turns_of
from sevenllm_bench.corpus.source.training_rows import LeftOut


def U(text):  # noqa: N802
    return Turn("user", text)


def A(text):  # noqa: N802
    return Turn("assistant", text)


S = Turn("system", "Be brief.")
CALLS = [{"role": "user", "content": "Weather?"}, {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}]

#: Format, record, turns: one of each published layout, by hand.
GOOD = {
    "Stanford Alpaca": ("alpaca", {"instruction": "Add.", "input": "1 and 2", "output": "3"}, [U("Add."), U("1 and 2"), A("3")]),
    "Alpaca without input": ("alpaca", {"instruction": " Hi.\n", "input": "", "output": "Ho."}, [U("Hi."), A("Ho.")]),
    "Dolly": (
        "alpaca",
        {"instruction": "Who?", "context": "Ann wrote it.", "response": "Ann.", "category": None},
        [U("Who?"), U("Ann wrote it."), A("Ann.")],
    ),
    "LLaMA-Factory": (
        "alpaca",
        {"instruction": "And 2?", "input": "", "output": "4", "system": "Be brief.", "history": [["1?", "2"]]},
        [S, U("1?"), A("2"), U("And 2?"), A("4")],
    ),
    "ShareGPT": (
        "sharegpt",
        {"id": "x", "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]},
        [U("Hi"), A("Ho")],
    ),
    "ShareGPT with a system column": (
        "sharegpt",
        {"system": "Be brief.", "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]},
        [S, U("Hi"), A("Ho")],
    ),
    "ShareGPT that begins with the assistant and ends with the user": (
        "sharegpt",
        {"conversations": [{"from": f, "value": v} for f, v in (("gpt", "0"), ("human", "1"), ("gpt", "2"), ("human", "3"))]},
        [U("1"), A("2")],
    ),
    "OpenAI messages": (
        "messages",
        {"messages": [{"role": r, "content": c} for r, c in (("system", "Be brief."), ("user", "Hi"), ("assistant", "Ho"))]},
        [S, U("Hi"), A("Ho")],
    ),
    "messages in parts, and two of one role": (
        "messages",
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "two"}]},
                {"role": "user", "content": "three"},
                {"role": "assistant", "content": "Ho"},
            ]
        },
        [U("One\ntwo\n\nthree"), A("Ho")],
    ),
    "TRL, texts": ("prompt-completion", {"prompt": "The sky is", "completion": " blue."}, [U("The sky is"), A("blue.")]),
    "TRL, messages": (
        "prompt-completion",
        {"prompt": [{"role": "user", "content": "Hi"}], "completion": [{"role": "assistant", "content": "Ho"}]},
        [U("Hi"), A("Ho")],
    ),
    "question and answer": ("prompt-completion", {"question": "1+1?", "answer": "2"}, [U("1+1?"), A("2")]),
}

BAD = {
    "no assistant": ("messages", {"messages": [{"role": "user", "content": "Hi"}]}, "no turn of the assistant", False),
    "an assistant alone": ("messages", {"messages": [{"role": "assistant", "content": "Hi"}]}, "no turn of the assistant", False),
    "an empty answer": ("alpaca", {"instruction": "x", "input": "", "output": " "}, "no turn of the assistant", False),
    "a null answer": ("alpaca", {"instruction": "x", "output": None}, "no turn of the assistant", False),
    "a tool's turn": ("messages", {"messages": [{"role": "tool", "content": "x"}]}, "role 'tool'", False),
    "a call": ("messages", {"messages": CALLS}, "calls tools", False),
    "an image beside the turns": (
        "sharegpt",
        {"image": "a.jpg", "conversations": [{"from": "human", "value": "<image>"}, {"from": "gpt", "value": "A cat."}]},
        "images",
        False,
    ),
    "an image": ("messages", {"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "no text", False),
    "a number": ("alpaca", {"instruction": "x", "output": 3}, "no text", False),
    "a role that is no text": ("messages", {"messages": [{"role": 1, "content": "x"}]}, "role 1", False),
    "a history of texts": ("alpaca", {"instruction": "x", "output": "y", "history": ["a"]}, "history", False),
    "no columns": ("alpaca", {"text": "x"}, "without the columns", True),
    "no list": ("sharegpt", {"conversations": "x"}, "no list of turns", True),
    "turns without values": ("sharegpt", {"conversations": [{"from": "human"}]}, "no list of turns", True),
}


@pytest.mark.parametrize("name", GOOD)
def test_turns(name):
    form, record, turns = GOOD[name]
    assert list(turns_of(record, form)) == turns
    assert format_of([record]) == form


@pytest.mark.parametrize("name", BAD)
def test_records_that_give_no_conversation(name):
    form, record, words, broken = BAD[name]
    with pytest.raises(LeftOut) as caught:
        turns_of(record, form)
    assert words in caught.value.reason
    assert caught.value.broken == broken


def test_formats_by_columns():
    assert format_of([{"id": 1, "category": "Threat Analysis", "instruction": "x", "input": "", "output": "y"}]) == "sevenllm"
    assert format_of([{"instruction": "x", "thought": "y", "output": "z"}]) == "sevenllm"
    assert format_of([{"text": "x"}, {}]) is None
    assert format_of([{"instruction": "x"}, {"output": "y"}]) == "alpaca", "columns may be missing where they are empty"
