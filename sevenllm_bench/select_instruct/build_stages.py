"""The stages of a build, in their order: what each does is in the room of its steps."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from datatrove.pipeline.base import PipelineStep

from sevenllm_bench import __version__
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import read_bytes, user_path
from sevenllm_bench.select_instruct.collect.fetch_step import FetchSources
from sevenllm_bench.select_instruct.delivery.deliver_step import DeliverCorpus
from sevenllm_bench.select_instruct.delivery.stage_results import OF_ROWS, REVIEWED
from sevenllm_bench.select_instruct.extract.extract_step import ExtractTexts
from sevenllm_bench.select_instruct.extract.near_duplicate_step import LeaveOutNearDuplicates
from sevenllm_bench.select_instruct.generate.instruct_step import WriteRows
from sevenllm_bench.select_instruct.generate.repair_step import RepairRows
from sevenllm_bench.select_instruct.generate.select_step import SelectTasks
from sevenllm_bench.select_instruct.quality.check_step import check_steps
from sevenllm_bench.select_instruct.quality.critic_step import GradeDrafts
from sevenllm_bench.select_instruct.quality.poison_step import LeaveOutPoisoned
from sevenllm_bench.select_instruct.settings.build_config import CollectSection, CorpusConfig, CorpusSource
from sevenllm_bench.select_instruct.stages.build_folder import BuildFolder, fingerprint
from sevenllm_bench.select_instruct.stages.stage import Stage
from sevenllm_bench.select_instruct.whole_corpus.decisions_step import ApplyDecisions
from sevenllm_bench.select_instruct.whole_corpus.row_steps import (
    BalanceLetters,
    FitFormat,
    LeaveOutLeaks,
    LeaveOutRepeatedRows,
    LimitTasks,
)


def collect_stages(sources: tuple[CorpusSource, ...], collect: CollectSection, folder: BuildFolder) -> tuple[Stage, ...]:
    """From sources to clean texts."""
    named = [source.model_dump(mode="json") for source in sources]
    settings = collect.model_dump(mode="json")
    again = time.time() if collect.refresh else None
    fetched = str(folder.fetched)
    rejected = {name: str(folder.stage(name).rejected) for name in ("extract", "texts")}
    text_fields = {source.location: source.text_field for source in sources}
    near_duplicates = (LeaveOutNearDuplicates(rejected["texts"]),) if collect.near_duplicates else ()
    return (
        Stage(
            "fetch",
            (FetchSources(sources, collect, fetched),),
            _shape(sources=named, collect=settings, files=fingerprint(sources), again=again),
            split=False,
        ),
        Stage(
            "extract",
            (
                ExtractTexts(collect, fetched, rejected["extract"], text_fields),
                LeaveOutPoisoned(collect, rejected["extract"]),
            ),
            _shape(sources=named, collect=settings),
            spread=True,
        ),
        Stage("texts", near_duplicates, _shape(near_duplicates=collect.near_duplicates), split=False),
    )


def build_stages(config: CorpusConfig, folder: BuildFolder) -> tuple[Stage, ...]:
    """From clean texts to the files of the corpus."""
    reviewed = (_reviewed(config, config.decisions, folder),) if config.decisions else ()
    return (_select(config, folder), _write(config, folder), _whole(config, folder), *reviewed, _deliver(config, folder))


def _select(config: CorpusConfig, folder: BuildFolder) -> Stage:
    rejected = str(folder.stage("select").rejected)
    step = SelectTasks(config.model, config.select, str(folder.calls), rejected)
    return Stage("select", (step,), _shape(model=_asked(config), select=_json(config.select)), spread=True, parallel=False)


def _write(config: CorpusConfig, folder: BuildFolder) -> Stage:
    calls, rejected = str(folder.calls), str(folder.stage("write").rejected)
    steps: list[PipelineStep] = [WriteRows(config.model, calls, rejected, config.seed)]
    if config.quality.repair:
        steps.append(RepairRows(config.model, config.quality, calls, rejected))
    steps += check_steps(config.quality, rejected)
    if config.critic:
        steps.append(GradeDrafts(config.critic, config.quality, calls, rejected))
    shape = _shape(model=_asked(config), quality=_json(config.quality), critic=_json(config.critic), seed=config.seed)
    return Stage("write", tuple(steps), shape, parallel=False)


def _whole(config: CorpusConfig, folder: BuildFolder) -> Stage:
    rejected, quality = str(folder.stage("corpus").rejected), config.quality
    steps = (
        FitFormat(rejected),
        LeaveOutRepeatedRows(rejected),
        LeaveOutLeaks(quality, rejected),
        LimitTasks(quality.max_share_of_task, config.seed, rejected),
        BalanceLetters(config.seed, rejected),
    )
    return Stage("corpus", steps, _shape(quality=_json(quality), seed=config.seed), split=False)


def _reviewed(config: CorpusConfig, decisions: str, folder: BuildFolder) -> Stage:
    rejected = str(folder.stage(REVIEWED).rejected)
    steps = (
        ApplyDecisions(decisions, str(folder.path), OF_ROWS, rejected),
        # What a check had left out was never compared with other rows.
        LeaveOutRepeatedRows(rejected),
        LeaveOutLeaks(config.quality, rejected),
    )
    content = read_bytes(user_path(decisions, ConfigError), ConfigError)
    shape = _shape(quality=_json(config.quality), decisions=hashlib.sha256(content).hexdigest())
    return Stage(REVIEWED, steps, shape, split=False)


def _deliver(config: CorpusConfig, folder: BuildFolder) -> Stage:
    # Made again each time: it is short, and tells what was spent by now.
    return Stage("deliver", (DeliverCorpus(config, str(folder.path)),), _shape(now=time.time()), split=False)


def _asked(config: CorpusConfig) -> dict[str, Any]:
    """What of the model shapes its replies: not where it is served, how fast, or what it may cost."""
    kept = {"name", "temperature", "max_tokens", "structured", "extra_body"}
    return config.model.model_dump(mode="json", include=kept)


def _json(section: Any) -> Any:
    return section.model_dump(mode="json") if section is not None else None


def _shape(**settings: Any) -> dict[str, Any]:
    return {"version": __version__, **settings}
