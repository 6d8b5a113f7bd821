"""Whether a tokenizer knows the writing of the texts: unknown tokens, characters that are read byte by byte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenllm_bench.catalog import Language
from sevenllm_bench.encoders.checkpoint_files import checkpoint_folder
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.sentence_embedder import ENGLISH_ONLY
from sevenllm_bench.text.unicode import encodable

#: From these shares on a note is due.
_UNKNOWN, _IN_BYTES = 0.02, 0.5
_SAMPLE = 200
_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class ReadingShares:
    """How a tokenizer reads texts.

    Attributes:
        unknown: Share of the tokens that are the unknown token: what they were is lost.
        in_bytes: Share of the Chinese characters that are read as several tokens, their bytes; 0 where there are none.
    """

    unknown: float
    in_bytes: float


def reading_shares(tokenizer: Any, texts: Sequence[str]) -> ReadingShares:
    """How a tokenizer reads texts, by the first 2,000 characters of 200 of them, spread evenly.

    Args:
        tokenizer: A fast tokenizer of transformers.
        texts: The texts.
    """
    step = max(1, len(texts) // _SAMPLE)
    tokens = unknown = characters = in_bytes = 0
    for text in [encodable(text[:_CHARACTERS]) for text in texts[::step][:_SAMPLE]]:
        found = tokenizer(text, add_special_tokens=False, truncation=False, return_offsets_mapping=True, verbose=False)
        tokens += len(found["input_ids"])
        unknown += sum(token == tokenizer.unk_token_id for token in found["input_ids"])
        parts: dict[int, int] = {}
        for start, end in found["offset_mapping"]:
            if end - start == 1:
                parts[start] = parts.get(start, 0) + 1
        chinese = [place for place, character in enumerate(text) if "\u4e00" <= character <= "\u9fff"]
        characters += len(chinese)
        in_bytes += sum(parts.get(place, 0) > 1 for place in chinese)
    return ReadingShares(unknown / tokens if tokens else 0.0, in_bytes / characters if characters else 0.0)


def reading_note(choice: EncoderChoice, language: Language | None, texts: Sequence[str]) -> str | None:
    """What a reader of the results must know of how the model reads the language; None where nothing speaks against it.

    Args:
        choice: The encoder.
        language: The language of the texts.
        texts: The texts.
    """
    tokenizer = _tokenizer(choice)
    shares = reading_shares(tokenizer, texts) if tokenizer is not None else ReadingShares(0.0, 0.0)
    facts = []
    if shares.unknown >= _UNKNOWN:
        facts.append(f"{shares.unknown:.0%} of its tokens are unknown to it, and lost")
    if shares.in_bytes >= _IN_BYTES:
        facts.append(f"it reads {shares.in_bytes:.0%} of the Chinese characters byte by byte")
    if language == "zh" and choice.name in ENGLISH_ONLY:
        facts.insert(0, "it knows English only")
    if not facts:
        return None
    name = {"en": "English", "zh": "Chinese"}.get(str(language), "these")
    return f"{choice.label} is not made for {name} texts: {'; '.join(facts)}."


def _tokenizer(choice: EncoderChoice) -> Any:
    """The fast tokenizer of a checkpoint; None where it has none."""
    from transformers import AutoTokenizer

    folder = checkpoint_folder(choice, weights=False)
    for place in (folder, *(path.parent for path in sorted(Path(folder).glob("*/tokenizer.json")))):
        if (place / "tokenizer.json").is_file():
            try:
                return AutoTokenizer.from_pretrained(str(place), use_fast=True)
            except Exception:  # whatever its parts raise; the check is left out then
                return None
    return None
