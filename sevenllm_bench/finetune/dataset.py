"""From the configuration to token ids: the corpus read, kept apart from the benchmark, selected, balanced and encoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sevenllm_bench.corpus.leaks import Leak, LeakGuard
from sevenllm_bench.corpus.selection import balance, counts_by_cell, deduplicate, sample, split_held_out
from sevenllm_bench.corpus.source.instruct import Corpus, load_embedded_corpus, load_instruct
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import DataError
from sevenllm_bench.finetune.config import DataSection, FinetuneConfig
from sevenllm_bench.finetune.examples import Example, ExampleEncoder, Fitting

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

#: Examples that become one Arrow table at a time: lists of Python integers are large.
_CHUNK = 1000
#: Leaks and duplicates that are listed one by one; all are counted.
_LISTED = 10_000


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows of a run, and what happened to the others.

    Attributes:
        corpus: The corpus as read.
        training: Rows to train on, in order, some repeated where balancing asks for it.
        held_out: Rows kept for the held-out loss.
        leaks: Rows left out because a benchmark row has their incident text.
        report: What a model card says of it, JSON-able.
    """

    corpus: Corpus
    training: Sequence[Row]
    held_out: Sequence[Row]
    leaks: Sequence[Leak]
    report: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Encoded examples.

    Attributes:
        training: Columns "input_ids", "labels" and "cell"; one example per line, not packed yet.
        held_out: The same for held-out rows; None without any.
        report: `Selection.report` with tokens, and rows that did not fit.
    """

    training: Dataset
    held_out: Dataset | None
    report: dict[str, Any]


def select(config: FinetuneConfig, say: Callable[[str], None]) -> Selection:
    """Read the corpus and choose the rows of a run.

    Args:
        config: The run.
        say: Takes lines about the progress.

    Raises:
        DataError: The corpus or the benchmark can't be read, or no row is left to train on.
    """
    data, seed = config.data, config.training.seed
    say(f"reading the corpus ({data.source})")
    corpus = _load(data)
    report: dict[str, Any] = {"read": len(corpus.rows)}
    rows = [row for row in corpus.rows if row.language in data.languages and (data.tasks is None or row.category in data.tasks)]
    report["of the languages and tasks"] = len(rows)
    rows, leaks = _without_leaks(rows, data, report, say)
    if data.deduplicate:
        rows, duplicates = deduplicate(rows)
        report["duplicates removed"] = len(duplicates)
        report["duplicates"] = [list(pair) for pair in duplicates[:_LISTED]]
    training, held_out = split_held_out(rows, data.held_out, seed)
    report["held out"] = len(held_out)
    for language in data.languages:
        if data.held_out and not any(row.language == language for row in held_out):
            say(f"no row in {language} is held out: too few incidents for data.held_out={data.held_out:g}")
    if data.max_rows is not None:
        training = sample(training, data.max_rows, seed)
    report["chosen"] = len(training)
    if not training:
        raise DataError(f"no row is left to train on: {_funnel(report)}. See the keys of the section data")
    report["cells before balancing"] = counts_by_cell(training)
    training = balance(training, data.language_temperature, data.task_temperature, seed)
    report["cells"] = counts_by_cell(training)
    return Selection(corpus, training, held_out, leaks, {**_described(corpus), **report})


def _load(data: DataSection) -> Corpus:
    if data.source == "embedded":
        return load_embedded_corpus()
    return load_instruct(None if data.source == "instruct" else data.source)


def _described(corpus: Corpus) -> dict[str, Any]:
    return {
        "corpus": corpus.name,
        "origin": corpus.origin,
        "sha256": corpus.sha256,
        "lines": corpus.lines,
        "changes": corpus.counts,
        "labels": corpus.labels,
        "lines left out": [list(entry) for entry in corpus.dropped[:_LISTED]],
    }


def _funnel(report: dict[str, Any]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in report.items() if isinstance(count, int))


def _without_leaks(
    rows: list[Row], data: DataSection, report: dict[str, Any], say: Callable[[str], None]
) -> tuple[list[Row], Sequence[Leak]]:
    report["leak guard"] = data.leak_guard
    if data.leak_guard == "off":
        return rows, ()
    benchmark = list(load_benchmark("embedded").rows)
    if data.leak_guard == "official":
        try:
            official = load_benchmark("official", data.data_dir, data.allow_modified)
        except DataError as error:
            raise DataError(
                f"the leak guard keeps rows of the benchmark out of the training data, and needs its file: {error}\n"
                "  - or guard the embedded test rows only: data.leak_guard=embedded"
            ) from None
        report["benchmark sha256"] = official.sha256
        benchmark += official.rows
    say(f"comparing {len(rows):,} rows with {len(benchmark):,} rows of the benchmark")
    clean, leaks = LeakGuard(benchmark).separate(rows)
    report["leaks removed"] = len(leaks)
    report["leaks"] = [asdict(leak) for leak in leaks[:_LISTED]]
    return clean, leaks


def encoder_for(data: DataSection, tokenizer: PreTrainedTokenizerBase) -> ExampleEncoder:
    """The encoder of a run's rows."""
    return ExampleEncoder(
        tokenizer,
        data.style,
        data.max_length,
        with_thought_loss=data.objective == "thought+answer",
        chat=data.chat,
        chat_template_arguments=data.chat_template_arguments,
    )


def encode(selection: Selection, encoder: ExampleEncoder, say: Callable[[str], None]) -> Prepared:
    """Encode the selected rows.

    Args:
        selection: The rows.
        encoder: Turns rows into examples.
        say: Takes lines about the progress.

    Raises:
        DataError: No training row fits.
    """
    fitting, held_out_fitting = Fitting(), Fitting()
    say(f"encoding {len(selection.training) + len(selection.held_out):,} rows")
    training = _dataset(encoder.encode(selection.training, fitting))
    held_out = _dataset(encoder.encode(selection.held_out, held_out_fitting))
    report = dict(selection.report)
    report["fitting"] = fitting.as_dict()
    report["held-out fitting"] = held_out_fitting.as_dict()
    if not len(training):
        problems = ", ".join(f"{name}: {entry['rows']:,}" for name, entry in fitting.as_dict().items())
        raise DataError(f"none of {len(selection.training):,} rows can be trained on ({problems}); see data.max_length")
    report["training"] = _sizes(training)
    report["held-out"] = _sizes(held_out)
    return Prepared(training, held_out if len(held_out) else None, report)


def _dataset(examples: Iterable[Example]) -> Dataset:
    """Examples as a table with the columns "input_ids", "labels" (lists of int32) and "cell"."""
    import pyarrow as pa
    from datasets import Dataset

    ids = pa.list_(pa.int32())
    schema = pa.schema({"input_ids": ids, "labels": ids, "cell": pa.string()})
    tables, chunk = [], []
    for example in examples:
        chunk.append({"input_ids": example.input_ids, "labels": example.labels, "cell": example.cell})
        if len(chunk) == _CHUNK:
            tables.append(pa.Table.from_pylist(chunk, schema))
            chunk = []
    tables.append(pa.Table.from_pylist(chunk, schema))
    return Dataset(pa.concat_tables(tables))


def _sizes(dataset: Dataset) -> dict[str, int]:
    """Examples, tokens, and tokens that carry loss."""
    import pyarrow.compute as pc

    def count(column: str) -> Any:
        return pc.list_flatten(dataset.data.column(column))

    labels = count("labels")
    return {
        "examples": len(dataset),
        "tokens": len(count("input_ids")),
        "label tokens": int(pc.sum(pc.greater_equal(labels, 0)).as_py() or 0),
    }
