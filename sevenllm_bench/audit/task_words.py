"""Words by which an instruction names what it asks for, by task: of an instruction's own wording, after its opening."""

from __future__ import annotations

import re

from sevenllm_bench.data.rows import OPENINGS

#: For each task, a pattern of the words that an instruction of it has. A task without one is not looked for.
TASK_WORDS: dict[str, str] = {
    "Key Entity Recognition": r"entit|实体",
    "Important Event Extraction": r"event|incident|development|activit|campaign|事件|活动",
    "Malware Feature Extraction": (
        r"malware|malicious|ransom|trojan|worm|virus|botnet|backdoor|spyware|stealer|恶意|病毒|木马|勒索|蠕虫|后门|僵尸|样本|间谍|挖矿"
    ),
    "Cybersecurity Event Classification": r"classif|categor|type|分类|类型|类别",
    "Attack Tool Identification": r"tool|exploit|software|malware|method|工具",
    "Domain Intelligence Acquisition": r"domain|url|website|infrastructure|域名",
    "Time Element Acquisition": r"tim(?:e|ing)|date|chronolog|duration|period|when|时间|日期",
    "Encryption-Decryption Algorithm Identification": r"crypt|algorithm|cipher|加密|解密|算法",
    "Vulnerability Information Extraction": r"vulnerab|flaw|cve|weakness|exploit|bug|漏洞",
    "Attacker Information Extraction": r"attacker|threat actor|adversar|actor|hacker|group|perpetrator|攻击者|组织|黑客|团伙",
    "Attack Target Intelligence Gathering": r"target|victim|affected|目标|受害|受攻击",
    "Attack Means Analysis": r"means|method|techni|tactic|vector|手段|技术|方法|手法",
    "Attack Strategy Analysis": r"strateg|tactic|plan|策略|战术",
    "Attack Intent Analysis": r"inten|motiv|objective|purpose|goal|意图|动机|目的",
    "Correlation Analysis": r"correlat|relation|connect|link|关联|相关|相似|联系",
    "Threat Analysis": r"threat|attack|malware|vulnerab|risk|danger|威胁|攻击|恶意|漏洞|风险|病毒|木马|危害",
    "Risk Assessment": r"risk|impact|likelihood|severity|风险|影响|危害|评估",
    "Impact Scope": r"impact|scope|affect|consequence|effect|影响|范围|波及",
    "Trend Prediction": r"predict|trend|future|forecast|anticipat|预测|趋势|未来",
    "Protection Strategy Research": (
        r"protect|strateg|prevent|defen|mitigat|secur|measure|recommend|防护|保护|防御|防范|措施|建议|策略"
    ),
    "Incident Response Planning": r"respon|plan|recover|remediat|steps|响应|应急|处置|应对",
    "Security Policy Audit": r"polic|audit|control|complian|政策|审计|策略",
    "Summary Generation": r"summar|overview|concise|describe|outline|摘要|总结|概括|概述|描述|简要",
    "Security Alert Generation": r"alert|warning|advisory|notif|告警|警报|预警|通告",
}
_PATTERNS = {task: re.compile(words, re.IGNORECASE) for task, words in TASK_WORDS.items()}


def asks_for(instruction: str) -> set[str]:
    """English names of the tasks of which an instruction has a word, its opening left out."""
    opening = next((opening for opening in OPENINGS if instruction.startswith(opening)), "")
    wording = instruction[len(opening) :]
    return {task for task, pattern in _PATTERNS.items() if pattern.search(wording)}
