"""The words of the scripted model: what it asks and says, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Extraction:
    """How a task of extraction is answered.

    Attributes:
        what: What is looked for, in words, by language.
        keys: Keys of the answer, by language.
        kinds: Kinds of values, one for each key.
        form: "values", or a form of its own: "relations", "events", "class", "sentences".
        about: Of "sentences": what they are about, as a pattern.
        classes: Of "class": names of types and patterns for them.
    """

    what: dict[str, str]
    keys: dict[str, tuple[str, ...]]
    kinds: tuple[str, ...] = ()
    form: str = "values"
    about: dict[str, str] = field(default_factory=dict)
    classes: dict[str, dict[str, str]] = field(default_factory=dict)


def _task(en: str, zh: str, keys_en: str, keys_zh: str, **more: Any) -> Extraction:
    return Extraction({"en": en, "zh": zh}, {"en": tuple(keys_en.split("|")), "zh": tuple(keys_zh.split("|"))}, **more)


EXTRACTIONS: dict[str, Extraction] = {
    "Key Entity Recognition": _task(
        "names of groups, products, programs and places",
        "组织、产品、程序与地点的名称",
        "names|files",
        "名称|文件",
        kinds=("name", "file"),
    ),
    "Main Relation Extraction": _task(
        "relations between those who act and what they act on",
        "行为主体与对象之间的关系",
        "relations",
        "关系列表",
        form="relations",
    ),
    "Important Event Extraction": _task(
        "events with their day", "各项事件及其日期", "events|day|event", "事件列表|日期|事件", form="events"
    ),
    "Malware Feature Extraction": _task(
        "files and hash values of malicious programs",
        "恶意程序的文件与散列值",
        "files|hash values",
        "文件|散列值",
        kinds=("file", "hash"),
    ),
    "Cybersecurity Event Classification": _task(
        "type of the security event: ransomware, phishing, intrusion, botnet or vulnerability",
        "安全事件的类型：勒索、钓鱼、入侵、僵尸网络或漏洞",
        "type|evidence",
        "类型|依据",
        form="class",
        classes={
            "en": {
                "ransomware": r"(?i)ransom",
                "phishing": r"(?i)phish|lure|mail",
                "botnet": r"(?i)botnet|bots\b",
                "vulnerability": r"(?i)vulnerab|CVE-",
                "intrusion": r"(?i)intru|session|logged|access",
            },
            "zh": {"勒索": "勒索", "钓鱼": "钓鱼|仿冒", "僵尸网络": "僵尸", "漏洞": "漏洞", "入侵": "入侵|登录|攻击者"},
        },
    ),
    "Domain Intelligence Acquisition": _task(
        "domains, URLs and addresses",
        "域名、网址与地址",
        "URLs|domains|addresses",
        "网址|域名|地址",
        kinds=("url", "domain", "ip"),
    ),
    "Time Element Acquisition": _task("dates and times", "日期与时刻", "dates|times", "日期|时刻", kinds=("date", "clock")),
    "Network Protocol Utilization": _task(
        "network protocols and ports", "网络协议与端口", "protocols", "协议", kinds=("protocol",)
    ),
    "Encryption-Decryption Algorithm Identification": _task(
        "algorithms of encryption, encoding and hashing", "加密、编码与散列算法", "algorithms", "算法", kinds=("algorithm",)
    ),
    "Vulnerability Information Extraction": _task(
        "vulnerabilities by their number", "漏洞编号", "vulnerabilities", "漏洞", kinds=("cve",)
    ),
    "Attacker Information Extraction": _task(
        "statements on the attacker",
        "有关攻击者的陈述",
        "statements",
        "陈述",
        form="sentences",
        about={"en": r"(?i)\b(?:attacker|intruder|group|actor|operator)s?\b", "zh": "攻击者|组织|团伙|入侵者"},
    ),
}

GENERATIONS: dict[str, dict[str, str]] = {
    "Threat Analysis": {"en": "an assessment of the threat", "zh": "一份威胁评估"},
    "Attack Means Analysis": {"en": "an account of the means of the attack", "zh": "一份攻击手段说明"},
    "Risk Assessment": {"en": "an assessment of the risk", "zh": "一份风险评估"},
    "Impact Scope": {"en": "an account of who and what is affected", "zh": "一份影响范围说明"},
    "Protection Strategy Research": {"en": "advice on protection", "zh": "一份防护建议"},
    "Incident Response Planning": {"en": "a plan for the response", "zh": "一份应急响应计划"},
    "Summary Generation": {"en": "a short summary", "zh": "一份简短的摘要"},
    "Security Alert Generation": {"en": "an alert for those concerned", "zh": "一份告警"},
    "Attack Strategy Analysis": {"en": "an account of the plan behind the attack", "zh": "一份攻击策略分析"},
}

FALLBACK_CONCLUSION = {
    "en": "Seen together, these facts show how the incident went on and why it matters to others in the same position.",
    "zh": "综合来看，这些事实说明了事件的经过，也说明同类单位为何应当重视。",
}
CONCLUSIONS: dict[str, dict[str, str]] = {
    "Protection Strategy Research": {
        "en": "Remote access that is limited and logged, quick updates and trained staff would have made each of these steps "
        "harder.",
        "zh": "限制并记录远程访问、及时更新系统、培训员工，可以使上述每一步更难得手。",
    },
    "Incident Response Planning": {
        "en": "The response begins with cutting off the affected systems, goes on with removing what was left on \
them, and ends "
        "with restoring them from clean copies and telling those concerned.",
        "zh": "响应应先隔离受影响的系统，再清除遗留的程序，最后用干净的备份恢复并通报有关各方。",
    },
    "Risk Assessment": {
        "en": "The risk is high where the same systems are in use and nobody looks at them, and lower where access is limited.",
        "zh": "在使用相同系统而又无人查看的地方风险较高，在访问受限的地方风险较低。",
    },
    "Security Alert Generation": {
        "en": "Those who run such systems should look for these signs now and report what they find.",
        "zh": "运行此类系统的单位应当立即排查上述迹象，并报告发现的情况。",
    },
}

WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "comma": ", ",
        "triple": ("subject", "relation", "object"),
        "plan": "{task} fits, since there are several facts for it. The answer should look at the values as they are written.",
        "extract": (
            "Find the {what} and give them as JSON with the keys: {keys}.",
            "Which {what} are given? Reply in JSON with the keys: {keys}.",
            "For a list of what is known, collect the {what}; keys of the JSON object: {keys}.",
            "Collect the {what}. Leave out what is not stated. Keys: {keys}.",
        ),
        "extract_thought": "The task asks for {what}. Reading the sentences one by one, each value is taken as it is \
written, and "
        "goes under one of these keys: {keys}.",
        "analyse": (
            "Write {what} for this incident.",
            "A decision has to be made on this incident. What would {what} say?",
            "Colleagues who take over at night need {what}; write it in connected sentences.",
            "Put {what} into one paragraph, with the facts first and a conclusion at the end.",
        ),
        "analysis_thought": "The task asks for {what}. The facts of the incident come first, in their order; the \
conclusion follows "
        "from them and adds no further fact.",
        "gap": "Which of these belongs into the gap: “{sentence}”?",
        "ending": "How does this statement go on: “{head}”?",
        "mcq_thought": "The statement can be found word for word, with “{right}” at this place. The three others are \
said of something "
        "else.",
        "no_question": "What happened?",
    },
    "zh": {
        "comma": "、",
        "triple": ("主体", "关系", "客体"),
        "plan": "“{task}”适合这一段，因为其中有多处相关事实。作答时应按原样抄录各个值。",
        "extract": (
            "请找出{what}，以 JSON 给出，键为：{keys}。",
            "给出了哪些{what}？请用 JSON 回答，键为：{keys}。",
            "为整理已知情况，请收集{what}，JSON 对象的键为：{keys}。",
            "请收集{what}，没有写明的略去。键为：{keys}。",
        ),
        "extract_thought": "题目要求给出{what}。逐句阅读，按原样取出每个值，分别放在以下键之下：{keys}。",
        "analyse": (
            "请就这起事件撰写{what}。",
            "需要就这起事件作出决定，{what}应当怎么写？",
            "接夜班的同事需要{what}，请用连贯的句子写出。",
            "请用一段文字写出{what}，先写事实，最后写结论。",
        ),
        "analysis_thought": "题目要求写出{what}。先按顺序写事件的事实，结论由这些事实得出，不再增加新的事实。",
        "gap": "下面哪一项应填入空处：“{sentence}”？",
        "ending": "这句话接下来是哪一项：“{head}”？",
        "mcq_thought": "这句话可以逐字找到，此处写的正是“{right}”。其余三项写的是别的事情。",
        "no_question": "发生了什么？",
    },
}
