"""What the stages left, brought together: texts, and rejected records by check."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sevenllm_bench.select_instruct.corpus_records import Draft, SourceText, record_of
from sevenllm_bench.select_instruct.delivery.build_account import StageAccount
from sevenllm_bench.select_instruct.stages.build_folder import BuildFolder
from sevenllm_bench.select_instruct.stages.shard_files import WholeFile, read_shard

#: The stages whose accounts make a build's, before a person looks at it; the last one, that delivers, is not among them.
STAGES = ("fetch", "extract", "texts", "select", "write", "corpus")
#: Those that reject rows, not texts.
OF_ROWS = ("write", "corpus")
#: The stage that applies a person's decisions, where there are some.
REVIEWED = "reviewed"


def stage_accounts(folder: BuildFolder, names: Sequence[str] = STAGES) -> tuple[StageAccount, ...]:
    """What each stage did, in order."""
    accounts: list[StageAccount] = []
    for name in names:
        stage = folder.stage(name)
        accounts.append(stage.account(accounts[-1].records_out if accounts else stage.count()))
    return tuple(accounts)


def source_texts(folder: BuildFolder) -> Iterator[SourceText]:
    """The texts of a build, in the order of its files."""
    for path in sorted(folder.stage("texts").records.glob("[0-9]*.jsonl")):
        for document in read_shard(path):
            yield record_of(document, SourceText)


def write_texts(folder: BuildFolder) -> Path:
    """Write `texts.jsonl`, one `SourceText` a line; returns its path."""
    path = folder.path / "texts.jsonl"
    with WholeFile(path) as file:
        for text in source_texts(folder):
            file.write(text.model_dump(mode="json"))
    return path


def rejections(folder: BuildFolder, names: Sequence[str] = STAGES) -> Iterator[dict[str, Any]]:
    """Every rejection of the stages: "stage", "id", "check", "reason", "score", "record"."""
    for name in names:
        for path in sorted(folder.stage(name).rejected.glob("*/[0-9]*.jsonl")):
            with path.open(encoding="utf-8") as file:
                for line in file:
                    yield {"stage": name, **json.loads(line)}


def write_rejections(folder: BuildFolder, names: Sequence[str] = STAGES) -> None:
    """Write `rejected/CHECK.jsonl`, one file per check that rejected anything."""
    by_check: dict[str, list[dict[str, Any]]] = {}
    for rejection in rejections(folder, names):
        by_check.setdefault(str(rejection["check"]), []).append(rejection)
    target = folder.path / "rejected"
    for old in target.glob("*.jsonl"):
        if old.stem not in by_check:
            old.unlink()
    for check, found in by_check.items():
        with WholeFile(target / f"{check}.jsonl") as file:
            for rejection in found:
                file.write(rejection)


def rejected_drafts(folder: BuildFolder, names: Sequence[str] = OF_ROWS) -> Iterator[tuple[Draft, str]]:
    """Rejected rows, each with its check and reason; not those that the model never wrote."""
    for rejection in rejections(folder, names):
        record = rejection["record"]
        fields = {**record["metadata"], "id": record["id"]}
        if "output" in fields:
            yield Draft.model_validate(fields), f"{rejection['check']}: {rejection['reason']}"


def drafts_of(folder: BuildFolder, name: str) -> Iterator[Draft]:
    """The rows that a stage passed on, in the order of its files."""
    for path in sorted(folder.stage(name).records.glob("[0-9]*.jsonl")):
        for document in read_shard(path):
            yield record_of(document, Draft)
