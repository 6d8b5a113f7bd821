"""The language of a row: instruction, thought and answer are written in the language of the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sevenllm_bench.corpus.spoken_language import language_of_prose
from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft
from sevenllm_bench.select_instruct.quality.draft_check import shown
from sevenllm_bench.select_instruct.settings.build_config import QualitySection
from sevenllm_bench.text.indicators import INDICATOR
from sevenllm_bench.text.leaf_values import keys_of, leaf_values

_NAMES = {"en": "English", "zh": "Chinese"}
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_OTHER_SCRIPT = re.compile(r"[\u0370-\u06ff\u0900-\u0e7f]{3,}")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
#: Latin words in a row that are a sentence, no name.
_LATIN_SENTENCE = re.compile(r"[a-z]{2,}(?:[ ,]{1,2}[a-z]{1,20}){7,}")
_ENGLISH_WORDS = re.compile(r"\b(?:the|of|and|to|is|was|are|with|that|from|which)\b", re.IGNORECASE)
#: Short text is told by its script: this many Latin words without a Chinese character are English.
_FEW_WORDS = 4


class LanguageCheck:
    """Each part that is prose is in the draft's language; values of an extraction are as the input writes them."""

    name = "language"

    def problem(self, draft: Draft, settings: QualitySection) -> CheckFinding | None:
        """The first part in another language."""
        for part, text in _parts(draft):
            found = other_language(text, draft.language, draft.input, by_words=part != "value")
            if found:
                reason = f"the {part} is in {found}, not in {_NAMES[draft.language]}: {shown(text)}"
                return CheckFinding(check=self.name, reason=reason)
        return self._of_keys(draft)

    def _of_keys(self, draft: Draft) -> CheckFinding | None:
        """Keys of an extraction that are all written in the other script, and not given so by the instruction."""
        if draft.kind != "understanding":
            return None
        keys = [key for key in dict.fromkeys(keys_of(draft.output)) if key not in draft.instruction and key not in draft.input]
        chinese = [key for key in keys if _HAN.search(key)]
        if draft.language == "en" and chinese:
            return CheckFinding(check=self.name, reason=f"keys of the output are in Chinese, not in English: {shown(chinese[0])}")
        words = [key for key in keys if _LATIN_WORD.search(key) and not key.isupper()]
        if draft.language == "zh" and len(words) >= 2 and len(words) == len(keys):
            return CheckFinding(check=self.name, reason=f"keys of the output are in English, not in Chinese: {shown(words[0])}")
        return None


def _parts(draft: Draft) -> Iterator[tuple[str, str]]:
    yield "instruction", draft.instruction
    yield "thought", draft.thought
    if draft.kind == "mcq":
        yield from ((f"option {letter}", text) for letter, text in sorted(draft.choices.items()) if text not in draft.input)
    elif isinstance(draft.output, str):
        yield "output", draft.output
    else:
        yield from (("value", value) for value in leaf_values(draft.output) if value not in draft.input)


def other_language(text: str, language: str, source: str, by_words: bool = True) -> str:
    """Name of the language of a text that isn't in `language`; "" where it is, or where nothing can be said.

    Args:
        text: A part of a row.
        language: What it has to be in.
        source: The input: what it has in another language may be quoted.
        by_words: Whether a language in the same script is told by its words; a list of names and terms is in none.
    """
    prose = INDICATOR.sub(" ", text)
    if _KANA.search(prose) and not _KANA.search(source):
        return "Japanese or Korean"
    foreign = _OTHER_SCRIPT.search(prose)
    if foreign and foreign[0] not in source:
        return "another script"
    return _not_chinese(prose, source) if language == "zh" else _not_english(prose, source, by_words)


def _not_chinese(prose: str, source: str) -> str:
    han, words = len(_HAN.findall(prose)), _LATIN_WORD.findall(prose)
    if not han:
        own = [word for word in words if word not in source]
        return "English" if len(own) >= _FEW_WORDS else ""
    found = language_of_prose([prose])
    if found not in ("zh", "und") and han < 2 * len(words):
        return _name(found)
    sentence = next((match[0] for match in _LATIN_SENTENCE.finditer(prose) if match[0] not in source), "")
    return "English" if len(_ENGLISH_WORDS.findall(sentence)) >= 2 else ""


def _not_english(prose: str, source: str, by_words: bool) -> str:
    han = [sign for sign in _HAN.findall(prose) if sign not in source]
    if len(han) >= 2:
        return "Chinese"
    found = language_of_prose([prose]) if by_words else "und"
    return "" if found in ("en", "und") else _name(found)


def _name(code: str) -> str:
    return {"en": "English", "zh": "Chinese"}.get(code, f"another language ({code})")
