"""Taggers of entities: spans of the rows' incident texts, and of the user's CoNLL files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from sevenllm_bench.catalog import LANGUAGES
from sevenllm_bench.data.embedded import SPLITS
from sevenllm_bench.data.rows import Row
from sevenllm_bench.encoder_tasks.embedded_entities import labelled_texts
from sevenllm_bench.encoder_tasks.reference_spans import TextSpans, spans_of_references
from sevenllm_bench.encoders.label_spans import OUTSIDE, Span, spans_of_labels
from sevenllm_bench.errors import DataError
from sevenllm_bench.finetune.encoder_training.conll_records import conll_records
from sevenllm_bench.finetune.encoder_training.encoder_arguments import encoder_arguments
from sevenllm_bench.finetune.encoder_training.encoder_base import load_with_head
from sevenllm_bench.finetune.encoder_training.encoder_material import FileRecord, TrainingMaterial
from sevenllm_bench.finetune.encoder_training.encoder_sections import EntityTrainingConfig
from sevenllm_bench.finetune.encoder_training.encoder_trainee import EncoderExamples, EncoderTrainee, stored_training
from sevenllm_bench.finetune.encoder_training.pass_number import PassNumber
from sevenllm_bench.finetune.encoder_training.token_windows import TokenWindow, windows_of
from sevenllm_bench.finetune.output.run_folder import OutputFolder

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer

#: Label of tokens without a loss: special ones.
_IGNORED = -100


class EntityTrainee(EncoderTrainee[EntityTrainingConfig]):
    """A tagger of entities, with BIO labels."""

    pipeline: ClassVar[str] = "token-classification"

    def load(self) -> Any:
        """The base with a head for the labels."""
        return load_with_head(self.config.kind, self.base, self.config.training.seed, self.labels)

    @property
    def labels(self) -> tuple[str, ...]:
        """O, and B and I of each type."""
        return OUTSIDE, *(f"{mark}-{kind}" for kind in self.config.entities.types for mark in "BI")

    @property
    def parser(self) -> Callable[[bytes, str], Iterable[FileRecord]]:
        """Sentences of a CoNLL file."""
        return lambda content, name: conll_records(content, name, self.config.entities.label_map)

    def examples(self, material: TrainingMaterial) -> EncoderExamples:
        """Windows of the texts with a label for each token."""
        training = list(self._labelled(material.rows, material.records))
        held_out = list(self._labelled(material.held_out_rows, material.held_out_records))
        spans = sum(example["labels"].count(place) for example in training for place in range(1, len(self.labels), 2))
        if not spans:
            raise DataError("no entity is left to train on; see data.files, entities.types and the keys of the section data")
        counts = {"training windows": len(training), "entities in them": spans, "held-out windows": len(held_out)}
        return EncoderExamples(training, held_out, counts)

    def _labelled(self, rows: Sequence[Any], records: Sequence[FileRecord]) -> Iterator[dict[str, Any]]:
        texts = [(text.text, text.spans) for text in spans_of_rows([row for row in rows if isinstance(row, Row)])]
        texts += [(record.text, tuple((start, end, kind) for start, end, kind in record.value)) for record in records]
        for text, spans in texts:
            self._require_types(spans)
            for window in windows_of(self.base.tokenizer, text, self.config.data.max_length):
                yield {"input_ids": window.ids, "labels": self._labels_of(window, spans)}

    def _require_types(self, spans: Iterable[Span]) -> None:
        others = sorted({kind for _, _, kind in spans} - set(self.config.entities.types))
        if others:
            raise DataError(
                f"entities of types that are not in entities.types: {', '.join(others[:10])}; name them there, or map them with "
                f"entities.label_map={{{others[0]}: A_TYPE}} (null leaves them out)"
            )

    def _labels_of(self, window: TokenWindow, spans: Sequence[Span]) -> list[int]:
        """B for the first token of a span, I for the others that lie in it, whichever word they are of."""
        places = {name: place for place, name in enumerate(self.labels)}
        found, last, begun = [], -1, set()
        for offset in window.offsets:
            if offset is None:
                found.append(_IGNORED)
                continue
            while last + 1 < len(spans) and spans[last + 1][1] <= offset[0]:
                last += 1
            span = spans[last + 1] if last + 1 < len(spans) else None
            if span is None or span[0] >= offset[1] or offset[0] >= offset[1]:
                found.append(places[OUTSIDE])
                continue
            found.append(places[f"{'I' if span in begun else 'B'}-{span[2]}"])
            begun.add(span)
        return found

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
        """Loss per token in nats, and F1 of spans: same start, same end, same type, over all held-out windows."""
        from sevenllm_bench.finetune.encoder_training.head_batches import read_batches, summed_loss

        loss, tokens, both, true, guessed = 0.0, 0, 0, 0, 0
        for logits, labels in read_batches(self.model, held_out, self.base.tokenizer, self.config.evaluation.batch_size):
            of_batch, count = summed_loss(logits, labels)
            loss, tokens = loss + of_batch, tokens + count
            for predicted, wanted in zip(logits.argmax(-1).tolist(), labels.tolist(), strict=True):
                kept = [place for place, label in enumerate(wanted) if label != _IGNORED]
                right, found = (self._spans([row[place] for place in kept]) for row in (wanted, predicted))
                both, true, guessed = both + len(right & found), true + len(right), guessed + len(found)
        return {"loss": loss / max(1, tokens), "span_f1": 2 * both / max(1, true + guessed)}

    def _spans(self, labels: Sequence[int]) -> set[Span]:
        """The spans that labels name, in tokens."""
        names = [self.labels[label] for label in labels]
        places = [(place, place + 1) for place in range(len(names))]
        return set(spans_of_labels(names, places, "x" * len(names), [None] * len(names)))


def spans_of_rows(rows: Sequence[Row]) -> list[TextSpans]:
    """The distinct texts of rows with their entities.

    An embedded incident has all that were labelled by hand; another has the values of its extraction references that stand
    in it, of the types that the references name.
    """
    by_hand = {text.text: text for language in LANGUAGES for split in SPLITS for text in labelled_texts(language, split)}
    embedded = {row.input: by_hand[row.input] for row in rows if row.input in by_hand}
    return [*embedded.values(), *spans_of_references([row for row in rows if row.input not in by_hand])]
