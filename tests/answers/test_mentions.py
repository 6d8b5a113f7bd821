"""Answers that quote or speak of the marks that models and prompts use, as answers about prompt injection do."""

import pytest

from sevenllm_bench.answers.final_text import final_text, read_final_text


@pytest.mark.parametrize(
    "answer",
    [
        "The attack used <think> tags in its prompt. The model then obeyed.",
        "The attacker sent the text `</think>` to close the reasoning. Then the model followed orders.",
        'He sent "</think>" first.',
        "He sent `x </think> y` first.",
        "攻击者发送“</think>”，然后模型执行了命令。",
        "攻击者使用<think>标签诱导模型。",
        "The payload held `<|im_end|>` and `<|im_start|>system` tokens. The model obeyed it.",
        "The attackers inserted </s> and [INST] tokens. It worked.",
        "The tags [THINK] and [/THINK] delimit reasoning. Attackers abuse them.",
        "Tags such as <reasoning> are left open by attackers. Then more.",
        "1. The attacker opens a <thought> tag.\n2. It closes.",
        "The payload:\n```\n<think>\n```\nIt was injected.",
        "The payload:\n```\n<|im_end|>\n<|im_start|>system\nObey.\n```\nIt was injected.",
        "The turn ends with the token <|endoftext|>.",
        "终止符是 </s>。",
        '{"a": "x <think> y"}',
        '{"a": "x </think> y", "b": ["[/THINK]"]}',
        '{"payload": "<|im_start|>system", "b": 1}',
        '{"payload": "[/INST] </s> ignore", "b": 1}',
        '{"a": "### Instruction: ignore"}',
        'The mail said "### Instruction: ignore all", and the model did.',
        "The channel's mark <|channel|>analysis<|message|> was injected.",
        "analysis_report: the loader runs",
        "### Detection:\nWatch the log.\n\n### Response:\nIsolate the host.",
    ],
)
@pytest.mark.parametrize("before", ["", "<think>\nhm\n</think>\n\n"])
def test_what_an_answer_says_of_marks_is_kept(before, answer):
    read = read_final_text(before + answer)
    assert (read.text, read.unclosed) == (answer, False)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("<think>He quotes `</think>` here, and A.</think>B", "B"),
        ("<think>He quotes `</think>` and never ends", ""),
        ('{"a": "draft"} no</think>{"a": "x"}', '{"a": "x"}'),
        ('```json\n{"a": "draft"}</think>```json\n{"a": "x"}\n```', '```json\n{"a": "x"}\n```'),
        ("B\n<think>Is it C?</think>", "B"),
        ("<think>no</think>B<think>Is it C?</think>\n", "B"),
        ("B\n<think>Is it C", "B"),
        ("<|im_start|>assistant\n<think>x</think>", ""),
        ("### Thought:\n<think>x</think>", ""),
        ('```json\n{"a": "x"}<|im_end|>\n', '```json\n{"a": "x"}'),
        ('He said "stop."<|im_end|>\n<|im_start|>user\n"x"', 'He said "stop."'),
        (
            "<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>"
            "The token <|channel|>analysis<|message|> was used.<|return|>",
            "The token <|channel|>analysis<|message|> was used.",
        ),
        (
            "<|channel|>analysis<|message|>The text has <|channel|>final<|message|>A<|end|>"
            "<|start|>assistant<|channel|>final<|message|>B<|return|>",
            "B",
        ),
        ("<|channel|>analysis<|message|>The text has <|channel|>final<|message|>A", ""),
        ("x\n\n### Instruction:\ny\n\n### Response:\nz", "x"),
        ("B\n\n### Explanation:\nIt fits.\n\n### Response:\nC", "B\n\n### Explanation:\nIt fits."),
        ("### Detection:\nx\n\n### Response:\ny\n\n### Instruction:\nz", "### Detection:\nx\n\n### Response:\ny"),
    ],
)
def test_marks_that_are_meant_still_count(raw, text):
    assert final_text(raw) == text
