"""Does changing one octet of an address, or one character of a hash, move the vector? Beside a changed word."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sevenllm_bench.encoder_runs.probed_encoder import ProbedEncoder
from sevenllm_bench.encoders.checkpoint_tokenizer import token_spans

if TYPE_CHECKING:
    import numpy as np

#: A distance below this one says that both texts have the same vector: rounding of float32 alone reaches 1e-7.
SAME = 1e-6

#: Sentences with a place for an indicator and a place for one of two words.
_SENTENCES: tuple[tuple[str, tuple[str, str]], ...] = (
    ("Analysts linked {x} to the incident at the {w}.", ("hospital", "brewery")),
    ("We searched for {x} in every {w} of the company.", ("mailbox", "warehouse")),
    ("The {w} mentions {x} in its second paragraph.", ("advisory", "invoice")),
    ("The report lists {x} among the {w} findings.", ("confirmed", "rejected")),
    ("On {w} {x} was seen for the first time.", ("Monday", "Friday")),
)


def _hash_pair(seed: str, kind: str, place: int) -> tuple[str, str]:
    digest = hashlib.new(kind, seed.encode(), usedforsecurity=False).hexdigest()
    other = "0123456789abcdef"[(int(digest[place], 16) + 7) % 16]
    return digest, digest[:place] + other + digest[place + 1 :]


#: Pairs that differ in one octet, one character, one label or one digit. Reserved addresses, names and fictional numbers; as
#: they are written, and defanged.
_INDICATORS: dict[str, tuple[tuple[str, str], ...]] = {
    "ip": (
        ("192.0.2.17", "192.0.2.18"),
        ("10.20.30.40", "10.21.30.40"),
        ("203.0.113.80", "203.0.113.8"),
        ("198[.]51[.]100[.]4", "198[.]51[.]100[.]204"),
    ),
    "hash": (
        _hash_pair("a", "md5", 3),
        _hash_pair("b", "md5", 30),
        _hash_pair("c", "sha256", 5),
        _hash_pair("d", "sha256", 60),
    ),
    "domain": (
        ("update.portal.example", "login.portal.example"),
        ("cdn1.files.example", "cdn2.files.example"),
        ("kx7qd.invalid", "kx7qe.invalid"),
        ("mail[.]harbor[.]test", "mail[.]harbour[.]test"),
    ),
    "cve": (
        ("CVE-2025-91372", "CVE-2025-91373"),
        ("CVE-2025-93652", "CVE-2025-93662"),
        ("CVE-2024-93208", "CVE-2014-93208"),
        ("CVE-2023-99120", "CVE-2023-89120"),
    ),
}
_CHANGED = {"ip": "one octet of an IP address", "hash": "one character of a hash", "domain": "one label of a domain",
            "cve": "one digit of a CVE number"}  # fmt: skip


def indicator_pairs(kind: str) -> list[tuple[str, str]]:
    """Pairs of sentences that differ in one indicator.

    Args:
        kind: "ip", "hash", "domain" or "cve".
    """
    return [
        (sentence.format(x=one, w=words[0]), sentence.format(x=other, w=words[0]))
        for sentence, words in _SENTENCES
        for one, other in _INDICATORS[kind]
    ]


def word_pairs() -> list[tuple[str, str]]:
    """The same sentences, which differ in one plain word: the yardstick."""
    return [
        (sentence.format(x=one, w=words[0]), sentence.format(x=one, w=words[1]))
        for sentence, words in _SENTENCES
        for pairs in _INDICATORS.values()
        for one, _ in pairs
    ]


def indicator_probe(encoder: ProbedEncoder) -> dict[str, Any]:
    """Figures of how an encoder takes indicators.

    Returns:
        A JSON object: `tokens`, mean tokens of an indicator by kind. For bi-encoders and cross-encoders also `kinds`, by kind
        of indicator, and `word`: `pairs` of sentences, `mean_distance` (1 - cosine, or difference of scores), `identical`
        (share of pairs closer than 1e-6), and for indicators `of_a_word`, the mean distance as a share of a changed word's,
        None where that is 0. And a `sentence`.
    """
    tokens = {kind: _mean_tokens(encoder, pairs) for kind, pairs in _INDICATORS.items()}
    result: dict[str, Any] = {"tokens": tokens}
    word = encoder.distances(word_pairs())
    if word is not None:
        result["word"] = _figures(word)
        result["kinds"] = {}
        for kind in _INDICATORS:
            found = encoder.distances(indicator_pairs(kind))
            assert found is not None
            share = float(found.mean() / word.mean()) if word.mean() > 0 else None
            result["kinds"][kind] = {**_figures(found), "of_a_word": share}
    return {**result, "sentence": _sentence(encoder, result)}


def _figures(distances: np.ndarray) -> dict[str, Any]:
    return {
        "pairs": len(distances),
        "mean_distance": float(distances.mean()),
        "identical": float((distances < SAME).mean()),
    }


def _mean_tokens(encoder: ProbedEncoder, pairs: Sequence[tuple[str, str]]) -> float:
    """Tokens of the indicators as they are in a sentence: those that share a character with it."""
    counts = []
    for indicator in (text for pair in pairs for text in pair):
        text = f"We saw {indicator} today."
        start, end = 7, 7 + len(indicator)
        counts.append(sum(first < end and last > start for _, first, last in token_spans(encoder.tokenizer, text)))
    return sum(counts) / len(counts)


def _sentence(encoder: ProbedEncoder, result: Mapping[str, Any]) -> str:
    tokens = ", ".join(f"{kind} {value:.1f}" for kind, value in result["tokens"].items())
    if "kinds" not in result:
        return f"Tokens of an indicator: {tokens}; a {encoder.kind} has no vector or score of a text to compare."
    what = "vector" if encoder.kind == "bi-encoder" else "score"
    parts = [
        f"{_CHANGED[kind]} {figures['mean_distance']:.4f} ({figures['identical']:.0%} identical)"
        for kind, figures in result["kinds"].items()
    ]
    word = result["word"]["mean_distance"]
    return f"Mean distance of the {what} when this changes: {', '.join(parts)}; one plain word {word:.4f}."
