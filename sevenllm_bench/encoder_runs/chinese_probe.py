"""Chinese texts in a model that may know English only: are they read, and do their vectors differ?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.encoder_runs.indicator_probe import SAME
from sevenllm_bench.encoder_runs.probed_encoder import ProbedEncoder
from sevenllm_bench.encoder_runs.task_outcome import TaskOutcome
from sevenllm_bench.encoders.checkpoint_tokenizer import load_tokenizer, token_spans
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.sentence_embedder import ENGLISH_ONLY

#: Share of unreadable tokens from which on figures on Chinese texts carry a warning. Measured on official texts: a vocabulary
#: of 20,000 byte-level tokens made from the other half of them (120,000 Chinese characters) leaves 5 %, one made from a tenth
#: of them 17 %, the English one of all-MiniLM-L6-v2 78 %, and a byte-level one made from the English texts 100 %.
WARN_FROM = 0.1
#: A token of sentencepiece that says that a word begins, and has the place of the word's first character.
_WORD_BEGINS = "\u2581"
#: Texts of each language whose vectors are compared, all with all.
_COMPARED = 50
_BEGINNING = "The encoder doesn't read Chinese"


def chinese_probe(encoder: ProbedEncoder, chinese: Sequence[str], english: Sequence[str]) -> dict[str, Any]:
    """What becomes of Chinese texts.

    A token of a Chinese character is unreadable where it is the unknown token, or only a part of the character: a byte.

    Args:
        encoder: The encoder.
        chinese: Distinct Chinese texts.
        english: Distinct English texts, to compare with.

    Returns:
        A JSON object. `tokens`: tokens of Chinese characters; `unknown` and `parts_of_characters`, shares of them;
        `tokens_per_character` of Chinese and English texts, white space not counted. For bi-encoders `vectors`: `texts`,
        `identical_pairs` (pairs of distinct Chinese texts whose vectors are closer than 1e-6) and the `mean_cosine` of all
        pairs, of Chinese and of English texts. `warning`, a sentence or None, and a `sentence`.
    """
    result: dict[str, Any] = {
        **_readability(encoder.tokenizer, chinese),
        "tokens_per_character": {
            "zh": _tokens_per_character(encoder.tokenizer, chinese),
            "en": _tokens_per_character(encoder.tokenizer, english),
        },
    }
    if encoder.vectors is not None:
        result["vectors"] = {"zh": _vectors(encoder, chinese), "en": _vectors(encoder, english)}
    return {**result, "warning": _warning(encoder.choice, result), "sentence": _sentence(result)}


def chinese_warning(choice: EncoderChoice, texts: Sequence[str]) -> str | None:
    """The sentence that warns of an encoder's figures on Chinese texts, by its tokenizer alone; None where it reads them.

    Args:
        choice: The encoder; its weights are not loaded.
        texts: Chinese texts, of which the first 50 are looked at.

    Raises:
        ConfigError: Its tokenizer can't be loaded.
    """
    return _warning(choice, _readability(load_tokenizer(choice), texts[:_COMPARED]))


def warned(outcome: TaskOutcome, choice: EncoderChoice, benchmark: Benchmark) -> TaskOutcome:
    """The outcome of a task, with the warning as a note where the task is Chinese and the encoder doesn't read that.

    Args:
        outcome: What the encoder answered.
        choice: The encoder.
        benchmark: Its Chinese texts are looked at.

    Raises:
        ConfigError: The encoder's tokenizer can't be loaded.
    """
    if outcome.task.language != "zh":
        return outcome
    warning = chinese_warning(choice, [row.input for row in benchmark.rows if row.language == "zh"])
    is_said = any(note.startswith(_BEGINNING) for note in outcome.notes)
    return replace(outcome, notes=(*outcome.notes, warning)) if warning and not is_said else outcome


def _readability(tokenizer: Any, texts: Sequence[str]) -> dict[str, Any]:
    counts = [_counts(tokenizer, text) for text in texts]
    tokens, unknown, parts = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0, 0)
    return {
        "tokens": tokens,
        "unknown": unknown / tokens if tokens else 0.0,
        "parts_of_characters": parts / tokens if tokens else 0.0,
    }


def _is_chinese(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff" or "\u3400" <= character <= "\u4dbf" or "\U00020000" <= character <= "\U0003134f"


def _counts(tokenizer: Any, text: str) -> tuple[int, int, int]:
    """Tokens that cover a Chinese character; those of them that are unknown, and that are parts of a character."""
    spans = [span for span in token_spans(tokenizer, text) if tokenizer.convert_ids_to_tokens(span[0]) != _WORD_BEGINS]
    unknown = tokenizer.unk_token_id
    tokens_of: dict[int, int] = {}
    for _, start, end in spans:
        for place in range(start, end):
            tokens_of[place] = tokens_of.get(place, 0) + 1
    covering = [(number, start, end) for number, start, end in spans if any(map(_is_chinese, text[start:end]))]
    unreadable = sum(number == unknown for number, _, _ in covering)
    parts = sum(number != unknown and any(tokens_of[i] > 1 for i in range(start, end)) for number, start, end in covering)
    return len(covering), unreadable, parts


def _tokens_per_character(tokenizer: Any, texts: Sequence[str]) -> float:
    characters = sum(len("".join(text.split())) for text in texts)
    return sum(len(token_spans(tokenizer, text)) for text in texts) / characters if characters else 0.0


def _vectors(encoder: ProbedEncoder, texts: Sequence[str]) -> dict[str, Any]:
    import numpy as np

    assert encoder.vectors is not None
    compared = texts[:_COMPARED]
    vectors = encoder.vectors(compared).astype(np.float64)
    cosines = (vectors @ vectors.T)[np.triu_indices(len(compared), k=1)]
    return {
        "texts": len(compared),
        "identical_pairs": int((1.0 - cosines < SAME).sum()),
        "mean_cosine": float(cosines.mean()) if len(cosines) else None,
    }


def _warning(choice: EncoderChoice, result: dict[str, Any]) -> str | None:
    unreadable = result["unknown"] + result["parts_of_characters"]
    same = result.get("vectors", {}).get("zh", {}).get("identical_pairs", 0)
    reasons = []
    if choice.name in ENGLISH_ONLY:
        reasons.append("it is a model for English only")
    if unreadable >= WARN_FROM:
        reasons.append(f"{unreadable:.0%} of the tokens of Chinese characters are unknown to it or parts of a character")
    if same:
        reasons.append(f"{same} pairs of distinct Chinese texts have the same vector")
    if not reasons:
        return None
    return f"{_BEGINNING}, and its figures on Chinese texts mean little: {'; '.join(reasons)}."


def _sentence(result: dict[str, Any]) -> str:
    rate = result["tokens_per_character"]
    said = (
        f"Of the tokens of Chinese characters {result['unknown']:.1%} are unknown and {result['parts_of_characters']:.1%} are "
        f"parts of one; {rate['zh']:.2f} tokens per Chinese character of text, {rate['en']:.2f} in English"
    )
    if "vectors" not in result:
        return said + "."
    found = result["vectors"]["zh"]
    return f"{said}; {found['identical_pairs']} pairs of {found['texts']} distinct Chinese texts have the same vector."
