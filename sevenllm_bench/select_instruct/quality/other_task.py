"""A row that answers another task than its own: by the form of its answer, and by what its parts are about."""

# ruff: noqa: E501  (patterns and lists of words are not wrapped)
from __future__ import annotations

import json
import re
from collections.abc import Iterator

from sevenllm_bench.catalog import TASKS, task_by_name
from sevenllm_bench.data.rows import OPENINGS
from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft
from sevenllm_bench.select_instruct.quality.draft_check import answer_text, shown
from sevenllm_bench.select_instruct.quality.value_dates import dates_in, years_in
from sevenllm_bench.select_instruct.settings.build_config import QualitySection
from sevenllm_bench.text.indicators import INDICATOR, refang
from sevenllm_bench.text.leaf_values import keys_of, leaf_values

#: A value of so many characters with several sentences is prose.
_PROSE = {"en": 280, "zh": 120}
_SENTENCES = re.compile(r"[.!?](?:\s|$)|[。！？]")
_JSON_ASKED = re.compile(r"\bjson\b", re.IGNORECASE)
_LETTER_ONLY = re.compile(
    r"[\s\"'(（]*(?:(?:the )?(?:answer|correct option)(?: is)?|答案(?:是|为)?)?[\s:：]*[A-D][\s.。)）\"']*", re.IGNORECASE
)
#: What an answer to a task can't be without, in its values, its keys or its instruction.
_TIME = re.compile(
    r"\d{1,2}:\d\d|\b(?:day|week|month|year|hour|minute|second|night|morning|evening|today|yesterday|since|until|before|after|during"
    r"|spring|summer|autumn|winter|fall|quarter|later|ago|annually|daily|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|september|october|november|december)"
    r"|[年月日时分秒周天夜晨晚季旬前后今昨]|期间|以来|\d{4}",
    re.IGNORECASE,
)
_CRYPTOGRAPHY = re.compile(
    r"crypt|cipher|\baes|\brsa|rc4|rc5|des\b|chacha|salsa|xor|base64|base32|hash|\bmd5|\bsha|encod|decod|key|curve|ecdh|ecc|blowfish|twofish|serpent|pgp|gpg|tls|ssl|certificate|signature|obfuscat|rot13|algorithm|sm[234]|nacl"
    r"|加密|解密|编码|解码|密码|密钥|算法|散列|哈希|异或|公钥|私钥|签名|证书|混淆|国密",
    re.IGNORECASE,
)
_VULNERABILITY = re.compile(
    r"cve|cnvd|cnnvd|vulnerab|flaw|bug\b|exploit|patch|weakness|zero.?day|0.?day|injection|overflow|bypass|\brce\b|cvss|fix|version|misconfig|漏洞|缺陷|补丁|利用|注入|溢出|绕过|执行|弱口令|版本|修复|未授权",
    re.IGNORECASE,
)
_PROTOCOL = re.compile(
    r"protocol|port|http|tcp|udp|dns|smb|rdp|ftp|ssh|ssl|tls|smtp|imap|ldap|icmp|telnet|mqtt|modbus|snmp|websocket|tor\b|vpn|quic|socks|netbios|stratum|kerberos|ntlm|winrm|rpc|wmi|upnp|bgp|irc|p2p|协议|端口",
    re.IGNORECASE,
)
_NEEDS = {
    "Time Element Acquisition": ("a time", _TIME),
    "Encryption-Decryption Algorithm Identification": ("an algorithm, a key or a code", _CRYPTOGRAPHY),
    "Vulnerability Information Extraction": ("a vulnerability", _VULNERABILITY),
    "Network Protocol Utilization": ("a protocol or a port", _PROTOCOL),
}
_DOMAINS = "Domain Intelligence Acquisition"
#: What an instruction of an extraction task speaks of; a row that speaks of another task's matter alone is that task's.
_MATTERS: dict[str, str] = {
    "Time Element Acquisition": r"\b(?:times?|dates?|when|timeline|timestamps?|durations?|chronolog\w+|schedule|days?|weeks?|months?|years?|hours?|how (?:long|often)|periods?)\b|时间|日期|何时|时刻|时长|时点|时序|先后",
    "Domain Intelligence Acquisition": r"\b(?:domains?|urls?|hosts?|hostnames?|sites?|websites?|addresses|servers?|links?)\b|域名|网址|URL|链接|站点|主机|地址|服务器",
    "Vulnerability Information Extraction": r"\b(?:vulnerabilit\w+|cves?|flaws?|bugs?|patch\w*|weakness\w*|exploit\w*|defects?)\b|漏洞|补丁|缺陷|CVE",
    "Encryption-Decryption Algorithm Identification": r"\b(?:encrypt\w*|decrypt\w*|cipher\w*|cryptograph\w*|encod\w*|decod\w*|hash\w*|keys?|algorithms?)\b|加密|解密|密码|编码|算法|密钥|散列|哈希",
    "Network Protocol Utilization": r"\b(?:protocols?|ports?|traffic|network\w*|communicat\w*)\b|协议|端口|通信|流量|网络",
}
_ASKS_FOR_LETTER = re.compile(
    r"\b(?:option|choice)s? [A-D]\b.*\b[A-D]\b|\bmultiple[- ]choice\b|选择题|(?:A|Ａ)[.、．].{1,80}(?:B|Ｂ)[.、．]",
    re.IGNORECASE | re.DOTALL,
)


