"""Instruct: a row for each task of an excerpt, written by the model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from datatrove.data import Document

from sevenllm_bench.llm.types import Reply
from sevenllm_bench.select_instruct.corpus_records import Excerpt, document_of, record_of
from sevenllm_bench.select_instruct.generate.asking_step import AskingStep, call_record, model_finding
from sevenllm_bench.select_instruct.generate.corpus_prompts import write_prompt
from sevenllm_bench.select_instruct.generate.model_calls import ModelCalls
from sevenllm_bench.select_instruct.generate.row_request import Writing, draft_of, writing
from sevenllm_bench.select_instruct.settings.build_config import ChatModelSection


class WriteRows(AskingStep):
    """Excerpts with tasks in, a draft for each task out."""

    name = "instruct"

    def __init__(self, model: ChatModelSection, folder: str | Path, rejected: str | Path, seed: int) -> None:
        """`seed` decides how instructions are worded, and which letter the right option gets."""
        super().__init__(model, folder, rejected)
        self.seed = seed

    def work(self, documents: list[Document], calls: ModelCalls) -> Iterator[Document]:
        """Yield the drafts of these excerpts."""
        excerpts = [record_of(document, Excerpt) for document in documents]
        rows = [writing(excerpt, choice, calls, self.seed) for excerpt in excerpts for choice in excerpt.choices]
        for one, reply in zip(rows, calls.ask([row.request for row in rows]), strict=True):
            yield from self._draft(one, reply, calls)

    def _draft(self, one: Writing, reply: Reply, calls: ModelCalls) -> Iterator[Document]:
        if reply.error:
            failed = one.excerpt.model_copy(update={"id": one.id, "choices": (one.choice,)})
            self.reject(document_of(failed), model_finding(reply))
            return
        prompt = write_prompt(one.choice.kind, one.excerpt.language)
        call = call_record("instruct", prompt, calls, one.request, reply)
        yield document_of(draft_of(one, reply.text or "", call, self.seed))
