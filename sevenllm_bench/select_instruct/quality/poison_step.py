"""Texts that talk to the model are kept out of the build, or counted where the user allows them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from datatrove.data import Document, DocumentsPipeline

from sevenllm_bench.select_instruct.corpus_records import CheckFinding, SourceText, record_of
from sevenllm_bench.select_instruct.quality.passages import Passage
from sevenllm_bench.select_instruct.quality.poison import find_hidden_poison, find_poison
from sevenllm_bench.select_instruct.settings.build_config import CollectSection
from sevenllm_bench.select_instruct.stages.shard_files import SiftingStep

_SHOWN = 3


class LeaveOutPoisoned(SiftingStep):
    """Rejects texts with passages that talk to a model, in what readers see or in what they don't."""

    name = "poisoned"

    def __init__(self, settings: CollectSection, rejected: str | Path) -> None:
        """With `settings.allow_poisoned`, such texts pass and are counted."""
        super().__init__(rejected)
        self.allowed = settings.allow_poisoned

    def sift(self, data: DocumentsPipeline, rank: int, world_size: int) -> Iterator[Document]:
        """Yield the texts that pass."""
        for document in data or ():
            finding = poison_finding(record_of(document, SourceText))
            if finding is None:
                yield document
            elif self.allowed:
                self.stat_update("poisoned, allowed")
                yield document
            else:
                self.reject(document, finding)


def poison_finding(text: SourceText) -> CheckFinding | None:
    """What in a text talks to a model, with places; None where nothing does."""
    found = [*_places("text", find_poison(f"{text.title}\n\n{text.text}"), len(text.title) + 2)]
    for part in text.hidden:
        found += _places("hidden text", find_hidden_poison(part), 0)
    if not found:
        return None
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return CheckFinding(check=LeaveOutPoisoned.name, reason="; ".join(found[:_SHOWN]) + more, score=float(len(found)))


def _places(where: str, passages: list[Passage], shift: int) -> Iterator[str]:
    for hit in passages:
        place = f"{where} at {hit.start - shift}" if hit.start >= shift else "title"
        yield f"{hit.kind} ({place}): {hit.quote!r}"
