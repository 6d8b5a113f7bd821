"""What the kinds of encoder runs have in common: from material to examples, from examples to a trainer."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from sevenllm_bench.finetune.encoder_training.encoder_base import EncoderBase
from sevenllm_bench.finetune.encoder_training.encoder_material import FileRecord, TrainingMaterial
from sevenllm_bench.finetune.encoder_training.encoder_sections import EncoderConfig
from sevenllm_bench.finetune.encoder_training.pass_number import PassNumber
from sevenllm_bench.finetune.output.run_folder import OutputFolder, write_lines
from sevenllm_bench.finetune.runtime import Runtime

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer

AnyEncoderConfig = TypeVar("AnyEncoderConfig", bound=EncoderConfig)
Example = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EncoderExamples:
    """Examples of a run, as JSON values, in order.

    Attributes:
        training: To train on.
        held_out: To measure on.
        counts: What a model card says of them.
    """

    training: Sequence[Example]
    held_out: Sequence[Example]
    counts: dict[str, int]

    def content_hashes(self) -> dict[str, str]:
        """First 16 hex digits of a hash of each part."""
        parts = {"training examples": self.training, "held-out examples": self.held_out}
        return {name: _hash_of(examples) for name, examples in parts.items()}


def _hash_of(examples: Iterable[Example]) -> str:
    digest = hashlib.sha256()
    for example in examples:
        digest.update(json.dumps(example, sort_keys=True).encode() + b"\n")
    return digest.hexdigest()[:16]


class EncoderTrainee(ABC, Generic[AnyEncoderConfig]):
    """An encoder with what its kind of run makes of it.

    Attributes:
        config: The run.
        runtime: What it is computed on.
        base: The opened base.
        model: What is trained.
        library: Library that loads the checkpoint: "transformers" or "sentence-transformers".
        pipeline: The Hub's name of what it does.
    """

    library: ClassVar[str] = "transformers"
    pipeline: ClassVar[str]

    def __init__(self, config: AnyEncoderConfig, runtime: Runtime, base: EncoderBase) -> None:
        """Load the model.

        Raises:
            ConfigError: It can't be loaded.
        """
        self.config, self.runtime, self.base = config, runtime, base
        self.model: Any = self.load()

    @abstractmethod
    def load(self) -> Any:
        """The model with its head.

        Raises:
            ConfigError: It can't be loaded.
        """

    @property
    def parser(self) -> Callable[[bytes, str], Iterable[FileRecord]] | None:
        """Reads a user's file; None where the kind takes none."""
        return None

    @abstractmethod
    def examples(self, material: TrainingMaterial) -> EncoderExamples:
        """The examples of the material.

        Raises:
            DataError: None is left to train on.
        """

    def completed(self, examples: EncoderExamples, output: OutputFolder, say: Callable[[str], None]) -> EncoderExamples:
        """The examples with what takes long to find, which the run's folder keeps; called once the folder is open."""
        return examples

    @abstractmethod
    def trainer(self, output: OutputFolder, passes: PassNumber) -> Trainer:
        """The trainer of the examples that were stored.

        Args:
            output: The run's folder.
            passes: Says which pass is next.

        Raises:
            ConfigError: It refuses its arguments.
        """

    @abstractmethod
    def figures(self, held_out: Sequence[Any], training: Dataset) -> dict[str, float]:
        """Figures of the held-out examples by the model as it is; "loss" is in nats, others from 0 to 1."""

    def save(self, folder: Path) -> None:
        """Write the model and its tokenizer, as the base was saved."""
        self.model.save_pretrained(folder)
        self.base.tokenizer.save_pretrained(folder)


def store(examples: EncoderExamples, output: OutputFolder) -> None:
    """Lay the examples down where all processes find them."""
    from datasets import Dataset

    Dataset.from_list([dict(example) for example in examples.training]).save_to_disk(str(output.data / "training"))
    write_lines(output.data / "held_out.jsonl", examples.held_out)


def stored_training(output: OutputFolder) -> Dataset:
    """The training examples that were stored."""
    from datasets import load_from_disk

    found: Dataset = load_from_disk(str(output.data / "training"))
    return found


def stored_held_out(output: OutputFolder) -> list[dict[str, Any]]:
    """The held-out examples that were stored."""
    lines = (output.data / "held_out.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]
