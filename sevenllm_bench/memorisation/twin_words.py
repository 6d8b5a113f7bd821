"""Pairs of words of nearly the same meaning, and months: what twins of texts exchange."""

from __future__ import annotations

_ENGLISH = """
attackers/adversaries malicious/harmful uses/employs used/employed using/employing also/additionally however/nevertheless
through/via because/since several/multiple many/numerous targets/victims discovered/found identified/detected
information/data allows/enables allowed/enabled steal/exfiltrate stolen/taken gain/obtain access/entry system/machine
systems/machines vulnerability/flaw vulnerabilities/flaws exploited/abused exploit/abuse exploits/abuses exploiting/abusing
campaign/operation organizations/companies organization/company researchers/analysts security/protection
recently/lately including/comprising such/similar important/significant method/technique methods/techniques
group/gang users/people devices/endpoints device/endpoint network/infrastructure software/program download/fetch
downloads/fetches execute/run executes/runs executed/ran send/transmit sends/transmits sent/transmitted
communicate/interact primarily/mainly mainly/chiefly likely/probably possibly/perhaps large/big
initial/first final/last quickly/rapidly further/more protect/defend prevent/stop reduce/lower ensure/guarantee
regularly/routinely update/upgrade patches/fixes patch/fix provides/offers provide/offer contains/holds contain/hold
create/make creates/makes created/made impact/effect shows/indicates reported/stated released/published
"""

_CHINESE = """
攻击者/入侵者 恶意/有害 利用/借助 使用/采用 发现/察觉 漏洞/缺陷 信息/资料 系统/平台 网络/互联网
安全/防护 通过/经由 可以/能够 以及/还有 并且/而且 但是/不过 因此/所以 由于/因为 可能/或许
主要/重点 多个/若干 许多/大量 导致/造成 影响/波及 目标/对象 用户/使用者 公司/企业 组织/团伙
获取/取得 窃取/盗取 执行/运行 下载/获取 发送/传送 进行/开展 提供/给出 包括/包含 例如/比如
此外/另外 同时/与此同时 研究人员/分析人员 活动/行动 方式/手段 方法/办法 措施/手段 建议/推荐 及时/尽快
更新/升级 加强/强化 防止/避免 检测/侦测 部署/布置 近日/日前 发布/公布 披露/公开 相关/有关
存在/具有 成功/顺利 迅速/快速 严重/重大 已经/早已 需要/必须
"""


def _both_ways(pairs: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs.split():
        one, other = pair.split("/")
        found.setdefault(one, other)
        found.setdefault(other, one)
    return found


#: Word to the word that replaces it, by language.
SYNONYMS = {"en": _both_ways(_ENGLISH), "zh": _both_ways(_CHINESE)}

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
