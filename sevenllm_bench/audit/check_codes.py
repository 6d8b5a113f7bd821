"""The codes of the audit, each with its rule in words: of the checks by program, and of readings by eye."""

from __future__ import annotations

#: Checks by program.
CHECK_CODES: dict[str, str] = {
    "answer-in-question": "Multiple choice: the right option's words are in the question.",
    "category": "The instruction has no word of its category's task, but words of others.",
    "contained-text": "80 % or more of its incident text, or of another row's, is in the other (by ten letters and digits).",
    "copied-reference": "Generation: the reference is a passage of the incident text.",
    "empty-reference": "The reference has no value or word, or placeholders only (such as N/A, unknown, 未提及).",
    "empty-value": "Some values of the reference are empty or placeholders.",
    "equal-options": "Multiple choice: two options are the same, or one is empty.",
    "format": "Extraction whose reference is no JSON object, or generation whose reference begins as JSON.",
    "invented-indicator": (
        "Generation: the reference has a CVE or ATT&CK number, IP address or hash that neither text nor question has."
    ),
    "kind": "The row asks for extraction under a generation task, or the reverse.",
    "longer-than-128": "Generation: the reference has more than about 128 tokens, where small embedding models stop reading.",
    "longer-than-2048": "Question, text and reference have more than about 2,048 tokens.",
    "longer-than-4096": "Question, text and reference have more than about 4,096 tokens.",
    "more-options-in-text": "Multiple choice: the right option and another are in the incident text word for word.",
    "opening": "The instruction does not begin with one of the benchmark's four openings.",
    "option-in-option": "Multiple choice: an option is part of another.",
    "other-option-in-text": "Multiple choice: another option is in the incident text word for word, the right one is not.",
    "reference-language": "The reference is not in the row's language; Chinese extraction: without a Chinese character.",
    "repeated-text": "Another row has the same incident text (letters and digits compared).",
    "short-text": "The incident text has fewer than 40 letters and digits.",
    "text-language": "The incident text is not in the question's language.",
    "unsupported": "Extraction: fewer than half of the reference's values are in the text (letters and digits compared).",
}

#: Codes of readings; docs/audit.md holds the guide.
READING_CODES: dict[str, str] = {
    "reference-wrong": "The reference contradicts the text, or gives something as what it is not.",
    "reference-not-in-text": (
        "Facts of the reference (names, numbers, means, effects) are neither in the text nor follow from it."
    ),
    "incomplete-reference": "A field or a main fact that is asked for is missing, or holds a placeholder.",
    "empty-reference": "The reference holds nothing.",
    "reworded": "The facts are right, but most values are phrases in words that the text does not use.",
    "open-label": "A class, type or category is asked for without a list to choose from, and others are as right.",
    "open-answer": "The reference is mostly general advice, plans or grades that the text does not have.",
    "ambiguous-question": "The question does not say what is wanted, so that what the reference selects is one choice of many.",
    "beyond-question": "A third or more of the fields are not about what is asked.",
    "off-topic": "The text is about no incident, threat, vulnerability or defence of the kind that the task is about.",
    "wrong-category": "The question belongs to another task than the row's category.",
    "truncated-text": "The text ends or has a gap where the reference goes on.",
    "mixed-language": "Text, question and reference are not in one language.",
    "format": "The reference has another form than the question asks for.",
    "two-right-options": "Multiple choice: another option is as right by the text.",
    "no-right-option": "Multiple choice: no option is right by the text.",
    "answer-in-question": "Multiple choice: the question gives the answer away.",
}
