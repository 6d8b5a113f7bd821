"""Every prompt that a model sees, named and versioned, and the target text that goes with it.

The template is a protocol constant: the Alpaca wire format that SEvenLLM checkpoints were trained with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError, unknown_name

#: Opening words of the template.
OPENING = "Below is an instruction that describes a task"
_PREAMBLE = (
    f"{OPENING}, paired with an input that provides further context. Write a response that appropriately completes the request."
)
INSTRUCTION_HEADER = "### Instruction:"
INPUT_HEADER = "### Input:"
RESPONSE_HEADER = "### Response:"
THOUGHT_HEADER = "### Thought:"
_BODY = f"\n\n{INSTRUCTION_HEADER}\n{{instruction}}\n\n{INPUT_HEADER}\n{{input}}\n\n"

#: Where the template begins, and thus where an answer ends when a base model goes on with a next example.
TEMPLATE_PARTS = (OPENING, INSTRUCTION_HEADER, INPUT_HEADER, RESPONSE_HEADER)

#: Between a prompt and its target, in few-shot examples and in training.
TARGET_DELIMITER = "\n"


@dataclass(frozen=True, slots=True)
class PromptStyle:
    """A way to put a row to a model.

    Attributes:
        name: Name for `--metadata prompt=NAME`.
        version: Moves when the prompt's text does.
        template: With {instruction} and {input}.
        lettered_options: Whether an MCQ is its question and lettered options; else the Python form of its object.
        with_thought: Whether the target is the thought and then, after "### Response:", the answer.
    """

    name: str
    version: int
    template: str
    lettered_options: bool = True
    with_thought: bool = False

    @property
    def stop_strings(self) -> list[str]:
        """Where generation stops without a chat template: the next example's beginning, at any part of the template."""
        return [part for part in TEMPLATE_PARTS if not (self.with_thought and part == RESPONSE_HEADER)]

    @property
    def sha256(self) -> str:
        """First 12 hex digits of the hash over everything that shapes the prompt, for signatures."""
        shape = repr((self.template, self.lettered_options, self.with_thought, TARGET_DELIMITER))
        return hashlib.sha256(shape.encode()).hexdigest()[:12]


_ALPACA = _PREAMBLE + _BODY + RESPONSE_HEADER
_COT = f'{_PREAMBLE} Think first under "{THOUGHT_HEADER}", then answer under "{RESPONSE_HEADER}".{_BODY}{THOUGHT_HEADER}'

#: "alpaca" is the default; "paper" is the authors' exact form; "cot" asks for the thought first.
STYLES = {
    style.name: style
    for style in (
        PromptStyle("alpaca", 1, _ALPACA),
        PromptStyle("paper", 1, _ALPACA, lettered_options=False),
        PromptStyle("cot", 1, _COT, with_thought=True),
    )
}
DEFAULT_STYLE = "alpaca"
#: What is asked about a function, and its two options; a change of them moves `ENCODER_TASK_VERSION`.
CODE_QUESTION = "Can an attacker exploit a weakness of this function? Answer with the letter of the right option."
CODE_OPTIONS = ("The function is vulnerable.", "The function is not vulnerable.")


def are_own_stop_strings(until: Any) -> bool:
    """Whether generation stops where it does by default without a chat template: at the parts of the prompt's template."""
    return any(until == style.stop_strings for style in STYLES.values())


def style_by_name(name: Any) -> PromptStyle:
    """The prompt style with this name.

    Raises:
        ConfigError: There is none; the known names are listed, the nearest one is suggested.
    """
    if str(name) in STYLES:
        return STYLES[str(name)]
    raise ConfigError(unknown_name("prompt", str(name), STYLES))


def render(row: Row, style: PromptStyle) -> str:
    """The prompt for `row`; the model's answer is expected right after it."""
    return _rendered(_instruction(row, style), row.input, style)


