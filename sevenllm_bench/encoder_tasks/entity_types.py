"""The five types of entity, and which keys of extraction references name entities of a type: the published map.

The types are those of SecureBERT 2.0's entity model (arXiv 2510.00240). The map was made from the keys of the official
references. A key is compared in lower case, with "_" and "-" as blanks and without a plural's "s". Keys that may name
entities of several types, such as "Tool" or "Target", have none, and neither have keys of descriptions.
"""

from __future__ import annotations

import functools
from typing import Any, Literal, get_args

EntityType = Literal["Indicator", "Malware", "Organization", "System", "Vulnerability"]
ENTITY_TYPES: tuple[EntityType, ...] = get_args(EntityType)

#: Moves when the map does, and with it the official items.
ENTITY_MAP_VERSION = 1

_KEYS: dict[EntityType, str] = {
    "Indicator": """
        attack domain | compromised domains | domain | domain name | domains involved | domains registered by attacker
        fake adsense domain | initial redirect domain | new redirect domains | associated domains | malicious domain
        associated domains in spammer group information | c2 domain | redirectsto | scam websites | distribution site
        url | urls | malicious url | target url | related url | phishing url | dropbox link | exfiltration gate
        ip | ip address | ip addresses | c&c server | c&c addresses | c2 server | c2 | email address | email addresses
        hash | hashes | md5 | sha1 | sha256 | sha 256 hashes | malware md5 | payload md5 hash | sha256 of compromise
        iocs new sample hash | iocs related sample hash | javascript libraries hashes | ioc | indicator of compromise
        indicators of compromise | file name | files dropped | installer file | malicious file identifiers | file path
        skimming script paths | registry key | registry key for persistence | mutex | port
        域名 | 恶意域名 | 相关域名 | 使用的域名 | ioc域名 | c2域名 | dga域名 | 关联域名 | 回连域名 | 通信域名 | 主控域名
        c&c域名 | 域名资产 | url | url示例 | 下载url | 恶意代码下载url | 样本回连url | 恶意文件下载链接
        恶意样本下载链接 | 恶意文件托管地址 | 远程下载地址 | 下载路径 | 回连地址 | 目标网址 | 控制的网站 | ip | ip地址 | 相关ip
        相关ip地址 | 攻击ip | cnc ip | c2 ip | c&c服务器ip | c&c服务器ip地址 | c2地址 | cnc地址 | c&c地址和端口 | c2服务器
        c2服务器地址 | c&c服务器 | c&c服务器地址 | c&c服务器端口 | c2通信端口 | c2 端口 | 信息收集服务器地址 | 端口 | 攻击端口
        攻击目标端口 | 利用端口 | 监听端口 | 使用的端口 | 影响端口 | 邮箱 | 联系邮箱 | 攻击者邮箱 | 攻击者电子邮箱
        攻击者电子邮件 | 攻击者电子邮件账户 | md5 | md5值 | md5哈希值 | 文件md5 | 恶意文档md5 | 恶意软件md5
        关联样本md5 | sha1 | sha256 | 哈希值 | hash值 | 恶意软件的主体hash值 | 文件名 | 文件名称 | 恶意文件名 | 恶意文件名称
        恶意文档名称 | 原始文件名 | 相关文件 | 相关文件名 | 诱饵文件名 | 脚本名称 | 样本名称 | 释放的文件 | 勒索病毒文件 | 勒索信名称
        勒索信息文件 | 勒索信息释放文件 | 勒索提示文件 | 后门文件 | 键盘记录文件 | 数据收集文件 | 计划任务执行文件 | 下载的载荷文件
        攻击者脚本文件 | 文件路径 | 恶意样本保存位置 | 互斥量 | 创建互斥量 | 包名
    """,
    "Malware": """
        malware | malware name | malware used | known malware used | malware delivered | malware family | malware variant
        associated malware | prevalent malware families | vulnerability malware | variant name | ransomware | ransomware name
        ransomware family | ransomware families | ransomware variant | botnet | botnet name | worm name | trojan name | exploit kit
        backdoor name | adware family | pup names | adware and junkware installed | detection name | attack tool | attack tool name
        恶意软件 | 恶意软件名称 | 恶意软件系列 | 恶意软件工具 | 恶意软件家族 | 相关恶意软件 | 关联恶意软件 | 相似恶意软件 | 相似软件
        相关联的恶意软件 | 关联的恶意软件家族 | 恶意程序 | 恶意程序名称 | 恶意代码名称 | 病毒名称 | 相关病毒家族 | 勒索软件
        勒索软件名称 | 勒索病毒名称 | 勒索家族名称 | 已知勒索病毒 | 木马名称 | 木马程序名称 | 木马家族名称 | 间谍木马名称 | 远控程序名称
        后门名称 | 僵尸网络名称 | 僵尸网络家族名称 | 样本家族 | 攻击装备名称 | 攻击工具 | 攻击者工具 | 黑客工具 | 恶意工具
    """,
    "Organization": """
        threat actor | threat actor name | attributed threat actor | overlap with other threat actors | threat group name
        attacker group | attacker group name | potential attacker groups | attack group | affiliated group | apt group
        apt groups mentioned | ransomware gang | ransomware group | organization | organisation | company | companies
        affected company | tech companies | impersonated companies | scam company | vendor | affected vendor
        affected manufacturers | affected organization | vendors not releasing patches | hosting provider | domain registrars
        cooperating organization | advisory agency | advisory partners | issuing body | regulatory body
        攻击组织 | 攻击者组织 | 攻击者组织名称 | 攻击者团体 | 攻击团伙 | 攻击团伙名称 | 团伙名称 | 组织名称 | apt组织 | apt组织名称
        相关apt组织 | 事件关联攻击组织 | 恶意软件关联组织 | 关联组织 | 使用组织 | 开发组织 | 受影响组织 | 受攻击机构 | 监测机构
        指导单位 | 主办方 | 相关企业 | 涉及的公司或组织 | 受影响设备厂商
    """,
    "System": """
        affected system | system affected | affected product | product | affected software | affected app | affected application
        affected platform | affected component | affected protocol | affected operating system | affected technologies
        affected android versions | affected device | operating system | operating systems affected | platform | platforms
        software | software used | application | vulnerable device | vulnerable software | vulnerable platform
        vulnerable kernel version | targeted system | targeted platform | targeted application | targeted browser
        target software | target application | compromised software | compromised application | infected platforms
        unpatched system | patched systems | supported platforms | intended platform | attack tool platform | security software
        security product | encryption software
        受影响系统 | 受影响的系统 | 受影响系统版本 | 受影响的操作系统版本 | 受影响的系统类型 | 受影响系统或软件 | 受影响软件 | 受影响产品
        受影响设备 | 受影响组件 | 影响的组件 | 影响的操作系统 | 影响的系统版本 | 影响的软件 | 漏洞影响对象 | 漏洞所在软件 | 漏洞所在组件
        受攻击系统类型 | 攻击目标平台 | 攻击目标系统 | 易受攻击操作系统 | 操作系统 | 操作系统版本 | 支持的系统
        支持的操作系统平台 | 感染平台 | 感染的系统类型 | 软件名称 | 系统 | 平台
    """,
    "Vulnerability": """
        cve | cve id | cve identifier | cve assignment | cves | vulnerability | vulnerabilities | vulnerability name
        vulnerability id | vulnerabilities exploited | vulnerabilities identified | targeted vulnerabilities | exploits used
        included exploits | exploited vulnerabilities
        cve编号 | cve | 漏洞 | 漏洞编号 | 漏洞名称 | 漏洞英文名称 | 漏洞cve编号 | 漏洞相关cve编号 | 相关漏洞cve编号
        利用的漏洞 | 利用的漏洞cve编号 | 利用漏洞 | 使用的漏洞 | 关联漏洞 | 相关漏洞 | 攻击者利用漏洞
    """,
}

