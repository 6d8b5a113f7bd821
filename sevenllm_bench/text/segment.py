"""Words of English and Chinese text: jieba for Chinese, with indicators of compromise kept whole."""

from __future__ import annotations

import functools
import logging
import re
import warnings
from typing import TYPE_CHECKING

from sevenllm_bench.text.indicators import INDICATOR, INDICATOR_CHARACTERS, MAY_CONTAIN_INDICATOR, refang
from sevenllm_bench.text.unicode import nfkc

if TYPE_CHECKING:
    import jieba

_CHINESE_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_WORD = re.compile(r"[^\W_]+")
#: jieba's time grows faster than its input on a run without punctuation, so such runs are cut into pieces this long.
_PIECE = 2_000
#: jieba segments each block of these characters by itself (`jieba.re_han_default`, 0.42.1); between blocks, every character
#: and every line end is a token.
_BLOCK = re.compile(r"([\u4E00-\u9FD5a-zA-Z0-9+#&\._%\-]+)")
_BETWEEN_BLOCKS = re.compile(r"\r\n|.", re.DOTALL)


@functools.cache
def _jieba() -> jieba.Tokenizer:
    """A tokenizer of our own with jieba's default dictionary, so that words added to the global one change nothing.

    The dictionary is read from jieba's package. jieba itself would take it from a file in the temporary folder that any
    other version or user may have written there.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer


def jieba_version() -> str:
    """Version of the installed jieba, for signatures."""
    from importlib.metadata import version

    return version("jieba")


def cut_chinese(text: str) -> list[str]:
    """Plain jieba segmentation (accurate mode, HMM on), every token kept: what the authors' ROUGE-L is computed on."""
    if len(text) <= _PIECE and _BLOCK.fullmatch(text):
        return list(_cut_block(text))
    tokens: list[str] = []
    for start in range(0, len(text), _PIECE):
        for place, block in enumerate(_BLOCK.split(text[start : start + _PIECE])):
            tokens += _cut_block(block) if place % 2 else _BETWEEN_BLOCKS.findall(block)
    return tokens


@functools.lru_cache(maxsize=50_000)
def _cut_block(block: str) -> tuple[str, ...]:
    """A block segmented. Both ROUGE-L metrics see the same blocks, and a text quotes its incident: many come again."""
    return tuple(_jieba().cut(block))


_MARKS = dict.fromkeys(map(ord, "，；！？（）、。「」『』【】《》〈〉“”‘’…"), " ") | dict.fromkeys(range(0x2010, 0x2016), "-")


def words(text: str) -> list[str]:
    """Words of `text` for ROUGE-L, in order; Chinese, English and mixed text alike.

    NFKC and case folding first; indicators (URL, domain, IP, hash, e-mail, CVE, ATT&CK number) are refanged and stay
    whole; Chinese runs are segmented by jieba; other words are runs of letters and digits; punctuation is dropped.
    """
    # Full-width marks become blanks first: NFKC would turn them into ASCII marks, which may be part of a URL.
    refanged = refang(nfkc(text.translate(_MARKS)))
    found: list[str] = []
    position = 0
    for chunk in INDICATOR_CHARACTERS.finditer(refanged):
        if MAY_CONTAIN_INDICATOR.search(chunk.group()):
            for match in INDICATOR.finditer(refanged, chunk.start(), chunk.end()):
                found += _plain_words(refanged[position : match.start()])
                found.append(match.group().rstrip(".,;:!?)]}/-").casefold())
                position = match.end()
    return found + _plain_words(refanged[position:])


def _plain_words(text: str) -> list[str]:
    found: list[str] = []
    if text.isascii():
        return _WORD.findall(text.casefold())
    for word in _WORD.findall(text.casefold()):
        if word.isascii():
            found.append(word)
            continue
        position = 0
        for run in _CHINESE_RUN.finditer(word):
            found += [word[position : run.start()]] if run.start() > position else []
            found += cut_chinese(run.group())
            position = run.end()
        found += [word[position:]] if position < len(word) else []
    return found
