"""A fine-tuning run from its configuration to the finished checkpoint."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError, SEvenLLMError
from sevenllm_bench.finetune.config import FinetuneConfig
from sevenllm_bench.finetune.dataset import Prepared, Selection, encode, encoder_for, select
from sevenllm_bench.finetune.evaluation import Evaluation
from sevenllm_bench.finetune.examples import ExampleEncoder
from sevenllm_bench.finetune.held_out_answers import HeldOutAnswers, spread
from sevenllm_bench.finetune.memory import disk_bytes
from sevenllm_bench.finetune.model import load_config, load_model, load_tokenizer, lora_config
from sevenllm_bench.finetune.processes import connect, is_main_process, on_main, process_count, wait_for_all
from sevenllm_bench.finetune.run_folder import OutputFolder, fingerprint, require_space, write_json, write_lines
from sevenllm_bench.finetune.runtime import Runtime, resolve
from sevenllm_bench.preflight import require_extra

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

    from sevenllm_bench.finetune.trainer import HeldOutTrainer

#: What may differ between a run and its resumption: it has no bearing on the weights.
_RESUME_IGNORES = {"output", "resume", "training.log_every", "training.keep_checkpoints", "training.report_to", "data.data_dir"}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished run.

    Attributes:
        output: Folder of the checkpoint.
        report: What the model card is made of: data, steps, losses, metrics.
    """

    output: Path
    report: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Start:
    """What the main process tells the others before training."""

    resume_from: Path | None
    report: dict[str, Any]


def finetune(config: FinetuneConfig, say: Say) -> Finished:
    """Fine-tune a model. Called by every process of a run.

    Args:
        config: The run.
        say: Takes lines about the progress, in the main process.

    Raises:
        SEvenLLMError: Something is wrong with the configuration, the data or the machine. What was written is removed
            again, except complete checkpoints, which `resume=auto` goes on from.
    """
    for module in ("trl", "peft", "pydantic"):
        require_extra(module, "train")
    quiet()
    runtime = resolve(config)
    connect(runtime.device)
    output = OutputFolder(config.output)
    _check_early(config, runtime, output)
    base, tokenizer = load_config(config.model), load_tokenizer(config.model, config.data.chat)
    encoder = encoder_for(config.data, tokenizer)
    try:
        start = on_main(lambda: _prepare(config, base, encoder, output, say))
        return _train(config, runtime, base, tokenizer, encoder, output, start, say)
    except BaseException as error:
        _give_up(output, error, say)
        raise


def _check_early(config: FinetuneConfig, runtime: Runtime, output: OutputFolder) -> None:
    """What would otherwise be refused only after minutes of preparing data."""
    from transformers.integrations import get_reporting_integration_callbacks

    from sevenllm_bench.finetune.trainer import trainer_arguments

    if config.training.sharding == "full" and process_count() == 1:
        raise ConfigError(
            "training.sharding=full shards over several processes, and this run has one: start it with torchrun or accelerate "
            "launch, or set training.sharding=none"
        )
    trainer_arguments(config, runtime, output.training, has_held_out=False, evaluate_first=False)
    try:
        get_reporting_integration_callbacks(list(config.training.report_to))
    except ValueError as error:
        raise ConfigError(f"training.report_to: {error}") from None
    if config.training.method == "qlora":
        require_extra("bitsandbytes", "qlora")


def quiet() -> None:
    """Keep libraries from telling strangers what runs here, and from drawing a progress bar for every small thing."""
    import os

    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import warnings

    import datasets
    import transformers

    # transformers warns of a name of its own that peft 0.21 still uses.
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)
    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()


def _prepare(config: FinetuneConfig, base: PretrainedConfig, encoder: ExampleEncoder, output: OutputFolder, say: Say) -> _Start:
    """In the main process: data and output folder."""
    begun = output.check(config.resume == "auto")
    require_space(output.path, disk_bytes(config, base))
    selection = select(config, say)
    prepared = encode(selection, encoder, say)
    resume_from = output.open(identity(config, prepared.report), config.resume == "auto")
    _store(config, selection, prepared, output)
    if resume_from:
        say(f"resuming from {resume_from.name}")
    elif begun:
        say("the run that was stopped left no complete checkpoint: starting again from the beginning")
    return _Start(resume_from, prepared.report)


def identity(config: FinetuneConfig, report: Mapping[str, Any]) -> dict[str, Any]:
    """What makes two runs the same, by the names of the configuration's keys."""
    content = config.model_dump(mode="json")
    keys = {
        f"{section}.{key}": value
        for section, values in content.items()
        for key, value in (values.items() if isinstance(values, dict) else [("", values)])
    }
    keys = {key.rstrip("."): value for key, value in keys.items() if key.rstrip(".") not in _RESUME_IGNORES}
    packages = {f"version of {name}": version(name) for name in ("torch", "transformers", "trl")}
    return {**keys, **packages, "processes": process_count(), "training data": fingerprint(report)}


def _store(config: FinetuneConfig, selection: Selection, prepared: Prepared, output: OutputFolder) -> None:
    """Where all processes find it: the encoded rows, and the rows that are answered."""
    import shutil

    shutil.rmtree(output.data, ignore_errors=True)
    prepared.training.save_to_disk(str(output.data / "training"))
    if prepared.held_out is not None:
        prepared.held_out.save_to_disk(str(output.data / "held_out"))
    rows = spread(selection.held_out, config.evaluation.metrics_rows)
    write_lines(output.data / "answered.jsonl", [asdict(row) for row in rows])


def _answered(output: OutputFolder) -> list[Row]:
    lines = (output.data / "answered.jsonl").read_text(encoding="utf-8").splitlines()
    return [Row(**json.loads(line)) for line in lines]


