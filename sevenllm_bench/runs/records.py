"""What a run is, once read: the model, the settings that make runs comparable, its leaves, and one sample per row.

Where a file doesn't say something, the value is `UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sevenllm_bench.answers.reading import Reading
from sevenllm_bench.catalog import Kind, Language, Leaf
from sevenllm_bench.data.rows import Row
from sevenllm_bench.runs.encoder_records import EncoderTaskRun, ItemSample
from sevenllm_bench.runs.model_name import Identity, identity_of, repository_of
from sevenllm_bench.runs.unknown import UNKNOWN, Unknown

#: What can be wrong with a run without keeping it from being read.
ProblemCode = Literal[
    "no-samples",  # a leaf, or the whole run, has figures but no samples
    "missing-rows",  # fewer samples than lm-eval counted, or rows without an answer
    "broken-line",  # a line of a samples file that is no sample
    "duplicate",  # a row that came more than once; its first sample counts
    "foreign-row",  # a row of another task, or of none; left out
    "no-prompt",  # a sample without its prompt
    "no-answer",  # rows for which the model gave no text (null), which counts as an empty answer
    "bad-value",  # a value of the wrong type or range; left out
    "contradiction",  # two places that should agree do not
    "unknown-settings",  # plain predictions, or samples without results
]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a run's files, counted.

    Attributes:
        code: What kind of problem.
        where: File or task.
        detail: What it is, with the first example.
        count: How often it was found there.
    """

    code: ProblemCode
    where: str
    detail: str
    count: int = 1

    @property
    def line(self) -> str:
        """The problem in one line."""
        times = f" ({self.count:,} times; the first is given)" if self.count > 1 else ""
        return f"{self.where}: {self.detail}{times}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What shapes every task of a run.

    Attributes:
        limit: Rows per task (or share of them, below 1) that the run was cut to; None for all.
        chat_template: Hash of the chat template; None where none was applied.
        system_instruction: Hash of the system instruction; None for none.
        fewshot_as_multiturn: Whether few-shot examples were turns of a conversation; None: not asked for.
        seeds: Seed by name ("random_seed", "numpy_seed", "torch_seed", "fewshot_seed").
        use_cache: lm-eval's answer cache, whose key doesn't name the model; None for none.
        dtype: Type of the model's weights, as lm-eval recorded it.
        batch_size: As given.
        lm_eval: Version of lm-eval; of a log of Inspect, "inspect_ai" and its version.
        transformers: Version of transformers.
    """

    limit: float | Unknown | None = UNKNOWN
    chat_template: str | Unknown | None = UNKNOWN
    system_instruction: str | Unknown | None = UNKNOWN
    fewshot_as_multiturn: bool | Unknown | None = UNKNOWN
    seeds: Mapping[str, Any] | Unknown = UNKNOWN
    use_cache: str | Unknown | None = UNKNOWN
    dtype: str | Unknown | None = UNKNOWN
    batch_size: str | Unknown = UNKNOWN
    lm_eval: str | Unknown = UNKNOWN
    transformers: str | Unknown = UNKNOWN


@dataclass(frozen=True, slots=True)
class Model:
    """What was evaluated.

    Attributes:
        name: Name as lm-eval has it ("Qwen/Qwen3-8B"; of an adapter, the adapter's), or the file's for plain predictions.
        source: lm-eval's model type ("hf", "vllm", "local-chat-completions", "sevenllm-replay"), or "predictions".
        arguments: `--model_args`.
        revision: Revision of the checkpoint asked for.
        sha: Commit of the checkpoint, or of the adapter over it; lm-eval leaves it empty offline.
    """

    name: str
    source: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    revision: str | Unknown = UNKNOWN
    sha: str | Unknown = UNKNOWN

    @property
    def identity(self) -> Identity:
        """Its name with the arguments that make another model, see `model_name`."""
        return identity_of(self.name, self.arguments)


@dataclass(frozen=True, slots=True)
class LeafRun:
    """One leaf of the harness in a run, as lm-eval reported it.

    Attributes:
        task: Name in the harness, e.g. "sevenllm_en_mcq" or the variant "sevenllm-en-mcq-logprob".
        leaf: The leaf of the catalogue whose rows it runs.
        version: Task version, e.g. "1-A".
        rows: Rows evaluated.
        rows_in_all: Rows that the task has.
        num_fewshot: Number of few-shot examples.
        output_type: "generate_until" or "multiple_choice" (log-likelihood).
        generation: The generation arguments in force.
        prompt: {"name", "version", "sha256"} of the prompt; empty where it isn't known.
        signature: The signature of its figures (see `metrics.signature`), without the prompt; empty where unknown.
        metrics: Metric name to the mean that lm-eval reported.
        stderr: Metric name to the standard error that lm-eval reported; a leaf of one row has none.
        task_hash: lm-eval's hash over rows, prompts and targets; None where no samples were logged.
        local: Arguments of the model that name a file or folder of the machine that it ran on.
    """

    task: str
    leaf: Leaf
    version: str | Unknown = UNKNOWN
    rows: int | Unknown = UNKNOWN
    rows_in_all: int | Unknown = UNKNOWN
    num_fewshot: int | Unknown = UNKNOWN
    output_type: str | Unknown = UNKNOWN
    generation: Mapping[str, Any] | Unknown = UNKNOWN
    prompt: Mapping[str, Any] = field(default_factory=dict)
    signature: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    stderr: Mapping[str, float] = field(default_factory=dict)
    task_hash: str | None = None
    local: tuple[str, ...] = ()

    @property
    def is_default(self) -> bool:
        """Whether it is one of the 58 default leaves, and no variant."""
        return self.task == self.leaf.name


@dataclass(frozen=True, slots=True)
class Sample:
    """One row, answered once.

    Attributes:
        task: Task of the harness that ran it.
        row: The row, rebuilt from what the samples file says of it: id, language, kind (what the row asks for), category,
            instruction, input, thought and reference.
        prompt: The prompt sent (with few-shot examples and chat template; of chat messages, their contents, one per line);
            None where the file doesn't say.
        response: The model's raw text; None where there is none (log-likelihood, or no answer).
        metrics: Metric name to value, for the kind that the row asks for: in [0, 1], `judge` 1 to 5. A metric that could
            not be had is absent. They are lm-eval's values; rows 791 and 823, which their leaf scores as generation, are
            scored again as the extraction they ask for.
        reported: The values in the samples file, scored as the leaf's kind; equal to `metrics` except in those two rows.
        reading: The answer as it was read for what the row asks for; of log-likelihoods, the likeliest letter.
    """

    task: str
    row: Row
    prompt: str | None
    response: str | None
    metrics: Mapping[str, float]
    reported: Mapping[str, float]
    reading: Reading

    @property
    def id(self) -> int:
        """Id of the row."""
        return self.row.id

    @property
    def language(self) -> Language:
        """Language of the row."""
        return self.row.language

    @property
    def kind(self) -> Kind:
        """What the row asks for."""
        return self.row.kind

    @property
    def reference(self) -> str:
        """The reference as a model would write it."""
        return self.row.reference_text

    @property
    def is_default(self) -> bool:
        """Whether a default leaf ran it, and no variant."""
        return self.task.startswith("sevenllm_")


@dataclass(frozen=True, slots=True)
class Run:
    """One model evaluated once.

    Attributes:
        label: What tables call it: the model's name (see `Model.identity`), made unique among the runs read together.
        model: What was evaluated.
        settings: What shapes every task.
        leaves: Task name to leaf, in the catalogue's order, variants last.
        samples: One per row and task, in the same order.
        problems: What is wrong in the files.
        origin: "lm-eval", "predictions" for saved answers scored here, of which settings are unknown, or "published" for
            the scores of a published model, which have no answers.
        path: The results file, or the predictions.
        older: Results files of older runs of the same model and protocol in the same folder, which were not read.
        other_tasks: Tasks in the results that are not SEvenLLM's, left out.
        date: When it started, seconds since 1970.
        encoder_tasks: Name to encoder task, in the order of `ENCODER_TASKS`.
        item_samples: One per item and encoder task, in the same order.
        notes: What a reader of its figures must know of how they came about, a sentence each.
    """

    label: str
    model: Model
    settings: Settings
    leaves: Mapping[str, LeafRun]
    samples: tuple[Sample, ...]
    problems: tuple[Problem, ...] = ()
    origin: Literal["lm-eval", "predictions", "published"] = "lm-eval"
    path: str = ""
    older: tuple[str, ...] = ()
    other_tasks: tuple[str, ...] = ()
    date: float | Unknown = UNKNOWN
    encoder_tasks: Mapping[str, EncoderTaskRun] = field(default_factory=dict)
    item_samples: tuple[ItemSample, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def tasks(self) -> Mapping[str, LeafRun | EncoderTaskRun]:
        """All its tasks: leaves, then encoder tasks."""
        return {**self.leaves, **self.encoder_tasks}

    @property
    def has_samples(self) -> bool:
        """Whether there is a row or item of any task."""
        return bool(self.samples or self.item_samples)

    def of_task(self, task: str) -> tuple[Sample, ...]:
        """The samples of one task."""
        return tuple(sample for sample in self.samples if sample.task == task)

    @property
    def repository(self) -> tuple[str | None, str]:
        """The Hub repository that the scores belong to, or None and why it isn't known, see `repository_of`."""
        local = {name for task in self.tasks.values() for name in task.local}
        return repository_of(self.model.source, self.model.arguments, self.model.sha, tuple(local))

    @property
    def source(self) -> str:
        """Whose rows its figures are about: "official", or "embedded" where no official row was run."""
        of_rows = any(sample.row.source == "official" for sample in self.samples)
        of_items = any(sample.item.source == "official" for sample in self.item_samples)
        return "official" if of_rows or of_items else "embedded"
