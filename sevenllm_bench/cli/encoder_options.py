"""What the actions of `sevenllm-bench encoders` share: the options of an encoder, the tables of a run."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sevenllm_bench.cli.screen import print_lines
from sevenllm_bench.cli.shared_options import whole
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.encoder_runs.results_writer import EncoderRun
from sevenllm_bench.encoder_tasks.task_scoring import score_items
from sevenllm_bench.encoders.encoder_choice import ENCODER_KINDS, LONG_TEXTS, EncoderChoice
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import is_folder, user_path
from sevenllm_bench.preflight import require_extra


def add_encoder(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose an encoder: see `choice_of`."""
    parser.add_argument("model", metavar="MODEL", help="a local folder or a Hub id, with @REVISION where wanted")
    parser.add_argument("--kind", choices=("auto", *ENCODER_KINDS), default="auto", help="what it is (default: read from it)")
    add_reading(parser)


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how encoders read."""
    parser.add_argument(
        "--long-texts",
        choices=LONG_TEXTS,
        help="texts longer than it reads: windows, of which the best (max) or the mean counts, or cut; all are counted "
        "(default: max; retrieval: cut, as in MTEB)",
    )
    parser.add_argument("--batch-size", type=whole(1), metavar="N", default=32, help="texts per pass (default: 32)")
    parser.add_argument("--device", metavar="NAME", help="e.g. cpu, cuda:1 (default: a GPU where there is one)")


def choice_of(arguments: argparse.Namespace) -> EncoderChoice:
    """The encoder that the options describe.

    Raises:
        ConfigError: The package's extra `encoders` isn't installed.
    """
    require_extra("sentence_transformers", "encoders")
    return EncoderChoice(
        *named(arguments.model),
        kind=None if arguments.kind == "auto" else arguments.kind,
        long_texts=arguments.long_texts or "max",
        batch_size=arguments.batch_size,
        device=arguments.device,
    )


def named(text: str) -> tuple[str, str | None]:
    """Name and revision of "NAME@REVISION"; a folder may have an "@" in its name."""
    path = user_path(text, ConfigError) if text.startswith("~") else Path(text)
    if text.strip() and is_folder(path):
        return str(path), None
    name, _, revision = text.partition("@")
    if not name.strip():
        raise ConfigError("no model named: a local folder or a Hub id")
    return name, revision or None


def run_folder(name: str) -> Path:
    """The folder of a run's files; that it can be written to is tried before models are loaded and run.

    Raises:
        ConfigError: It is a file, or can't be written to.
    """
    folder = user_path(name, ConfigError)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--output {name}: that is a file; name a folder")
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(f"--output {name}: can't be written to ({error.strerror or error})") from None
    finally:
        for path in made:  # until there is something to write
            with suppress(OSError):
                path.rmdir()
    return folder


def print_run(run: EncoderRun) -> None:
    """Print the figures of a run, a table per kind of task, what they cost, and the notes."""
    by_kind: dict[str, list[list[str]]] = {}
    columns: dict[str, list[str]] = {}
    for outcome in run.outcomes:
        values = score_items(outcome.task, outcome.items, outcome.answers)
        groups = list(dict.fromkeys(item.group for item in outcome.items))
        columns[outcome.task.kind] = ["task", "items", *outcome.task.metrics]
        parts = [("", list(range(len(values))))]
        parts += [(f"  {g}", [i for i, item in enumerate(outcome.items) if item.group == g]) for g in groups if len(groups) > 1]
        for name, places in parts:
            cells = [_mean([values[i][metric] for i in places if metric in values[i]]) for metric in outcome.task.metrics]
            by_kind.setdefault(outcome.task.kind, []).append([name or outcome.task.name, f"{len(places):,}", *cells])
    for kind, rows in by_kind.items():
        print_table(kind, columns[kind], rows, least=columns[kind][:2:-1])
    costs = [[outcome.task.name, *_cost(outcome.cost)] for outcome in run.outcomes if outcome.cost]
    if costs:
        columns_of_cost = ["task", "parameters", "texts", "texts/s", "long texts", "peak memory"]
        print_table("cost", columns_of_cost, costs, least=("long texts", "peak memory", "texts"))
    notes: dict[str, list[str]] = {}
    for outcome in run.outcomes:
        for note in outcome.notes:
            notes.setdefault(note, []).append(outcome.task.name)
    for note, tasks in notes.items():
        print_lines([f"{', '.join(tasks)}: {note}"])
    if probes := run.further.get("probes"):
        print_probes(probes)


def print_probes(found: Mapping[str, Any]) -> None:
    """Print a sentence for each probe, and the warnings."""
    for name, probe in found["probes"].items():
        print_lines([f"{name}: {probe['sentence']}"])
    for warning in found["warnings"]:
        print(f"WARNING: {warning}")


def _mean(values: list[float]) -> str:
    return f"{sum(values) / len(values):.4f}" if values else "-"


def _cost(cost: object) -> list[str]:
    own = cost if isinstance(cost, dict) else {}
    memory = own.get("peak_memory_bytes") or 0
    return [
        *(f"{own[name]:,}" if own.get(name) is not None else "-" for name in ("parameters", "texts")),
        f"{own['texts_per_second']:,.1f}" if own.get("texts_per_second") else "-",
        f"{own['long_texts']:,}" if own.get("long_texts") is not None else "-",
        f"{memory / 2**20:,.0f} MiB" if memory else "-",
    ]
