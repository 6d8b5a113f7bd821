"""From the configuration to token ids: the sources read, kept apart from the benchmark, selected, balanced and encoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from sevenllm_bench.corpus.conversation import Conversation
from sevenllm_bench.corpus.guarded_rows import guarded_rows
from sevenllm_bench.corpus.leaks import Leak, LeakGuard
from sevenllm_bench.corpus.mixture import mixture
from sevenllm_bench.corpus.selection import balance, counts_by_cell, deduplicate, sample, split_held_out
from sevenllm_bench.corpus.spoken_language import UNDETERMINED, language_of_record
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import DataError
from sevenllm_bench.finetune.encoding.example_encoder import ExampleEncoder, Fitting
from sevenllm_bench.finetune.encoding.source_account import Record, SourceAccount
from sevenllm_bench.finetune.encoding.token_tables import TokenTable, token_table
from sevenllm_bench.finetune.settings.config import FinetuneConfig
from sevenllm_bench.finetune.settings.data_section import DataSection, RowSection

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

#: Leaks and duplicates that are listed one by one; all are counted.
_LISTED = 10_000

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Selection:
    """The examples of a run, and what happened to the others.

    Attributes:
        training: Examples to train on, in order, some repeated where balancing asks for it.
        held_out: Examples kept for the held-out loss.
        leaks: What was left out because it shows a benchmark row.
        source_of: Name of the source of each example, by id.
        weights: Weight of each source that is trained on; empty where each is taken once.
        seed: Of the choices that are left.
        report: What a model card says of it, JSON-able.
    """

    training: Sequence[Record]
    held_out: Sequence[Record]
    leaks: Sequence[Leak]
    source_of: Mapping[int, str]
    weights: Mapping[str, float]
    seed: int
    report: dict[str, Any]

    @property
    def held_out_rows(self) -> list[Row]:
        """The held-out rows of SEvenLLM, which can be answered and scored."""
        return [row for row in self.held_out if isinstance(row, Row)]


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


def select(config: FinetuneConfig, say: Say) -> Selection:
    """Read the sources and choose the examples of a run.

    Args:
        config: The run.
        say: Takes lines about the progress.

    Raises:
        DataError: A source or the benchmark can't be read, an example is in a language that is refused, or none is left to
            train on.
    """
    return select_rows(config.data, config.training.seed, say)


def select_rows(data: RowSection, seed: int, say: Say) -> Selection:
    """Read the sources of a section and choose the examples of a run.

    Args:
        data: Where they come from, and which are chosen.
        seed: Of the choices.
        say: Takes lines about the progress.

    Raises:
        DataError: As for `select`.
    """
    sources = SourceAccount(data, say)
    report: dict[str, Any] = {"read": len(sources.records)}
    records = [record for record in sources.records if not isinstance(record, Row) or _is_asked_for(record, data)]
    report["of the languages and tasks"] = len(records)
    records = _of_the_languages(records, data, report)
    sources.note("of the languages and tasks", records)
    records, leaks = _without_leaks(records, data, report, say)
    sources.note_gone("leaks removed", (leak.row_id for leak in leaks))
    if data.deduplicate:
        # What is there for its held-out loss alone takes no row from those that are trained on.
        records, duplicates = deduplicate(sorted(records, key=lambda record: record.id in sources.held_out_only))
        report["duplicates removed"] = len(duplicates)
        report["duplicates"] = [list(pair) for pair in duplicates[:_LISTED]]
        sources.note_gone("duplicates removed", (dropped for dropped, _ in duplicates))
    training, held_out = split_held_out(records, data.held_out, seed, sources.held_out_only)
    report["held out"] = len(held_out)
    sources.note("held out", held_out)
    _say_what_is_not_held_out(data, training, held_out, say)
    _say_which_sources_are_not_held_out(data, training, held_out, say)
    if data.max_rows is not None:
        training = sample(training, data.max_rows, seed)
    report["chosen"] = len(training)
    sources.note("chosen", training)
    if not training:
        raise DataError(f"no row is left to train on: {_funnel(report)}. See the keys of the section data")
    report["cells before balancing"] = counts_by_cell(training)
    rows = [record for record in training if isinstance(record, Row)]
    balanced = balance(rows, data.language_temperature, data.task_temperature, seed)
    training = [*balanced, *(record for record in training if isinstance(record, Conversation))]
    report["cells"] = counts_by_cell(training)
    report = {**sources.described(), **report, "sources": sources.reports}
    return Selection(training, held_out, leaks, sources.name_of, sources.weights, seed, report)


def _is_asked_for(row: Row, data: RowSection) -> bool:
    return row.language in data.languages and (data.tasks is None or row.category in data.tasks)


def _of_the_languages(records: list[Record], data: RowSection, report: dict[str, Any]) -> list[Record]:
    """The examples with the languages of conversations set, without those in other languages where that is asked for."""
    languages = [language_of_record(record) for record in records]
    records = [
        replace(record, language=language) if isinstance(record, Conversation) else record
        for record, language in zip(records, languages, strict=True)
    ]
    others = Counter(language for language in languages if language not in ("en", "zh", UNDETERMINED))
    if not others:
        return records
    report["other languages"] = dict(others.most_common())
    if data.other_languages == "keep":
        return records
    if data.other_languages == "refuse":
        found = ", ".join(f"{language} {count:,}" for language, count in others.most_common(10))
        ids = [record.id for record, language in zip(records, languages, strict=True) if language in others]
        raise DataError(
            f"{len(ids):,} examples are in other languages than English and Chinese ({found}; ids {_few(ids)}): "
            "data.other_languages=drop leaves them out, keep trains on them"
        )
    report["in other languages, left out"] = others.total()
    return [record for record, language in zip(records, languages, strict=True) if language not in others]


def _few(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids[:5])) + (", …" if len(ids) > 5 else "")


def _say_what_is_not_held_out(data: RowSection, training: Sequence[Record], held_out: Sequence[Record], say: Say) -> None:
    for language in data.languages if data.held_out else ():
        trained = any(isinstance(row, Row) and row.language == language for row in training)
        if not any(isinstance(row, Row) and row.language == language for row in held_out) and (trained or not held_out):
            say(f"no row in {language} is held out: too few incidents for data.held_out={data.held_out:g} (raise it)")


def _say_which_sources_are_not_held_out(
    data: RowSection, training: Sequence[Record], held_out: Sequence[Record], say: Say
) -> None:
    trained, held = (
        {record.source for record in records if isinstance(record, Conversation)} for records in (training, held_out)
    )
    for name in sorted(trained - held) if data.held_out else ():
        say(f"no example of {name} is held out: too few that differ in what is asked for data.held_out={data.held_out:g}")


def _funnel(report: dict[str, Any]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in report.items() if isinstance(count, int))


def _without_leaks(
    records: list[Record], data: RowSection, report: dict[str, Any], say: Say
) -> tuple[list[Record], Sequence[Leak]]:
    report["leak guard"] = data.guard
    if data.guard == "off":
        return records, ()
    guarded = guarded_rows(data.guard, data.data_dir, data.allow_modified, "data.leak_guard=embedded")
    if guarded.sha256:
        report["benchmark sha256"] = guarded.sha256
    say(f"comparing {len(records):,} rows with {len(guarded.rows):,} rows of the benchmark")
    clean, leaks = LeakGuard(guarded.rows).separate(records)
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


def encode(selection: Selection, encoder: ExampleEncoder, say: Say) -> Prepared:
    """Encode the selected examples, and mix the sources by tokens where they have weights.

    Args:
        selection: The examples.
        encoder: Turns them into token ids.
        say: Takes lines about the progress.

    Raises:
        DataError: No training row fits, or none of a source that has a weight.
    """
    fitting, held_out_fitting = Fitting(), Fitting()
    say(f"encoding {len(selection.training) + len(selection.held_out):,} rows")
    distinct = {record.id: record for record in selection.training}
    once = token_table(encoder.encode(distinct.values(), fitting))
    held_out = token_table(encoder.encode(selection.held_out, held_out_fitting))
    report = dict(selection.report)
    report["fitting"] = fitting.as_dict()
    report["held-out fitting"] = held_out_fitting.as_dict()
    if not len(once.dataset):
        problems = ", ".join(f"{name}: {entry['rows']:,}" for name, entry in fitting.as_dict().items())
        raise DataError(f"none of {len(selection.training):,} rows can be trained on ({problems}); see data.max_length")
    place_of = {int(row_id): place for place, row_id in enumerate(once.row_ids)}
    training = once.taken([place_of[record.id] for record in selection.training if record.id in place_of])
    if selection.weights:
        training = _mixed(training, selection)
    report["training"] = training.counts()
    report["held-out"] = held_out.counts()
    report["sources"] = _with_shares(selection, once, training, held_out)
    return Prepared(training.dataset, held_out.dataset if len(held_out.dataset) else None, report)


def _mixed(table: TokenTable, selection: Selection) -> TokenTable:
    sources = [selection.source_of[int(row_id)] for row_id in table.row_ids]
    if missing := [name for name in selection.weights if name not in sources]:
        raise DataError(
            f"data.sources: no example of {', '.join(missing)} is left to train on, so it can't have the share that its "
            "weight asks for; see training rows left out above, data.held_out and data.max_length"
        )
    places = mixture(table.sizes.tolist(), table.row_ids.tolist(), sources, selection.weights, selection.seed)
    return table.taken(places)


def _with_shares(selection: Selection, once: TokenTable, training: TokenTable, held_out: TokenTable) -> list[dict[str, Any]]:
    """The reports of the sources with their tokens, and the shares asked for and got."""
    whole, weights = training.sizes.sum(), selection.weights
    tokens = [_by_source(table, selection.source_of) for table in (once, training, held_out)]
    reports = []
    for report in selection.report["sources"]:
        own, trained, held = (counts[report["name"]] for counts in tokens)
        asked_for = weights[report["name"]] / sum(weights.values()) if report["name"] in weights else None
        shares = {
            "share asked for": asked_for,
            "share of the tokens": trained / int(whole),
            "passes": trained / own if own else 0.0,
        }
        reports.append({**report, "tokens": own, "tokens as trained": trained, "held-out tokens": held, **shares})
    return reports


def _by_source(table: TokenTable, source_of: Mapping[int, str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for row_id, size in zip(table.row_ids.tolist(), table.sizes.tolist(), strict=True):
        counts[source_of[row_id]] += size
    return counts
