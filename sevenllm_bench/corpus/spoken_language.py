"""The language that a training example is written in: by its prose, not by the indicators and names in it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any

from sevenllm_bench.corpus.conversation import Conversation
from sevenllm_bench.data.rows import Row
from sevenllm_bench.text.leaf_values import leaf_values

#: Where there is too little prose, or no language is likely enough.
UNDETERMINED = "und"

#: Fewer letters say too little; the best of lingua's languages must have this probability.
MIN_LETTERS, MIN_CONFIDENCE = 40, 0.9
#: Of each part of an example (question, text, answer) so many characters are looked at.
_PART = 1000
#: Of the prose, lingua reads so many characters: its time goes with them.
_READ = 400

#: Words of printable ASCII that hold a digit or a sign of paths, addresses and code; and domain names, defanged ones too.
_NO_PROSE = re.compile(r"[!-~]*[0-9_/\\@=<>|{}%&#*][!-~]*|[A-Za-z0-9-]+(?:\[?\.\]?[A-Za-z0-9-]{2,})+\)?")
_WORDS = re.compile(r"[^\W\d_]+")
_HAN, _KANA = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]"), re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
#: No other language has so many letters in these three words; English prose has 0.04 to 0.09.
_ENGLISH, _ENGLISH_SHARE = frozenset({"the", "of", "and"}), 0.03
#: Chinese has no kana and no Hangul but in names; a third of a Japanese text is kana at least.
_KANA_SHARE = 0.2


def language_of_prose(parts: Iterable[str]) -> str:
    """ISO 639-1 code of the language that the parts of a text are written in, or "und"."""
    prose = " ".join(_NO_PROSE.sub(" ", part[:_PART]) for part in parts)
    words = _WORDS.findall(prose)
    letters = sum(map(len, words))
    han, kana = len(_HAN.findall(prose)), len(_KANA.findall(prose))
    said = letters + 2 * (han + kana)  # such a character says as much as three letters
    if said < MIN_LETTERS:
        return UNDETERMINED
    if han * 4 >= letters and kana < _KANA_SHARE * (han + kana):
        return "zh"
    others = len(prose) - len(prose.encode("ascii", "ignore"))
    if others * 4 < said <= sum(len(word) for word in words if word.lower() in _ENGLISH) / _ENGLISH_SHARE:
        return "en"
    return _by_lingua(prose)


def _by_lingua(prose: str) -> str:
    words = " ".join(prose.split())
    # From the middle: examples begin with fixed phrases.
    start = max(0, (len(words) - _READ) // 2)
    best = _detector().compute_language_confidence_values(words[start : start + _READ])[0]
    return str(best.language.iso_code_639_1.name.lower()) if best.value >= MIN_CONFIDENCE else UNDETERMINED


@functools.cache
def _detector() -> Any:
    """All spoken languages with trigrams alone: 0.3 s and 75 MB to load; 2 s and 300 MB with all n-grams."""
    from lingua import LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_all_spoken_languages().with_low_accuracy_mode().build()


def language_of_record(record: Row | Conversation) -> str:
    """ISO 639-1 code of the language of an example's prose, or "und"."""
    if isinstance(record, Conversation):
        return language_of_prose(turn.text for turn in record.turns)
    question = [record.instruction] if isinstance(record.instruction, str) else leaf_values(record.instruction)
    answer = [record.output] if isinstance(record.output, str) else leaf_values(record.output)
    return language_of_prose((*question, record.input, *answer))
