"""The classes behind multiple choice with its options in every rotation: by generated answers, and by log-likelihoods.

A document is one rotation of a question. Documents of a question may be run by different processes, or not all be run: every
figure is made from the values of all processes together, in the tasks' aggregation.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import datasets
from lm_eval.api.instance import Instance

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.data.rows import LETTERS, Row
from sevenllm_bench.encoder_tasks.encoder_task import ROTATIONS, EncoderTaskKind, Item
from sevenllm_bench.encoder_tasks.item_document import to_item_document
from sevenllm_bench.encoder_tasks.mcq_circular import (
    figures,
    items,
    letter_in,
    likeliest,
    merged,
    rotated,
    score,
)
from sevenllm_bench.errors import ConfigError, DataError
from sevenllm_bench.harness.generated_answers import mark_openings, set_stop_strings, warn_of_readings
from sevenllm_bench.harness.item_task import ItemTask, counts_of_readings
from sevenllm_bench.metrics.registry import READING_VERSION
from sevenllm_bench.metrics.signature import encoder_signature
from sevenllm_bench.prompts import render, target
from sevenllm_bench.runs.model_name import local_arguments
from sevenllm_bench.runs.run_block import RunBlock

logger = logging.getLogger("lm_eval.sevenllm")


class RotationValue(float):
    """A metric of one rotation, which knows its question and the letter chosen; in samples files it is a number.

    Attributes:
        question: Id of the question.
        rotation: From 0 to 3.
        letter: The letter chosen, "" for none.
    """

    question: int
    rotation: int
    letter: str

    def __new__(cls, value: float, question: int, rotation: int, letter: str) -> RotationValue:
        """The value with what it is of."""
        made = super().__new__(cls, value)
        made.question, made.rotation, made.letter = question, rotation, letter
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """How it is sent to another process."""
        return RotationValue, (float(self), self.question, self.rotation, self.letter)


class CircularTask(ItemTask):
    """The questions of a language, four times each; a model writes a letter."""

    kind: ClassVar[EncoderTaskKind] = "mcq-circular"
    reads_thoughts = True

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Read the rows, the official or the embedded ones, and make a document of every rotation of every question."""
        benchmark = self._benchmark()
        if benchmark.source == "embedded":
            self._mark_embedded()
        found = items(self._task, benchmark)
        if not found:
            raise DataError(f"the modified data file has no question for {self._task.name}; leave this task out of --tasks")
        self._items = {item.id: item for item in found}
        documents = [{**to_item_document(item), "rotation": rotation} for item in found for rotation in range(ROTATIONS)]
        self.dataset = datasets.DatasetDict({"test": datasets.Dataset.from_list(documents)})
        style = self._options.prompt
        record = encoder_signature(self._task.metrics, self._task.language, benchmark.description)
        record["reading"] = READING_VERSION
        if self._options.reasoning_end:
            record["reasoning_end"] = self._options.reasoning_end
        prompt = {"name": style.name, "version": style.version, "sha256": style.sha256}
        self._record(RunBlock(record, prompt, local=local_arguments(self.config.metadata)))

    def _row(self, doc: dict[str, Any]) -> Row:
        return rotated(self._items[doc["id"]], doc["rotation"])

    def doc_to_text(self, doc: dict[str, Any], doc_to_text: Any = None) -> str:
        """The prompt for a rotation."""
        return render(self._row(doc), self._options.prompt)

    def doc_to_target(self, doc: dict[str, Any], doc_to_target: Any = None) -> Any:
        """The right letter in this rotation, or its index for log-likelihoods."""
        row = self._row(doc)
        return LETTERS.index(row.output) if self.OUTPUT_TYPE == "multiple_choice" else target(row, self._options.prompt)

    def construct_requests(self, doc: dict[str, Any], ctx: str | list[str], **kwargs: Any) -> Any:
        """The request for a rotation; with a chat template, only the model's own end stops it."""
        if self.OUTPUT_TYPE == "generate_until":
            set_stop_strings(self.config.generation_kwargs, self._options, bool(kwargs.get("apply_chat_template")))
        return super().construct_requests(doc, ctx, **kwargs)

    def apply_filters(self) -> list[Instance] | None:
        """Mark what prompts opened, apply lm-eval's filters, and count how answers were read."""
        if self.OUTPUT_TYPE != "generate_until":
            return super().apply_filters()
        mark_openings(self._instances, self._options)
        filtered = super().apply_filters()
        if "bypass" not in self._metric_fn_list:
            readings = [
                read_answer(response, "mcq", self._row(instance.doc).choices)
                for instance in self._instances
                for response in list(instance.filtered_resps.values())[:1]
            ]
            counts = counts_of_readings(readings)
            self._record(replace(self._block, answers=counts))
            warn_of_readings(self.config.task, len(readings), counts["look_cut_off"], counts["look_like_reasoning"])
        return filtered

    def process_results(self, doc: dict[str, Any], results: Sequence[Any]) -> dict[str, Any]:
        """The metrics of one rotation: `circular_acc` is `acc` here, and becomes the question's in the aggregation.

        Raises:
            ConfigError: The log-likelihoods are those of a server that ignores `echo`.
        """
        if "bypass" in self._metric_fn_list:
            return {"bypass": None}
        item: Item = self._items[doc["id"]]
        if self.OUTPUT_TYPE == "multiple_choice":
            self._check_log_likelihoods(results)
            letter = likeliest(results)
        else:
            letter = letter_in(item, doc["rotation"], results[0])
        values = score([item], [merged([(doc["rotation"], letter)])])[0]
        right = {"circular_acc": values["acc"], **values}
        return {name: RotationValue(right[name], item.id, doc["rotation"], letter) for name in self._task.metrics}

    def _check_log_likelihoods(self, results: Sequence[Any]) -> None:
        values = [value[0] if isinstance(value, (list, tuple)) else value for value in results]
        if values == [0.0] * len(LETTERS):
            raise ConfigError(
                f"{self.config.task}: the log-likelihood of all {len(LETTERS)} letters is 0: the server returns none of the "
                f"prompt's tokens (it ignores `echo`); ask another server, or run {self.config.task.removesuffix('-logprob')}"
            )

    def aggregation(self) -> dict[str, Callable[[Sequence[Any]], Any]]:
        """How values of all processes become figures: by question."""
        if "bypass" in self._metric_fn_list:
            return dict(super().aggregation())

        def of(name: str) -> Callable[[Sequence[RotationValue]], Any]:
            return lambda values: self._figure(name, values)

        return {name: of(name) for name in self._task.metrics}

    def _figure(self, name: str, values: Sequence[RotationValue]) -> float | str:
        """A metric's mean over questions; "N/A" for `circular_acc` where no question has all its rotations."""
        letters: dict[int, list[tuple[int, str]]] = {}
        for value in values:
            letters.setdefault(value.question, []).append((value.rotation, value.letter))
        asked = [self._items[question] for question in sorted(letters)]
        answers = [merged(letters[item.id]) for item in asked]
        found = [own[name] for own in score(asked, answers) if name in own]
        if name == "circular_acc":
            further = figures(asked, answers)
            self._record(replace(self._block, further=further))
            if further["partial"]:
                logger.warning(
                    "%s: %d of %d questions without all four rotations (--limit counts rotations: use a multiple of 4); "
                    "circular_acc leaves them out",
                    self.config.task,
                    further["partial"],
                    further["questions"],
                )
        return sum(found) / len(found) if found else "N/A"


class CircularLogprobTask(CircularTask):
    """The same by the log-likelihoods of the four letters."""

    kind: ClassVar[EncoderTaskKind] = "mcq-circular-logprob"
    reads_thoughts = False
