"""An encoder run from its configuration to the finished checkpoint, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.encoder_training.encoder_base import EncoderBase, encoder_runtime, open_encoder_base
from sevenllm_bench.finetune.encoder_training.encoder_material import material
from sevenllm_bench.finetune.encoder_training.encoder_sections import EncoderConfig
from sevenllm_bench.finetune.encoder_training.encoder_trainee import (
    EncoderExamples,
    EncoderTrainee,
    store,
    stored_held_out,
    stored_training,
)
from sevenllm_bench.finetune.encoder_training.pass_number import PassNumber
from sevenllm_bench.finetune.libraries import quiet, require_libraries
from sevenllm_bench.finetune.output.run_folder import OutputFolder, require_space
from sevenllm_bench.finetune.processes import connect, on_main, process_count
from sevenllm_bench.finetune.runtime import Runtime
from sevenllm_bench.finetune.settings.identity import IGNORED, folder_hash
from sevenllm_bench.finetune.stopping import give_up
from sevenllm_bench.io.files import is_folder
from sevenllm_bench.preflight import require_extra

if TYPE_CHECKING:
    from transformers import Trainer

#: Keys that may differ between a run and its resumption, beside those of causal runs.
_IGNORED = {*IGNORED, "data.files", "evaluation.every", "evaluation.batch_size"}
_PACKAGES = ("torch", "transformers", "sentence-transformers", "accelerate")


@dataclass(frozen=True, slots=True)
class FinishedEncoder:
    """A finished run.

    Attributes:
        output: Folder of the checkpoint.
        report: What the model card is made of: "data" and "run".
    """

    output: Path
    report: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Begun:
    resume_from: Path | None
    report: dict[str, Any]


def train_encoder(config: EncoderConfig, say: Callable[[str], None]) -> FinishedEncoder:
    """Train an encoder. Called by every process of a run.

    Args:
        config: The run.
        say: Takes lines about the progress, in the main process.

    Raises:
        SEvenLLMError: Something is wrong with the configuration, the data or the machine. What was written is removed
            again, except complete checkpoints, which `resume=auto` goes on from.
    """
    require_encoder_libraries()
    quiet()
    from sevenllm_bench.finetune.encoder_training.encoder_outcome import encoder_outcome, publish_encoder
    from sevenllm_bench.finetune.encoder_training.run_watch import watch

    runtime = encoder_runtime(config.training)
    connect(runtime.device)
    output, passes = OutputFolder(config.output), PassNumber()
    base = open_encoder_base(config)
    try:
        trainee = trainee_of(config, runtime, base)
        begun = on_main(lambda: _begin(config, runtime, base, trainee, output, say))
        trainer = _trainer(trainee, output, passes)
        held_out, training = stored_held_out(output), stored_training(output)
        measure = (lambda: trainee.figures(held_out, training)) if held_out else None
        watching = watch(trainer, measure, config.evaluation.every, passes, say)
        _train(trainer, begun.resume_from, say)
        watching.require_finite_weights()
        report = {"data": begun.report, "run": encoder_outcome(config, trainer)}
        publish_encoder(config, trainee, trainer, output, report)
    except BaseException as error:
        give_up(output, error, say)
        raise
    return FinishedEncoder(output.path, report)


def require_encoder_libraries() -> None:
    """That the packages of the extras `train` and `encoders` are installed.

    Raises:
        ConfigError: One is missing; the error gives the line that installs it.
    """
    require_libraries()
    for module in ("sentence_transformers", "bm25s"):
        require_extra(module, "encoders")


def trainee_of(config: EncoderConfig, runtime: Runtime, base: EncoderBase) -> EncoderTrainee[Any]:
    """The encoder, loaded, with what its kind of run makes of it.

    Raises:
        ConfigError: It can't be loaded.
    """
    from sevenllm_bench.finetune.encoder_training.trainee_kinds import TRAINEES

    return TRAINEES[config.kind](config, runtime, base)


def _begin(
    config: EncoderConfig,
    runtime: Runtime,
    base: EncoderBase,
    trainee: EncoderTrainee[Any],
    output: OutputFolder,
    say: Callable[[str], None],
) -> _Begun:
    """Choose the examples, and open the output folder. Called by the main process."""
    begun = output.check(config.resume == "auto")
    weights = 4 * sum(parameter.numel() for parameter in trainee.model.parameters())
    require_space(output.path, weights * (1 + 3 * (config.training.keep_checkpoints + 1)))  # the optimizer holds two more each
    found = material(config, trainee.parser, say)
    examples = trainee.examples(found)
    resume_from = output.open(_identity(config, runtime, base, examples), config.resume == "auto")
    examples = trainee.completed(examples, output, say)
    store(examples, output)
    if resume_from:
        say(f"resuming from {resume_from.name}")
    elif begun:
        say("the run that was stopped left no complete checkpoint: starting again from the beginning")
    return _Begun(resume_from, {**found.report, "examples": examples.counts})


def _identity(config: EncoderConfig, runtime: Runtime, base: EncoderBase, examples: EncoderExamples) -> dict[str, Any]:
    """What must be equal for a run to be resumed, by the names of the configuration's keys."""
    keys: dict[str, Any] = {}
    for section, values in config.model_dump(mode="json").items():
        keys |= {f"{section}.{key}": value for key, value in values.items()} if isinstance(values, dict) else {section: values}
    weights = folder_hash(Path(base.location)) if is_folder(base.location) else f"{base.location} at {base.model.revision}"
    return {
        **{key: value for key, value in keys.items() if key not in _IGNORED},
        "training.device": runtime.device,
        "training.precision": runtime.precision,
        "model.base": weights,
        "processes": process_count(),
        **examples.content_hashes(),
        **{f"version of {name}": version(name) for name in _PACKAGES},
    }


def _trainer(trainee: EncoderTrainee[Any], output: OutputFolder, passes: PassNumber) -> Trainer:
    try:
        return trainee.trainer(output, passes)
    except (ValueError, ImportError, RuntimeError) as error:
        raise ConfigError(f"the trainer can't be set up: {error}") from None


def _train(trainer: Trainer, resume_from: Path | None, say: Callable[[str], None]) -> None:
    args, trainable = trainer.args, sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
    say(
        f"training {trainable:,} parameters, {args.per_device_train_batch_size} x {args.gradient_accumulation_steps} x "
        f"{args.world_size} examples per step at most (batch x accumulation x processes), on {args.device}"
    )
    try:
        trainer.train(resume_from_checkpoint=str(resume_from) if resume_from else None)
    except (ValueError, RuntimeError, EOFError, KeyError) as error:
        if resume_from is None or trainer.state.global_step > _step_of(resume_from) or type(error).__name__ == "OutOfMemoryError":
            raise
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"{resume_from}: can't be gone on with ({reason}). If it is damaged, remove this folder: resume=auto then takes the "
            "checkpoint before it"
        ) from None


def _step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def plan_encoder(config: EncoderConfig, say: Callable[[str], None]) -> Mapping[str, Any]:
    """What a run would train on; nothing is trained or written, no negative is mined.

    Args:
        config: The run.
        say: Takes lines about the progress.

    Raises:
        SEvenLLMError: As `train_encoder`.
    """
    require_encoder_libraries()
    quiet()
    base = open_encoder_base(config)
    trainee = trainee_of(config, encoder_runtime(config.training), base)
    found = material(config, trainee.parser, say)
    examples = trainee.examples(found)
    parameters = sum(parameter.numel() for parameter in trainee.model.parameters())
    return {**found.report, "examples": {**examples.counts, "parameters": parameters}}
