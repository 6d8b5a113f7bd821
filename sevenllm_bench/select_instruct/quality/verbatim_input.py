"""The input of a row is one passage of the excerpt, word for word; white space and Unicode form may differ."""

from __future__ import annotations

import functools
import re
import unicodedata
from itertools import pairwise

from rapidfuzz.distance import Indel

from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft
from sevenllm_bench.select_instruct.quality.draft_check import shown
from sevenllm_bench.select_instruct.settings.build_config import QualitySection
from sevenllm_bench.text.unicode import nfkc

#: Signs that models write for one another.
_SAME_SIGNS = str.maketrans("‘’‚‛′`“”„‟″«»–—―‒−‐‑", '\'\'\'\'\'\'"""""""-------')
_WORD = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")
_CONTEXT = 4
#: Characters of which a difference is looked for.
_COMPARED = 12_000


class VerbatimCheck:
    """The input occurs in the excerpt."""

    name = "excerpt"

    def problem(self, draft: Draft, settings: QualitySection) -> CheckFinding | None:
        """What the input says where the excerpt says something else."""
        if verbatim_span(draft.input, draft.excerpt) is not None:
            return None
        return CheckFinding(check=self.name, reason=_difference(draft.input, draft.excerpt))


def with_verbatim_input(draft: Draft) -> Draft:
    """The draft with its input as the excerpt writes it, where only white space or Unicode form differs."""
    span = verbatim_span(draft.input, draft.excerpt)
    if span is None or draft.excerpt[slice(*span)] == draft.input:
        return draft
    return draft.model_copy(update={"input": draft.excerpt[slice(*span)]})


def verbatim_span(part: str, whole: str) -> tuple[int, int] | None:
    """Where `part` is in `whole`, white space and Unicode form aside; None where it isn't."""
    stripped = part.strip()
    if not stripped:
        return None
    start = whole.find(stripped)
    if start >= 0:
        return start, start + len(stripped)
    wanted, _ = _signs(stripped)
    signs, places = _signs(whole)
    start = signs.find(wanted) if wanted else -1
    return None if start < 0 else (places[start], places[start + len(wanted) - 1] + 1)


def _signs(text: str) -> tuple[str, list[int]]:
    """What is left of a text without white space and Unicode form, and where each sign comes from."""
    found = [(sign, place) for place, character in enumerate(text) for sign in _plain(character)]
    return "".join(sign for sign, _ in found), [place for _, place in found]


@functools.lru_cache(maxsize=100_000)
def _plain(character: str) -> str:
    """A character without white space, marks on letters apart (so that é is e and a mark, in either form)."""
    if unicodedata.category(character) == "Cf":
        return ""
    plain = unicodedata.normalize("NFKD", character.translate(_SAME_SIGNS))
    return "".join(plain.translate(_SAME_SIGNS).split())


def _difference(part: str, whole: str) -> str:
    """What differs, in words for the model; in time that grows with the product of both lengths, by bits."""
    said, there = _words(part), _words(whole)
    blocks = Indel.opcodes(said, there).as_matching_blocks()[:-1]
    if not blocks or sum(block.size for block in blocks) * 2 < len(said):
        return "the input is not from the text; copy one passage of the text word for word"
    for before, after in pairwise(blocks):
        own, other = said[before.a + before.size : after.a], there[before.b + before.size : after.b]
        context = said[max(0, before.a + before.size - _CONTEXT) : before.a + before.size]
        if len(other) > 3 * len(own) + 12:
            return f"the input leaves out words of the text after {_quoted(context)}; copy one passage without gaps"
        if own or other:
            return (
                f"the input says {_quoted([*context, *own])} where the text says {_quoted([*context, *other])}; "
                "copy one passage word for word"
            )
    extra = said[: blocks[0].a] or said[blocks[-1].a + blocks[-1].size :]
    return f"the input has {_quoted(extra)}, which the text doesn't have; copy one passage word for word"


def _words(text: str) -> list[str]:
    return _WORD.findall(nfkc(text[:_COMPARED].translate(_SAME_SIGNS)))


def _quoted(words: list[str]) -> str:
    joined = " ".join(words[:20])
    return shown(re.sub(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", joined))
