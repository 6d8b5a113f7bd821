"""Sketches of answers: what is the same but for spaces, case and punctuation has the same, a changed word changes few digits."""

import random

import pytest

from sevenllm_bench.submission.copies import likeness, sketch

TEXT = (
    "The attackers sent phishing mails with a malicious document, which installed a backdoor and stole credentials of operators."
)
OTHER = "Administrators should apply the vendor's update, close remote access, and look for unknown accounts on their firewalls."
CHINESE = "攻击者发送带有恶意文档的钓鱼邮件，该文档安装后门程序并窃取操作人员的凭据，随后加密了所有备份服务器上的数据。"


def agreeing(one, other):
    return sum(a == b for a, b in zip(sketch([one]), sketch([other]), strict=True))


@pytest.mark.parametrize("text", [TEXT, CHINESE])
def test_spaces_case_and_punctuation_do_not_matter(text):
    assert len(sketch([text])) == 16
    assert sketch([f"  {text.upper()} \n".replace(",", " ;").replace("，", "、")]) == sketch([text])
    assert sketch([text.replace("a", "ａ")]) == sketch([text])


def test_values_in_any_order():
    assert sketch(["APT29 attacked a hospital", "in the spring of 2026", "with ransomware"]) == sketch(
        ["with ransomware", "APT29 attacked a hospital", "in the spring of 2026"]
    )


def test_a_changed_word_changes_few_digits_and_another_text_most():
    longer = TEXT + " " + OTHER + " " + TEXT.replace("backdoor", "wiper")
    assert agreeing(longer, longer.replace("phishing", "forged")) >= 13
    assert agreeing(TEXT, OTHER) <= 5


def test_short_answers_have_none():
    assert sketch(["a" * 39]) == ""
    assert sketch([]) == ""
    assert sketch(["a" * 40]) != ""
    assert sketch(["，" * 400]) == ""


def test_digits_agree_as_often_as_pieces_are_shared():
    """The mean over many pairs that share half of their pieces: 1/3 by Jaccard, and a sixteenth of the rest by chance, 0.375."""
    chance = random.Random(0)

    def words(count):
        return "".join(chr(0x4E00 + chance.randrange(20_000)) for _ in range(count))

    shares = []
    for _ in range(300):
        common = words(200)
        shares.append(agreeing(common + words(200), common + words(200)) / 16)
    assert sum(shares) / len(shares) == pytest.approx(0.375, abs=0.03)


def test_shares():
    one = {1: "0" * 16, 2: "1" * 16, 3: "2" * 16, 4: "3" * 16}
    other = {1: "0" * 16, 2: "1" * 13 + "fff", 3: "2" * 12 + "ffff", 5: "3" * 16}
    found = likeness(one, other)
    assert (found.rows, found.identical, found.alike) == (3, pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert (likeness(one, {}).rows, likeness(one, {}).alike) == (0, 0.0)
