"""The examples of bi-encoders and cross-encoders: pairs of the material, with hard negatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import DataError
from sevenllm_bench.finetune.encoder_training.encoder_material import TrainingMaterial
from sevenllm_bench.finetune.encoder_training.encoder_sections import (
    BiTrainingConfig,
    CrossTrainingConfig,
    PairSection,
)
from sevenllm_bench.finetune.encoder_training.encoder_trainee import EncoderExamples
from sevenllm_bench.finetune.encoder_training.hard_negatives import mined
from sevenllm_bench.finetune.encoder_training.incident_pairs import Pair, pairs_of
from sevenllm_bench.finetune.encoder_training.token_windows import count_longer
from sevenllm_bench.finetune.output.run_folder import OutputFolder

if TYPE_CHECKING:
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from transformers import PreTrainedTokenizerBase

#: Beginning of the names of the columns of hard negatives.
NEGATIVE = "negative_"
_CACHE = "negatives.json"


def pair_examples(
    material: TrainingMaterial, section: PairSection, tokenizer: PreTrainedTokenizerBase, max_length: int
) -> EncoderExamples:
    """The pairs of the material.

    Args:
        material: The material.
        section: Which pairs.
        tokenizer: Counts the texts that are cut.
        max_length: Tokens of the longest text that is read whole.

    Raises:
        DataError: There are none to train on, or all are of one incident.
    """
    training, held_out = (pairs_of(rows, section.queries) for rows in (material.rows, material.held_out_rows))
    incidents = {pair.incident for pair in training}
    if len(incidents) < 2:
        raise DataError(
            f"{len(training):,} training pairs of {len(incidents):,} incidents: pairs of two incidents at least are needed; see "
            "pairs.queries and the keys of the section data"
        )
    counts = {"training pairs": len(training), "training incidents": len(incidents), "held-out pairs": len(held_out)}
    texts = sorted({text for pair in training for text in (pair.query, pair.text)})
    counts["training texts longer than data.max_length, cut"] = count_longer(tokenizer, texts, max_length)
    return EncoderExamples([asdict(pair) for pair in training], [asdict(pair) for pair in held_out], counts)


def with_negatives(
    examples: EncoderExamples,
    config: BiTrainingConfig | CrossTrainingConfig,
    miner: SentenceTransformer | None,
    output: OutputFolder,
    say: Callable[[str], None],
) -> EncoderExamples:
    """The pairs with the columns "negative_1" and so on; what was found is kept in the run's folder."""
    section = config.pairs
    if not section.negatives:
        return examples
    say(f"mining {section.negatives:,} hard negatives of each query by {'BM25' if miner is None else 'the vectors of a model'}")
    pairs = [Pair(**example) for example in examples.training]
    found = mined(pairs, section.negatives, miner, section.relative_margin, config.training.seed, output.training / _CACHE)
    training = [
        {**asdict(pair), **{f"{NEGATIVE}{number}": text for number, text in enumerate(texts, 1)}}
        for pair, texts in zip(pairs, found, strict=True)
    ]
    return EncoderExamples(training, examples.held_out, {**examples.counts, "hard negatives of each query": section.negatives})


def negative_texts(training: Dataset) -> list[Sequence[str]]:
    """The hard negatives of each training pair; empty without any."""
    names = [name for name in training.column_names if name.startswith(NEGATIVE)]
    columns = [training[name] for name in names]
    return list(zip(*columns, strict=True)) if columns else [()] * len(training)


def negative_incidents(training: Dataset) -> list[list[str]]:
    """The incidents that the hard negatives of each training pair are about."""
    incident: dict[Any, str] = dict(zip(training["text"], training["incident"], strict=True))
    return [[incident[text] for text in texts] for texts in negative_texts(training)]