class OtherTaskCheck:
    """Instruction, thought and answer are those of the draft's task."""

    name = "other task"

    def problem(self, draft: Draft, settings: QualitySection) -> CheckFinding | None:
        """The first part that belongs to another task."""
        reason = next(_contradictions(draft), None)
        return CheckFinding(check=self.name, reason=reason) if reason else None


def _contradictions(draft: Draft) -> Iterator[str]:
    if draft.kind == "understanding":
        yield from _prose_values(draft)
        yield from _lacking(draft)
        yield from _other_matter(draft)
    elif draft.kind == "generation":
        yield from _no_prose(draft)
    if draft.kind != "mcq" and _ASKS_FOR_LETTER.search(draft.instruction):
        yield "the instruction asks a multiple-choice question"
    yield from _other_name(draft)


def _prose_values(draft: Draft) -> Iterator[str]:
    for value in leaf_values(draft.output):
        text = value.strip()
        if len(text) >= _PROSE[draft.language] and len(_SENTENCES.findall(text)) >= 2 and text not in draft.input:
            yield f"an extraction task is answered in prose: {shown(text)}"


def _no_prose(draft: Draft) -> Iterator[str]:
    text = draft.output.strip() if isinstance(draft.output, str) else ""
    if text[:1] in "{[" and text[-1:] in "}]":
        try:
            json.loads(text)
        except ValueError:
            return
        yield "an analysis task is answered in JSON; write prose"
    elif _LETTER_ONLY.fullmatch(text):
        yield "an analysis task is answered with a letter; write prose"
    if _JSON_ASKED.search(draft.instruction):
        yield "the instruction of an analysis task asks for JSON"


def _lacking(draft: Draft) -> Iterator[str]:
    """Answers without anything that the task is about."""
    answer = refang("\n".join([*leaf_values(draft.output), *keys_of(draft.output)]))
    what, pattern = _NEEDS.get(draft.category, ("", None))
    if pattern is not None and not (pattern.search(answer) or (what == "a time" and (dates_in(answer) or years_in(answer)))):
        yield f"the answer to {draft.category} doesn't name {what}"
    if draft.category == _DOMAINS and not any(INDICATOR.search(refang(value)) for value in leaf_values(draft.output)):
        yield f"the answer to {draft.category} has no domain or address"


def _other_matter(draft: Draft) -> Iterator[str]:
    """Instruction and keys speak of one other task's matter alone."""
    own = _MATTERS.get(draft.category)
    spoken = "\n".join([draft.instruction, *keys_of(draft.output)])
    if own is None or re.search(own, spoken, re.IGNORECASE):
        return
    others = [name for name, pattern in _MATTERS.items() if name != draft.category and re.search(pattern, spoken, re.IGNORECASE)]
    if others:
        yield f"the task is {draft.category}, but the instruction is of {others[0]}"


def _other_name(draft: Draft) -> Iterator[str]:
    """The thought or the instruction calls its task by another task's name."""
    own = task_by_name(draft.category)
    for part, text in (("thought", draft.thought), ("instruction", draft.instruction)):
        for task in TASKS:
            if task is own:
                continue
            name = rf"{re.escape(task.name)}|{re.escape(task.name_zh)}"
            called = (
                rf"(?:task|任务)(?: of| is|:|：|是|为|名称)?[^.。\n]{{0,14}}?(?:{name})|(?:{name})[\"”」]?(?:的)? ?(?:task|任务)"
            )
            if (
                re.search(called, text, re.IGNORECASE)
                and own
                and not re.search(rf"{re.escape(own.name)}|{own.name_zh}", text, re.IGNORECASE)
            ):
                yield f"the {part} is of {task.name}, the task is {draft.category}: {shown(text)}"
                break
    opening = next((opening for opening in OPENINGS if opening.lower() in draft.instruction.lower()), None)
    if opening:
        yield f"the instruction begins with the words of the format ({shown(opening)}); leave them out"
    answer = answer_text(draft)
    if draft.kind == "generation" and answer.strip() and answer.strip() == draft.thought.strip():
        yield "the answer repeats the thought"
