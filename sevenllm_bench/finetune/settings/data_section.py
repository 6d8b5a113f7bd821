"""What of a configuration is about the data: the sources, what is kept out, and how they become examples."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from sevenllm_bench.catalog import nearest_name, task_by_name
from sevenllm_bench.corpus.source.labels import OTHER
from sevenllm_bench.corpus.source.sources import EMBEDDED, INSTRUCT, SourceChoice
from sevenllm_bench.finetune.settings.value_types import Share, Temperature, Weight, distinct
from sevenllm_bench.io.configuration import Flag, Positive, Section, Text
from sevenllm_bench.prompts import STYLES, PromptStyle, style_by_name

#: Rows of a source that is there for its held-out loss alone.
_CHECKED_ROWS = 500


def _known_task(name: str) -> str:
    if name != OTHER and task_by_name(name) is None:
        near = nearest_name(name)
        raise ValueError(f"unknown task {name!r}" + (f"; did you mean {near!r}?" if near else ""))
    return name


def _source_alone(entry: Any) -> Any:
    """A text in a list of sources is the source, without further keys."""
    return {"source": entry} if isinstance(entry, str) else entry


class SourceSection(Section):
    """One of several sources.

    Attributes:
        source: "instruct" (SEvenLLM-Instruct from the Hub at the pinned revision), "embedded" (this project's own training
            rows), a file, a folder, a glob, or the id of a data set of the Hub.
        format: Of its records; "auto" tells it from their columns.
        name: In reports; default: that of the file or data set.
        weight: Share of the training tokens, relative to the weights of the others; given for all sources or for none,
            which takes each once. 0 is as `role: held_out_only`.
        role: "train", or "held_out_only": none of it is trained on, its loss is measured before, on the way and after.
        max_rows: At most this many records, the first ones; default: all, of a source that is held out only 500.
        revision: Branch, tag or commit of a data set of the Hub; what is no commit is resolved to one, and recorded.
        subset: Configuration of a data set of the Hub.
        split: Split of a data set of the Hub.
    """

    source: Text
    format: Literal["auto", "sevenllm", "alpaca", "sharegpt", "messages", "prompt-completion"] = "auto"
    name: Annotated[str, Field(pattern=r"^[\w.-]{1,60}$")] | None = None
    weight: Weight | None = None
    role: Literal["train", "held_out_only"] = "train"
    max_rows: Positive | None = None
    revision: Text | None = None
    subset: Text | None = None
    split: Text = "train"

    @property
    def is_trained_on(self) -> bool:
        """Whether rows of it are trained on."""
        return self.role == "train" and self.weight != 0

    @property
    def choice(self) -> SourceChoice:
        """What is read."""
        most = self.max_rows or (None if self.is_trained_on else _CHECKED_ROWS)
        return SourceChoice(self.source, self.name or "", self.format, self.revision, self.subset, self.split, most)


class RowSection(Section):
    """Which examples are trained on, and what is kept out, whatever becomes of them.

    Attributes:
        source: "instruct" (SEvenLLM-Instruct from the Hub at the pinned revision), "embedded" (this project's own training
            rows), or what else `sources` takes.
        sources: Several sources instead of `source`: a list of mappings with the keys of `SourceSection`,
            or of texts.
        languages: Languages of the SEvenLLM rows to train on, by their script; general examples pass.
        tasks: Names of the tasks to train on; default: all, "Other" included; general examples pass.
        other_languages: Examples whose prose is neither English nor Chinese: "keep", "drop" or "refuse" (an error).
        max_rows: At most this many training rows (a sample; smaller samples are part of larger ones).
        leak_guard: Benchmark rows that training rows must not resemble: "official" (and embedded), "embedded", or "off".
            Default: "embedded" where every source is embedded, else "official".
        data_dir: Folder of the official test.jsonl, for the leak guard; default: SEVENLLM_DATA_DIR, or the Hub.
        allow_modified: Guard against a benchmark file whose hash differs.
        deduplicate: Whether a question that comes again is dropped.
        held_out: Share of rows, by incident, kept for the held-out loss.
        language_temperature: T of p ~ n^(1/T) over languages; 1 keeps the corpus's own shares, .inf makes them equal.
        task_temperature: The same over tasks within a language.
    """

    source: Text | None = None
    sources: tuple[Annotated[SourceSection, BeforeValidator(_source_alone)], ...] = ()
    languages: Annotated[tuple[Literal["en", "zh"], ...], AfterValidator(distinct)] = ("en", "zh")
    tasks: Annotated[tuple[Annotated[str, AfterValidator(_known_task)], ...], AfterValidator(distinct)] | None = None
    other_languages: Literal["keep", "drop", "refuse"] = "keep"
    max_rows: Positive | None = None
    leak_guard: Literal["official", "embedded", "off"] | None = None
    data_dir: Text | None = None
    allow_modified: Flag = False
    deduplicate: Flag = True
    held_out: Share = 0.01
    language_temperature: Temperature = 1.0
    task_temperature: Temperature = 1.0

    @property
    def entries(self) -> tuple[SourceSection, ...]:
        """The sources: those of `sources`, or the one of `source`."""
        return self.sources or (SourceSection(source=self.source or INSTRUCT),)

    @property
    def guard(self) -> Literal["official", "embedded", "off"]:
        """What training rows are compared with: `leak_guard`, or its default for these sources."""
        embedded = all(entry.source == EMBEDDED for entry in self.entries)
        return self.leak_guard or ("embedded" if embedded else "official")

    @model_validator(mode="after")
    def _sources_fit(self) -> RowSection:
        if self.sources and self.source:
            raise ValueError(f"source ({self.source}) and sources exclude each other; add data.source=null to use sources")
        weights = [entry.weight for entry in self.entries if entry.role == "train"]
        if self.entries and not any(entry.is_trained_on for entry in self.entries):
            raise ValueError("no source is trained on: every weight is 0, or every role held_out_only")
        given = [weight for weight in weights if weight is not None]
        if any(given) and len(given) < len(weights):
            raise ValueError("give every source that is trained on a weight, or none of them")
        places = [(entry.source, entry.subset, entry.split) for entry in self.sources]
        if twice := next((place[0] for place in places if places.count(place) > 1), None):
            raise ValueError(f"the source {twice} comes twice; to train on it more often, raise its weight")
        return self


class DataSection(RowSection):
    """What a causal model is trained on, and how it becomes examples.

    Attributes:
        objective: What carries loss: "thought+answer" (the paper's -log P(a, t | q)) or "answer".
        prompt: How rows are put to the model, as in `--metadata prompt=`; default: "cot" for thought+answer, else "alpaca".
        chat: Whether the prompt is wrapped in the model's chat template, as `lm_eval --apply_chat_template` does it.
        chat_template_arguments: Arguments for that template, e.g. {enable_thinking: false}.
        max_length: Tokens of the longest example, and of a packed sequence.
        packing: Whether examples share sequences (none sees another).
    """

    objective: Literal["answer", "thought+answer"] = "thought+answer"
    prompt: Literal["alpaca", "paper", "cot"] | None = None
    chat: Flag = False
    chat_template_arguments: dict[str, Any] = {}  # noqa: RUF012  (pydantic copies it)
    max_length: Annotated[int, Field(strict=True, ge=16, lt=2**31)] = 4096
    packing: Flag = True

    @property
    def style(self) -> PromptStyle:
        """The prompt style: the one named, or the objective's."""
        return style_by_name(self.prompt or ("cot" if self.objective == "thought+answer" else "alpaca"))

    @model_validator(mode="after")
    def _fits(self) -> DataSection:
        if self.objective == "thought+answer" and not self.style.with_thought:
            asking = ", ".join(name for name, style in STYLES.items() if style.with_thought)
            raise ValueError(
                f"objective thought+answer needs a prompt that asks for a thought ({asking}), not {self.style.name!r}"
            )
        return self
