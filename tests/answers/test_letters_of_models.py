"""Letters in the ways that current models answer: marked lists, corrections, explanations of the other options."""

import pytest

from sevenllm_bench.answers.letter import read_letter

OPTIONS = {"A": "Phishing email", "B": "Supply chain attack", "C": "Drive-by download", "D": "Watering hole"}


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("A. Phishing email - Incorrect\nB. Supply chain attack - Correct\nC. Drive-by download - Incorrect", "B"),
        ("A. Phishing email: no\nB. Supply chain attack: yes\nC. Drive-by download: no", "B"),
        ("A. **Phishing email** – Incorrect.\nB. **Supply chain attack** – Correct.", "B"),
        ("A. Phishing email ❌\nB. Supply chain attack ✅\nC. Drive-by download ❌", "B"),
        ("A. Phishing email（错误）\nB. Supply chain attack（正确）", "B"),
        ("A - No\nB - Yes\nC - No", "B"),
        ("A. Phishing email ✅\nB. Supply chain attack ✅\nC. Drive-by download ❌", None),
        ("B. Some attack - Correct\nC. Another", None),
        ("The correct answer:\nB", "B"),
        ("正确答案是B，错误答案是A", "B"),
        ("Right answer: B. Wrong answer: A", "B"),
        ("不应该选A", None),
        ("不可以选A，应选B", "B"),
        ("The answer is A, wait, no, B.", None),
        ("The answer is A? No, B.", None),
        ("答案是A？不，是B", None),
        ("我选择A，不，B", None),
        ("B, wait, no, C", None),
        ("The answer is B. No other option fits.", "B"),
        ("The answer is B, no doubt.", "B"),
        ("The answer is B. Not A.", "B"),
        ("The answer is B. Not all of the others fit.", "B"),
        ("Option B is not a fit.", None),
        ("B\n\nExplanation:\nA. Not in the report.\nC. Nor this.\nD. Nor this.", "B"),
        ("B. Supply chain attack\n\nThe others:\nA. Not in the report.\nC. Nor this.", "B"),
        ("A\n\nB\n\nC\n\nD", None),
        ("A. Phishing email\n\nB. Supply chain attack\n\nC. Drive-by download", None),
        ('```json\n{"answer": "A"}\n```\nWait, no:\n```json\n{"answer": "B"}\n```', None),
        ('```json\n{"log": 1}\n```\n```json\n{"answer": "B"}\n```', "B"),
    ],
)
def test_letters_of_current_models(answer, letter):
    assert read_letter(answer, OPTIONS) == letter
