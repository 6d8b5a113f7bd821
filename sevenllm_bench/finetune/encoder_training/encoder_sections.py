"""The configurations of encoder runs: what all kinds share, and one class for each kind."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from sevenllm_bench.finetune.settings.data_section import RowSection, SourceSection
from sevenllm_bench.finetune.settings.model_sections import ModelSection
from sevenllm_bench.finetune.settings.step_section import StepSection
from sevenllm_bench.finetune.settings.value_types import ShareOrSteps
from sevenllm_bench.io.configuration import Flag, Number, Positive, PositiveNumber, Section, Text


class EncoderModelSection(Section):
    """The encoder to start from.

    Attributes:
        base: Hub id, or a folder in the `save_pretrained` layout of transformers or sentence-transformers.
        revision: Branch, tag or commit on the Hub; default: the newest commit. What it resolves to is recorded.
        pooling: How a bi-encoder makes one vector of a base that is no sentence-transformers model: "mean" or "cls".
    """

    base: Text
    revision: Text | None = None
    pooling: Literal["mean", "cls"] = "mean"

    @property
    def place(self) -> ModelSection:
        """Where it is, as causal bases are named."""
        return ModelSection(base=self.base, revision=self.revision)


class EncoderDataSection(RowSection):
    """What is trained on: rows, files, or both.

    Attributes:
        files: Files, folders' files by a glob, beside the sources or instead of them. encoder-mlm: texts (UTF-8; documents are
            apart by blank lines; of JSON lines the key "text"). ner: CoNLL (a token and a label in a line). code-classifier:
            JSON lines with "func" and "target". Other kinds take sources only.
        max_length: Tokens that the model reads of a text, pair or function.
    """

    files: tuple[Text, ...] = ()
    max_length: Annotated[int, Field(strict=True, ge=8, lt=2**31)] = 512

    @field_validator("files", mode="before")
    @classmethod
    def _one_file(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @property
    def entries(self) -> tuple[SourceSection, ...]:
        """The sources: none where only files are named."""
        if self.files and not self.source and not self.sources:
            return ()
        return super().entries

    @property
    def guard(self) -> Literal["official", "embedded", "off"]:
        """What training rows are compared with: `leak_guard`, or its default for these sources."""
        return self.leak_guard or ("official" if self.files else super().guard)


class EncoderEvaluationSection(Section):
    """What is measured on held-out examples. The benchmark's own rows are never used here.

    Attributes:
        every: Steps between evaluations; a share of all steps if below 1; 0 for only before and after.
        batch_size: Texts per forward pass.
    """

    every: ShareOrSteps = 0.0
    batch_size: Positive = 16


class EncoderConfig(Section):
    """A whole run of any kind.

    Attributes:
        kind: What is trained.
        model: The encoder to start from.
        data: What is trained on.
        training: How.
        evaluation: What is measured on the way.
        output: Folder of the finished checkpoint.
        resume: "never", or "auto": go on from the newest complete checkpoint of the same run in `output`, if there is one.
    """

    kind: str
    model: EncoderModelSection
    data: EncoderDataSection = EncoderDataSection()
    training: StepSection = StepSection()
    evaluation: EncoderEvaluationSection = EncoderEvaluationSection()
    output: Text
    resume: Literal["never", "auto"] = "never"

    @model_validator(mode="after")
    def _files_fit(self) -> EncoderConfig:
        if self.data.files and self.kind in ("bi-encoder", "cross-encoder"):
            raise ValueError(
                f"data.files: a {self.kind} takes pairs from data.source or data.sources (rows, or questions with answers)"
            )
        return self


class MaskingSection(Section):
    """Which tokens are masked.

    Attributes:
        share: Of the tokens; of these 80 % become the mask, 10 % another token, 10 % stay (BERT's way).
        answers: Whether reference analyses are texts to train on, beside incident texts.
    """

    share: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.15
    answers: Flag = True


class PairSection(Section):
    """Pairs of a query and the text of its incident, and texts of other incidents as hard negatives.

    Attributes:
        queries: What of a row is a query: the "question" of an MCQ, the reference "analysis", the extracted "values".
            Of other examples the first question is the query and the last answer the text.
        negatives: Hard negatives of each query; 0 for none. None is of the query's own incident.
        miner: What finds them: "model" (sentence-transformers' `mine_hard_negatives`) or "bm25"; "auto" is "model" where there
            is a sentence-transformers model to mine with.
        miner_model: The sentence-transformers model that mines; default: the base, if it is one.
        relative_margin: With "model": a negative's similarity is below the right text's by this share of it.
    """

    queries: tuple[Literal["question", "analysis", "values"], ...] = ("question", "analysis", "values")
    negatives: Annotated[int, Field(strict=True, ge=0, le=100)] = 4
    miner: Literal["auto", "model", "bm25"] = "auto"
    miner_model: Text | None = None
    relative_margin: Number = 0.05


class ContrastSection(Section):
    """The loss of a bi-encoder: cached multiple negatives ranking.

    Attributes:
        scale: Of the cosines; 20 is a temperature of 0.05.
        mini_batch_size: Texts per forward pass; the loss still sees the whole batch.
        matryoshka: Numbers of leading dimensions that are trained to do by themselves; empty for the whole vector alone.
    """

    scale: PositiveNumber = 20.0
    mini_batch_size: Positive = 16
    matryoshka: tuple[Positive, ...] = ()


class EntitySection(Section):
    """Entities to find.

    Attributes:
        types: Names of the types, in the order of the labels.
        label_map: Types of the files' labels, e.g. {APT: Organization, O: null}; a label that is not in it counts as it is.
    """

    types: tuple[Annotated[str, Field(pattern=r"^[^\s-]+$")], ...] = (
        "Indicator",
        "Malware",
        "Organization",
        "System",
        "Vulnerability",
    )
    label_map: dict[str, str | None] = {}  # noqa: RUF012  (pydantic copies it)


class MaskedTrainingConfig(EncoderConfig):
    """Continued pre-training of a masked language model."""

    kind: Literal["encoder-mlm"]
    masking: MaskingSection = MaskingSection()


class BiTrainingConfig(EncoderConfig):
    """A bi-encoder, trained on pairs."""

    kind: Literal["bi-encoder"]
    pairs: PairSection = PairSection()
    contrast: ContrastSection = ContrastSection()


class CrossTrainingConfig(EncoderConfig):
    """A cross-encoder, trained on pairs with a label."""

    kind: Literal["cross-encoder"]
    pairs: PairSection = PairSection()


class EntityTrainingConfig(EncoderConfig):
    """A tagger of entities."""

    kind: Literal["ner"]
    entities: EntitySection = EntitySection()


class CodeTrainingConfig(EncoderConfig):
    """A classifier of functions."""

    kind: Literal["code-classifier"]

    @model_validator(mode="after")
    def _needs_files(self) -> CodeTrainingConfig:
        if not self.data.files:
            raise ValueError('data.files is missing: JSON lines with "func" (a text) and "target" (0 or 1)')
        if self.data.source or self.data.sources:
            raise ValueError("data.source: rows hold no functions; a code-classifier takes data.files only")
        return self


#: Kinds of encoder runs, by the key `kind`.
ENCODER_RUN_KINDS: dict[str, type[EncoderConfig]] = {
    "encoder-mlm": MaskedTrainingConfig,
    "bi-encoder": BiTrainingConfig,
    "cross-encoder": CrossTrainingConfig,
    "ner": EntityTrainingConfig,
    "code-classifier": CodeTrainingConfig,
}