def _train(
    config: FinetuneConfig,
    runtime: Runtime,
    base: PretrainedConfig,
    tokenizer: PreTrainedTokenizerBase,
    encoder: ExampleEncoder,
    output: OutputFolder,
    start: _Start,
    say: Say,
) -> Finished:
    from sevenllm_bench.finetune.card import run_outcome, write_card
    from sevenllm_bench.finetune.checkpoint import save_checkpoint

    trainer = build_trainer(config, runtime, tokenizer, encoder, output, evaluate_first=start.resume_from is None)
    say(f"training {_described(trainer)}")
    trainer.train(resume_from_checkpoint=str(start.resume_from) if start.resume_from else None)
    if _needs_evaluation(trainer):
        trainer.evaluate()
    report = {"data": start.report, "run": run_outcome(config, trainer)}
    unfinished = on_main(output.unfinished)
    save_checkpoint(trainer, tokenizer, _saved_dtype(runtime, base), unfinished)
    if is_main_process():
        write_lines(unfinished / "training_log.jsonl", trainer.state.log_history)
        write_json(unfinished / "training_data.json", start.report)
        write_card(unfinished, config, report)
        Evaluation.of(config).write(unfinished)
        output.publish()
    wait_for_all()
    return Finished(output.path, report)


def build_trainer(
    config: FinetuneConfig,
    runtime: Runtime,
    tokenizer: PreTrainedTokenizerBase,
    encoder: ExampleEncoder,
    output: OutputFolder,
    evaluate_first: bool = True,
) -> HeldOutTrainer:
    """The trainer of a run whose data are prepared.

    Args:
        config: The run.
        runtime: What it is computed on.
        tokenizer: The model's.
        encoder: Encodes the prompts of the rows that are answered while training.
        output: The run's folder.
        evaluate_first: Whether to evaluate before the first step.

    Raises:
        ConfigError: The model can't be loaded, or the trainer refuses its arguments.
    """
    from datasets import load_from_disk

    from sevenllm_bench.finetune.trainer import HeldOutTrainer, MarkComplete, trainer_arguments

    evaluation, folder = config.evaluation, output.data
    held_out = load_from_disk(str(folder / "held_out")) if (folder / "held_out").is_dir() else None
    arguments = trainer_arguments(
        config, runtime, output.training, has_held_out=held_out is not None, evaluate_first=evaluate_first
    )
    rows = _answered(output)
    answering = HeldOutAnswers(rows, encoder, tokenizer, evaluation.batch_size, evaluation.max_new_tokens) if rows else None
    model = load_model(config.model, runtime)
    try:
        trainer = HeldOutTrainer(
            model=model,
            args=arguments,
            train_dataset=load_from_disk(str(folder / "training")),
            eval_dataset=held_out,
            processing_class=tokenizer,
            peft_config=lora_config(config.training.method, config.lora),
            callbacks=[MarkComplete()],
            cells=held_out["cell"] if held_out is not None else (),
            answering=answering,
        )
    except (ValueError, ImportError, RuntimeError) as error:
        raise ConfigError(f"the trainer can't be set up: {error}") from None
    if config.training.sharding == "full" and not trainer.is_fsdp_enabled:
        raise ConfigError(
            "training.sharding=full: the engine left sharding off here; accelerate shards over accelerators, not over CPUs"
        )
    return trainer


def _needs_evaluation(trainer: HeldOutTrainer) -> bool:
    """Whether there are held-out rows, and the last step was not evaluated."""
    steps = [entry["step"] for entry in trainer.state.log_history if "eval_loss" in entry]
    return trainer.eval_dataset is not None and (not steps or steps[-1] < trainer.state.global_step)


def _described(trainer: HeldOutTrainer) -> str:
    args, trainable = trainer.args, sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
    kind = "packed sequences" if args.packing else "examples"
    empty = f" (and {trainer.empty_sequences:,} empty ones, which fill the last step)" if trainer.empty_sequences else ""
    return (
        f"{trainable:,} parameters on {len(trainer.train_dataset) - trainer.empty_sequences:,} {kind}{empty}, "
        f"{args.per_device_train_batch_size} x {args.gradient_accumulation_steps} x {args.world_size} per step "
        f"(batch x accumulation x processes), on {args.device}"
    )


def _saved_dtype(runtime: Runtime, base: PretrainedConfig) -> Any:
    """The base's own type where training was mixed; master weights in fp32 are of no use to those who only load them."""
    import torch

    own = getattr(base, "dtype", None)
    return own if runtime.precision == "bf16" and isinstance(own, torch.dtype) else torch.float32


def _give_up(output: OutputFolder, error: BaseException, say: Say) -> None:
    """Leave nothing half-written; say in plain words what a user can fix."""
    kept = is_main_process() and output.give_up()
    hint = "; complete checkpoints are kept: run again with resume=auto to continue" if kept else ""
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        say(f"stopped{hint or ', before the first checkpoint: nothing is left'} ({output.path})")
    if isinstance(error, SEvenLLMError) or not isinstance(error, Exception):
        return
    if _is_disk_full(error):
        raise ConfigError(f"output={output.path}: no space left on the device{hint}") from None
    if type(error).__name__ == "OutOfMemoryError":
        raise ConfigError(
            f"the GPU's memory is used up{hint}. Smaller: training.batch_size, data.max_length; or training.method=lora or "
            "qlora, training.gradient_checkpointing=true, training.sharding=full on several GPUs (--dry-run estimates)"
        ) from None


def _is_disk_full(error: BaseException) -> bool:
    full = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    words = ("No space left", "File too large", "Disk quota", "PytorchStreamWriter failed", "unexpected pos")
    return (isinstance(error, OSError) and error.errno in full) or any(word in str(error) for word in words)
