"""Bytes to text: expected charsets are those that the text was encoded in."""

import pytest

from sevenllm_bench.select_instruct.extract.charset import decoded

ZH = "攻击者利用漏洞CVE-2099-0001入侵了企业的服务器,并窃取了大量文件。我们建议立即更新软件。"
TW = "攻擊者利用漏洞入侵了企業的伺服器,並竊取了大量檔案。我們建議立即更新軟體。"
EN = "The group’s “loader” – seen in café networks – costs € 300. It sends data to 203.0.113[.]7 every day."


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        *((ZH, charset) for charset in ("gb18030", "gbk", "utf-8", "utf-8-sig", "utf-16", "utf-32")),
        *((TW, charset) for charset in ("big5", "utf-8")),
        *((EN, charset) for charset in ("cp1252", "utf-8", "utf-16")),
        ("Plain ASCII text.", "ascii"),
    ],
)
@pytest.mark.parametrize("declared", [None, "utf-8", "iso-8859-1", "gb2312", "no-such-charset"])
def test_content_is_read_whatever_the_header_says(text, charset, declared):
    assert decoded(text.encode(charset), declared) == text


@pytest.mark.parametrize(("text", "charset"), [(EN, "utf-16-le"), (EN, "utf-16-be"), (ZH + " " + EN, "utf-16-le")])
def test_utf16_without_mark_is_told_by_its_zero_bytes(text, charset):
    assert decoded(text.encode(charset)) == text


def test_chinese_in_utf16_without_mark_needs_a_header():
    assert decoded(ZH.encode("utf-16-be"), "utf-16be") == ZH


@pytest.mark.parametrize("charset", ["cp1250", "cp1254", "cp1257"])
def test_another_western_charset_is_read_as_named(charset):
    text = "The group’s “loader” was seen in Łódź." if charset == "cp1250" else "The group’s “loader” – for € 300 – was seen."
    assert decoded(text.encode(charset), charset) == text


def test_meta_names_the_charset_of_a_page():
    page = '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251"><p>Группа атаковала серверы компании.</p>'
    assert "Группа атаковала" in decoded(page.encode("cp1251"), has_meta=True)


def test_meta_that_is_wrong_is_not_believed():
    page = f'<meta charset="iso-8859-1"><p>{ZH}</p>'
    assert ZH in decoded(page.encode("gbk"), has_meta=True)


def test_characters_outside_gbk():
    text = ZH + "𠀀€"
    assert decoded(text.encode("gb18030"), "gb2312") == text


@pytest.mark.parametrize("text", ["A café", "Das ist der Plan für das Café"])
def test_one_letter_beside_ascii(text):
    assert decoded(text.encode("cp1252")) == text


def test_a_long_text_is_judged_by_its_beginning():
    text = ZH * 10_000
    assert decoded(text.encode(), "gbk") == text


def test_a_few_damaged_bytes_do_not_change_the_charset():
    data = (ZH * 20).encode()
    broken = data[:301] + b"\xff" + data[301:]
    assert decoded(broken, "gbk").count("攻击者") >= 19


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xfe", b"\x00", b"\x80\x81\xfe\xff\x00", bytes(range(256)) * 10])
@pytest.mark.parametrize("declared", [None, "utf-7", "unicode_escape", "hex", "rot13", "idna", "", "\0", "x" * 10_000])
def test_anything_gives_some_text(data, declared):
    assert isinstance(decoded(data, declared, has_meta=True), str)
