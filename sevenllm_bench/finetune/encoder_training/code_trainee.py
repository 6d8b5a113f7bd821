"""Classifiers of functions: is this function vulnerable?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask
from sevenllm_bench.encoder_tasks.vulnerable_code import items
from sevenllm_bench.errors import DataError
from sevenllm_bench.finetune.encoder_training.encoder_arguments import encoder_arguments
from sevenllm_bench.finetune.encoder_training.encoder_base import load_with_head
from sevenllm_bench.finetune.encoder_training.encoder_material import FileRecord, TrainingMaterial
from sevenllm_bench.finetune.encoder_training.encoder_sections import CodeTrainingConfig
from sevenllm_bench.finetune.encoder_training.encoder_trainee import EncoderExamples, EncoderTrainee, stored_training
from sevenllm_bench.finetune.encoder_training.pass_number import PassNumber
from sevenllm_bench.finetune.encoder_training.token_windows import count_longer
from sevenllm_bench.finetune.output.run_folder import OutputFolder
from sevenllm_bench.text.unicode import encodable

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer

#: Names of the classes, by their number.
CODE_LABELS = ("safe", "vulnerable")


class CodeTrainee(EncoderTrainee[CodeTrainingConfig]):
    """A classifier of functions."""

    pipeline: ClassVar[str] = "text-classification"

    def load(self) -> Any:
        """The base with a head for the two classes."""
        return load_with_head(self.config.kind, self.base, self.config.training.seed, CODE_LABELS)

    @property
    def parser(self) -> Callable[[bytes, str], Iterable[FileRecord]]:
        """Functions of JSON lines."""
        return function_records

    def examples(self, material: TrainingMaterial) -> EncoderExamples:
        """The functions, cut at what the model reads; those of our own task are left out."""
        known = {_plain(item.document["func"]) for item in items(EncoderTask("vulnerable-code"), load_benchmark("embedded"))}
        training, held_out = (
            [record for record in records if _plain(record.text) not in known]
            for records in (material.records, material.held_out_records)
        )
        classes = {record.value for record in training}
        if len(classes) < 2:
            raise DataError(f"data.files: {len(training):,} functions to train on, all of one class; both targets are needed")
        counts = {
            "training functions": len(training),
            "vulnerable ones": sum(record.value for record in training),
            "held-out functions": len(held_out),
            "functions of the benchmark left out": len(material.records)
            + len(material.held_out_records)
            - len(training)
            - len(held_out),
            "training functions longer than data.max_length, cut": count_longer(
                self.base.tokenizer, [record.text for record in training], self.config.data.max_length
            ),
        }
        return EncoderExamples(list(map(self._encoded, training)), list(map(self._encoded, held_out)), counts)

    def _encoded(self, record: FileRecord) -> dict[str, Any]:
        found = self.base.tokenizer(encodable(record.text), truncation=True, max_length=self.config.data.max_length)
        return {"input_ids": found["input_ids"], "labels": record.value}

    def trainer(self, output: OutputFolder, passes: PassNumber) -> Trainer:
        """Transformers' trainer."""
        from transformers import Trainer, TrainingArguments

        from sevenllm_bench.finetune.encoder_training.head_batches import padded_batch

        return Trainer(
            model=self.model,
            args=encoder_arguments(TrainingArguments, self.config, self.runtime, output.training),
            train_dataset=stored_training(output),
            data_collator=lambda examples: padded_batch(examples, self.base.tokenizer),
            processing_class=self.base.tokenizer,
        )

    def figures(self, held_out: Sequence[Any], training: Dataset) -> dict[str, float]:
        """Loss in nats, and accuracy."""
        from sevenllm_bench.finetune.encoder_training.head_batches import read_batches, summed_loss

        loss, right = 0.0, 0
        for logits, labels in read_batches(self.model, held_out, self.base.tokenizer, self.config.evaluation.batch_size):
            loss += summed_loss(logits, labels)[0]
            right += int((logits.argmax(-1) == labels).sum())
        return {"loss": loss / len(held_out), "code_acc": right / len(held_out)}


def function_records(content: bytes, name: str) -> Iterator[FileRecord]:
    """The functions of a file of JSON lines, each with its class: 1 vulnerable, 0 not.

    Args:
        content: The file's bytes, UTF-8: objects with `func` (a text) and `target` (0, 1, false or true).
        name: Its name, for messages.

    Raises:
        DataError: A line is no such object.
    """
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise DataError(f"{name}, line {number}: broken JSON ({error})") from None
        code, target = (record.get("func"), record.get("target")) if isinstance(record, dict) else (None, None)
        if not isinstance(code, str) or not isinstance(target, int | float) or target not in (0, 1):
            raise DataError(f"{name}, line {number}: no object with func (a text) and target (0 or 1)")
        yield FileRecord(code, int(target))


def _plain(code: str) -> str:
    return "".join(code.split())
