"""Repair: a row with faults is written again, once, with the reasons told to the model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datatrove.data import Document

from sevenllm_bench.llm.types import Reply, Request
from sevenllm_bench.select_instruct.corpus_records import Draft, TaskChoice, document_of, record_of
from sevenllm_bench.select_instruct.generate.asking_step import AskingStep, call_record
from sevenllm_bench.select_instruct.generate.bound_reply import check_of
from sevenllm_bench.select_instruct.generate.corpus_prompts import Asked, Material, ask_for_row, repair_prompt, tell_findings
from sevenllm_bench.select_instruct.generate.model_calls import ModelCalls
from sevenllm_bench.select_instruct.generate.reply_schemas import WRITE_FORMATS, WRITTEN
from sevenllm_bench.select_instruct.generate.row_request import written_fields
from sevenllm_bench.select_instruct.settings.build_config import ChatModelSection, QualitySection


@dataclass(frozen=True, slots=True)
class _Repairing:
    draft: Draft
    choice: TaskChoice
    asked: Asked
    request: Request


class RepairRows(AskingStep):
    """Drafts in, all drafts out: those with findings as they were written again, and with what the checks say then."""

    name = "repair"

    def __init__(self, model: ChatModelSection, quality: QualitySection, folder: str | Path, rejected: str | Path) -> None:
        """Check by `quality`."""
        super().__init__(model, folder, rejected)
        self.quality = quality

    def work(self, documents: list[Document], calls: ModelCalls) -> Iterator[Document]:
        """Yield these drafts, checked, and repaired where something was found."""
        drafts = [self._checked(record_of(document, Draft)) for document in documents]
        faulty = {place: _repairing(draft, calls) for place, draft in enumerate(drafts) if draft.findings}
        replies = calls.ask([one.request for one in faulty.values()])
        for (place, one), reply in zip(faulty.items(), replies, strict=True):
            drafts[place] = self._repaired(one, reply, calls)
        yield from map(document_of, drafts)

    def _repaired(self, one: _Repairing, reply: Reply, calls: ModelCalls) -> Draft:
        draft = one.draft
        call = call_record("repair", repair_prompt(draft.kind, draft.language), calls, one.request, reply)
        if reply.error:
            self.stat_update("not repaired: no good reply")
            return draft.model_copy(update={"calls": (*draft.calls, call)})
        fields = written_fields(reply.text or "", one.asked.code, draft.id, one.choice, 0)
        again = {**fields, "calls": (*draft.calls, call), "repaired": True, "findings": (), "scores": {}}
        repaired = self._checked(draft.model_copy(update=again))
        self.stat_update("written again", "repaired" if not repaired.findings else "still faulty")
        return repaired

    def _checked(self, draft: Draft) -> Draft:
        from sevenllm_bench.select_instruct.quality.draft_checks import check_draft

        return check_draft(draft, self.quality)


def _repairing(draft: Draft, calls: ModelCalls) -> _Repairing:
    """The question for a draft: the one that it answers, without title and plan, its reply, and what was found."""
    choice = TaskChoice(kind=draft.kind, task=draft.category, thought="")
    asked = ask_for_row(Material(draft.language, "", draft.excerpt), choice, 0)
    reasons = [finding.reason for finding in draft.findings]
    messages = tell_findings(asked, _reply_of(draft, asked.code), reasons, draft.language)
    request = calls.request(messages, check_of(asked.code, WRITTEN[draft.kind]), WRITE_FORMATS[draft.kind])
    return _Repairing(draft, choice, asked, request)


def _reply_of(draft: Draft, code: str) -> str:
    """The reply that a draft was read from, with the code of the conversation that it is shown in."""
    if draft.kind == "mcq":
        wrong = [option for letter, option in draft.choices.items() if letter != draft.output]
        parts = {"question": draft.instruction, "input": draft.input, "right": draft.choices[draft.output], "wrong": wrong}
        return _json({"code": code, **parts, "thought": draft.thought})
    parts = {"instruction": draft.instruction, "input": draft.input, "thought": draft.thought}
    return _json({"code": code, **parts, "answer": draft.output})


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
