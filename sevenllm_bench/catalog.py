"""The 28 SEvenLLM tasks: the one source of their names, kinds, definitions and official row counts.

Source: SEvenLLM (arXiv 2405.03446), where tasks 1-13 are "understanding" (information extraction, answered in JSON)
and tasks 14-28 are "generation" (analysis, answered in prose). The definitions are this project's own wording.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from sevenllm_bench.errors import nearest

Language = Literal["en", "zh"]
Kind = Literal["understanding", "generation", "mcq"]

LANGUAGES: tuple[Language, ...] = ("en", "zh")
KINDS: tuple[Kind, ...] = ("understanding", "generation", "mcq")

#: The paper's sections, in its order: language and what a row asks for.
SECTIONS: tuple[str, ...] = tuple(f"{language}_{kind}" for kind in KINDS for language in LANGUAGES)

#: Official rows that ask for extraction though their category is a generation task: id to the leaf that lm-eval runs them in.
ASK_FOR_EXTRACTION = {791: "sevenllm_en_protection_strategy_research", 823: "sevenllm_en_attack_strategy_analysis"}

#: Multiple-choice questions in the official test file, in each language.
OFFICIAL_MCQ = 50

#: Interface and comparability of the task set. The number moves when scores stop being comparable, the letter otherwise.
TASK_VERSION = "2-A"


@dataclass(frozen=True, slots=True)
class Task:
    """One of the 28 tasks.

    Attributes:
        number: Position in the paper's list, 1-28.
        name: English name, as in the data's `category` field.
        name_zh: Chinese name.
        kind: "understanding" (the answer is JSON) or "generation" (the answer is prose).
        official_rows: Question-answer rows in the official test file, as (English, Chinese).
        definition: What is asked, in English.
        definition_zh: What is asked, in Chinese.
    """

    number: int
    name: str
    name_zh: str
    kind: Kind
    official_rows: tuple[int, int]
    definition: str
    definition_zh: str

    @property
    def slug(self) -> str:
        """The English name in snake case, e.g. "threat_analysis"."""
        return self.name.lower().replace(" ", "_").replace("-", "_")

    def official_count(self, language: Language) -> int:
        """Number of official question-answer rows in `language` (0 for the 13 empty cells)."""
        return self.official_rows[LANGUAGES.index(language)]


def _tasks(kind: Kind, first: int, *entries: tuple[str, str, tuple[int, int], str, str]) -> Iterator[Task]:
    for number, (name, name_zh, rows, definition, definition_zh) in enumerate(entries, first):
        yield Task(number, name, name_zh, kind, rows, definition, definition_zh)


UNDERSTANDING = tuple(
    _tasks(
        "understanding",
        1,
        (
            "Key Entity Recognition",
            "关键实体识别",
            (22, 3),
            "Find the entities that carry the story of an incident: actors, organisations, systems, products, malware, places.",
            "找出承载事件主线的实体：攻击者、机构、系统、产品、恶意软件与地点等。",
        ),
        (
            "Main Relation Extraction",
            "主要关系抽取",
            (0, 0),
            "State how the main entities relate, as triples of subject, relation and object.",
            "以“主体—关系—客体”的形式给出主要实体之间的关系。",
        ),
        (
            "Important Event Extraction",
            "重要事件抽取",
            (25, 11),
            "Pick out the events that matter, with what happened, when, and who was involved.",
            "抽取文中的重要事件，包括发生了什么、何时发生以及涉及哪些方。",
        ),
        (
            "Malware Feature Extraction",
            "恶意软件特征提取",
            (39, 210),
            "Collect what identifies a malicious program: name, behaviour, persistence, evasion, files, network traces.",
            "提取恶意程序的识别特征：名称、行为、持久化与规避手段、文件及网络痕迹等。",
        ),
        (
            "Cybersecurity Event Classification",
            "网络安全事件分类",
            (78, 12),
            "Assign an incident to one or more types of security event, with the evidence where it is asked for.",
            "判定事件所属的安全事件类型，并按要求给出依据。",
        ),
        (
            "Attack Tool Identification",
            "攻击工具识别",
            (20, 3),
            "Name the tools, frameworks and utilities that the attacker used, and what for.",
            "指出攻击者使用的工具、框架与程序及其用途。",
        ),
        (
            "Domain Intelligence Acquisition",
            "域名情报获取",
            (9, 0),
            "Collect domain names and URLs and what each was used for.",
            "收集文中的域名与网址及其各自用途。",
        ),
        (
            "Time Element Acquisition",
            "时间要素获取",
            (33, 2),
            "Collect dates, times and durations together with what they refer to.",
            "收集日期、时刻与时长，并说明其对应的事项。",
        ),
        (
            "Network Protocol Utilization",
            "网络协议利用",
            (0, 0),
            "Identify the network protocols and ports in play and the part each has in the attack.",
            "识别涉及的网络协议与端口及其在攻击中的作用。",
        ),
        (
            "Encryption-Decryption Algorithm Identification",
            "加解密算法识别",
            (10, 0),
            "Identify encryption, decryption, encoding and hashing schemes, their keys and what they protect.",
            "识别加密、解密、编码与散列方法，以及密钥和被保护的内容。",
        ),
        (
            "Vulnerability Information Extraction",
            "漏洞信息抽取",
            (32, 35),
            "Extract vulnerabilities: identifier, affected product and version, type, severity, fix.",
            "抽取漏洞的编号、受影响产品与版本、类型、危害程度及修复方式。",
        ),
        (
            "Attacker Information Extraction",
            "攻击者信息抽取",
            (15, 19),
            "Extract what is known of the attacker: name, origin, motive, skill, past activity.",
            "抽取攻击者的名称、来源、动机、能力与既往活动等信息。",
        ),
        (
            "Attack Target Intelligence Gathering",
            "攻击目标情报收集",
            (15, 5),
            "Extract what was attacked: organisations, sectors, regions, systems, data.",
            "抽取攻击目标的机构、行业、地区、系统与数据等信息。",
        ),
    )
)

GENERATION = tuple(
    _tasks(
        "generation",
        14,
        (
            "Vulnerability Exploitation Analysis",
            "漏洞利用分析",
            (0, 0),
            "Explain how a vulnerability is exploited, under which conditions, and to what effect.",
            "说明漏洞如何被利用、需要何种条件以及造成何种后果。",
        ),
        (
            "Attack Means Analysis",
            "攻击手段分析",
            (1, 7),
            "Explain the techniques of an attack and how they fit together.",
            "分析攻击所用的技术手段及其相互配合。",
        ),
        (
            "Attack Strategy Analysis",
            "攻击策略分析",
            (3, 12),
            "Explain the plan behind an attack: order of steps, choices made, trade-offs.",
            "分析攻击背后的策略：步骤次序、取舍与安排。",
        ),
        (
            "Attack Intent Analysis",
            "攻击意图分析",
            (1, 1),
            "Infer what the attacker wants from what the attacker did.",
            "由攻击者的行为推断其意图。",
        ),
        (
            "Correlation Analysis",
            "关联分析",
            (0, 6),
            "Relate events, indicators or campaigns to one another and say how strong the link is.",
            "分析事件、指标或活动之间的关联及其可信程度。",
        ),
        (
            "Threat Analysis",
            "威胁分析",
            (81, 210),
            "Assess a threat: who, how, how capable, and what it means for those exposed.",
            "评估威胁的来源、方式与能力，以及对潜在受害者的意义。",
        ),
        (
            "Risk Assessment",
            "风险评估",
            (33, 10),
            "Weigh likelihood and damage of what an incident exposes.",
            "权衡事件所暴露风险的可能性与危害。",
        ),
        (
            "Impact Scope",
            "影响范围",
            (19, 8),
            "Describe who and what is affected, how widely and how badly.",
            "说明受影响的对象、范围与程度。",
        ),
        (
            "Trend Prediction",
            "趋势预测",
            (7, 2),
            "Predict how a threat is likely to develop, and from which signs.",
            "依据迹象预测威胁的发展趋势。",
        ),
        (
            "Behavioral Pattern Analysis",
            "行为模式分析",
            (0, 0),
            "Describe the recurring behaviour of an attacker or a malicious program.",
            "刻画攻击者或恶意程序反复出现的行为模式。",
        ),
        (
            "Protection Strategy Research",
            "防护策略研究",
            (48, 32),
            "Recommend protection that fits the incident, and why it would have helped.",
            "提出契合事件的防护策略并说明理由。",
        ),
        (
            "Incident Response Planning",
            "应急响应规划",
            (43, 6),
            "Plan the response: containment, eradication, recovery, communication, lessons.",
            "规划应急响应：遏制、清除、恢复、通报与复盘。",
        ),
        (
            "Security Policy Audit",
            "安全策略审计",
            (1, 0),
            "Judge policies and controls against what the incident shows, and name the gaps.",
            "对照事件审视安全策略与控制措施并指出缺口。",
        ),
        (
            "Summary Generation",
            "摘要生成",
            (54, 6),
            "Summarise an incident report faithfully and briefly.",
            "忠实而简洁地概括事件报告。",
        ),
        (
            "Security Alert Generation",
            "安全告警生成",
            (11, 0),
            "Write an alert that readers can act on: what is happening, who is concerned, what to do now.",
            "撰写可据以行动的告警：正在发生什么、涉及谁、现在该做什么。",
        ),
    )
)

TASKS: tuple[Task, ...] = UNDERSTANDING + GENERATION
_BY_NAME = {task.name: task for task in TASKS}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One task of the harness: a cell of task and language, or the MCQ of a language.

    Attributes:
        language: "en" or "zh".
        kind: How its answers are scored.
        task: The task of the catalogue; None for MCQ, which mixes tasks.
    """

    language: Language
    kind: Kind
    task: Task | None = None

    @property
    def name(self) -> str:
        """Name in the harness, e.g. "sevenllm_en_threat_analysis" or "sevenllm_zh_mcq"."""
        return f"sevenllm_{self.language}_{self.task.slug if self.task else 'mcq'}"

    @property
    def official_count(self) -> int:
        """Number of official rows."""
        return self.task.official_count(self.language) if self.task else OFFICIAL_MCQ

    @property
    def official_rows_scored(self) -> int:
        """Number of official rows that its figures are over: those that ask for what its task is about."""
        return self.official_count - list(ASK_FOR_EXTRACTION.values()).count(self.name)

    @property
    def is_official(self) -> bool:
        """Whether the official test file has rows for it; the 13 cells without run on rows of our own writing."""
        return self.official_count > 0


