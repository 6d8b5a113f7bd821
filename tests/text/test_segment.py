import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenllm_bench.text import indicators, segment
from sevenllm_bench.text.indicators import INDICATOR, refang
from sevenllm_bench.text.segment import cut_chinese, words
from sevenllm_bench.text.sentences import split_chinese
from sevenllm_bench.text.unicode import nfkc


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("利用CVE-2021-44228漏洞", ["利用", "cve-2021-44228", "漏洞"]),
        ("从hxxps[:]//evil[.]example/a下载", ["从", "https://evil.example/a", "下载"]),
        ("IP地址192.0.2[.]1的主机", ["ip", "地址", "192.0.2.1", "的", "主机"]),
        ("黑客A", ["黑客", "a"]),
        ("The server.The attacker", ["the", "server", "the", "attacker"]),
        ("mail admin[at]x[.]example or hxxp://a.example).", ["mail", "admin@x.example", "or", "http://a.example"]),
        ("T1059.001 and report.docx", ["t1059.001", "and", "report.docx"]),
        ("d41d8cd98f00b204e9800998ecf8427e", ["d41d8cd98f00b204e9800998ecf8427e"]),
        ("ＣＶＥ－２０２１－４４２２８", ["cve-2021-44228"]),
        ("10.0.0.0/8, 1.2.3.4:80", ["10.0.0.0/8", "1.2.3.4:80"]),
        ("N/A", ["n/a"]),
        ("见http://evil.com/a；http://b.com/x。", ["见", "http://evil.com/a", "http://b.com/x"]),
        ("http://evil.com（bad）", ["http://evil.com", "bad"]),
        ("**http://evil.com** `http://b.com/a`", ["http://evil.com", "http://b.com/a"]),
        ("CVE\u20112021\u201144228", ["cve-2021-44228"]),
        ("winword_update.exe uses.APT", ["winword_update.exe", "uses", "apt"]),
        ("00:1A:2b:3c:4d:5e at 2001:db8:0:0:1:0:0:1", ["00:1a:2b:3c:4d:5e", "at", "2001:db8:0:0:1:0:0:1"]),
        ("list (at) home", ["list", "at", "home"]),
        ("...!?。", []),
        ("", []),
        ("Wi-Fi's 6.5", ["wi", "fi", "s", "6", "5"]),
    ],
)
def test_words(text, wanted):
    assert words(text) == wanted


def test_plain_jieba_cuts_what_we_keep_whole():
    assert len(cut_chinese("CVE-2021-44228")) == 5


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("hxxp://evil[.]com", "http://evil.com"),
        ("HXXPS[:]//a(.)b", "https://a.b"),
        ("hxxps[://]a[dot]b", "https://a.b"),
        ("a{.}b and c[@]d", "a.b and c@d"),
        ("nothing here [1]", "nothing here [1]"),
        # Each spelling alone, so that nothing else in a text makes it looked at.
        ("h**p://a", "http://a"),
        ("a[ . ]b", "a.b"),
        ("a{dot}b", "a.b"),
        ("a(:)b", "a:b"),
        ("c[@]d", "c@d"),
        ("c(AT)d", "c@d"),
        ("x[/]y", "x/y"),
        ("x[ :// ]y", "x://y"),
    ],
)
def test_refang(text, wanted):
    assert refang(text) == wanted


def test_chinese_sentences_keep_their_mark():
    assert split_chinese("一。二！三？ 四；五") == ["一。", "二！", "三？", " 四；五"]
    assert split_chinese(" ") == []


def test_no_dictionary_that_others_left_in_the_temporary_folder_is_used(tmp_path):
    """jieba would read `jieba.cache` there, whoever wrote it; and would leave one."""
    import marshal
    import os
    import subprocess
    import sys

    text = "攻击者利用漏洞"
    other = {text[:length]: 0 for length in range(1, len(text))} | {text: 1_000_000}  # one word, and its beginnings
    (tmp_path / "jieba.cache").write_bytes(marshal.dumps((other, 1_000_000)))
    code = f"from sevenllm_bench.text.segment import cut_chinese; print(cut_chinese({text!r}) == {cut_chinese(text)!r})"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert [path.name for path in tmp_path.iterdir()] == ["jieba.cache"]


TEXTS = st.text(
    st.sampled_from(" \t\r\n.,:/@-[]()。，；“”攻击者恶意软件卡拉OK㐀豈T恤aAzZ0129éſ") | st.characters(codec="utf-8"), max_size=80
) | st.lists(
    st.sampled_from(
        [
            "，恶意软件",
            "连接",
            " and ",
            "C2服务器",
            "server.The",
            "00:1A:2b:3c:4d:5e",
            "ms17-010",
            "A.B.COM",
            "。",
            "d41d8cd98f00b204" * 2,
            "hxxps://evil[.]example/a",
            "CVE-2021-44228",
            "10.0.0[.]1",
            "a@b.example",
            "T1059.001",
            "N/A",
        ]
    )
).map("".join)


@settings(deadline=None)
@given(TEXTS)
def test_quick_looks_change_nothing(text):
    """Skipping stretches without indicators, and segmenting block by block, give what the plain way gives."""
    refanged = refang(nfkc(text.translate(segment._MARKS)))
    found, position = [], 0
    for match in INDICATOR.finditer(refanged):
        found += segment._plain_words(refanged[position : match.start()])
        found.append(match.group().rstrip(".,;:!?)]}/-").casefold())
        position = match.end()
    assert words(text) == found + segment._plain_words(refanged[position:])
    assert segment.cut_chinese(text) == list(segment._jieba().cut(text))
    assert refang(text) == functools.reduce(lambda t, rule: rule[0].sub(rule[1], t), indicators._REFANG, text)
