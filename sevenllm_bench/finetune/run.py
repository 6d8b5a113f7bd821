"""A fine-tuning run from its configuration to the finished checkpoint, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sevenllm_bench.finetune.base.opened_base import load_base
from sevenllm_bench.finetune.base.sharded_loading import load_share
from sevenllm_bench.finetune.base.weight_identity import identified
from sevenllm_bench.finetune.encoding.dataset import encoder_for
from sevenllm_bench.finetune.encoding.preparation import prepare
from sevenllm_bench.finetune.libraries import quiet, require_libraries
from sevenllm_bench.finetune.loop.trackers import name_run, tracked
from sevenllm_bench.finetune.output.evaluation import Evaluation
from sevenllm_bench.finetune.output.run_folder import OutputFolder
from sevenllm_bench.finetune.processes import connect, on_main
from sevenllm_bench.finetune.runtime import resolve
from sevenllm_bench.finetune.settings.config import FinetuneConfig
from sevenllm_bench.finetune.stopping import give_up


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished run.

    Attributes:
        output: Folder of the checkpoint.
        evaluation: How it is evaluated.
        report: What the model card is made of: data, attention, steps, losses, metrics.
    """

    output: Path
    evaluation: Evaluation
    report: dict[str, Any]


def finetune(config: FinetuneConfig, say: Callable[[str], None]) -> Finished:
    """Fine-tune a model. Called by every process of a run.

    Args:
        config: The run.
        say: Takes lines about the progress, in the main process.

    Raises:
        SEvenLLMError: Something is wrong with the configuration, the data or the machine. What was written is removed
            again, except complete checkpoints, which `resume=auto` goes on from.
    """
    require_libraries()
    quiet()
    from sevenllm_bench.finetune.kernels.self_check import settle_attention
    from sevenllm_bench.finetune.loop.training import build_trainer, check_arguments, train
    from sevenllm_bench.finetune.output.outcome import run_outcome
    from sevenllm_bench.finetune.output.publication import publish

    runtime = resolve(config)
    connect(runtime.device)
    output = OutputFolder(config.output)
    _arguments = check_arguments(config, runtime, output)  # as long as it lives, DeepSpeed shards weights as they are loaded
    config, base, tokenizer = load_base(config, say)
    encoder = encoder_for(config.data, tokenizer)
    try:
        model = load_share(config, base, runtime)
        attention = asdict(settle_attention(model, tokenizer, config, runtime, say))
        weights = on_main(lambda: identified(config, model))
        start = on_main(lambda: prepare(config, runtime, base, encoder, output, say))
        with tracked(config.training.report_to, output, goes_on=start.resume_from is not None) as tracked_run:
            trainer = build_trainer(config, runtime, model, tokenizer, encoder, output)
            name_run(trainer, tracked_run)
            published_step = train(trainer, start.resume_from, say)
        run = run_outcome(config, trainer, published_step)
        report = {"data": start.report, "attention": attention, "run": run, "base weights": weights}
        publish(config, runtime, base, tokenizer, trainer, output, report)
    except BaseException as error:
        give_up(output, error, say)
        raise
    return Finished(output.path, Evaluation.of(config, weights), report)
