"""The kinds of encoder runs, by the key `kind`."""

from __future__ import annotations

from typing import Any

from sevenllm_bench.finetune.encoder_training.bi_trainee import BiTrainee
from sevenllm_bench.finetune.encoder_training.code_trainee import CodeTrainee
from sevenllm_bench.finetune.encoder_training.cross_trainee import CrossTrainee
from sevenllm_bench.finetune.encoder_training.encoder_trainee import EncoderTrainee
from sevenllm_bench.finetune.encoder_training.entity_trainee import EntityTrainee
from sevenllm_bench.finetune.encoder_training.masked_trainee import MaskedTrainee

TRAINEES: dict[str, type[EncoderTrainee[Any]]] = {
    "encoder-mlm": MaskedTrainee,
    "bi-encoder": BiTrainee,
    "cross-encoder": CrossTrainee,
    "ner": EntityTrainee,
    "code-classifier": CodeTrainee,
}
