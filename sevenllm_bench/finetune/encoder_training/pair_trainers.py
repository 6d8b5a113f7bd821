"""sentence-transformers' trainers, without its model cards, which ask the Hub, and with batches of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from sentence_transformers.cross_encoder.trainer import CrossEncoderTrainer
from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer

from sevenllm_bench.finetune.encoder_training.incident_batches import IncidentBatches


class BiTrainer(SentenceTransformerTrainer):
    """Trains a bi-encoder on batches that are given."""

    def __init__(self, batches: IncidentBatches, **named: Any) -> None:
        """Set up.

        Args:
            batches: The batches.
            named: Arguments of SentenceTransformerTrainer.
        """
        self._batches = batches
        super().__init__(**named)

    def get_batch_sampler(self, *arguments: Any, **named: Any) -> Any:
        """The batches that are given."""
        return self._batches

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """No card: the run's own follows at the end."""

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        save_modules(self, output_dir)


class CrossTrainer(CrossEncoderTrainer):
    """Trains a cross-encoder."""

    def __init__(self, batches: Any, **named: Any) -> None:
        """Set up.

        Args:
            batches: Places of examples, batch by batch.
            named: Arguments of CrossEncoderTrainer.
        """
        self._batches = batches
        super().__init__(**named)

    def get_batch_sampler(self, *arguments: Any, **named: Any) -> Any:
        """The batches that are given."""
        return self._batches

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """No card: the run's own follows at the end."""

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        save_modules(self, output_dir)


def save_modules(trainer: Any, folder: str | None) -> None:
    """Write a checkpoint to resume from: the model as sentence-transformers loads it, and the arguments."""
    place = Path(folder or trainer.args.output_dir)
    place.mkdir(parents=True, exist_ok=True)
    trainer.model.save_pretrained(str(place), create_model_card=False)
    torch.save(trainer.args, place / "training_args.bin")
