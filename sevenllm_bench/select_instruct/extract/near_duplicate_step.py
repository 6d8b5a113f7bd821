"""Texts that nearly equal an earlier one are left out."""

from __future__ import annotations

from collections.abc import Iterator

from datatrove.data import Document, DocumentsPipeline

from sevenllm_bench.corpus.near_duplicates import near_groups
from sevenllm_bench.corpus.normalisation import normalised_words
from sevenllm_bench.select_instruct.corpus_records import CheckFinding
from sevenllm_bench.select_instruct.stages.shard_files import SiftingStep


class LeaveOutNearDuplicates(SiftingStep):
    """Keeps the first text of each group of near-duplicates, by id; one task sees all texts.

    Two texts are near-duplicates with half of their shingles in common, directly or through others.
    """

    name = "near-duplicates"

    def sift(self, data: DocumentsPipeline, rank: int, world_size: int) -> Iterator[Document]:
        """Yield the texts that are kept, sorted by id."""
        documents = sorted(data, key=lambda document: document.id)
        for document, kept in zip(documents, _first_of_group(documents), strict=True):
            if kept is document:
                yield document
            else:
                location = kept.metadata["origin"]["location"]
                self.reject(document, CheckFinding(check="near-duplicate", reason=f"nearly equals {kept.id} ({location})"))


def _first_of_group(documents: list[Document]) -> list[Document]:
    """For each document, the first one of its group."""
    words = [normalised_words(document.text) for document in documents]
    first: dict[str, Document] = {}
    for text, document in zip(words, documents, strict=True):
        first.setdefault(text, document)
    texts = list(first)
    group = dict(zip(texts, near_groups(texts), strict=True))
    return [first[texts[group[text]]] for text in words]
