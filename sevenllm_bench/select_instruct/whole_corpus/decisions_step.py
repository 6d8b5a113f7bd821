"""What a person decided on the review page, applied to the rows of a build."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from datatrove.data import Document, DocumentsPipeline

from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft, document_of, record_of
from sevenllm_bench.select_instruct.delivery.review.decisions import REVIEW, apply_decisions, read_decisions
from sevenllm_bench.select_instruct.delivery.stage_results import rejected_drafts
from sevenllm_bench.select_instruct.stages.build_folder import BuildFolder
from sevenllm_bench.select_instruct.stages.shard_files import SiftingStep


class ApplyDecisions(SiftingStep):
    """Leaves out rows that a person rejected, changes those that one edited, and takes back those that one accepted."""

    name = REVIEW

    def __init__(self, decisions: str, output: str, stages: Sequence[str], rejected: str | Path) -> None:
        """Apply the file `decisions` to the build in the folder `output`, whose `stages` rejected rows."""
        super().__init__(rejected)
        self.decisions, self.output, self.stages = decisions, output, tuple(stages)

    def sift(self, data: DocumentsPipeline, rank: int, world_size: int) -> Iterator[Document]:
        """Yield the rows of the corpus."""
        drafts = [record_of(document, Draft) for document in data]
        earlier = rejected_drafts(BuildFolder(self.output), self.stages)
        accepted, refused = apply_decisions(drafts, earlier, read_decisions(self.decisions))
        for draft, reason in refused:
            if reason.startswith(f"{REVIEW}: "):
                self.reject(document_of(draft), CheckFinding(check=REVIEW, reason=reason.removeprefix(f"{REVIEW}: ")))
        yield from map(document_of, accepted)
