"""No English or Chinese row is taken for another language, and rows in other languages are found."""

import pytest

from sevenllm_bench.corpus.conversation import Conversation, Turn
from sevenllm_bench.corpus.source.instruct import load_instruct
from sevenllm_bench.corpus.spoken_language import language_of_prose, language_of_record
from sevenllm_bench.data.embedded import embedded_split

#: Sentences of incident reports, written by hand in each language.
OTHERS = {
    "de": "Die Angreifer verschickten Phishing-Mails an Mitarbeiter der Bank und luden danach weitere Schadsoftware nach.",
    "fr": "Les attaquants ont envoyé des courriels piégés aux employés de la banque, puis ont installé une porte dérobée.",
    "es": "Los atacantes enviaron correos fraudulentos a los empleados del banco y después instalaron una puerta trasera.",
    "it": "Gli aggressori hanno inviato messaggi ingannevoli ai dipendenti della banca e poi hanno installato una backdoor.",
    "nl": "De aanvallers stuurden valse berichten naar medewerkers van de bank en installeerden daarna kwaadaardige software.",
    "pl": "Napastnicy wysłali fałszywe wiadomości do pracowników banku, a następnie zainstalowali złośliwe oprogramowanie.",
    "tr": "Saldırganlar banka çalışanlarına sahte iletiler gönderdi ve ardından kötü amaçlı yazılım yükledi.",
    "vi": "Những kẻ tấn công đã gửi thư lừa đảo cho nhân viên ngân hàng rồi cài đặt phần mềm độc hại lên máy chủ.",
    "ru": "Злоумышленники разослали сотрудникам банка фишинговые письма и затем установили вредоносную программу.",
    "uk": "Зловмисники розіслали працівникам банку фішингові листи, а потім встановили шкідливу програму.",
    "ja": "攻撃者は銀行の従業員にフィッシングメールを送信し、その後マルウェアをインストールしました。",
    "ko": "공격자는 은행 직원에게 피싱 메일을 보낸 다음 서버에 악성 코드를 설치했습니다.",
    "ar": "أرسل المهاجمون رسائل تصيد إلى موظفي البنك ثم ثبتوا برنامجا خبيثا على الخادم.",
    "fa": "مهاجمان برای کارمندان بانک نامه‌های جعلی فرستادند و سپس بدافزار را روی سرور نصب کردند.",
    "hi": "हमलावरों ने बैंक के कर्मचारियों को फ़िशिंग संदेश भेजे और फिर सर्वर पर मैलवेयर स्थापित किया।",
    "he": "התוקפים שלחו הודעות דיוג לעובדי הבנק ולאחר מכן התקינו תוכנה זדונית על השרת.",
}
INDICATORS = "hxxp://evil[.]example/a.php 203.0.113.7 d41d8cd98f00b204e9800998ecf8427e CVE-2024-1234 C:\\Windows\\x.dll T1059.001"
FIXED = "Execute the following information extraction task and return the results in json format: list the tools."


def test_embedded_rows():
    rows = [*embedded_split("train"), *embedded_split("test")]
    assert [row for row in rows if language_of_record(row) != row.language] == []


@pytest.mark.data
def test_genuine_and_official_rows(instruct_examples, official_rows):
    rows = [*load_instruct(instruct_examples).rows, *official_rows]
    assert len(rows) == 1347
    assert [row for row in rows if language_of_record(row) != row.language] == []


@pytest.mark.parametrize("language", OTHERS)
def test_other_languages(language):
    text = OTHERS[language]
    assert language_of_prose([text]) == language
    assert language_of_prose([f"{INDICATORS} {text} {INDICATORS}"]) == language, "among indicators"
    assert language_of_prose([FIXED, " ".join([text] * 6), '{"tools": ["Cobalt Strike"]}']) == language, "under the fixed words"
    turns = (Turn("user", text), Turn("assistant", text))
    assert language_of_record(Conversation(1, turns, "und", "x")) == language


@pytest.mark.parametrize(
    "text", ["", "ok", INDICATORS, "Emotet, TrickBot", "D", "Mimikatz Rubeus Cobalt Strike", "2024-05-03 12:00"]
)
def test_too_little_prose(text):
    assert language_of_prose([text]) == "und"


def test_chinese_that_quotes_japanese_and_english_that_quotes_chinese():
    assert (
        language_of_prose(
            ["攻击者发送了名为「重要なお知らせ」的邮件，随后在受害者的主机上安装了远程控制木马，并窃取了大量数据。"]
        )
        == "zh"
    )
    english = "The attackers sent a mail named 重要通知 to the staff of the bank, and installed a backdoor on the servers."
    assert language_of_prose([english]) == "en"
