"""Select: the tasks that fit a text, picked by the model from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from datatrove.data import Document

from sevenllm_bench.llm.types import Reply
from sevenllm_bench.select_instruct.corpus_records import CheckFinding, SourceText, TaskChoice, document_of, record_of
from sevenllm_bench.select_instruct.generate.asking_step import AskingStep, call_record, model_finding
from sevenllm_bench.select_instruct.generate.corpus_prompts import select_prompt
from sevenllm_bench.select_instruct.generate.model_calls import ModelCalls
from sevenllm_bench.select_instruct.generate.quotas import spread
from sevenllm_bench.select_instruct.generate.selecting import Selecting, picked_by, selecting
from sevenllm_bench.select_instruct.settings.build_config import ChatModelSection, SelectSection

#: Names of checks, in files of what was left out.
TASK_NAME, NO_TASK = "task name", "no task"


class SelectTasks(AskingStep):
    """Texts in, excerpts with their tasks out.

    Each excerpt is one call. Names that are nearly those of the catalogue are repaired; others are refused, each with a
    line in the file of what was left out. `quotas.spread` says which choices of which excerpt are kept.
    """

    name = "select"

    def __init__(self, model: ChatModelSection, select: SelectSection, folder: str | Path, rejected: str | Path) -> None:
        """Pick at most what `select` allows."""
        super().__init__(model, folder, rejected)
        self.select = select

    def work(self, documents: list[Document], calls: ModelCalls) -> Iterator[Document]:
        """Yield the excerpts of these texts that have tasks."""
        texts = [(document, selecting(record_of(document, SourceText), self.select, calls)) for document in documents]
        replies = iter(calls.ask([one.request for _, group in texts for one in group]))
        for document, group in texts:
            yield from self._excerpts(document, group, [next(replies) for _ in group], calls)

    def _excerpts(
        self, document: Document, group: Sequence[Selecting], replies: Sequence[Reply], calls: ModelCalls
    ) -> Iterator[Document]:
        picked = [self._picked(one, reply) for one, reply in zip(group, replies, strict=True)]
        kept = spread(picked, self.select)
        for one, reply, choices in zip(group, replies, kept, strict=True):
            if choices:
                call = call_record("select", select_prompt(one.excerpt.language), calls, one.request, reply)
                yield document_of(one.excerpt.model_copy(update={"choices": choices, "calls": (call,)}))
        if not any(kept) and not any(reply.error for reply in replies):
            self.reject(document, CheckFinding(check=NO_TASK, reason="the model found no task that fits this text"))

    def _picked(self, one: Selecting, reply: Reply) -> tuple[TaskChoice, ...]:
        """What the model picked for an excerpt; nothing where the request failed, which is noted."""
        if reply.error:
            self.reject(document_of(one.excerpt), model_finding(reply))
            return ()
        picked = picked_by(one, reply.text or "")
        for name in picked.refused:
            reason = f"{name[:80]!r} is none of the 28 tasks"
            self.reject(document_of(one.excerpt), CheckFinding(check=TASK_NAME, reason=reason))
        if picked.repaired:
            self.stat_update("task names repaired", value=picked.repaired)
        return picked.choices
