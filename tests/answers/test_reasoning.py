"""Reasoning in the forms that models have, as their templates and model cards show them."""

import pytest

from sevenllm_bench.answers.final_text import final_text, read_final_text, with_reasoning_marked, with_thought_marked
from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.answers.reasoning import opening_of

#: Form: how reasoning begins and ends.
FORMS = {
    "DeepSeek-R1, Qwen3": ("<think>\n", "\n</think>\n\n"),
    "capitals": ("<THINK>", "</THINK>"),
    "thinking": ("<thinking>", "</thinking>\n"),
    "EXAONE Deep": ("<thought>\n", "\n</thought>\n\n"),
    "Marco-o1": ("<Thought>", "</Thought>\n"),
    "reasoning": ("<reasoning>", "</reasoning>"),
    "scratchpad": ("<scratchpad>", "</scratchpad>"),
    "inner monologue": ("<inner_monologue>", "</inner_monologue>"),
    "Magistral": ("[THINK]", "[/THINK]"),
    "Kimi": ("◁think▷", "◁/think▷"),
    "Seed-OSS": ("<seed:think>", "</seed:think>"),
    "LongCat": ("<longcat_think>\n", "\n</longcat_think>\n"),
    "Sky-T1, OpenThinker": ("<|begin_of_thought|>\n\n", "\n\n<|end_of_thought|>\n\n<|begin_of_solution|>\n\n"),
    "Command A": ("<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>"),
    "Apertus": ("<|inner_prefix|>", "<|inner_suffix|>"),
    "MedGemma": ("<unused94>thought\n", "<unused95>"),
    "Gemma 4": ("<|channel>thought\n", "<channel|>"),
    "Granite 3.2": ("Here is my thought process: ", "\nHere is my response: "),
    "Apriel": ("Here are my reasoning steps:\n", "\n[BEGIN FINAL RESPONSE]\n"),
    "gpt-oss": (
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
    ),
    "gpt-oss, with a recipient": (
        "<|start|>assistant<|channel|>commentary to=functions.x <|constrain|>json<|message|>",
        "<|call|><|start|>assistant<|channel|>final <|constrain|>JSON<|message|>",
    ),
    "gpt-oss without special tokens": ("analysis", "assistantfinal"),
    "Chinese tag": ("<思考>", "</思考>"),
    "Chinese full-width tag": ("＜思考过程＞", "＜/思考过程＞"),
    "Chinese brackets": ("【思考】", "【/思考】"),
    "Chinese headings": ("【思考过程】", "\n【最终答案】"),
}


@pytest.mark.parametrize("answer", ["B", '{"Actor": "X"}', "受害者是一家医院。"])
@pytest.mark.parametrize(("begin", "end"), FORMS.values(), ids=FORMS)
def test_reasoning_is_no_part_of_the_answer(begin, end, answer):
    reasoning = 'Perhaps A? {"Actor": "draft"} 也许是 C。'
    read = read_final_text(f"{begin}{reasoning}{end}{answer}")
    assert (read.text, read.unclosed, read.is_suspect) == (answer, False, False)


