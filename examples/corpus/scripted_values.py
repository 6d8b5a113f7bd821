"""What regular expressions find in a report: indicators, dates, names, sentences."""

from __future__ import annotations

import re

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DOT = r"(?:\[\.\]|\.)"
PATTERNS = {
    "url": r"\b(?:hxxps?|https?|wss?|ftp)://[A-Za-z0-9\[\]./_?=&%:+-]+[A-Za-z0-9/]",
    "domain": rf"\b(?:[a-z0-9-]+{_DOT})+(?:example|test|invalid|com|net|org)\b",
    "ip": r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){2}(?:\[\.\]|\.)\d{1,3}(?![\d.])",
    "hash": r"\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b",
    "cve": r"\b(?:CVE-\d{4}-\d{4,7}|CNVD-\d{4}-\d{4,6})\b",
    "file": r"\b[A-Za-z0-9_-]+\.(?:exe|dll|ps1|py|sh|txt|docx?|xlsx?|js|bin|dat|zip|sys|bat|vbs|lnk|iso|so|cfg|png|php|elf)\b",
    "clock": r"\b\d{1,2}:\d{2}\b",
    "protocol": r"\b(?:TCP|UDP)(?: port |端口 ?)\d+|\b(?:HTTPS?|DNS|SMB|RDP|SSH|FTP|TLS|SMTP|MQTT|WebSocket|Telnet|Modbus)\b",
    "algorithm": r"\b(?:AES(?:-\d+)?|RSA(?:-\d+)?|ChaCha20|RC4|XOR|Base64|SHA-256|MD5|Curve25519)\b|异或",
}
_DATES = {
    "en": rf"\b\d{{1,2}} (?:{_MONTHS})(?: \d{{4}})?\b|\b\d{{4}}-\d{{2}}-\d{{2}}\b|\b(?:{_MONTHS}) \d{{4}}\b",
    "zh": r"(?:\d{4}年)?\d{1,2}月\d{1,2}日|\d{4}年\d{1,2}月",
}
_NAMES = {
    "en": r"(?<=[a-z,] )[A-Z][A-Za-z]{2,}(?:[ -][A-Z][A-Za-z]{2,}){0,2}\b",
    "zh": r"(?<=“)[\u4e00-\u9fff]{2,8}(?=”)|\b[A-Z][A-Za-z]{3,}\b",
}
_SENTENCES = {"en": r"[^.!?\n]+(?:\.(?!\s|$)[^.!?\n]*)*[.!?](?=\s|$)", "zh": r"[^。！？\n]+[。！？]"}
_RELATIONS = {
    "en": (
        r"(?P<s>\b[A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+)?|\b[Tt]he (?:attackers?|group|intruder|program|loader|tool|operator)) "
        r"(?P<r>uses?|used|downloads?|connects? to|opened|opens|reads?|copied|copies|sends?|sent|installed|loads?|contacted|stole"
        r"|runs?|creates?|created|writes?|wrote|removed|blocked|saw|changed) (?P<o>[^.,;:()\n]{6,60})"
    ),
    "zh": (
        r"(?P<s>[\u4e00-\u9fffA-Za-z]{2,10}?)(?P<r>使用|下载|连接|利用|窃取|读取|执行|绑定|创建|收到|上传|安装|删除|复制|发送|启用|写入|发现)了?"
        r"(?P<o>[^，。,;；:：、\n]{3,30})"
    ),
}
_WORDLESS = re.compile(r"^(?:The|This|It|They|We|In|On|At|After|For|From|With|Two|One|And|But|Its|Their|There)\b")


def find(kind: str, text: str, language: str) -> list[str]:
    """The different values of a kind in a text, in its order."""
    pattern = {"date": _DATES[language], "name": _NAMES[language]}.get(kind) or PATTERNS[kind]
    found = list(dict.fromkeys(match[0] for match in re.finditer(pattern, text)))
    if kind == "name":
        found = [name for name in found if not _WORDLESS.match(name) and not re.fullmatch(_MONTHS, name)]
    if kind == "domain":
        found = [name for name in found if not any(f"://{name}" in url for url in find("url", text, language))]
    return found[:12]


def relations(text: str, language: str) -> list[tuple[str, str, str]]:
    """Triples, in words of the text."""
    return [(match["s"], match["r"], match["o"].strip()) for match in re.finditer(_RELATIONS[language], text)][:6]


def sentences(text: str, language: str) -> list[str]:
    """Whole sentences of a useful length, in plain letters."""
    low, high = (40, 400) if language == "en" else (15, 160)
    found = (match[0].strip() for match in re.finditer(_SENTENCES[language], text))
    plain = (sentence for sentence in found if language == "zh" or not re.search(r"[À-ɏ]", sentence))
    return [sentence for sentence in plain if low <= len(sentence) <= high]


def paragraphs(text: str) -> list[str]:
    """Paragraphs, as they are."""
    return [part for part in re.split(r"\n\s*\n", text) if part.strip()]


def passage(text: str, language: str, start: int) -> str:
    """A run of whole paragraphs of the text, long enough to ask about: from the `start`-th on, or from an earlier one."""
    wanted = 600 if language == "en" else 260
    parts = [(match.start(), match.end()) for match in re.finditer(r"\S(?:[^\n]|\n(?!\s*\n))*", text)]
    first = last = start % max(1, len(parts))
    while parts and parts[last][1] - parts[first][0] < wanted and (first > 0 or last < len(parts) - 1):
        if last < len(parts) - 1:
            last += 1
        else:
            first -= 1
    return text[parts[first][0] : parts[last][1]] if parts else text
