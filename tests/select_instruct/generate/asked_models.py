"""Settings, texts and replies for the tests of the steps that ask a model."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from sevenllm_bench.select_instruct.corpus_records import Origin, SourceText
from sevenllm_bench.select_instruct.settings.build_config import ChatModelSection

sys.path.insert(0, str(Path(__file__).parents[3] / "examples" / "corpus"))

ENGLISH = """The group Paper Lantern sent mails to three shipping companies in May 2031. Each mail had a link to \
hxxp://files.lantern[.]example/a.zip, and the archive held the program wick.exe.

On 4 May 2031 the program opened a connection to 192.0.2[.]17 over TCP port 8443. It used the vulnerability \
CVE-2031-40001 to gain \
the rights of the system. The companies noticed it on 9 May 2031, after a customer had called.

The response team removed wick.exe from eleven machines, changed all passwords, and blocked the address. No customer \
data left the \
network. The team advises others to look for the same file and the same address."""
CHINESE = """2031年5月，纸灯组织向三家航运公司发送了钓鱼邮件。\
每封邮件都带有指向hxxp://files.lantern[.]example/a.zip的链接，压缩包中是程序wick.exe。

5月4日，该程序通过TCP端口8443连接192.0.2[.]17，并利用漏洞CVE-2031-40001取得系统权限。5月9日，一位客户来电之后，公司才发现此事。

响应小组从十一台机器上删除了wick.exe，更改了全部口令，并封锁了该地址。没有客户数据流出网络。\
小组建议其他单位排查同样的文件和地址。"""


def section(url: str, **changes: Any) -> ChatModelSection:
    return ChatModelSection(
        **{"name": "m", "base_url": url, "temperature": None, "max_tokens": 500, "max_attempts": 2, **changes}
    )


def text(content: str = ENGLISH, language: str = "en", id_: str = "00000000000000aa") -> SourceText:
    origin = Origin(source="s", location="a.txt", sha256="0" * 64)
    return SourceText(id=id_, origin=origin, title="Paper Lantern", published=None, language=language, text=content)


def code_of(body: dict[str, Any]) -> str:
    """The code that a request gives, read as a model would."""
    match = re.search(r"code of this request is ([0-9a-f]{16})|本次请求的代码是 ([0-9a-f]{16})", body["messages"][1]["content"])
    assert match
    return match[1] or match[2]


def with_code(body: dict[str, Any], **fields: Any) -> str:
    return json.dumps({"code": code_of(body), **fields}, ensure_ascii=False)
