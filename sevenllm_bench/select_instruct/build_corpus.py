"""Select-Instruct from end to end: `collect_texts`, `plan_corpus`, `build_corpus`, `submit_corpus`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.select_instruct.build_stages import build_stages, collect_stages
from sevenllm_bench.select_instruct.collect.known_pages import count_unread
from sevenllm_bench.select_instruct.delivery.build_account import BuildAccount, StageAccount
from sevenllm_bench.select_instruct.delivery.deliver_step import TRAINING_FILE, WITHOUT_TEXTS, read_account
from sevenllm_bench.select_instruct.delivery.stage_results import STAGES, source_texts, write_rejections, write_texts
from sevenllm_bench.select_instruct.generate.model_calls import CRITIC, WRITER, ModelCalls
from sevenllm_bench.select_instruct.generate.planned_calls import CallEstimate, estimate_calls
from sevenllm_bench.select_instruct.settings.build_config import CollectConfig, CorpusConfig
from sevenllm_bench.select_instruct.stages.build_folder import BuildFolder
from sevenllm_bench.select_instruct.stages.run_stages import Say, run_stages, submit_stages


@dataclass(frozen=True, slots=True)
class Collected:
    """What collecting left.

    Attributes:
        path: The file of the texts.
        texts: How many.
    """

    path: Path
    texts: int


@dataclass(frozen=True, slots=True)
class Built:
    """What a build left.

    Attributes:
        account: What it did.
        training_file: The rows.
        review_page: The page to read them on.
    """

    account: BuildAccount
    training_file: Path
    review_page: Path


def collect_texts(config: CollectConfig, say: Say) -> Collected:
    """Collect the texts of sources into `texts.jsonl`; what was collected before is not collected again.

    Args:
        config: Sources, folder and limits.
        say: Takes lines about the progress.

    Raises:
        ConfigError: A source can't be read, the folder is in use or no folder of a build, or a stage failed.
    """
    _require_not_slurm(config)
    folder = BuildFolder(config.output)
    folder.refuse_own(config.sources)
    with folder.claimed(config.model_dump(mode="json")):
        stages = collect_stages(config.sources, config.collect, folder)
        accounts = run_stages(stages, config.executor, folder.work, say)
        _say_unread(say, folder)
        write_rejections(folder, STAGES[: len(accounts)])
        _say_if_empty(accounts, folder, say)
        return Collected(write_texts(folder), accounts[-1].records_out)


def plan_corpus(config: CorpusConfig, say: Say) -> CallEstimate:
    """Collect the texts, and say what asking a model about them would take; no model is asked.

    Raises:
        ConfigError: As for `collect_texts`.
    """
    collect_texts(config, say)
    texts = list(source_texts(BuildFolder(config.output)))
    return estimate_calls(texts, config, str(BuildFolder(config.output).calls))


def build_corpus(config: CorpusConfig, say: Say) -> Built:
    """Build a corpus; what an earlier run of the same build did is not done again, and no answered call repeated.

    Args:
        config: Sources, model, limits.
        say: Takes lines about the progress.

    Raises:
        BatchesPendingError: In batch mode, what is needed next is submitted and not answered yet. A later call continues.
        ConfigError: As for `collect_texts`; or the model doesn't answer, or the budget is used up. A later call continues.
    """
    _require_not_slurm(config)
    folder = BuildFolder(config.output)
    folder.refuse_own(config.sources)
    with folder.claimed(config.model_dump(mode="json")):
        stages = (*collect_stages(config.sources, config.collect, folder), *build_stages(config, folder))
        _collect_batches(config, folder)
        accounts = run_stages(stages, config.executor, folder.work, say, lambda: _spending(config, folder))
        _say_unread(say, folder)
        _say_if_empty(accounts, folder, say)
    training_file = folder.path / (TRAINING_FILE if config.texts else WITHOUT_TEXTS)
    return Built(read_account(folder), training_file, folder.path / "review" / "index.html")


def submit_corpus(config: CorpusConfig, say: Say) -> list[str]:
    """Submit a build to Slurm; returns the numbers of its jobs, none where all is done.

    Raises:
        ConfigError: Slurm doesn't take it, the folder can't be used, or the model is to be asked in batches.
    """
    if config.model.batch or (config.critic and config.critic.model.batch):
        raise ConfigError("model.batch: a job of Slurm can't wait for a batch; use executor.kind: local or ray")
    folder = BuildFolder(config.output)
    folder.refuse_own(config.sources)
    with folder.claimed(config.model_dump(mode="json")):
        stages = (*collect_stages(config.sources, config.collect, folder), *build_stages(config, folder))
        return submit_stages(stages, config.executor, folder.work, say)


def _require_not_slurm(config: CollectConfig) -> None:
    if config.executor.kind == "slurm":
        raise ConfigError("executor.kind: slurm is for `corpus build`, without --dry-run; use local or ray here")


def _say_unread(say: Say, folder: BuildFolder) -> None:
    if unread := count_unread(folder.fetched):
        say(f"files and pages that were not read: {unread:,}; the reasons are in {folder.fetched / 'log.jsonl'}")


def _collect_batches(config: CorpusConfig, folder: BuildFolder) -> None:
    """Keep the replies of batches of earlier runs; also of those that were begun before batch mode was switched off."""
    models = [(config.model, WRITER), *([(config.critic.model, CRITIC)] if config.critic else [])]
    for model, role in models:
        with ModelCalls(model, str(folder.calls), role) as calls:
            calls.collect_batches()


def _say_if_empty(accounts: list[StageAccount], folder: BuildFolder, say: Say) -> None:
    if not any(account.records_out for account in accounts if account.name == "texts"):
        say(f"no source gave a text; the reasons are in {folder.fetched / 'log.jsonl'} and {folder.path / 'rejected'}")


def _spending(config: CorpusConfig, folder: BuildFolder) -> str:
    account = ModelCalls(config.model, str(folder.calls)).account()
    if not account.calls:
        return ""
    cost = "" if account.usd is None else f", {account.usd:,.4f} USD"
    return f"; {account.calls:,} calls by now{cost}"
