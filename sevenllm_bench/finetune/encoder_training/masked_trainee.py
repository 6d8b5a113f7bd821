"""Masked language models, pre-trained further on texts of the field."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import DataError
from sevenllm_bench.finetune.encoder_training.encoder_arguments import encoder_arguments
from sevenllm_bench.finetune.encoder_training.encoder_base import load_with_head
from sevenllm_bench.finetune.encoder_training.encoder_material import FileRecord, TrainingMaterial
from sevenllm_bench.finetune.encoder_training.encoder_sections import MaskedTrainingConfig
from sevenllm_bench.finetune.encoder_training.encoder_trainee import EncoderExamples, EncoderTrainee, stored_training
from sevenllm_bench.finetune.encoder_training.pass_number import PassNumber
from sevenllm_bench.finetune.encoder_training.token_windows import windows_of
from sevenllm_bench.finetune.encoding.source_account import Record
from sevenllm_bench.finetune.output.run_folder import OutputFolder

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer

#: Windows that are measured, at most.
_MEASURED = 1_000


class MaskedTrainee(EncoderTrainee[MaskedTrainingConfig]):
    """A masked language model."""

    pipeline: ClassVar[str] = "fill-mask"

    def load(self) -> Any:
        """The base with its own head."""
        return load_with_head(self.config.kind, self.base, self.config.training.seed)

    @property
    def parser(self) -> Callable[[bytes, str], Iterable[FileRecord]]:
        """Texts of a file."""
        return texts_of_file

    def examples(self, material: TrainingMaterial) -> EncoderExamples:
        """Windows of the texts; the held-out ones are masked once for all evaluations."""
        from sevenllm_bench.finetune.encoder_training.masking_collator import MaskingCollator

        training, held_out = (
            [{"input_ids": ids} for ids in self._windows(texts)]
            for texts in (
                [*self._texts(material.rows), *(record.text for record in material.records)],
                [*self._texts(material.held_out_rows), *(record.text for record in material.held_out_records)],
            )
        )
        if not training:
            raise DataError("no text is left to train on; see data.files and the keys of the section data")
        seed = self.config.training.seed
        collator = MaskingCollator(self.base.tokenizer, self.config.masking.share, seed, PassNumber())
        masked = []
        for example in held_out[:_MEASURED]:
            batch = collator([example])
            masked.append({"input_ids": batch["input_ids"][0].tolist(), "labels": batch["labels"][0].tolist()})
        tokens = sum(len(example["input_ids"]) for example in training)
        counts = {"training windows": len(training), "tokens": tokens, "held-out windows": len(masked)}
        return EncoderExamples(training, masked, counts)

    def _texts(self, records: Sequence[Record]) -> list[str]:
        """The distinct texts of rows and conversations."""
        found: list[str] = []
        for record in records:
            if isinstance(record, Row):
                found.append(record.input)
                found += [str(record.output)] if self.config.masking.answers and record.kind == "generation" else []
            else:
                found.append("\n\n".join(turn.text for turn in record.turns))
        return [text for text in dict.fromkeys(found) if text.strip()]

    def _windows(self, texts: Iterable[str]) -> Iterator[list[int]]:
        for text in texts:
            yield from (window.ids for window in windows_of(self.base.tokenizer, text, self.config.data.max_length))

    def trainer(self, output: OutputFolder, passes: PassNumber) -> Trainer:
        """Transformers' trainer, with masks of its own in each pass."""
        from transformers import Trainer, TrainingArguments

        from sevenllm_bench.finetune.encoder_training.masking_collator import MaskingCollator

        config = self.config
        collator = MaskingCollator(self.base.tokenizer, config.masking.share, config.training.seed, passes)
        return Trainer(
            model=self.model,
            args=encoder_arguments(TrainingArguments, config, self.runtime, output.training),
            train_dataset=stored_training(output),
            data_collator=collator,
            processing_class=self.base.tokenizer,
        )

    def figures(self, held_out: Sequence[Any], training: Dataset) -> dict[str, float]:
        """Loss per masked token in nats, and the share of them that the model predicts."""
        from sevenllm_bench.finetune.encoder_training.head_batches import IGNORED, read_batches, summed_loss

        loss, masked, right = 0.0, 0, 0
        size = self.config.evaluation.batch_size
        for logits, labels in read_batches(self.model, held_out, self.base.tokenizer, size):
            of_batch, count = summed_loss(logits, labels)
            loss, masked = loss + of_batch, masked + count
            right += int(((logits.argmax(-1) == labels) & (labels != IGNORED)).sum())
        return {"loss": loss / max(1, masked), "masked_acc": right / max(1, masked)}


def texts_of_file(content: bytes, name: str) -> Iterator[FileRecord]:
    """The texts of a file: of JSON lines those under "text", else of UTF-8 what is between blank lines.

    Args:
        content: The file's bytes.
        name: Its name; JSON lines end in .jsonl.

    Raises:
        DataError: It is not UTF-8, or a line is no object with a text.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: not UTF-8 at byte {error.start}") from None
    if not name.lower().endswith((".jsonl", ".ndjson")):
        yield from (FileRecord(part.strip()) for part in text.replace("\r\n", "\n").split("\n\n") if part.strip())
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield FileRecord(_text_of(line, f"{name}, line {number}"))


def _text_of(line: str, where: str) -> str:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: broken JSON ({error})") from None
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        raise DataError(f'{where}: no object with the key "text"')
    return str(record["text"])