def render_code(func: str, style: PromptStyle, vulnerable_first: bool) -> str:
    """The prompt that asks whether a function is vulnerable; "A" or "B" is expected right after it.

    Args:
        func: The function's code.
        style: How it is put to the model.
        vulnerable_first: Whether option A says that it is vulnerable, or option B.
    """
    texts = CODE_OPTIONS if vulnerable_first else CODE_OPTIONS[::-1]
    options = "\n".join(f"{letter}. {text}" for letter, text in zip("AB", texts, strict=True))
    return _rendered(f"{CODE_QUESTION}\n{options}", func, style)


def _rendered(instruction: str, content: str, style: PromptStyle) -> str:
    # Not str.format on the whole: incident texts and code contain braces.
    head, _, rest = style.template.partition("{instruction}")
    middle, _, tail = rest.partition("{input}")
    return head + instruction + middle + content + tail


def _instruction(row: Row, style: PromptStyle) -> str:
    if isinstance(row.instruction, str):
        return row.instruction
    if not style.lettered_options:
        return str(row.instruction)
    options = "\n".join(f"{letter}. {text}" for letter, text in row.choices.items())
    return f"{row.instruction['question']}\n{options}"


def target(row: Row, style: PromptStyle) -> str:
    """What a model should write after `render(row, style)`."""
    return "".join(target_parts(row, style))


def target_parts(row: Row, style: PromptStyle) -> tuple[str, str]:
    """The target in two parts: the thought with the header that ends it (empty without one), and the answer."""
    thought = f"{row.thought}\n\n{RESPONSE_HEADER}\n" if style.with_thought else ""
    return thought, row.reference_text


def entity_target(names: Mapping[str, Sequence[str]], style: PromptStyle) -> str:
    """What a model should write after `render_entities`.

    Args:
        names: Type to names.
        style: The prompt's style; one that asks for a thought has an empty one.
    """
    answer = json.dumps(names, ensure_ascii=False)
    return f"\n\n{RESPONSE_HEADER}\n{answer}" if style.with_thought else answer


#: Moves when an instruction below does.
ENTITY_PROMPT_VERSION = 1
#: What the task of entities asks for, by language; the keys of the answer are the same in both.
_ENTITY_INSTRUCTIONS = {
    "en": (
        "Execute the following information extraction task and return the results in json format: Name every entity of five "
        "types in the text. Answer with one object that has exactly these keys, each with a list of strings: "
        '"Indicator" (IP addresses, domains, URLs, e-mail addresses, hashes, names and paths of files, registry keys, ports, '
        'accounts that the attack uses), "Malware" (names of malicious programs and of tools made for attacks), '
        '"Organization" (companies, agencies, groups of attackers), "System" (products, operating systems, programs, devices), '
        '"Vulnerability" (CVE numbers, names of vulnerabilities, kinds of weakness). Copy each entity character by character '
        "as it stands in the text, and name it once. Leave a list empty where there is none."
    ),
    "zh": (
        "执行如下信息抽取任务，并以json格式返回结果：找出文中五类实体。只返回一个对象，且恰好包含以下各键，每个键的值为字符串列表："
        '"Indicator"（IP地址、域名、网址、邮箱、散列值、文件名与路径、注册表项、端口、攻击所用账号），'
        '"Malware"（恶意程序与攻击工具的名称），"Organization"（公司、机构、攻击组织），'
        '"System"（产品、操作系统、软件、设备），"Vulnerability"（CVE编号、漏洞名称、弱点类型）。'
        "每个实体须与原文逐字一致，只列一次；没有时列表留空。"
    ),
}


def render_entities(text: str, language: str, style: PromptStyle) -> str:
    """The prompt that asks for the entities in a text; the model's answer is expected right after it."""
    return _rendered(_ENTITY_INSTRUCTIONS[language], text, style)


def entity_prompt(language: str, style: PromptStyle) -> dict[str, str | int]:
    """Name, version and hash of that prompt, for signatures."""
    shape = repr((style.sha256, _ENTITY_INSTRUCTIONS[language]))
    digest = hashlib.sha256(shape.encode()).hexdigest()[:12]
    return {"name": f"{style.name} entities", "version": ENTITY_PROMPT_VERSION, "sha256": digest}