@pytest.mark.parametrize(("begin", "end"), FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("kind", ["understanding", "generation", "mcq"])
def test_reasoning_that_never_ends_leaves_no_answer(begin, end, kind):
    read = read_answer(f"{begin}The answer is C, since the loader runs.", kind, dict.fromkeys("ABCD", ""))
    assert (read.text, read.how, read.cut) == ("", "empty", True)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("<thinking>a<think>b</think>c</thinking>d", "d"),
        ("<thinking>a <reasoning>b</reasoning> c", ""),
        ("no opening</thinking>B", "B"),
        ("no opening[/THINK]B", "B"),
        ("<think>a</think>b<think>c</think>d", "d"),
        ("<think>quotes ### Response: and Below is an instruction that describes a task</think>B", "B"),
        ("B<|im_end|>\n<|im_start|>user\nAnd C?<|im_end|>", "B"),
        ("<|start_header_id|>assistant<|end_header_id|>\n\nB<|eot_id|>", "B"),
        ("<start_of_turn>model\nB<end_of_turn>\n", "B"),
        ("<|begin_of_box|>B<|end_of_box|>", "B"),
        ("assistant\nB", "B"),
        ("Assistant: B", "B"),
        ("助手：B", "B"),
        ("[/INST] B </s>", "B"),
        ("<answer>\nB\n</answer>", "B"),
        ("<answer>B", "B"),
        ("<reflection>no, B</reflection>\n<output>B</output>", "B"),
        ("<answer>B</answer> because", "<answer>B</answer> because"),
        ("The channel <|channel|> is a token.", "The channel <|channel|> is a token."),
        ("analysis of the sample", "analysis of the sample"),
        ("finally, B", "finally, B"),
        ("finalB", "B"),
        ("Analysis: the loader", "Analysis: the loader"),
        ("The thinking [1] of the group", "The thinking [1] of the group"),
        ("# 分析\n攻击者【答案】", "# 分析\n攻击者【答案】"),
        ("The list [A] and [THINKPAD] stays", "The list [A] and [THINKPAD] stays"),
        ("x\n\n### Input:\ny\n\n### Response:\nz", "x"),
        ("x ### Response: z", "x"),
        ("### Response:\nx\n### Response:\nz", "x"),
        ("### Thought:\nx\n\n### Response:\ny\n\n### Response:\nz", "y"),
        ("### Thought:\n<think>x</think>y", "y"),
        ("### Thought:\nnever ends", ""),
    ],
)
def test_what_belongs_to_the_answer(raw, text):
    assert final_text(raw) == text


@pytest.mark.parametrize(
    "raw",
    [
        "<deep_thought_mode>maybe A</deep_thought_mode>B",
        "(thinking: maybe A) B",
        "<ponder> maybe A",
        "<pondering>hm</pondering>The attackers",
        "[Reasoning] maybe A",
        "**Thinking:** maybe A",
        "Okay, the user wants one letter. Maybe A",
        "Let me think about the loader",
        "We need to find the actor.",
        "好的，我现在需要分析这份报告",
        "嗯，用户想知道攻击者是谁",
        "<analysis>先看时间",
    ],
)
def test_what_looks_like_reasoning_of_an_unknown_form(raw):
    assert read_answer(raw, "generation").is_suspect
    assert not read_answer("The loader runs.", "generation").is_suspect


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("The attackers need to find a way in.", "generation"),
        ("分析报告显示，攻击者使用了钓鱼邮件。", "generation"),
        ("[1] The report says so.", "generation"),
        ("【分析】攻击者先发钓鱼邮件。", "generation"),
        ("**Analysis of the incident**\nThe loader runs.", "generation"),
        ('{"thinking": "x"}', "understanding"),
        ("Let me think. The answer is B", "mcq"),
    ],
)
def test_what_does_not_look_like_reasoning(raw, kind):
    assert not read_answer(raw, kind, dict.fromkeys("ABCD", "")).is_suspect


@pytest.mark.parametrize(
    ("prompt", "opening"),
    [
        ("…<|im_start|>assistant\n<think>\n", "<think>\n"),
        ("…[/INST][THINK]", "[THINK]"),
        ("…<|START_THINKING|>", "<|START_THINKING|>"),
        ("…<|im_start|>assistant\n<think>\n\n</think>\n\n", ""),
        ("…with <think> inside\n\n### Response:", ""),
        ("", ""),
    ],
)
def test_what_a_prompt_opens(prompt, opening):
    assert opening_of(prompt) == opening
    assert with_reasoning_marked(prompt, "x") == opening + "x"


def test_a_form_that_is_named():
    assert final_text(with_reasoning_marked("p", "maybe A :: no :: B", "::")) == "B"
    assert read_answer(with_reasoning_marked("p", "maybe A", "::"), "mcq").cut


def test_the_thought_that_a_prompt_asks_for():
    cot, plain = "### Response: is asked for\n\n### Thought:", "### Thought: in a text\n\n### Response:"
    assert with_thought_marked(cot, "x") == "### Thought:\nx"
    assert with_thought_marked(cot, "### Thought:\nx") == "### Thought:\nx"
    assert with_thought_marked(plain, "x") == "x"