#: Keys that say nothing of their own: their values are of the type of the key above.
_OF_THE_KEY_ABOVE = "name | names | alias | aliases | id | value | values | list | 名称 | 别称 | 别名 | 编号 | 列表"


def _normal(key: str) -> str:
    words = " ".join(key.casefold().replace("_", " ").replace("-", " ").split())
    return words[:-1] if words.isascii() and words.endswith("s") else words


def _keys(table: str) -> list[str]:
    return [_normal(key) for line in table.splitlines() for key in line.split("|") if key.strip()]


@functools.cache
def key_types() -> dict[str, EntityType]:
    """The map: a key in its normal form to its type."""
    return {key: kind for kind, table in _KEYS.items() for key in _keys(table)}


@functools.cache
def _transparent() -> frozenset[str]:
    return frozenset(_keys(_OF_THE_KEY_ABOVE))


def typed_values(reference: Any) -> list[tuple[str, EntityType]]:
    """The texts in a reference that stand under a key with a type, in order, with that type.

    The nearest key decides; "Name", "Aliases" and such leave it to the key above. Numbers count as their digits: ports.

    Args:
        reference: The JSON value of an extraction reference.
    """
    found: list[tuple[str, EntityType]] = []
    stack: list[tuple[Any, EntityType | None]] = [(reference, None)]
    while stack:
        value, kind = stack.pop()
        if isinstance(value, dict):
            stack.extend((item, _type_under(str(key), kind)) for key, item in reversed(value.items()))
        elif isinstance(value, list):
            stack.extend((item, kind) for item in reversed(value))
        elif kind is not None and isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
            found.append((str(value).strip(), kind))
    return found


def _type_under(key: str, above: EntityType | None) -> EntityType | None:
    normal = _normal(key)
    return key_types().get(normal, above if normal in _transparent() else None)
