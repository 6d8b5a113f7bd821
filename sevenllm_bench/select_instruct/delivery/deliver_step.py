"""The last step of a build: all files of the corpus, from the rows that are left and from what the stages noted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from sevenllm_bench import __version__
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.select_instruct.corpus_records import Draft, record_of
from sevenllm_bench.select_instruct.delivery.bill import write_bill
from sevenllm_bench.select_instruct.delivery.build_account import BuildAccount, ModelAccount
from sevenllm_bench.select_instruct.delivery.data_card import write_data_card
from sevenllm_bench.select_instruct.delivery.review.review_page import write_review
from sevenllm_bench.select_instruct.delivery.stage_results import (
    OF_ROWS,
    REVIEWED,
    STAGES,
    rejected_drafts,
    source_texts,
    stage_accounts,
    write_rejections,
    write_texts,
)
from sevenllm_bench.select_instruct.delivery.training_file import write_rows_without_texts, write_training_file
from sevenllm_bench.select_instruct.generate.model_calls import CRITIC, ModelCalls
from sevenllm_bench.select_instruct.settings.build_config import CorpusConfig
from sevenllm_bench.select_instruct.stages.build_folder import BuildFolder

TRAINING_FILE, WITHOUT_TEXTS, _ACCOUNT = "train.jsonl", "rows-without-texts.jsonl", "account.json"


class DeliverCorpus(PipelineStep):
    """Writes the corpus; passes no record on."""

    name, type = "deliver", "writer"

    def __init__(self, config: CorpusConfig, output: str) -> None:
        """Write into the folder `output`."""
        super().__init__()
        self.config, self.output = config, output

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Write all files."""
        folder = BuildFolder(self.output)
        drafts = sorted((record_of(document, Draft) for document in data), key=lambda draft: draft.id)
        account = self._account(folder, drafts)
        texts = list(source_texts(folder))
        (folder.path / _ACCOUNT).write_text(account.model_dump_json(indent=2) + "\n", "utf-8")
        self._write_rows(folder.path, drafts, texts)
        write_bill(folder.path / "bill.jsonl", drafts, texts)
        write_texts(folder)
        write_rejections(folder, self._stages)
        write_data_card(folder.path, account, drafts, self.config.texts)
        write_review(folder.path / "review", drafts, rejected_drafts(folder, (*OF_ROWS, *self._stages[len(STAGES) :])))
        yield from ()

    @property
    def _stages(self) -> tuple[str, ...]:
        return (*STAGES, REVIEWED) if self.config.decisions else STAGES

    def _write_rows(self, path: Path, drafts: list[Draft], texts: list[Any]) -> None:
        kept, gone = (TRAINING_FILE, WITHOUT_TEXTS) if self.config.texts else (WITHOUT_TEXTS, TRAINING_FILE)
        (path / gone).unlink(missing_ok=True)
        if self.config.texts:
            write_training_file(path / kept, drafts)
        else:
            write_rows_without_texts(path / kept, drafts, texts)

    def _account(self, folder: BuildFolder, drafts: list[Draft]) -> BuildAccount:
        stages = {stage.name: stage for stage in stage_accounts(folder, self._stages)}
        rejected = sum(sum(stages[name].rejected.values()) for name in OF_ROWS)
        return BuildAccount(
            stages=tuple(stages.values()),
            models=tuple(self._models(folder)),
            drafts=stages[OF_ROWS[-1]].records_out + rejected,
            accepted=len(drafts),
            version=__version__,
            config=self.config.model_dump(mode="json"),
        )

    def _models(self, folder: BuildFolder) -> Iterator[ModelAccount]:
        yield ModelCalls(self.config.model, str(folder.calls)).account()
        if self.config.critic:
            yield ModelCalls(self.config.critic.model, str(folder.calls), CRITIC).account()


def read_account(folder: BuildFolder) -> BuildAccount:
    """What a finished build did.

    Raises:
        ConfigError: The build isn't finished.
    """
    try:
        return BuildAccount.model_validate_json((folder.path / _ACCOUNT).read_bytes())
    except (OSError, ValueError):
        raise ConfigError(f"{folder.path}: the build is not finished; run it again") from None
