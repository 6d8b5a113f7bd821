"""The data of a run, prepared once by the main process and laid down where all processes find them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.data.rows import Row
from sevenllm_bench.finetune.encoding.dataset import Prepared, Selection, encode, select
from sevenllm_bench.finetune.encoding.example_encoder import ExampleEncoder
from sevenllm_bench.finetune.estimates.memory import disk_bytes
from sevenllm_bench.finetune.loop.held_out_answers import spread
from sevenllm_bench.finetune.output.run_folder import OutputFolder, require_space, write_lines
from sevenllm_bench.finetune.runtime import Runtime
from sevenllm_bench.finetune.settings.config import FinetuneConfig
from sevenllm_bench.finetune.settings.identity import identity

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PretrainedConfig


@dataclass(frozen=True, slots=True)
class Start:
    """What the main process tells the others before training.

    Attributes:
        resume_from: The checkpoint to go on from; None to begin.
        report: What happened to the rows, as in `Prepared.report`.
    """

    resume_from: Path | None
    report: dict[str, Any]


def prepare(
    config: FinetuneConfig,
    runtime: Runtime,
    base: PretrainedConfig,
    encoder: ExampleEncoder,
    output: OutputFolder,
    say: Callable[[str], None],
) -> Start:
    """Choose and encode the rows, and open the output folder. Called by the main process.

    Args:
        config: The run.
        runtime: What it is computed on.
        base: Configuration of its base model.
        encoder: Turns rows into examples.
        output: The run's folder.
        say: Takes lines about the progress.

    Raises:
        SEvenLLMError: The data can't be read, no row is left, the folder is not free, or too little space is.
    """
    begun = output.check(config.resume == "auto")
    require_space(output.path, disk_bytes(config, base))
    selection = select(config, say)
    prepared = encode(selection, encoder, say)
    resume_from = output.open(identity(config, runtime, prepared), config.resume == "auto")
    _store(config, selection, prepared, output)
    if resume_from:
        say(f"resuming from {resume_from.name}")
    elif begun:
        say("the run that was stopped left no complete checkpoint: starting again from the beginning")
    return Start(resume_from, prepared.report)


def _store(config: FinetuneConfig, selection: Selection, prepared: Prepared, output: OutputFolder) -> None:
    """Where all processes find it: the encoded rows, and the rows that are answered."""
    shutil.rmtree(output.data, ignore_errors=True)
    prepared.training.save_to_disk(str(output.data / "training"))
    if prepared.held_out is not None:
        prepared.held_out.save_to_disk(str(output.data / "held_out"))
    rows = spread(selection.held_out_rows, config.evaluation.metrics_rows)
    write_lines(output.data / "answered.jsonl", [asdict(row) for row in rows])


def training_rows(output: OutputFolder) -> Dataset:
    """The encoded training rows."""
    from datasets import load_from_disk

    return load_from_disk(str(output.data / "training"))


def held_out_rows(output: OutputFolder) -> Dataset | None:
    """The encoded held-out rows; None without any."""
    from datasets import load_from_disk

    folder = output.data / "held_out"
    return load_from_disk(str(folder)) if folder.is_dir() else None


def answered_rows(output: OutputFolder) -> list[Row]:
    """The held-out rows that are answered while training."""
    lines = (output.data / "answered.jsonl").read_text(encoding="utf-8").splitlines()
    return [Row(**json.loads(line)) for line in lines]