#: The 58 default leaves: 28 tasks and the MCQ, in two languages.
LEAVES: tuple[Leaf, ...] = tuple(
    leaf for language in LANGUAGES for leaf in (*(Leaf(language, task.kind, task) for task in TASKS), Leaf(language, "mcq"))
)
_LEAF_BY_NAME = {leaf.name: leaf for leaf in LEAVES}
_VARIANT = re.compile(r"sevenllm-(en|zh)-mcq-(?!circular$)[a-z]+")  # circular: a task of items

#: Official rows of each section: 300 and 50.
SECTION_ROWS = {f"{language}_{kind}": 0 for kind in KINDS for language in LANGUAGES}
for _leaf in LEAVES:
    SECTION_ROWS[f"{_leaf.language}_{_leaf.kind}"] += _leaf.official_rows_scored
for _name in ASK_FOR_EXTRACTION.values():
    SECTION_ROWS[f"{_LEAF_BY_NAME[_name].language}_understanding"] += 1


def task_by_name(name: str) -> Task | None:
    """The task with this English name exactly, or None."""
    return _BY_NAME.get(name)


def leaf_by_name(name: str) -> Leaf | None:
    """The default leaf with this name in the harness exactly, or None."""
    return _LEAF_BY_NAME.get(name)


def leaf_of_task(task: str) -> Leaf | None:
    """The leaf whose rows a task of the harness runs: a default leaf's own, a variant's; None for other tasks."""
    match = _VARIANT.fullmatch(task)
    return leaf_by_name(f"sevenllm_{match[1]}_mcq") if match else leaf_by_name(task)


@cache
def leaf_of(language: Language, kind: Kind, category: str) -> Leaf:
    """The default leaf that a row belongs to: by its category, or the MCQ of its language.

    Args:
        language: "en" or "zh".
        kind: Kind of the row; only "mcq" matters here, since other rows go by their category.
        category: English task name; must be one of the 28.
    """
    return _LEAF_BY_NAME[Leaf(language, "mcq").name if kind == "mcq" else Leaf(language, kind, _BY_NAME[category]).name]


def nearest_name(name: str) -> str | None:
    """The task name most like `name` (case ignored), or None when nothing is close."""
    by_lower = {task.name.lower(): task.name for task in TASKS}
    near = nearest(name.lower().replace("_", " "), by_lower)
    return by_lower[near] if near else None
