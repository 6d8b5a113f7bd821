"""One pipeline step per check: what it finds goes into a file of its own, and no further."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from datatrove.data import Document, DocumentsPipeline

from sevenllm_bench.select_instruct.corpus_records import Draft, document_of, record_of
from sevenllm_bench.select_instruct.quality.draft_checks import CHECKS, check_draft, check_named
from sevenllm_bench.select_instruct.quality.verbatim_input import with_verbatim_input
from sevenllm_bench.select_instruct.settings.build_config import QualitySection
from sevenllm_bench.select_instruct.stages.shard_files import SiftingStep


class CheckDrafts(SiftingStep):
    """Rejects drafts by one check."""

    def __init__(self, check: str, settings: QualitySection, rejected: str | Path) -> None:
        """Apply the check of this name; its file is in the folder of the same name."""
        super().__init__(rejected)
        self.name, self.check, self.settings = check.replace(" ", "-"), check, settings

    def sift(self, data: DocumentsPipeline, rank: int, world_size: int) -> Iterator[Document]:
        """Yield the drafts without this fault."""
        check = check_named(self.check)
        for document in data or ():
            draft = with_verbatim_input(record_of(document, Draft))
            found = check.problem(draft, self.settings)
            if found:
                self.reject(document_of(draft), found)
            else:
                yield document_of(draft)


class _MarkSound(CheckDrafts):
    """After all checks: the scores of a sound draft, and no findings of an earlier look."""

    def sift(self, data: DocumentsPipeline, rank: int, world_size: int) -> Iterator[Document]:
        """Yield all drafts."""
        for document in data or ():
            draft = check_draft(record_of(document, Draft), self.settings)
            if draft.findings:
                self.reject(document_of(draft), draft.findings[0])
            else:
                yield document_of(draft)


def check_steps(settings: QualitySection, rejected: str | Path) -> list[SiftingStep]:
    """The steps of all checks, in their order."""
    return [
        *(CheckDrafts(check.name, settings, rejected) for check in CHECKS[:-1]),
        _MarkSound(CHECKS[-1].name, settings, rejected),
    ]
