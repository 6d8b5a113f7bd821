"""One encoder on all tasks of its kind."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sevenllm_bench.catalog import Language
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.encoder_runs.chinese_probe import warned
from sevenllm_bench.encoder_runs.probes import probe_encoder
from sevenllm_bench.encoder_runs.results_writer import EncoderRun
from sevenllm_bench.encoder_runs.retrieval_run import RETRIEVAL_LONG_TEXTS
from sevenllm_bench.encoder_runs.task_outcome import TaskOutcome
from sevenllm_bench.encoder_tasks.encoder_task import ENCODER_TASKS, KINDS_OF_TASK, EncoderTask, Item
from sevenllm_bench.encoder_tasks.task_scoring import items_of
from sevenllm_bench.encoder_tasks.vulnerable_code import items_from_file
from sevenllm_bench.encoders.checkpoint_kind import kind_of
from sevenllm_bench.encoders.encoder_choice import EncoderChoice, EncoderKind, LongTexts
from sevenllm_bench.encoders.model_identity import model_identity
from sevenllm_bench.errors import ConfigError, unknown_name

#: Kinds of encoder with tasks that they run only where these are named: a masked LM reads each candidate as often as it has
#: tokens, close to a million times for the official rows of a language.
ONLY_BY_NAME = frozenset({("masked-lm", "answer-ranking")})


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How the tasks are run.

    Attributes:
        limit: First items of each task only; None for all.
        label_map: File that maps a token classifier's labels to our types; None where their names say it.
        code: File of the user's functions instead of ours; None for ours.
        vulnerable_label: A text classifier's label of the vulnerable class; None where its labels say it.
        with_probes: Run the probes too.
        long_texts: What becomes of texts that are longer than the encoder reads; None for what each task has by default:
            retrieval cuts them, as MTEB does, other tasks read windows.
    """

    limit: int | None = None
    label_map: Path | None = None
    code: Path | None = None
    vulnerable_label: str | None = None
    with_probes: bool = False
    long_texts: LongTexts | None = None


def tasks_for(
    choice: EncoderChoice, names: Sequence[str], language: Language | None, own_code: bool = False
) -> tuple[EncoderKind, list[EncoderTask]]:
    """The kind of an encoder, and the tasks to run.

    Args:
        choice: The encoder.
        names: Names of tasks; none for all that its kind can do, but for those of `ONLY_BY_NAME`.
        language: Tasks of this language only.
        own_code: Whether functions of the user's were named.

    Raises:
        ConfigError: A task is unknown, or the kind of encoder can't do it; nothing is left.
    """
    known = {task.name: task for task in ENCODER_TASKS}
    for name in names:
        if name not in known:
            raise ConfigError(unknown_name("task", name, list(known)))
    kind = kind_of(choice)
    can = [own for own, kinds in KINDS_OF_TASK.items() if kind in kinds]
    for name in names:
        if known[name].kind not in can:
            raise ConfigError(f"{name}: {choice.label} is a {kind}, whose tasks are {', '.join(can)}")
    usual = [task for task in ENCODER_TASKS if task.kind in can and (kind, task.kind) not in ONLY_BY_NAME]
    wanted = [known[name] for name in dict.fromkeys(names)] or usual
    found = [task for task in wanted if language is None or task.language in (language, None)]
    if not found:
        raise ConfigError(f"no task is left: {', '.join(names)} are not of the language {language}")
    if own_code and kind != "text-classifier":
        raise ConfigError(f"--code: {choice.label} is a {kind}, and functions are for a text-classifier")
    return kind, found


def run_encoder(
    choice: EncoderChoice,
    kind: EncoderKind,
    tasks: Sequence[EncoderTask],
    benchmark: Benchmark,
    options: RunOptions,
    say: Callable[[str], None] = lambda _: None,
) -> EncoderRun:
    """Run an encoder on tasks.

    Args:
        choice: The encoder.
        kind: Its kind, see `tasks_for`.
        tasks: The tasks.
        benchmark: The rows.
        options: How.
        say: Is given a line before and after each task.

    Raises:
        ConfigError: The encoder can't be loaded or used.
        DataError: A file of the user's can't be read.
    """
    began = time.time()
    outcomes, in_all = [], {}
    for task in tasks:
        items = items_from_file(options.code) if options.code else items_of(task, benchmark)
        in_all[task.name] = len(items)
        say(f"{task.name}: {len(items[: options.limit]):,} items …")
        default = RETRIEVAL_LONG_TEXTS if task.kind == "retrieval" else choice.long_texts
        own = replace(choice, long_texts=options.long_texts or default)
        outcome = warned(_answers(task, items[: options.limit], benchmark, own, options), choice, benchmark)
        say(f"{task.name}: {outcome.cost.get('seconds', 0.0):.1f} s in the model")
        outcomes.append(outcome)
    further: dict[str, Any] = {}
    if options.with_probes:
        say("probes …")
        further["probes"] = probe_encoder(choice, benchmark)
    arguments = {
        "pretrained": choice.name,
        "revision": choice.revision,
        "kind": kind,
        "long_texts": options.long_texts,
        "batch_size": choice.batch_size,
        "device": choice.device,
    }
    if said := _other_kind(choice, kind):
        outcomes = [replace(outcome, notes=(said, *outcome.notes)) for outcome in outcomes]
    return EncoderRun(choice.name, arguments, _commit(choice), options.limit, outcomes, in_all, began, further)


def _other_kind(choice: EncoderChoice, kind: EncoderKind) -> str:
    """What to know where a checkpoint is read as another kind than it is; empty where it isn't."""
    try:
        own = kind_of(replace(choice, kind=None))
    except ConfigError:
        return ""
    return "" if own == kind else f"The checkpoint is a {own}, and was read as a {kind}, as asked; its own head was not used."


def _commit(choice: EncoderChoice) -> str | None:
    """The commit of a checkpoint of the Hub; None for a folder."""
    name, _, commit = (model_identity(choice.name, choice.revision) or "").rpartition("@")
    return commit if name == choice.name else None


def _answers(
    task: EncoderTask, items: Sequence[Item], benchmark: Benchmark, choice: EncoderChoice, options: RunOptions
) -> TaskOutcome:
    if task.kind == "retrieval":
        from sevenllm_bench.encoder_runs.retrieval_run import run_retrieval

        return run_retrieval(task, items, benchmark, choice)
    if task.kind == "answer-ranking":
        from sevenllm_bench.encoder_runs.ranking_run import run_answer_ranking

        return run_answer_ranking(task, items, choice)
    if task.kind == "entities":
        from sevenllm_bench.encoder_runs.entities_run import run_entities

        return run_entities(task, items, choice, options.label_map)
    if task.kind == "masked-terms":
        from sevenllm_bench.encoder_runs.masked_run import run_masked_terms

        return run_masked_terms(task, items, choice)
    from sevenllm_bench.encoder_runs.code_run import run_vulnerable_code

    return run_vulnerable_code(task, items, choice, options.vulnerable_label)
