"""The kinds of encoder runs, by the key `kind`."""

from __future__ import annotations

from typing import Any

from sevenllm_bench.finetune.encoder_training.bi_trainee import BiTrainee
from sevenllm_bench.finetune.encoder_training.encoder_trainee import EncoderTrainee

TRAINEES: dict[str, type[EncoderTrainee[Any]]] = {
    "bi-encoder": BiTrainee,
}
