"""A second model grades each row by the judge's rubric; what it finds wanting is written again by it, once, or left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from datatrove.data import Document

from sevenllm_bench.judge.binding import Binding
from sevenllm_bench.judge.rubric import Question
from sevenllm_bench.judge.verdict import RESPONSE_FORMAT, Verdict, parse_verdict, problem_of
from sevenllm_bench.llm.types import Reply, Request
from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft, ModelCall, document_of, record_of
from sevenllm_bench.select_instruct.generate.asking_step import AskingStep, call_record
from sevenllm_bench.select_instruct.generate.bound_reply import UselessReplyError, check_of, read_bound
from sevenllm_bench.select_instruct.generate.model_calls import CRITIC, ModelCalls
from sevenllm_bench.select_instruct.quality.critic_prompts import (
    BetterAnswer,
    grade_prompt,
    grading,
    rewrite_prompt,
    rewriting,
)
from sevenllm_bench.select_instruct.quality.draft_checks import check_draft
from sevenllm_bench.select_instruct.settings.build_config import CriticSection, QualitySection


class GradeDrafts(AskingStep):
    """Rejects drafts below the critic's threshold.

    With `critic.rewrite`, the critic writes a better thought and answer for them, which must pass all checks and be graded
    well in turn. A question with options isn't rewritten: where its answer is doubtful, so are its options.
    """

    name = "critic"
    role = CRITIC

    def __init__(self, critic: CriticSection, quality: QualitySection, folder: str | Path, rejected: str | Path) -> None:
        """Ask `critic.model`; replies and spending are kept in `folder`."""
        super().__init__(critic.model, folder, rejected)
        self.critic, self.quality = critic, quality

    def work(self, documents: list[Document], calls: ModelCalls) -> Iterator[Document]:
        """Yield those of these drafts that are graded well, as they are or as they were written again."""
        drafts, verdicts = self._graded([record_of(document, Draft) for document in documents], calls)
        low = [place for place, draft in enumerate(drafts) if self._is_low(draft)]
        again = self._written_again([(drafts[place], verdicts[place]) for place in low], calls)
        for place, (draft, verdict) in zip(low, again, strict=True):
            drafts[place], verdicts[place] = draft, verdict
        for draft, verdict in zip(drafts, verdicts, strict=True):
            finding = self._finding(draft, verdict)
            if finding:
                self.reject(document_of(draft), finding)
            else:
                yield document_of(draft)

    def _is_low(self, draft: Draft) -> bool:
        return draft.grade is not None and draft.grade < self.critic.threshold and self.critic.rewrite and draft.kind != "mcq"

    def _graded(self, drafts: Sequence[Draft], calls: ModelCalls) -> tuple[list[Draft], list[Verdict]]:
        """The drafts with their grades, and the verdicts."""
        questions = [grading(draft) for draft in drafts]
        requests = [calls.request(question.messages, _grade_check(question.binding), RESPONSE_FORMAT) for question in questions]
        graded, verdicts = [], []
        for draft, question, request, reply in zip(drafts, questions, requests, calls.ask(requests), strict=True):
            verdict = _verdict(question, reply)
            call = call_record("critic", grade_prompt(draft.language), calls, request, reply)
            graded.append(_with_call(draft, call).model_copy(update={"grade": verdict.score}))
            verdicts.append(verdict)
        return graded, verdicts

    def _written_again(self, low: Sequence[tuple[Draft, Verdict]], calls: ModelCalls) -> list[tuple[Draft, Verdict]]:
        """Drafts with better answers that pass the checks, graded; the others as they were."""
        asked = [rewriting(draft, verdict.reason) for draft, verdict in low]
        requests = [calls.request(one.messages, check_of(one.code, BetterAnswer), None) for one in asked]
        result: list[tuple[Draft, Verdict]] = []
        better: dict[int, Draft] = {}
        for place, (one, request, reply) in enumerate(zip(asked, requests, calls.ask(requests), strict=True)):
            draft = self._better(*low[place], one.code, request, reply, calls)
            result.append((draft, low[place][1]))
            if draft.grade is None and not draft.findings:
                better[place] = draft
        for place, draft, verdict in zip(better, *self._graded(list(better.values()), calls), strict=True):
            result[place] = (draft, verdict)
        return result

    def _better(self, draft: Draft, verdict: Verdict, code: str, request: Request, reply: Reply, calls: ModelCalls) -> Draft:
        """The draft with the critic's answer and without a grade; with its old grade where there is no useful answer."""
        draft = _with_call(draft, call_record("rewrite", rewrite_prompt(draft.language), calls, request, reply))
        try:
            if reply.error:
                return draft
            written = read_bound(reply.text or "", code, BetterAnswer)
        except UselessReplyError:
            return draft
        changed = {"thought": written.thought.strip(), "output": written.answer, "repaired": True, "grade": None}
        checked = check_draft(draft.model_copy(update=changed), self.quality)
        self.stat_update("written again", "sound" if not checked.findings else "faulty")
        # What was written first, graded low, is what is told where the second answer has faults.
        return checked if not checked.findings else checked.model_copy(update={"grade": draft.grade})

    def _finding(self, draft: Draft, verdict: Verdict) -> CheckFinding | None:
        if draft.grade is not None and draft.grade >= self.critic.threshold:
            return None
        if draft.grade is None:
            return CheckFinding(check=self.name, reason=f"the critic gave no grade: {verdict.problem or verdict.reason}")
        faults = "; ".join(finding.reason for finding in draft.findings)
        again = f"; written again, it has faults: {faults}" if faults else ""
        return CheckFinding(check=self.name, reason=f"{verdict.reason or 'no reason given'}{again}", score=float(draft.grade))


def _grade_check(binding: Binding):  # type: ignore[no-untyped-def]
    return lambda text: problem_of(text, binding)


def _verdict(question: Question, reply: Reply) -> Verdict:
    return Verdict(None, problem=reply.error) if reply.error else parse_verdict(reply.text, question.binding)


def _with_call(draft: Draft, call: ModelCall) -> Draft:
    return draft.model_copy(update={"calls": (*draft.calls, call)})
